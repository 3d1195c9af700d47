"""Finds a real-time endpoint in the workspace, by its name or by its scoring URI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pulumi_azureml.arm import NotFoundError

from .errors import StackError

if TYPE_CHECKING:
    from pulumi_azureml.arm import ArmClient


@dataclass(frozen=True)
class OnlineEndpoint:
    """A real-time endpoint: its name, its ARM id, where it answers, its ``authMode`` in lower case, its document."""

    name: str
    id: str
    scoring_uri: str
    auth_mode: str
    swagger_uri: str = ""


def find_endpoint(client: ArmClient, endpoint: str) -> OnlineEndpoint:
    """The endpoint of a name or of a scoring URI.

    Raises:
        StackError: the workspace has none, or it has no scoring URI yet.
    """
    return _by_uri(client, endpoint) if endpoint.startswith("https://") else _by_name(client, endpoint)


def _by_name(client: ArmClient, name: str) -> OnlineEndpoint:
    workspace = client.settings.workspace_id
    path = f"{workspace}/onlineEndpoints/{name}"
    try:
        return _endpoint(client.request("GET", path, operation=f"find the real-time endpoint {name}").body)
    except NotFoundError:
        pass
    try:
        client.request("GET", f"{workspace}/batchEndpoints/{name}", operation=f"look for the batch endpoint {name}")
    except NotFoundError:
        raise _nothing(client, f"'{name}'") from None
    raise StackError(f"The endpoint '{name}' is a batch endpoint, which answers with jobs: use `azureml-stack invoke`.")


def _by_uri(client: ArmClient, uri: str) -> OnlineEndpoint:
    # Keys and tokens go to an address that the workspace itself names, and to no other.
    wanted = uri.rstrip("/").lower()
    for each in _all(client):
        if str(each["properties"].get("scoringUri") or "").rstrip("/").lower() == wanted:
            return _endpoint(each)
    raise _nothing(client, f"at {uri.split('?', 1)[0]}")


def _all(client: ArmClient) -> Iterator[Mapping[str, Any]]:
    url: str | None = f"{client.settings.workspace_id}/onlineEndpoints"
    while url:
        body = client.request("GET", url, operation="list the real-time endpoints").body or {}
        yield from body.get("value", [])
        url = body.get("nextLink")


def _nothing(client: ArmClient, what: str) -> StackError:
    own = client.settings
    there = ", ".join(sorted(str(each["name"]) for each in _all(client))) or "none"
    return StackError(
        f"There is no real-time endpoint {what} in workspace '{own.workspace}' (resource group "
        f"'{own.resource_group}', {own.arm_endpoint}). It has: {there}. Check the name, or create it with `pulumi up`."
    )


def _endpoint(document: Mapping[str, Any]) -> OnlineEndpoint:
    properties = document["properties"]
    uri = str(properties.get("scoringUri") or "")
    if not uri:
        state = properties.get("provisioningState")
        raise StackError(f"The endpoint '{document['name']}' is {state} and has no scoring URI yet: try again later.")
    return OnlineEndpoint(
        name=str(document["name"]),
        id=str(document["id"]),
        scoring_uri=uri,
        auth_mode=str(properties["authMode"]).lower(),
        swagger_uri=str(properties.get("swaggerUri") or ""),
    )
