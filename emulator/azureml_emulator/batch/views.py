"""A job as the service shows it: on the data plane, over ARM, in run history. Pure.

Shapes: Azure ML REST API (jobs), the batch data plane and run history as the official client reads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azureml_emulator.batch.records import logs

if TYPE_CHECKING:
    from collections.abc import Callable

    from azureml_emulator.batch.queue import NodeCounts
    from azureml_emulator.store import Document

    SignedUrl = Callable[[str, str], str]

SCORE = "score"
STEP = "batchscoring"
TYPE = "Microsoft.MachineLearningServices/workspaces/jobs"
DATA_PLANE_TYPE = "Microsoft.MachineLearningServices/workspaces/inferenceEndpoints/jobs"


def output_uri(record: Document) -> str:
    """Where a job's results are, as a datastore address."""
    place = record["spec"]["output"]
    asked: str | None = record["asked"]["outputUri"]
    if asked:
        return asked
    parts = record["workspace"].split("/")
    return (
        f"azureml://subscriptions/{parts[2]}/resourcegroups/{parts[4]}/workspaces/{parts[8]}"
        f"/datastores/workspaceblobstore/paths/{place['path']}/"
    )


def output_asset(record: Document, workspace: Document) -> str:
    """The asset id by which run history names the output ``score``."""
    guid = workspace["properties"]["workspaceId"]
    name = f"azureml_{record['step']}_output_data_{SCORE}"
    return f"azureml://locations/{workspace['location']}/workspaces/{guid}/data/{name}/versions/1"


def step_of_output(asset: str) -> str | None:
    """The step that an output's asset id belongs to."""
    head, _, rest = asset.partition("/data/azureml_")
    step, found, _ = rest.partition(f"_output_data_{SCORE}")
    return step if head and found else None


def tags(record: Document) -> dict[str, str]:
    """The tags of a job: the caller's and the service's."""
    return {**record["asked"]["tags"], **own_tags(record)}


def own_tags(record: Document) -> dict[str, str]:
    """The tags by which clients know a batch job."""
    return {
        "azureml.batchrun": "true",
        "azureml.deploymentname": record["deployment"],
        "azureml.jobtype": "azureml.batchjob",
    }


def properties(record: Document) -> dict[str, str]:
    """The properties of a job's run: the caller's and the service's."""
    return {**record["asked"]["properties"], **own_properties(record)}


def own_properties(record: Document) -> dict[str, str]:
    """The properties that the service gives to a batch job's run."""
    return {
        "azureml.endpointname": record["endpoint"],
        "azureml.deploymentname": record["deployment"],
        "azureml.runsource": "azureml.PipelineRun",
        "runSource": "Unavailable",
        "runType": "HTTP",
    }


def shown(record: Document) -> dict[str, Any]:
    """How a job is shown: what its owner has changed, else what it began with."""
    return {"displayName": record["name"], "description": None, "isArchived": False, **record.get("shown", {})}


def data_plane(record: Document) -> dict[str, Any]:
    """A job as invoking, polling and listing answer it."""
    asked, scoring = record["asked"], record["spec"]["scoring"]
    output = {"jobOutputType": "UriFile", "uri": output_uri(record)}
    return {
        "id": f"{record['workspace']}/batchEndpoints/{record['endpoint']}/jobs/{record['name']}",
        "name": record["name"],
        "type": DATA_PLANE_TYPE,
        "properties": {
            "name": record["name"],
            "status": record["status"],
            "provisioningState": "Succeeded",
            "inputData": {asked["inputName"]: {"jobInputType": asked["inputType"], "uri": asked["inputUri"]}},
            "outputData": {asked["outputName"]: output} if asked["outputUri"] else {},
            "output": {"datastoreId": None, "path": None},
            "outputFileName": scoring["output_file"] if scoring["output_action"] == "AppendRow" else None,
            "miniBatchSize": scoring["mini_batch_size"],
            "errorThreshold": scoring["error_threshold"],
            "retrySettings": {"maxRetries": scoring["max_retries"], "timeout": f"PT{scoring['timeout']:g}S"},
            "loggingLevel": scoring["logging_level"],
            "maxConcurrencyPerInstance": scoring["concurrency"],
            "compute": {"target": record["compute"], "instanceCount": record["nodes"]},
            "interactionEndpoints": None,
            "startTime": record["started"],
            "endTime": record["ended"],
            "properties": {**properties(record), "createdAt": record["created"]},
            "tags": tags(record),
        },
        "systemData": system_data(record),
    }


def system_data(record: Document) -> dict[str, Any]:
    """When a job was made."""
    return {"createdAt": record["created"], "createdByType": "Application"}


