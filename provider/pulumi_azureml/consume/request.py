"""The body of an invocation, with every option checked at once. Pure, no I/O.

Names and ranges: Azure ML REST API, batch endpoint invocation and ``BatchDeploymentProperties``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import InputError
from .references import JOB_INPUT_TYPES, guess_type

FORBIDDEN_IN_FILE_NAME = '~"#%&*:<>?/\\{|}'
_INT_MAX = 2**31 - 1
_NAMED_PATHS = re.compile(r"azureml://datastores/(?P<datastore>[^/]+)/paths/(?P<path>.+)")

Literal = str | int | float | bool


@dataclass(frozen=True)
class JobData:
    """A data input of a job: its ``jobInputType``, and where the service reads it."""

    type: str
    uri: str


@dataclass(frozen=True)
class InvokeOptions:
    """What one invocation sets; ``None`` leaves the deployment's own setting.

    Attributes:
        deployment: which deployment scores; the endpoint's default one when ``None``.
        experiment: the experiment under which the job is listed.
        mini_batch_size: files per call of ``run``, 1 or more.
        error_threshold: failed items at which the job is aborted; -1 never aborts.
        max_retries: retries of a mini-batch, 0 or more.
        timeout: seconds that one mini-batch may take, 1 or more.
        output_file_name: name of the predictions file, a plain file name.
        instance_count: nodes, 1 or more.
        output: folder for the predictions, ``azureml://datastores/NAME/paths/PATH`` or its long forms.
        literals: of a pipeline, its inputs that are values: texts, numbers, true or false, by name.
        outputs: of a pipeline, where its outputs go, by name; a file where the address ends in an extension.
        tags: tags of the job; values are not empty.
    """

    deployment: str | None = None
    experiment: str | None = None
    mini_batch_size: int | None = None
    error_threshold: int | None = None
    max_retries: int | None = None
    timeout: int | None = None
    output_file_name: str | None = None
    instance_count: int | None = None
    output: str | None = None
    literals: Mapping[str, Literal] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    def problems(self) -> list[str]:
        """Everything that the service would refuse, one sentence each."""
        found = [
            f"{name} is {value}: it must be from {low} to {_INT_MAX}"
            for name, value, low in (
                ("mini_batch_size", self.mini_batch_size, 1),
                ("error_threshold", self.error_threshold, -1),
                ("max_retries", self.max_retries, 0),
                ("timeout", self.timeout, 1),
                ("instance_count", self.instance_count, 1),
            )
            if value is not None and not low <= value <= _INT_MAX
        ]
        if self.output_file_name is not None:
            bad = sorted(set(self.output_file_name) & set(FORBIDDEN_IN_FILE_NAME))
            if bad or not self.output_file_name.strip():
                found.append(
                    f"output_file_name is '{self.output_file_name}': it must be a plain file name "
                    f"without any of {FORBIDDEN_IN_FILE_NAME}"
                )
        if self.output is not None and self.outputs:
            found.append("output is of a deployment with a model, outputs of one with a pipeline: give one of the two")
        places = {"output": self.output, **{f"outputs.{name}": uri for name, uri in self.outputs.items()}}
        found += [
            f"{name} is '{uri}': it must be azureml://datastores/NAME/paths/PATH"
            for name, uri in places.items()
            if uri is not None and "/paths/" not in uri
        ]
        found += [
            f"literals.{name} is {value!r}: it must be a text, a number, true or false"
            for name, value in self.literals.items()
            if not isinstance(value, str | int | float | bool)
        ]
        found += [f"tag '{name}' is empty: give it a value" for name, value in self.tags.items() if not value]
        return found


def invoke_body(workspace_id: str, data: Mapping[str, JobData], options: InvokeOptions) -> dict[str, Any]:
    """The JSON body of ``POST {scoringUri}``, with the data inputs by name.

    Raises:
        InputError: listing every option that is out of range.
    """
    problems = options.problems()
    problems += [f"the input '{name}' is both data and a literal" for name in data if name in options.literals]
    if problems:
        raise InputError("The job was not submitted:\n  - " + "\n  - ".join(problems))
    retries = {
        "maxRetries": options.max_retries,
        "timeout": None if options.timeout is None else f"PT{options.timeout}S",
    }
    properties: dict[str, Any] = {
        "inputData": {
            **{name: {"jobInputType": each.type, "uri": each.uri} for name, each in data.items()},
            **{name: {"jobInputType": "Literal", "value": value} for name, value in options.literals.items()},
        },
        "outputData": _outputs(workspace_id, options) or None,
        "properties": _present({"experimentName": options.experiment}),
        "miniBatchSize": options.mini_batch_size,
        "errorThreshold": options.error_threshold,
        "retrySettings": _present(retries),
        "outputFileName": options.output_file_name,
        "compute": _present({"instanceCount": options.instance_count}),
        "tags": dict(options.tags) or None,
    }
    return {"properties": _present(properties)}


def _outputs(workspace_id: str, options: InvokeOptions) -> dict[str, Any]:
    if options.output is not None:
        return {"score": {"jobOutputType": "UriFile", "uri": _long(workspace_id, options.output)}}
    return {
        name: {"jobOutputType": JOB_INPUT_TYPES[guess_type(uri)], "uri": _long(workspace_id, uri)}
        for name, uri in options.outputs.items()
    }


def _long(workspace_id: str, uri: str) -> str:
    """An output's address as the datastore's ARM id, the only form that the documentation of outputs shows."""
    match = _NAMED_PATHS.fullmatch(uri)
    return f"{workspace_id}/datastores/{match['datastore']}/paths/{match['path']}" if match else uri


def _present(values: Mapping[str, Any]) -> dict[str, Any] | None:
    return {key: value for key, value in values.items() if value is not None} or None
