"""A run of a pipeline, and its steps, as the service shows them: on the data plane, over ARM, in run history. Pure.

Shapes: as in :mod:`azureml_emulator.batch.views`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azureml_emulator.batch import views as batch
from azureml_emulator.batch.records import logs
from azureml_emulator.pipeline.invocation import JOB_TYPES
from azureml_emulator.pipeline.ports import MODEL_TYPES
from azureml_emulator.pipeline.submit import PIPELINE

if TYPE_CHECKING:
    from azureml_emulator.batch.views import SignedUrl
    from azureml_emulator.store import Document

_RUN_TYPES = {"pipeline": "azureml.PipelineRun", "step": "azureml.StepRun"}
_DELIVERY = {"input": "ReadOnlyMount", "output": "ReadWriteMount"}


def tags(record: Document) -> dict[str, str]:
    """The tags of a run: the caller's, and those by which clients know a batch endpoint's pipeline."""
    if record["kind"] != PIPELINE:
        return {}
    return {
        **record["asked"]["tags"],
        "azureml.batchrun": "true",
        "azureml.deploymentname": record["deployment"],
        "azureml.jobtype": "azureml.pipelinejob",
    }


def properties(record: Document) -> dict[str, str]:
    """The properties of a run."""
    own = {"azureml.moduleid": record["component"]} if record["kind"] != PIPELINE else {}
    first = record.get("v1") or {}
    if first:
        own = {"azureml.pipelineid": first["pipelineId"]}
    return {
        **record["asked"]["properties"],
        **own,
        "azureml.endpointname": record["endpoint"],
        "azureml.deploymentname": record["deployment"],
        "azureml.runsource": "azureml.PipelineRun" if record["kind"] == PIPELINE else "azureml.StepRun",
        "runSource": first.get("runSource") or "Unavailable",
        "runType": first.get("runType") or "HTTP",
    }


def outputs(record: Document) -> dict[str, dict[str, Any]]:
    """The outputs of a run, or of one of its steps, by name: their type, and the place where they are."""
    found: dict[str, dict[str, Any]] = record["outputs"] if record["kind"] == PIPELINE else record["spec"]["outputs"]
    return found


def data_plane(record: Document) -> dict[str, Any]:
    """A run as invoking, polling and listing answer it."""
    asked = record["asked"]
    return {
        "id": f"{record['workspace']}/batchEndpoints/{record['endpoint']}/jobs/{record['name']}",
        "name": record["name"],
        "type": batch.DATA_PLANE_TYPE,
        "properties": {
            "name": record["name"],
            "description": asked["description"],
            "status": record["status"],
            "provisioningState": "Succeeded",
            "inputData": asked["inputs"],
            "outputData": asked["outputs"],
            "output": {"datastoreId": None, "path": None},
            "compute": {"target": record["compute"] or None, "instanceCount": None},
            "interactionEndpoints": None,
            "startTime": record["started"],
            "endTime": record["ended"],
            "properties": {**properties(record), "createdAt": record["created"]},
            "tags": tags(record),
        },
        "systemData": batch.system_data(record),
    }


def arm_job(record: Document, services_url: str) -> dict[str, Any]:
    """A run over ARM: a pipeline job; ``services_url`` is where its region's services are."""
    asked = record["asked"]
    inputs = {name: _arm_input(given) for name, given in asked["inputs"].items()}
    made = {
        name: {
            "jobOutputType": output["type"],
            "uri": output_uri(record, name),
            "mode": _DELIVERY["output"],
            "description": None,
        }
        for name, output in record["outputs"].items()
    }
    return {
        "id": record["id"],
        "name": record["name"],
        "type": batch.TYPE,
        "properties": {
            "jobType": "Pipeline",
            "displayName": record["name"],
            "description": asked["description"],
            "experimentName": asked["experiment"],
            "status": record["status"],
            "computeId": record["compute"] or None,
            "inputs": inputs,
            "outputs": made,
            "jobs": {},
            "settings": {"default_compute": record["compute"], "continue_on_step_failure": record["goOn"]},
            "properties": properties(record),
            "services": batch.services(record, services_url),
            "tags": tags(record),
            "isArchived": False,
            "identity": None,
            "componentId": record["component"],
            "sourceJobId": None,
        },
        "systemData": batch.system_data(record),
    }


