"""The OpenAPI document of the first interface of pipelines. Pure.

One document for all endpoints, as the service has it: the inputs of one pipeline are in the document of its endpoint
(``swagger.json`` beside the scoring URI).
"""

from __future__ import annotations

from typing import Any

from azureml_emulator.pipeline.v1.body import DATASETS, PARAMETERS, PATHS

Schema = dict[str, Any]

_SCOPE = "https://management.azure.com/.default"
_WORKSPACE = (
    "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}"
    "/providers/Microsoft.MachineLearningServices/workspaces/{workspaceName}"
)
_STATES = ["NotStarted", "Running", "Failed", "Finished", "Canceled"]


def document(server: str, token_url: str) -> dict[str, Any]:
    """The document in OpenAPI 3.0; ``server`` is the address before ``/subscriptions``."""
    runs, endpoints = f"{_WORKSPACE}/PipelineRuns", f"{_WORKSPACE}/PipelineEndpoints"
    by_id = f"{runs}/PipelineEndpointSubmit/Id/{{pipelineEndpointId}}"
    body = {"requestBody": {"required": True, "content": _json(_ref("PipelineRunCreation"))}}
    submitted = _answers("the run", _ref("PipelineRun"))
    return {
        "openapi": "3.0.3",
        "info": {"title": "Pipeline endpoints", "description": "Runs of pipeline endpoints.", "version": "v1.0"},
        "servers": [{"url": server}],
        "security": [{"entra": [_SCOPE]}],
        "paths": {
            by_id: _operation("post", "SubmitToEndpoint", "Run the default version", by_id, submitted, body),
            f"{by_id}/{{pipelineVersion}}": _operation(
                "post", "SubmitToVersion", "Run a version", f"{by_id}/{{pipelineVersion}}", submitted, body
            ),
            f"{runs}/PipelineSubmit/{{pipelineId}}": _operation(
                "post", "SubmitToPipeline", "Run a pipeline", f"{runs}/{{pipelineId}}", submitted, body
            ),
            f"{runs}/{{pipelineRunId}}": _operation(
                "get", "GetRun", "A run's status", f"{runs}/{{pipelineRunId}}", submitted
            ),
            f"{runs}/{{pipelineRunId}}/Cancel": _operation(
                "post", "CancelRun", "Stop a run", f"{runs}/{{pipelineRunId}}", _answers("the run stops", None)
            ),
            endpoints: _operation(
                "get",
                "ListEndpoints",
                "The pipeline endpoints",
                endpoints,
                _answers("all of them", {"type": "array", "items": _ref("PipelineEndpoint")}),
            ),
            f"{endpoints}/{{pipelineEndpointId}}": _operation(
                "get",
                "GetEndpoint",
                "A pipeline endpoint",
                f"{endpoints}/{{pipelineEndpointId}}",
                _answers("the endpoint", _ref("PipelineEndpoint")),
            ),
        },
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "entra": {
                    "type": "oauth2",
                    "flows": {"clientCredentials": {"tokenUrl": token_url, "scopes": {_SCOPE: "run pipelines"}}},
                }
            },
        },
    }


def _operation(
    method: str, name: str, summary: str, path: str, responses: Schema, more: Schema | None = None
) -> dict[str, Any]:
    """One operation, whose parameters are those of its path."""
    names = [piece.partition("}")[0] for piece in path.split("{")[1:]]
    parameters = [{"name": each, "in": "path", "required": True, "schema": _TEXT} for each in names]
    return {
        method: {
            "operationId": name, "summary": summary, "parameters": parameters, **(more or {}), "responses": responses
        }
    }  # fmt: skip


def _answers(what: str, schema: Schema | None) -> Schema:
    good = {"description": what, **({"content": _json(schema)} if schema else {})}
    return {"200": good, "default": {"description": "why not", "content": _json(_ref("ErrorResponse"))}}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def _object(properties: dict[str, Schema], *required: str) -> Schema:
    return {"type": "object", "properties": properties} | ({"required": list(required)} if required else {})


_TEXT: Schema = {"type": "string"}
_TEXTS: Schema = {"type": "object", "additionalProperties": _TEXT}


def _schemas() -> dict[str, Schema]:
    path = _object({"DataStoreName": _TEXT, "RelativePath": _TEXT}, "RelativePath")
    reference = _object({"Id": _TEXT, "Name": _TEXT, "Version": _TEXT})
    dataset = _object(
        {
            "SavedDataSetReference": _object({"Id": _TEXT}, "Id"),
            "DataSetReference": reference,
            "AssetDefinition": _object({"AssetId": _TEXT, "Path": _TEXT}),
            "LiteralValue": path,
        }
    )
    assigned = {
        PARAMETERS: {"type": "object", "additionalProperties": {}, "description": "literals by the input's name"},
        PATHS: {"type": "object", "additionalProperties": path, "description": "places in datastores"},
        DATASETS: {"type": "object", "additionalProperties": dataset, "description": "registered data"},
    }
    status = _object({"StatusCode": {"type": "string", "enum": _STATES}, "CreationTime": _TEXT}, "StatusCode")
    error = _object({"Code": _TEXT, "Message": _TEXT}, "Code", "Message")
    version = _object({"Version": _TEXT, "PipelineId": _TEXT}, "Version", "PipelineId")
    return {
        "PipelineRunCreation": _object(
            {
                "ExperimentName": _TEXT,
                "Description": _TEXT,
                "RunSource": _TEXT,
                "RunType": _TEXT,
                **assigned,
                "ContinueRunOnStepFailure": {"type": "boolean"},
                "tags": _TEXTS,
                "Properties": _TEXTS,
            }
        ),
        "PipelineRun": _object({"Id": _TEXT, "Status": status, "GraphId": _TEXT}, "Id", "Status"),
        "PipelineEndpoint": _object(
            {
                "Id": _TEXT,
                "Name": _TEXT,
                "PipelineVersionList": {"type": "array", "items": version},
                "Url": _TEXT,
                "SwaggerUrl": _TEXT,
            },
            "Id",
            "Name",
        ),
        "ErrorResponse": _object({"Error": error, "Correlation": {"type": "object"}}, "Error"),
    }
