"""Every address that the emulator hands out, built in one place."""

from __future__ import annotations

from dataclasses import dataclass

BLOB_PREFIX = "/blob/"
BLOB_SUFFIX = "core.windows.net"
"""The storage suffix that datastores name as their ``endpoint``, as in the service."""


@dataclass(frozen=True)
class Urls:
    """Addresses under one HTTPS origin such as ``https://127.0.0.1:7443``."""

    origin: str
    account: str

    @property
    def authority(self) -> str:
        """Host and port, ``127.0.0.1:7443``."""
        return self.origin.removeprefix("https://")

    @property
    def blob_account_name(self) -> str:
        """The ``accountName`` of datastores.

        Clients build ``{protocol}://{accountName}.blob.{endpoint}/{container}``; with this name that is a
        path-style address of the emulator.
        """
        return f"{self.authority}{BLOB_PREFIX}{self.account}"

    @property
    def blob_endpoint(self) -> str:
        """The storage account's blob endpoint, without a slash at the end."""
        return f"https://{self.blob_account_name}.blob.{BLOB_SUFFIX}"

    def blob(self, container: str, path: str = "") -> str:
        """The address of a container, or of a blob in it."""
        return f"{self.blob_endpoint}/{container}" + (f"/{path}" if path else "")

    def arm(self, resource_id: str) -> str:
        """The address of a resource id."""
        return self.origin + resource_id

    def scoring(self, endpoint: str, region: str) -> str:
        """The ``scoringUri`` of a batch endpoint; jobs are posted to it and listed below it."""
        return f"{self.origin}/inference/{endpoint}.{region}/jobs"

    def swagger(self, endpoint: str, region: str) -> str:
        """The ``swaggerUri`` of an endpoint."""
        return f"{self.origin}/inference/{endpoint}.{region}/swagger.json"

    def discovery(self, workspace_guid: str) -> str:
        """The ``discoveryUrl`` of a workspace."""
        return f"{self.origin}/discovery/workspaces/{workspace_guid}"

    def tenant(self, tenant_id: str) -> str:
        """The authority of a tenant for OAuth clients."""
        return f"{self.origin}/{tenant_id}"