def arm_step(record: Document) -> dict[str, Any]:
    """A step over ARM: the service shows no more than that it exists."""
    return {
        "id": record["id"],
        "name": record["name"],
        "type": batch.TYPE,
        "properties": None,
        "systemData": batch.system_data(record),
    }


def run_details(record: Document, *, signed: SignedUrl) -> dict[str, Any]:
    """The details of a run: state, error, logs with readable addresses."""
    is_run = record["kind"] == PIPELINE
    container = record["container"] if is_run else record["spec"]["logs"]["container"]
    return {
        "runId": record["name"],
        "parentRunId": None if is_run else record["job"],
        "target": record["compute"].rsplit("/", 1)[-1],
        "status": record["status"],
        "createdTimeUtc": record["created"],
        "startTimeUtc": record["started"],
        "endTimeUtc": record["ended"],
        "error": {"error": record["error"]} if record["error"] else None,
        "warnings": [{"source": record.get("display", record["name"]), "message": text} for text in record["notices"]],
        "tags": tags(record),
        "properties": properties(record),
        "services": {},
        "inputDatasets": [],
        "outputDatasets": [],
        "runDefinition": None,
        "logFiles": {name: signed(container, path) for name, path in logs(record, "job" if is_run else "step")},
    }


def run(record: Document, workspace: Document) -> dict[str, Any]:
    """A run's metadata, with its outputs."""
    is_run = record["kind"] == PIPELINE
    display = record["name"] if is_run else record["display"]
    return {
        "runId": record["name"],
        "rootRunId": record["name"] if is_run else record["job"],
        "parentRunId": None if is_run else record["job"],
        "experimentId": workspace["properties"]["workspaceId"],
        "displayName": display,
        "name": display,
        "runType": _RUN_TYPES[record["kind"]],
        "runTypeV2": {"orchestrator": None, "traits": [], "attribution": "PipelineService"},
        "status": record["status"],
        "createdUtc": record["created"],
        "startTimeUtc": record["started"],
        "endTimeUtc": record["ended"],
        "dataContainerId": f"dcid.{record['name']}",
        "target": record["compute"].rsplit("/", 1)[-1],
        "error": {"error": record["error"]} if record["error"] else None,
        "tags": tags(record),
        "properties": properties(record),
        "services": {},
        "outputs": {
            name: {"assetId": output_asset(record, workspace, name), "type": _run_type(output["type"])}
            for name, output in outputs(record).items()
        },
    }


def output_uri(record: Document, name: str) -> str:
    """Where an output of a run or step is."""
    return str(outputs(record)[name]["uri"])


def output_asset(record: Document, workspace: Document, name: str) -> str:
    """The asset id by which run history names an output."""
    guid = workspace["properties"]["workspaceId"]
    plural = "models" if outputs(record)[name]["type"] in MODEL_TYPES else "data"
    asset = f"azureml_{record['name']}_output_{name}"
    return f"azureml://locations/{workspace['location']}/workspaces/{guid}/{plural}/{asset}/versions/1"


def output_of_asset(asset: str) -> tuple[str, str] | None:
    """The run, and the name of its output, that an asset id of :func:`output_asset` belongs to."""
    for plural in ("/data/", "/models/"):
        head, _, rest = asset.partition(f"{plural}azureml_")
        name, found, output = rest.partition("_output_")
        if head and found:
            return name, output.partition("/")[0]
    return None


def _arm_input(given: dict[str, Any]) -> dict[str, Any]:
    if "value" in given:
        return {"jobInputType": "literal", "value": given["value"], "description": None}
    ours = {theirs: kind for kind, theirs in JOB_TYPES.items()}
    return {
        "jobInputType": ours[given["jobInputType"]],
        "uri": given["uri"],
        "mode": _DELIVERY["input"],
        "description": None,
    }


def _run_type(kind: str) -> str:
    """The type as run history writes it: models in the data plane's spelling."""
    return JOB_TYPES[kind] if kind in MODEL_TYPES else kind
