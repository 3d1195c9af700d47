"""What may be posted to an endpoint that runs a pipeline, as schemas: its inputs and outputs by name. Pure."""

from __future__ import annotations

from typing import Any

from azureml_emulator.pipeline.invocation import JOB_TYPES, LITERAL
from azureml_emulator.pipeline.ports import MODEL_TYPES, Interface, Port
from azureml_emulator.swagger import Schema

_TYPES = {"string": "string", "integer": "integer", "number": "number", "boolean": "boolean"}


def inputs(pipeline: Interface) -> Schema:
    """The schema of ``inputData``; required is what the pipeline cannot do without."""
    required = [port.name for port in pipeline.inputs.values() if port.is_required]
    properties = {name: _input(port) for name, port in pipeline.inputs.items()}
    return _object(properties) | ({"required": required} if required else {})


def outputs(pipeline: Interface) -> Schema:
    """The schema of ``outputData``: none is required, each has its default place."""
    return _object({name: _output(port) for name, port in pipeline.outputs.items()})


def _object(properties: dict[str, Schema]) -> Schema:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _input(port: Port) -> Schema:
    if port.is_literal:
        kind = {"type": "string", "enum": [LITERAL]}
        return {
            "type": "object",
            "required": ["jobInputType", "value"],
            "properties": {"jobInputType": kind, "value": _value(port)},
        }
    where = {"type": "string", "description": "https://, azureml:// or azureml:NAME:VERSION"}
    return {
        "type": "object",
        "required": ["jobInputType", "uri"],
        "properties": {"jobInputType": {"type": "string", "enum": _kinds(port)}, "uri": where},
    }


def _output(port: Port) -> Schema:
    where = {"type": "string", "description": "a file or folder in a datastore of the workspace"}
    return {
        "type": "object",
        "required": ["jobOutputType", "uri"],
        "properties": {"jobOutputType": {"type": "string", "enum": _kinds(port)}, "uri": where},
    }


def _kinds(port: Port) -> list[str]:
    """The types by which a port's files can be given: its own, and a plain folder where a model is wanted."""
    own = JOB_TYPES[port.type]
    return [own, "UriFolder"] if port.type in MODEL_TYPES else [own]


def _value(port: Port) -> Schema:
    schema: dict[str, Any] = {"type": _TYPES[port.type]}
    if port.minimum is not None:
        schema["minimum"] = port.minimum
    if port.maximum is not None:
        schema["maximum"] = port.maximum
    if port.choices:
        schema["enum"] = [_typed(port.type, choice) for choice in port.choices]
    if port.default is not None:
        schema["default"] = _typed(port.type, port.default)
    return schema


def _typed(kind: str, text: str) -> Any:
    if kind == "boolean":
        return text.lower() == "true"
    return {"integer": int, "number": float}.get(kind, str)(text)
