"""What a deployed endpoint is, as the code generators take it: its kind, its auth mode, what serves, its document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pulumi_azureml.arm import NotFoundError
from pulumi_azureml.arm.settings import CLOUDS

from .errors import StackError
from .history import RunHistory

if TYPE_CHECKING:
    from azureml_codegen import Auth, Endpoint, Kind, Workspace
    from pulumi_azureml.arm import ArmClient
    from pulumi_azureml.arm.client import Audience

_BATCH, _ONLINE = "batchEndpoints", "onlineEndpoints"
_PIPELINE = "pipelinecomponent"
_Properties = Mapping[str, Any]


def describe(client: ArmClient, name: str, deployment: str | None = None) -> Endpoint:
    """The endpoint ``name``, with requests pinned to ``deployment`` if one is given.

    Raises:
        StackError: there is no such endpoint, or nothing that serves behind it.
        ArmError: the service refused.
    """
    from azureml_codegen import AUTH_MODES, Endpoint  # noqa: PLC0415 - loads jinja2

    path, found = _find(client, name)
    properties: _Properties = found["properties"]
    auth = AUTH_MODES[str(properties["authMode"]).lower()]
    serving = _serving(client, path, properties, deployment)
    return Endpoint(
        name=str(found["name"]),
        kind=_kind(serving) if f"/{_BATCH}/" in path else "real-time",
        url=str(properties["scoringUri"]),
        auth=auth,
        workspace=_workspace(client),
        document=_document(client, path, properties.get("swaggerUri"), auth, deployment),
        deployment=deployment,
    )


def _find(client: ArmClient, name: str) -> tuple[str, _Properties]:
    """The endpoint's ARM id and document."""
    workspace = client.settings.workspace_id
    for path in (f"{workspace}/{_BATCH}/{name}", f"{workspace}/{_ONLINE}/{name}"):
        try:
            return path, client.request("GET", path, operation=f"find the endpoint {name}").body
        except NotFoundError:
            continue
    own = client.settings
    there = ", ".join(sorted(each for kind in (_BATCH, _ONLINE) for each in _names(client, f"{workspace}/{kind}")))
    raise StackError(
        f"There is no endpoint '{name}' in workspace '{own.workspace}' (resource group '{own.resource_group}', "
        f"{own.arm_endpoint}). It has: {there or 'none'}. Check the name, or create it with `pulumi up`."
    )


def _serving(client: ArmClient, endpoint: str, properties: _Properties, wanted: str | None) -> _Properties:
    """The deployment that requests go to: the one that is asked for, else the default or one with traffic."""
    name = endpoint.rpartition("/")[2]
    traffic = {each: share for each, share in (properties.get("traffic") or {}).items() if share}
    deployment = wanted or (properties.get("defaults") or {}).get("deploymentName") or next(iter(traffic), None)
    if deployment:
        path = f"{endpoint}/deployments/{deployment}"
        try:
            body = client.request("GET", path, operation=f"find the deployment {deployment}").body
        except NotFoundError:
            there = ", ".join(_names(client, f"{endpoint}/deployments")) or "none"
            raise StackError(f"The endpoint '{name}' has no deployment '{deployment}'. It has: {there}.") from None
        found: _Properties = body["properties"]
        return found
    there = ", ".join(_names(client, f"{endpoint}/deployments"))
    missing, fix = (
        ("default deployment", "make one of them the default (the resource DefaultDeployment)")
        if f"/{_BATCH}/" in endpoint
        else ("deployment with traffic", "give one of them traffic (the resource Traffic)")
    )
    raise StackError(
        f"The endpoint '{name}' has no {missing}, so there is nothing to call. Its deployments: {there or 'none'}. "
        f"Next, {fix}, or name one with --deployment NAME."
    )


def _names(client: ArmClient, collection: str) -> list[str]:
    body = client.request("GET", collection, operation=f"list {collection.rpartition('/')[2]}").body
    return [str(each["name"]) for each in (body or {}).get("value", [])]


def _kind(deployment: _Properties) -> Kind:
    configuration = deployment.get("deploymentConfiguration") or {}
    kind = str(configuration.get("deploymentConfigurationType", "")).lower()
    return "pipeline" if kind == _PIPELINE else "batch"


def _workspace(client: ArmClient) -> Workspace:
    from azureml_codegen import Workspace  # noqa: PLC0415 - loads jinja2

    own = client.settings
    cloud = CLOUDS[own.cloud]
    return Workspace(
        id=own.workspace_id,
        arm=own.arm_endpoint,
        api=RunHistory(client).base(),
        arm_audience=cloud.arm_audience,
        ml_audience=cloud.ml_audience,
        api_version=own.api_version,
    )


def _document(
    client: ArmClient, endpoint: str, uri: str | None, auth: Auth, deployment: str | None
) -> _Properties | None:
    """The endpoint's OpenAPI document; ``None`` where it has none."""
    if not uri:
        return None
    headers = {"azureml-model-deployment": deployment} if deployment else {}
    if auth != "entra":
        headers["Authorization"] = f"Bearer {_secret(client, endpoint, auth)}"
    operation = f"read the OpenAPI document of {endpoint.rpartition('/')[2]}"
    audience: Audience = "ml" if auth == "entra" else "none"
    answer = client.request(
        "GET", uri, params={"version": "3"}, headers=headers, audience=audience, operation=operation
    )
    found = answer.body
    if not isinstance(found, Mapping):
        raise StackError(f"The OpenAPI document at {uri} is no JSON object, so no client can be written from it.")
    return found


def _secret(client: ArmClient, endpoint: str, auth: Auth) -> str:
    """A key or token of a real-time endpoint, used to read its document and for nothing else."""
    action, name = ("listKeys", "primaryKey") if auth == "key" else ("token", "accessToken")
    body = client.request("POST", f"{endpoint}/{action}", operation="get what the endpoint is called with").body
    return str(body[name])
