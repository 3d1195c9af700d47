"""The service's own host names: which of them the emulator serves, and every address that it hands out.

Stored documents and handlers hold these addresses only. What a client sees that came by the emulator's own
address instead, :mod:`azureml_emulator.front` makes of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

BLOB_PREFIX = "/blob/"
BLOB_SUFFIX = "core.windows.net"
"""The storage suffix that datastores name as their ``endpoint``, as in the service."""

ARM_HOST = "management.azure.com"
LOGIN_HOST = "login.microsoftonline.com"
SERVICES_SUFFIX = "api.azureml.ms"
INFERENCE_SUFFIX = "inference.ml.azure.com"

BATCH_REGION, ONLINE_REGION = "batchEndpoint.region", "onlineEndpoint.region"
"""Scopes of the store's marks by which the host name of an endpoint finds it."""

Side = Literal["arm", "login", "services", "inference", "blob"]
"""What a host name stands for: Resource Manager, Entra ID, a region's services, an endpoint, a storage account."""

_LABEL = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_HOSTS = re.compile(
    rf"(?P<arm>{re.escape(ARM_HOST)})"
    rf"|(?P<login>{re.escape(LOGIN_HOST)}|login\.windows\.net|login\.microsoft\.com)"
    rf"|(?P<services>(?:{_LABEL}\.)+{re.escape(SERVICES_SUFFIX)})"
    rf"|(?P<inference>{_LABEL}\.{_LABEL})\.{re.escape(INFERENCE_SUFFIX)}"
    rf"|(?P<blob>{_LABEL})\.blob\.{re.escape(BLOB_SUFFIX)}"
)


@dataclass(frozen=True)
class Place:
    """Where a host name's paths lie in the emulator: below ``prefix``, which is empty for most sides.

    ``account`` is the storage account of a blob host, empty for the others.
    """

    side: Side
    prefix: str
    account: str = ""


@lru_cache(maxsize=1024)
def place(host: str) -> Place | None:
    """The place of a host name of Azure that the emulator serves; ``None`` for every other name."""
    name = host.lower()
    match = _HOSTS.fullmatch(name)
    if match is None:
        return None
    if match["blob"]:
        return Place("blob", BLOB_PREFIX + name, match["blob"])
    if match["inference"]:
        return Place("inference", f"/inference/{match['inference']}")
    return Place("arm" if match["arm"] else "login" if match["login"] else "services", "")


@dataclass(frozen=True)
class Urls:
    """Addresses of one cloud, whose storage account is ``account``."""

    account: str

    @property
    def blob_endpoint(self) -> str:
        """The storage account's blob endpoint, without a slash at the end."""
        return f"https://{self.account}.blob.{BLOB_SUFFIX}"

    def blob(self, container: str, path: str = "") -> str:
        """The address of a container, or of a blob in it."""
        return f"{self.blob_endpoint}/{container}" + (f"/{path}" if path else "")

    def arm(self, resource_id: str) -> str:
        """The address of a resource id."""
        return f"https://{ARM_HOST}{resource_id}"

    def services(self, region: str) -> str:
        """The address of a region's services: run history, data, the listing of jobs."""
        return f"https://{region}.{SERVICES_SUFFIX}"

    def scoring(self, endpoint: str, region: str) -> str:
        """The ``scoringUri`` of a batch endpoint; jobs are posted to it and listed below it."""
        return f"https://{endpoint}.{region}.{INFERENCE_SUFFIX}/jobs"

    def online_scoring(self, endpoint: str, region: str) -> str:
        """The ``scoringUri`` of an online endpoint; requests for an answer in real time are posted to it."""
        return f"https://{endpoint}.{region}.{INFERENCE_SUFFIX}/score"

    def swagger(self, endpoint: str, region: str) -> str:
        """The ``swaggerUri`` of an endpoint."""
        return f"https://{endpoint}.{region}.{INFERENCE_SUFFIX}/swagger.json"

    def discovery(self, region: str) -> str:
        """The ``discoveryUrl`` of a workspace."""
        return f"{self.services(region)}/discovery"

    def tenant(self, tenant_id: str) -> str:
        """The authority of a tenant for OAuth clients."""
        return f"https://{LOGIN_HOST}/{tenant_id}"
