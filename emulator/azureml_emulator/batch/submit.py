"""From an invocation to a job: find endpoint and deployment, resolve every reference, fill in the settings."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azureml_emulator import registries
from azureml_emulator.batch.lenient import BodyError, parse_duration
from azureml_emulator.batch.records import job_id, log_folder, new_record
from azureml_emulator.batch.spec import EnvironmentSpec, JobSpec, Place, Scoring
from azureml_emulator.batch.vm_sizes import node_size
from azureml_emulator.http import ServiceError
from azureml_emulator.uris import UriError, resolve
from azureml_emulator.urls import BATCH_REGION

if TYPE_CHECKING:
    from azureml_emulator.batch.invoke import Invocation
    from azureml_emulator.emulator import Emulator
    from azureml_emulator.store import Document

NO_DEPLOYMENT = "No valid deployments to route to"
REUSE = "azureml.emulator.reuseInterpreter"
"""A deployment with this property set to ``true`` may score with the emulator's own interpreter."""
_WORKSPACE_PARTS = 9


@dataclass(frozen=True)
class Served:
    """What an invocation is routed to."""

    workspace: Document
    endpoint: Document
    deployment: Document

    @property
    def workspace_id(self) -> str:
        """The workspace's ARM id."""
        return str(self.workspace["id"])

    @property
    def is_pipeline(self) -> bool:
        """Whether the deployment runs a pipeline component rather than a model."""
        return bool(self.deployment["properties"].get("deploymentConfiguration"))


def find_endpoint(emulator: Emulator, name: str, region: str) -> Document:
    """The endpoint behind a scoring URI; its name is unique within the region."""
    found = emulator.store.find(BATCH_REGION, f"{region.lower()}/{name.lower()}")
    if not found:
        raise ServiceError(404, "NotFound", f"There is no batch endpoint '{name}' in the region '{region}'.")
    return found[0]


def route(emulator: Emulator, endpoint: Document, asked: str | None) -> Served:
    """Choose the deployment: the one that was asked for, else the endpoint's default.

    Raises:
        ServiceError: 404, there is no such deployment.
    """
    name = asked or endpoint["properties"].get("defaults", {}).get("deploymentName")
    workspace = workspace_of(emulator, endpoint)
    if not name:
        raise ServiceError(
            404,
            "NotFound",
            f"{NO_DEPLOYMENT}. The endpoint '{endpoint['name']}' has no default deployment: set "
            "defaults.deploymentName, or name one in the header azureml-model-deployment.",
        )
    deployment = emulator.store.get(f"{endpoint['id']}/deployments/{name}")
    if deployment is None:
        which = "deployment" if asked else "default deployment"
        raise ServiceError(
            404,
            "NotFound",
            f"{NO_DEPLOYMENT}. The {which} '{name}' of the endpoint '{endpoint['name']}' does not exist.",
        )
    state = deployment["properties"].get("provisioningState")
    if state in {"Creating", "Failed", "Deleting"}:
        raise ServiceError(
            404, "NotFound", f"{NO_DEPLOYMENT}. The deployment '{deployment['name']}' is in the state {state}."
        )
    return Served(workspace, endpoint, deployment)


def workspace_of(emulator: Emulator, document: Document) -> Document:
    """The workspace that a resource lies in."""
    workspace_id = "/".join(str(document["id"]).split("/")[:_WORKSPACE_PARTS])
    workspace = emulator.store.get(workspace_id)
    if workspace is None:
        raise ServiceError(404, "ResourceNotFound", f"The workspace {workspace_id} does not exist.")
    return workspace


def make_record(emulator: Emulator, served: Served, asked: Invocation) -> Document:
    """A new job, with everything that it will need resolved now.

    Raises:
        ServiceError: 400, a reference leads nowhere or a setting cannot be.
    """
    name, step = asked.name or f"batchjob-{uuid.uuid4()}", str(uuid.uuid4())
    try:
        spec = _spec(emulator, served, asked, name, step)
    except (UriError, BodyError) as error:
        raise ServiceError(400, "UserError", str(error)) from error
    compute = served.deployment["properties"]["compute"]
    _check_nodes(emulator, compute, spec.scoring.nodes)
    return new_record(
        {
            "id": job_id(served.workspace_id, name),
            "name": name,
            "step": step,
            "workspace": served.workspace_id,
            "endpoint": served.endpoint["name"],
            "deployment": served.deployment["name"],
            "compute": compute,
            "nodes": spec.scoring.nodes,
            "created": emulator.clock.timestamp(),
            "asked": {
                "inputName": asked.input_name,
                "inputType": asked.input_type,
                "inputUri": asked.input_uri,
                "outputName": asked.output_name,
                "outputUri": asked.output_uri,
                "experiment": asked.experiment or served.endpoint["name"],
                "tags": asked.tags,
                "properties": asked.properties,
            },
            "spec": spec.to_document(),
        }
    )


def max_nodes(emulator: Emulator, compute_id: str) -> int | None:
    """How many nodes a compute may have; ``None`` when it does not exist."""
    compute = emulator.store.get(compute_id)
    if compute is None:
        return None
    return int(_scale(compute).get("maxNodeCount", 1))


