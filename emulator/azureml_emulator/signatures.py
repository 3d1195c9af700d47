"""Shared access signatures for the storage account, made by Microsoft's own client library.

Importing that library takes a good part of a start, so this module is loaded while Azurite comes up.
"""

from __future__ import annotations

from datetime import datetime

from azure.storage.blob import (
    AccountSasPermissions,
    BlobSasPermissions,
    ContainerSasPermissions,
    ResourceTypes,
    generate_account_sas,
    generate_blob_sas,
    generate_container_sas,
)


class Signatures:
    """Signatures of one account; ``key`` is its base64 key, ``expiry`` in UTC."""

    @staticmethod
    def container(account: str, key: str, name: str, permissions: str, expiry: datetime) -> str:
        """A signature for one container, as a query string without ``?``."""
        permission = ContainerSasPermissions.from_string(permissions)
        return str(generate_container_sas(account, name, account_key=key, permission=permission, expiry=expiry))

    @staticmethod
    def blob(account: str, key: str, place: tuple[str, str], permissions: str, expiry: datetime) -> str:
        """A signature for one blob; ``place`` is its container and path."""
        permission = BlobSasPermissions.from_string(permissions)
        return str(generate_blob_sas(account, *place, account_key=key, permission=permission, expiry=expiry))

    @staticmethod
    def create_containers(account: str, key: str, expiry: datetime) -> str:
        """A signature that allows creating containers of the account."""
        permission = AccountSasPermissions(create=True, write=True)
        return str(generate_account_sas(account, key, ResourceTypes(container=True), permission, expiry))
