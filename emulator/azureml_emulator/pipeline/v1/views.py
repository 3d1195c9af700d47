"""Runs and endpoints as the first interface shows them. Pure.

Shapes: the responses of ``PipelineRuns`` and ``PipelineEndpoints`` in the v1 REST interface.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azureml_emulator.pipeline.v1.body import GROUPS
from azureml_emulator.pipeline.v1.endpoints import default_version, endpoint_id, graph_id, pipeline_id

if TYPE_CHECKING:
    from azureml_emulator.pipeline.v1.body import Submission
    from azureml_emulator.store import Document

STATES = {"NotStarted": "NotStarted", "Completed": "Finished", "Failed": "Failed", "Canceled": "Canceled"}
"""The states of jobs that the first interface has a name for; every other one is ``Running``."""


def submitted(asked: Submission, pipeline: str) -> dict[str, Any]:
    """What a run's record keeps of its submission."""
    return {
        "pipelineId": pipeline,
        "runSource": asked.source,
        "runType": asked.type,
        **asked.assigned,
    }


def run(record: Document) -> dict[str, Any]:
    """A run; one that was begun by the batch endpoint's own address has no assignments."""
    first = record.get("v1") or {}
    asked, error = record["asked"], record["error"]
    return {
        "Id": record["name"],
        "Description": asked["description"],
        "Status": {
            "StatusCode": STATES.get(record["status"], "Running"),
            "StatusDetail": error["message"] if error else None,
            "CreationTime": record["created"],
            "EndTime": record["ended"],
        },
        "GraphId": graph_id(record["component"]),
        "PipelineId": first.get("pipelineId"),
        "RunHistoryExperimentName": asked["experiment"],
        "RunSource": first.get("runSource") or "Unavailable",
        "RunType": first.get("runType") or "HTTP",
        "ContinueRunOnStepFailure": record["goOn"],
        **{name: first.get(name, {}) for name in GROUPS},
        "Tags": asked["tags"],
        "Properties": asked["properties"],
        "CreatedDate": record["created"],
        "LastModifiedDate": record["ended"] or record["started"] or record["created"],
    }


def endpoint(document: Document, there: dict[str, Document], services: str, workspace: str) -> dict[str, Any]:
    """An endpoint with its versions; ``services`` is the address of its region's services."""
    own = endpoint_id(document)
    pipelines = f"{services}/pipelines"
    return {
        "Id": own,
        "Name": document["name"],
        "Description": document["properties"].get("description"),
        "DefaultVersion": default_version(document, there),
        "PipelineVersionList": [
            {"Version": number, "PipelineId": pipeline_id(deployment)} for number, deployment in there.items()
        ],
        "Url": f"{pipelines}/v1.0{workspace}/PipelineRuns/PipelineEndpointSubmit/Id/{own}",
        "SwaggerUrl": f"{pipelines}/swagger/pipelineendpointsubmit/swagger.json",
        "EntityStatus": "Active",
        "Tags": document.get("tags") or {},
        "CreatedDate": document["systemData"]["createdAt"],
        "LastModifiedDate": document["systemData"]["lastModifiedAt"],
    }
