"""The files of a registered asset, where they lie in storage."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ..arm import ArmClient, ArmError
from ..arm.resource_id import registry_asset
from .datastore import DEFAULT_DATASTORE, datastore_container, transfer_options
from .digest import HASH_VERSION

if TYPE_CHECKING:
    from azure.storage.blob import BlobProperties, ContainerClient

_DATASTORE_URI = re.compile(r"azureml://(?:.*/)?datastores/(?P<datastore>[^/]+)/paths/(?P<path>.+)", re.IGNORECASE)
_ADDRESSES = ("codeUri", "modelUri", "dataUri")
_BLOB_URL = re.compile(r"(https://[^/]+\.blob\.[^/]+)/([^/]+)/(.+)")


class AddressError(ValueError):
    """An address that is neither in a blob datastore nor a blob's URL."""


@dataclass(frozen=True)
class StoredFiles:
    """A file or a folder of blobs: the container, opened, and the path in it."""

    container: ContainerClient
    path: str

    @property
    def name(self) -> str:
        """The file's or folder's own name."""
        return PurePosixPath(self.path).name

    def blobs(self) -> Iterator[BlobProperties]:
        """The blobs, without the ones that a hierarchical account has for folders."""
        for blob in self.container.list_blobs(name_starts_with=self.path, include=["metadata"]):
            below = blob.name == self.path or not self.path or blob.name.startswith(f"{self.path}/")
            if below and "hdi_isfolder" not in (blob.metadata or {}):
                yield blob

    def relative(self, blob: str) -> str:
        """A blob's path inside the asset; its own name when the asset is one file."""
        return self.name if blob == self.path else blob.removeprefix(f"{self.path}/")


def open_stored(client: ArmClient, asset_id: str, uri: str) -> StoredFiles:
    """Open the place of an asset version's files: a datastore path, or a blob URL such as the service gives for code.

    Args:
        client: of the workspace.
        asset_id: ARM id of the version.
        uri: its `modelUri`, `dataUri` or `codeUri`.

    Raises:
        AddressError: `uri` has another form.
        ArmError: the workspace cannot be asked.
    """
    if match := _DATASTORE_URI.fullmatch(uri):
        return StoredFiles(datastore_container(client, match["datastore"]), match["path"].rstrip("/"))
    if registry_asset(asset_id) and (found := _of_registry(client, asset_id, uri)):
        return found
    plain = _plain(uri)
    default = datastore_container(client, DEFAULT_DATASTORE)
    for container in (default, *_pending(client, asset_id)):
        base = _plain(container.url.split("?", 1)[0])
        if plain.startswith(f"{base}/"):
            return StoredFiles(container, plain.removeprefix(f"{base}/"))
    return _open_by_account(client, default, plain)


def _of_registry(client: ArmClient, asset_id: str, uri: str) -> StoredFiles | None:
    """The files of an asset in a registry, by the signature that it lends; None where it lends none."""
    from azure.storage.blob import ContainerClient  # noqa: PLC0415 - slow import

    registry, _, below = asset_id.partition("/registries/")[2].partition("/")
    answer = client.request(
        "POST",
        f"{asset_id.removesuffix(f'/{below}')}/datareferences/{'/'.join(below.split('/')[1:])}",
        json={"assetId": f"azureml://registries/{registry}/{below}", "blobUri": uri},
        operation=f"get access to {asset_id}",
    )
    reference = answer.body.get("blobReferenceForConsumption") or {}
    signed = str((reference.get("credential") or {}).get("sasUri") or "")
    if not signed:
        return None
    address, _, signature = signed.partition("?")
    plain, container = _plain(uri), _plain(address)
    if not plain.startswith(f"{container}/"):  # the answer names the blob: the signature is for its container
        container = "/".join(_parts(plain)[:2])
    place = f"{container}?{signature}"
    return StoredFiles(
        ContainerClient.from_container_url(place, **transfer_options(place)), plain.removeprefix(f"{container}/")
    )


def address_of(version: Mapping[str, Any]) -> str:
    """Where the files of an asset version lie, from its ARM document; empty when it has none."""
    properties = version["properties"]
    return str(next((properties[key] for key in _ADDRESSES if properties.get(key)), ""))


def find_code(client: ArmClient, code_id: str, digest: str) -> list[Any]:
    """The code versions of the workspace of `code_id` with this content, of whatever name and whoever's."""
    versions = code_id.rsplit("/", 1)[0]
    same = {"hash": digest, "hashVersion": HASH_VERSION}
    found = client.request("GET", versions, params=same, operation="look for the same code").body
    return list(found.get("value") or [])


def newest_versions(client: ArmClient, version_id: str) -> list[Any]:
    """The newest version of the asset that `version_id` is one of; empty when there is none."""
    newest = {"$orderBy": "createdtime desc", "$top": "1"}
    found = client.request(
        "GET", version_id.rsplit("/", 1)[0], params=newest, operation="look for earlier versions"
    ).body
    return list(found.get("value") or [])


def _pending(client: ArmClient, asset_id: str) -> Iterator[ContainerClient]:
    """Where the service would take an upload of this version: often where the version lies, with a way in."""
    from azure.storage.blob import ContainerClient  # noqa: PLC0415 - slow import

    try:
        answer = client.request(
            "POST",
            f"{asset_id}/startPendingUpload",
            json={"pendingUploadType": "TemporaryBlobReference"},
            operation=f"get access to {asset_id}",
        )
    except ArmError:
        return  # not offered for what exists: the account's own credential is left to try
    reference = answer.body.get("blobReferenceForConsumption") or {}
    if signed := (reference.get("credential") or {}).get("sasUri"):
        yield ContainerClient.from_container_url(signed, **transfer_options(signed))


def _open_by_account(client: ArmClient, default: ContainerClient, plain: str) -> StoredFiles:
    """By the account's key where the default datastore has it, else by the user's own identity."""
    from azure.storage.blob import ContainerClient  # noqa: PLC0415 - slow import

    account, container, path = _parts(plain)
    same_account = unquote(default.url).startswith(f"{account}/")
    key: Any = default.credential if same_account and hasattr(default.credential, "account_key") else None
    credential = key or client.credential
    return StoredFiles(ContainerClient(account, container, credential=credential, **transfer_options(account)), path)


def _plain(url: str) -> str:
    """A blob's URL in the form that two of them are compared in."""
    return unquote(url).replace(":443/", "/").rstrip("/")


def _parts(url: str) -> tuple[str, str, str]:
    """Account, container and path of a blob's URL."""
    match = _BLOB_URL.fullmatch(url)
    if match is None:
        raise AddressError(
            f"{url} is neither in a blob datastore nor an address such as "
            "https://{account}.blob.core.windows.net/{container}/{path}"
        )
    account, container, path = match.groups()
    return account, container, path