def arm_job(record: Document, services_url: str) -> dict[str, Any]:
    """A job over ARM: a pipeline job with one step; ``services_url`` is where its region's services are."""
    asked = record["asked"]
    return {
        "id": record["id"],
        "name": record["name"],
        "type": TYPE,
        "properties": {
            "jobType": "Pipeline",
            **shown(record),
            "experimentName": asked["experiment"],
            "status": record["status"],
            "computeId": record["compute"],
            "inputs": {
                asked["inputName"]: {
                    "jobInputType": _snake(asked["inputType"]),
                    "uri": asked["inputUri"],
                    "mode": "ReadOnlyMount",
                    "description": None,
                }
            },
            "outputs": {
                SCORE: {
                    "jobOutputType": "uri_folder",
                    "uri": output_uri(record),
                    "mode": "ReadWriteMount",
                    "description": None,
                }
            },
            "jobs": {},
            "settings": {"default_compute": record["compute"]},
            "properties": {**properties(record), "outputFileName": record["spec"]["scoring"]["output_file"]},
            "services": services(record, services_url),
            "tags": tags(record),
            "identity": None,
            "componentId": None,
            "sourceJobId": None,
        },
        "systemData": system_data(record),
    }


def services(record: Document, services_url: str) -> dict[str, Any]:
    """The addresses where a job can be looked at."""
    return {
        "Tracking": _service("Tracking", f"{services_url}/mlflow/v1.0{record['workspace']}"),
        "Studio": _service("Studio", f"https://ml.azure.com/runs/{record['name']}?wsid={record['workspace']}"),
    }


def _service(kind: str, endpoint: str) -> dict[str, Any]:
    return {"jobServiceType": kind, "endpoint": endpoint, "port": None, "status": None, "properties": {}}


def arm_step(record: Document) -> dict[str, Any]:
    """A job's step over ARM: the service shows no more than that it exists."""
    return {
        "id": f"{record['workspace']}/jobs/{record['step']}",
        "name": record["step"],
        "type": TYPE,
        "properties": None,
        "systemData": system_data(record),
    }


def run_status(record: Document, *, step: bool) -> str:
    """The state of a run; a step begins when its job has its nodes."""
    status = str(record["status"])
    return "NotStarted" if step and status in {"Preparing", "Queued"} else status


def run_details(record: Document, *, step: bool, signed: SignedUrl) -> dict[str, Any]:
    """The details of a job's run, or of its step's: state, error, logs with readable addresses."""
    container = record["spec"]["logs"]["container"]
    scope = "step" if step else "job"
    return {
        "runId": record["step"] if step else record["name"],
        "parentRunId": record["name"] if step else None,
        "target": record["compute"].rsplit("/", 1)[-1],
        "status": run_status(record, step=step),
        "createdTimeUtc": record["created"],
        "startTimeUtc": record["started"],
        "endTimeUtc": record["ended"],
        "error": {"error": record["error"]} if record["error"] else None,
        "warnings": [{"source": STEP, "message": text} for text in record["notices"]],
        "tags": tags(record),
        "properties": properties(record),
        "services": {},
        "inputDatasets": [],
        "outputDatasets": [],
        "runDefinition": None,
        "logFiles": {name: signed(container, path) for name, path in logs(record, scope)},
    }


def run(record: Document, workspace: Document, *, step: bool) -> dict[str, Any]:
    """A run's metadata, the step's with its output."""
    name = record["step"] if step else record["name"]
    outputs = {SCORE: {"assetId": output_asset(record, workspace), "type": "uri_folder"}} if step else {}
    own = shown(record)
    return {
        "runId": name,
        "rootRunId": record["name"],
        "parentRunId": record["name"] if step else None,
        "experimentId": workspace["properties"]["workspaceId"],
        "displayName": STEP if step else own["displayName"],
        "description": None if step else own["description"],
        "hidden": own["isArchived"],
        "name": STEP if step else record["name"],
        "runType": "azureml.StepRun" if step else "azureml.PipelineRun",
        "runTypeV2": {"orchestrator": None, "traits": [], "attribution": "PipelineService"},
        "status": run_status(record, step=step),
        "createdUtc": record["created"],
        "startTimeUtc": record["started"],
        "endTimeUtc": record["ended"],
        "dataContainerId": f"dcid.{name}",
        "target": record["compute"].rsplit("/", 1)[-1],
        "error": {"error": record["error"]} if record["error"] else None,
        "tags": tags(record),
        "properties": properties(record),
        "services": {},
        "outputs": outputs,
    }


def with_nodes(compute: Document, counts: NodeCounts) -> Document:
    """A compute with the node counts that it has now."""
    outer = compute["properties"]
    inner = dict(outer["properties"])
    total = counts.running + counts.idle
    states = {**inner.get("nodeStateCounts", {}), "runningNodeCount": counts.running, "idleNodeCount": counts.idle}
    inner |= {"currentNodeCount": total, "targetNodeCount": total, "nodeStateCounts": states}
    return {**compute, "properties": {**outer, "properties": inner}}


def _snake(kind: str) -> str:
    return {"UriFile": "uri_file", "MLTable": "mltable"}.get(kind, "uri_folder")