def scale_down(emulator: Emulator, compute_id: str) -> tuple[int, float]:
    """A compute's minimum of nodes, and the seconds after which idle ones above it are given up."""
    scale = _scale(emulator.store.get(compute_id) or {})
    return int(scale.get("minNodeCount", 0)), _duration(scale.get("nodeIdleTimeBeforeScaleDown", "PT2M"))


def _scale(compute: Document) -> dict[str, Any]:
    inner = compute.get("properties", {}).get("properties") or {}
    scale: dict[str, Any] = inner.get("scaleSettings") or {}
    return scale


def _check_nodes(emulator: Emulator, compute_id: str, nodes: int) -> None:
    most = max_nodes(emulator, compute_id)
    if most is None:
        raise ServiceError(400, "UserError", f"The compute {compute_id} of the deployment does not exist any more.")
    if nodes > most:
        raise ServiceError(
            400,
            "UserError",
            f"The job asks for {nodes} nodes, but the compute '{compute_id.rsplit('/', 1)[-1]}' has at most {most} "
            "(scaleSettings.maxNodeCount).",
        )


def _spec(emulator: Emulator, served: Served, asked: Invocation, name: str, step: str) -> JobSpec:
    properties = served.deployment["properties"]
    workspace_id, store = served.workspace_id, emulator.store
    container = emulator.storage.default_container(workspace_id)
    code = properties.get("codeConfiguration")
    environment = _document(emulator, properties.get("environmentId"), "environment")
    compute = store.get(properties["compute"]) or {}
    vm_size = (compute.get("properties", {}).get("properties") or {}).get("vmSize", "")
    output = Place(f"azureml/{step}/score", container)
    if asked.output_uri:
        output = _place(emulator, workspace_id, asked.output_uri)
    image = environment.get("image") or ""
    return JobSpec(
        name=name,
        child=step,
        folder=str(emulator.home / "jobs" / name),
        script=code["scoringScript"] if code else "mlflow_score.py",
        code=_place(emulator, workspace_id, _document(emulator, code["codeId"], "code")["codeUri"]) if code else None,
        model=_model(emulator, workspace_id, properties.get("model")),
        data=_place(emulator, workspace_id, asked.input_uri),
        output=output,
        logs=Place(log_folder(step), container),
        parent_logs=Place(log_folder(name), container),
        environment=EnvironmentSpec(
            conda_file=environment.get("condaFile") or "",
            image=image,
            of_model=not properties.get("environmentId"),
            reuse=str((properties.get("properties") or {}).get(REUSE, "")).lower() == "true",
        ),
        scoring=_scoring(properties, asked),
        node=node_size(vm_size),
        variables={**context(served, asked.experiment), **(properties.get("environmentVariables") or {})},
    )


def _scoring(properties: dict[str, Any], asked: Invocation) -> Scoring:
    """The deployment's settings, with those of the invocation in their place."""
    retries = properties.get("retrySettings") or {}
    given = {
        "mini_batch_size": _first(asked.mini_batch_size, properties.get("miniBatchSize")),
        "concurrency": properties.get("maxConcurrencyPerInstance"),
        "nodes": _first(asked.instance_count, (properties.get("resources") or {}).get("instanceCount")),
        "error_threshold": _first(asked.error_threshold, properties.get("errorThreshold")),
        "max_retries": _first(asked.max_retries, retries.get("maxRetries")),
        "timeout": _first(asked.timeout, _duration(retries["timeout"]) if retries.get("timeout") else None),
        "output_action": properties.get("outputAction"),
        "output_file": _first(asked.output_file, properties.get("outputFileName")),
        "logging_level": properties.get("loggingLevel"),
    }
    return Scoring(**{name: value for name, value in given.items() if value is not None})


def _model(emulator: Emulator, workspace_id: str, model: dict[str, Any] | None) -> Place | None:
    if model is None:
        return None
    if model.get("referenceType") == "DataPath":
        return _place(emulator, workspace_id, f"{model['datastoreId']}/paths/{model['path']}")
    return _place(emulator, workspace_id, _document(emulator, model["assetId"], "model")["modelUri"])


def _document(emulator: Emulator, reference: str | None, what: str) -> dict[str, Any]:
    """The properties of an asset that the deployment names; empty for none."""
    if not reference:
        return {}
    document = registries.asset(emulator.store, reference)
    if document is None:
        raise UriError(f"The {what} {reference} of the deployment does not exist any more.")
    properties: dict[str, Any] = document["properties"]
    return properties


def _place(emulator: Emulator, workspace_id: str, uri: str) -> Place:
    location = resolve(uri, workspace_id, emulator.store)
    return Place(location.path, location.container)


def context(served: Served, experiment: str | None) -> dict[str, str]:
    """The environment variables by which a script knows where it runs."""
    parts = served.workspace_id.split("/")
    return {
        "AZUREML_ARM_SUBSCRIPTION": parts[2],
        "AZUREML_ARM_RESOURCEGROUP": parts[4],
        "AZUREML_ARM_WORKSPACE_NAME": parts[8],
        "AZUREML_EXPERIMENT_NAME": experiment or str(served.endpoint["name"]),
    }


def _duration(text: str) -> float:
    return parse_duration(text, "the duration")


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)
