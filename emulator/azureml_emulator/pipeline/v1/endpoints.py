"""Pipeline endpoints of the first interface: a batch endpoint under an id, its deployments under numbers.

Callers of the first interface know a GUID, and a version that is a number. Here a version is a deployment of a pipeline
component: the first one that the endpoint had is 0. A number stays with its deployment's name, and is never given
again while the endpoint is there.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from azureml_emulator.http import ServiceError
from azureml_emulator.pipeline.submit import component_of

if TYPE_CHECKING:
    from azureml_emulator.emulator import Emulator
    from azureml_emulator.store import Document

_NAMESPACE = uuid.UUID("6f3c1c3e-55a0-4b53-9f7e-0d1c5b8f7a41")
_KIND = "pipelineVersions"


def endpoint_id(endpoint: Document) -> str:
    """The GUID of a batch endpoint: the same for as long as its ARM id is."""
    return str(uuid.uuid5(_NAMESPACE, endpoint["id"].lower()))


def pipeline_id(deployment: Document) -> str:
    """The GUID of what a deployment runs: another component is another pipeline."""
    return str(uuid.uuid5(_NAMESPACE, f"{deployment['id']}\n{component_of(deployment)}".lower()))


def graph_id(component: str) -> str:
    """The GUID of the graph of a pipeline component."""
    return str(uuid.uuid5(_NAMESPACE, component.removeprefix("azureml:").lower()))


def pipeline_endpoints(emulator: Emulator, workspace_id: str) -> list[Document]:
    """The batch endpoints of a workspace that have a pipeline behind them, in order of creation."""
    found = emulator.store.list("batchEndpoints", workspace_id)
    return [endpoint for endpoint in found if _deployments(emulator, endpoint)]


def find_endpoint(emulator: Emulator, workspace_id: str, wanted: str) -> Document:
    """The endpoint of a GUID.

    Raises:
        ServiceError: 404, no endpoint of the workspace has it, or no pipeline is behind it.
    """
    for endpoint in pipeline_endpoints(emulator, workspace_id):
        if endpoint_id(endpoint) == wanted.lower():
            return endpoint
    raise ServiceError(
        404,
        "NotFound",
        f"There is no pipeline endpoint with the id '{wanted}' in this workspace. "
        "GET PipelineEndpoints lists them: the batch endpoints that have a deployment of a pipeline component.",
        "pipelineEndpointId",
    )


def find_pipeline(emulator: Emulator, workspace_id: str, wanted: str) -> tuple[Document, str]:
    """The endpoint, and the name of the deployment, of a pipeline's GUID.

    Raises:
        ServiceError: 404, no deployment of the workspace runs it.
    """
    for endpoint in pipeline_endpoints(emulator, workspace_id):
        for deployment in _deployments(emulator, endpoint):
            if pipeline_id(deployment) == wanted.lower():
                return endpoint, str(deployment["name"])
    raise ServiceError(404, "NotFound", f"There is no pipeline with the id '{wanted}' in this workspace.", "pipelineId")


def versions(emulator: Emulator, endpoint: Document) -> dict[str, Document]:
    """The deployments of an endpoint that run pipelines, by their version, in the order of the versions."""
    place = f"{endpoint['id']}/{_KIND}"
    known: dict[str, int] = (emulator.store.get(place) or {}).get("numbers", {})
    numbers = dict(known)
    found = {}
    for deployment in _deployments(emulator, endpoint):
        number = numbers.setdefault(deployment["name"].lower(), len(numbers))
        found[str(number)] = deployment
    if numbers != known:
        emulator.store.put(place, _KIND, endpoint["id"], {"id": place, "numbers": numbers})
    return dict(sorted(found.items(), key=lambda item: int(item[0])))


def default_version(endpoint: Document, there: dict[str, Document]) -> str | None:
    """The version that runs when a request names none."""
    default = str(endpoint["properties"].get("defaults", {}).get("deploymentName") or "").lower()
    return next((number for number, deployment in there.items() if deployment["name"].lower() == default), None)


def deployment_of(emulator: Emulator, endpoint: Document, version: str | None) -> str:
    """The name of the deployment of a version; of the endpoint's default version for none.

    Raises:
        ServiceError: 404, there is no such version, or no default one.
    """
    there = versions(emulator, endpoint)
    number = default_version(endpoint, there) if version is None else version
    if number in there:
        return str(there[number]["name"])
    has = f"it has {', '.join(there)}"
    if version is None:
        text = f"The pipeline endpoint '{endpoint['name']}' has no default version; {has}. Set its default deployment."
        raise ServiceError(404, "NotFound", text, "defaultVersion")
    text = f"The pipeline endpoint '{endpoint['name']}' has no version '{version}'; {has}."
    raise ServiceError(404, "NotFound", text, "pipelineVersion")


def _deployments(emulator: Emulator, endpoint: Document) -> list[Document]:
    found: list[dict[str, Any]] = emulator.store.list("batchEndpoints/deployments", endpoint["id"])
    return [deployment for deployment in found if deployment["properties"].get("deploymentConfiguration")]
