"""The body of an invocation of a pipeline deployment, read against what the pipeline takes. Pure.

Source: Azure ML "Create jobs and input data for batch endpoints": any number of data inputs and literals, and of
outputs, by the pipeline's names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from azureml_emulator.batch.lenient import BodyError, Fields
from azureml_emulator.pipeline.component import Problem
from azureml_emulator.pipeline.ports import Interface, Port, literal, mismatch

JOB_TYPES = {
    "uri_folder": "UriFolder",
    "uri_file": "UriFile",
    "mltable": "MLTable",
    "mlflow_model": "MLFlowModel",
    "custom_model": "CustomModel",
    "triton_model": "TritonModel",
}
"""Our types and the names that the data plane has for them."""
LITERAL = "Literal"
_OURS = {name.lower(): ours for ours, name in JOB_TYPES.items()}
_MODEL_SETTINGS = ("miniBatchSize", "errorThreshold", "retrySettings", "outputFileName", "dataset", "outputDataset")


@dataclass(frozen=True)
class Given:
    """An input or output of an invocation: a literal's ``value``, or files at ``uri`` of a ``type`` of ours."""

    type: str
    value: str | None = None
    uri: str | None = None
    asset: str = ""
    version: str = ""

    def as_input(self) -> dict[str, Any]:
        """The input as the data plane writes it."""
        if self.value is not None:
            return {"jobInputType": LITERAL, "value": self.value}
        return {"jobInputType": JOB_TYPES[self.type], "uri": self.uri}

    def as_output(self) -> dict[str, Any]:
        """The output as the data plane writes it."""
        return {"jobOutputType": JOB_TYPES[self.type], "uri": self.uri}


@dataclass(frozen=True)
class PipelineInvocation:
    """What one invocation asks for."""

    inputs: dict[str, Given] = field(default_factory=dict)
    outputs: dict[str, Given] = field(default_factory=dict)
    name: str | None = None
    experiment: str | None = None
    description: str | None = None
    go_on: bool | None = None
    tags: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)


def read_invocation(body: Any) -> PipelineInvocation:
    """Read the body of an invocation; whether it fits the pipeline is for :func:`check_invocation`.

    Raises:
        BodyError: something is of the wrong type; the text names it.
    """
    fields = Fields({} if body is None else body)
    fields = fields.object("properties")
    for name in _MODEL_SETTINGS:
        if fields.get(name) is not None:
            raise BodyError(f"'properties.{name}' is for model deployments; this deployment runs a pipeline component.")
    properties = fields.texts("properties")
    return PipelineInvocation(
        inputs={name: _input(name, value) for name, value in fields.object("inputData").items.items()},
        outputs={name: _output(name, value) for name, value in fields.object("outputData").items.items()},
        name=fields.text("name"),
        experiment=Fields(properties).text("experimentName"),
        tags=fields.texts("tags"),
        properties=properties,
    )


def check_invocation(asked: PipelineInvocation, pipeline: Interface) -> Iterator[Problem]:
    """Everything in which an invocation does not fit a pipeline."""
    for name, given in asked.inputs.items():
        port = pipeline.inputs.get(name)
        where = f"inputData.{name}"
        if port is None:
            yield Problem(where, f"is not known: {_known('inputs', pipeline.inputs)}")
        elif given.value is not None:
            yield from _literal(where, port, given.value)
        elif text := mismatch(given.type, port.type):
            yield Problem(where, text)
    for port in pipeline.inputs.values():
        if port.is_required and port.name not in asked.inputs:
            yield Problem(f"inputData.{port.name}", f"is required: the pipeline needs an input of the type {port.type}")
    for name, given in asked.outputs.items():
        port = pipeline.outputs.get(name)
        if port is None:
            yield Problem(f"outputData.{name}", f"is not known: {_known('outputs', pipeline.outputs)}")
        elif text := mismatch(given.type, port.type):
            yield Problem(f"outputData.{name}", text)


def _literal(where: str, port: Port, value: str) -> Iterator[Problem]:
    if not port.is_literal:
        yield Problem(where, f"is a literal, but data of the type {port.type} is wanted")
        return
    try:
        literal(port, value)
    except ValueError as error:
        yield Problem(f"{where}.value", str(error))


def _input(name: str, value: Any) -> Given:
    given = Fields(value, f"inputData.{name}")
    kind = given.text("jobInputType") or ("UriFolder" if given.text("uri") else LITERAL)
    if kind.lower() == LITERAL.lower():
        found = given.get("value")
        if found is None or isinstance(found, (dict, list)):
            raise BodyError(f"'inputData.{name}.value' must be a string, a number, true or false, not {found!r}.")
        return Given(LITERAL, value=str(found))
    uri = given.text("uri")
    if not uri:
        raise BodyError(f"'inputData.{name}.uri' must not be empty.")
    return Given(_type(kind, f"inputData.{name}.jobInputType", LITERAL), uri=uri)


def _output(name: str, value: Any) -> Given:
    given = Fields(value, f"outputData.{name}")
    kind = _type(given.text("jobOutputType") or "UriFolder", f"outputData.{name}.jobOutputType")
    asset, version = given.text("assetName") or given.text("name"), given.text("assetVersion") or given.text("version")
    uri = given.text("uri") or given.text("path")
    if not uri and not asset:
        raise BodyError(f"'outputData.{name}.uri' must not be empty.")
    return Given(kind, uri=uri, asset=asset or "", version=version or "")


def _type(kind: str, path: str, *others: str) -> str:
    known = _OURS.get(kind.replace("_", "").lower())
    if known is None:
        raise BodyError(f"'{path}' is {kind}, which is none of: {', '.join([*JOB_TYPES.values(), *others])}.")
    return known


def _known(side: str, ports: Mapping[str, Port]) -> str:
    return f"the pipeline has the {side} {', '.join(ports)}" if ports else f"the pipeline has no {side}"
