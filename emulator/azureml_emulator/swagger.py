"""The OpenAPI documents of endpoints that start jobs: what may be posted to a scoring URI, and what is answered.

One document is written as OpenAPI 3.0; :func:`as_swagger_2` says the same in Swagger 2.0, which is what
``swagger.json`` answers unless ``version=3`` asks otherwise, as for real-time endpoints.

Shapes: the batch data plane (invoke, poll, list) as in the service's documentation of batch endpoints.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from azureml_emulator.http import ServiceError

Schema = dict[str, Any]

VERSIONS = {"2": "2", "2.0": "2", "3": "3", "3.0": "3"}
DATA_TYPES = ("UriFolder", "UriFile", "MLTable")
STATES = (
    "NotStarted", "Starting", "Provisioning", "Preparing", "Queued", "Running", "Finalizing", "CancelRequested",
    "Completed", "Failed", "Canceled", "NotResponding", "Paused", "Unknown",
)  # fmt: skip
_DURATION = r"^P(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$"


@dataclass(frozen=True)
class JobApi:
    """What one endpoint takes.

    ``server`` is the scoring URI without ``/jobs``; ``inputs`` and ``outputs`` are the schemas of ``inputData`` and
    ``outputData``; ``settings`` are the further properties of a job, by name.
    """

    title: str
    description: str
    server: str
    token_url: str
    inputs: Schema
    outputs: Schema
    settings: Mapping[str, Schema] = field(default_factory=dict)


def one_of_any_name(item: Schema, **extra: Any) -> Schema:
    """An object with exactly one entry, whose name does not matter."""
    return {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": item, **extra}


def data_input(*types: str, **extra: Any) -> Schema:
    """A data input: where the data are, and whether that is a folder, a file or an MLTable."""
    return {
        "type": "object",
        "required": ["jobInputType", "uri"],
        "properties": {
            "jobInputType": {"type": "string", "enum": list(types or DATA_TYPES)},
            "uri": {"type": "string", "description": "https://, azureml:// or azureml:NAME:VERSION"},
        },
        **extra,
    }


def output(**extra: Any) -> Schema:
    """An output: where to write it."""
    return {
        "type": "object",
        "required": ["jobOutputType", "uri"],
        "properties": {
            "jobOutputType": {"type": "string", "enum": ["UriFile", "UriFolder"]},
            "uri": {"type": "string", "description": "a file or folder in a datastore of the workspace"},
        },
        **extra,
    }


MODEL_SETTINGS: Mapping[str, Schema] = {
    "miniBatchSize": {"type": "integer", "minimum": 1, "description": "files for one call of run()"},
    "errorThreshold": {"type": "integer", "minimum": -1, "description": "failed items that abort; -1: never"},
    "retrySettings": {
        "type": "object",
        "properties": {
            "maxRetries": {"type": "integer", "minimum": 0},
            "timeout": {"type": "string", "pattern": _DURATION, "description": "ISO 8601 duration, such as PT30S"},
        },
    },
    "outputFileName": {"type": "string", "minLength": 1},
    "compute": {"type": "object", "properties": {"instanceCount": {"type": "integer", "minimum": 1}}},
}
"""What an invocation of a model deployment may set in place of the deployment."""

_COMMON: Mapping[str, Schema] = {
    "name": {"type": "string", "pattern": r"^[a-zA-Z0-9][a-zA-Z0-9_\-]{0,254}$", "description": "of the new job"},
    "tags": {"type": "object", "additionalProperties": {"type": "string"}},
    "properties": {"type": "object", "properties": {"experimentName": {"type": "string"}}},
}


def document(api: JobApi) -> dict[str, Any]:
    """The OpenAPI 3.0 document of an endpoint."""
    problem = {"description": "why not", "content": _json("Error")}
    return {
        "openapi": "3.0.3",
        "info": {"title": api.title, "description": api.description, "version": "1.0"},
        "servers": [{"url": api.server}],
        "security": [{"entra": [_SCOPE]}],
        "paths": {
            "/jobs": {
                "post": {
                    "operationId": "StartJob",
                    "summary": "Start a job",
                    "parameters": [_DEPLOYMENT, _REPEATABILITY],
                    "requestBody": {"required": True, "content": _json("JobRequest")},
                    "responses": {"201": {"description": "the job", "content": _json("Job")}, "default": problem},
                },
                "get": {
                    "operationId": "ListJobs",
                    "summary": "The endpoint's jobs, newest first",
                    "responses": {"200": {"description": "a page", "content": _json("JobList")}, "default": problem},
                },
            },
            "/jobs/{job}": {
                "get": {
                    "operationId": "GetJob",
                    "summary": "A job and its state",
                    "parameters": [{"name": "job", "in": "path", "required": True, "schema": {"type": "string"}}],
                    "responses": {"200": {"description": "the job", "content": _json("Job")}, "default": problem},
                }
            },
        },
        "components": {
            "schemas": _schemas(api),
            "securitySchemes": {
                "entra": {
                    "type": "oauth2",
                    "flows": {"clientCredentials": {"tokenUrl": api.token_url, "scopes": {_SCOPE: "score"}}},
                }
            },
        },
    }


_SCOPE = "https://ml.azure.com/.default"
_DEPLOYMENT = {
    "name": "azureml-model-deployment",
    "in": "header",
    "description": "the deployment that does the work, in place of the endpoint's default",
    "schema": {"type": "string"},
}
_REPEATABILITY = {
    "name": "repeatability_request-id",
    "in": "header",
    "description": "requests with the same id start one job",
    "schema": {"type": "string"},
}


def _schemas(api: JobApi) -> dict[str, Schema]:
    required = ["inputData"] if api.inputs.get("required") or api.inputs.get("minProperties") else []
    properties = {"inputData": _ref("InputData"), "outputData": _ref("OutputData"), **api.settings, **_COMMON}
    status = {"type": "string", "enum": list(STATES)}
    return {
        "InputData": api.inputs,
        "OutputData": api.outputs,
        "JobProperties": {"type": "object", "properties": properties} | ({"required": required} if required else {}),
        "JobRequest": {
            "type": "object",
            "required": ["properties"],
            "properties": {"properties": _ref("JobProperties")},
        },
        "Job": {
            "type": "object",
            "required": ["name", "properties"],
            "properties": {
                "id": {"type": "string"},
                "name": {"type": "string"},
                "type": {"type": "string"},
                "properties": {"type": "object", "required": ["status"], "properties": {"status": status}},
            },
        },
        "JobList": {
            "type": "object",
            "required": ["value"],
            "properties": {"value": {"type": "array", "items": _ref("Job")}, "nextLink": {"type": "string"}},
        },
        "Error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "details": {"type": "array", "items": {"type": "object"}},
            },
        },
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": _ref(name)}}


def in_version(openapi: dict[str, Any], version: str | None) -> dict[str, Any]:
    """The document in the version that a query asks for; 2 by default.

    Raises:
        ServiceError: 400, there is no such version.
    """
    asked = version or "2"
    if asked not in VERSIONS:
        raise ServiceError(400, "BadArgument", f"Swagger version [{asked}] is not valid. Supported versions: [2, 3].")
    return openapi if VERSIONS[asked] == "3" else as_swagger_2(openapi)


def as_swagger_2(openapi: dict[str, Any]) -> dict[str, Any]:
    """An OpenAPI 3.0 document of this module as Swagger 2.0."""
    scheme, _, rest = openapi["servers"][0]["url"].partition("://")
    host, _, base = rest.partition("/")
    components = openapi["components"]
    paths = {
        path: {method: _operation_2(operation) for method, operation in item.items()}
        for path, item in openapi["paths"].items()
    }
    return {
        "swagger": "2.0",
        "info": openapi["info"],
        "host": host,
        "basePath": f"/{base}",
        "schemes": [scheme],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "security": openapi["security"],
        "paths": paths,
        "definitions": _renamed(components["schemas"]),
        "securityDefinitions": {
            name: {"type": "oauth2", "flow": "application", **scheme_["flows"]["clientCredentials"]}
            for name, scheme_ in components["securitySchemes"].items()
        },
    }


def _operation_2(operation: dict[str, Any]) -> dict[str, Any]:
    changed = {key: value for key, value in operation.items() if key not in {"requestBody", "parameters"}}
    parameters = [
        {key: value for key, value in parameter.items() if key != "schema"} | parameter["schema"]
        for parameter in operation.get("parameters", [])
    ]
    if "requestBody" in operation:
        body = {
            "name": "body",
            "in": "body",
            "required": True,
            **operation["requestBody"]["content"]["application/json"],
        }
        parameters.append(_renamed(body))
    changed["responses"] = {
        status: {
            "description": answer["description"],
            **({"schema": _renamed(answer["content"]["application/json"]["schema"])} if "content" in answer else {}),
        }
        for status, answer in operation["responses"].items()
    }
    return {**changed, "parameters": parameters} if parameters else changed


def _renamed(value: Any) -> Any:
    """The value with every reference to a schema spelt as in Swagger 2.0."""
    if isinstance(value, dict):
        return {key: _renamed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item) for item in value]
    return value.replace("#/components/schemas/", "#/definitions/") if isinstance(value, str) else value
