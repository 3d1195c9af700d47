"""The official client, on its way to an emulator; imported by what the official client's Python runs."""

from typing import Any

from azure.ai.ml import MLClient
from azure.core.credentials import AccessToken
from azure.identity import DefaultAzureCredential, EnvironmentCredential


class LocalCredential:
    """Tokens for the audience of ARM where the client asks for one named after its address."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._tokens = EnvironmentCredential(disable_instance_discovery=True)

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        arm = "https://management.azure.com/.default"
        return self._tokens.get_token(
            *(arm if scope.startswith(self._origin) else scope for scope in scopes), **options
        )


def local_client(origin: str, subscription: str) -> MLClient:
    """Return a client of the workspace that every emulator has from the start.

    With no origin it is the client as its documentation has it: Azure's own names lead to the emulator.
    """
    if not origin:
        return MLClient(DefaultAzureCredential(), subscription, "local", "local")
    return MLClient(
        LocalCredential(origin),
        subscription,
        "local",
        "local",
        cloud="LocalAzureML",
        cloud_metadata={
            "azure_portal": origin,
            "resource_manager": origin,
            "active_directory": origin,
            "aml_resource_id": "https://ml.azure.com",
            "storage_endpoint": "core.windows.net",
            "registry_discovery_endpoint": origin,
        },
    )
