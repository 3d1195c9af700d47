"""The body of an invocation, with every option checked at once. Pure, no I/O.

Names and ranges: Azure ML REST API, batch endpoint invocation and ``BatchDeploymentProperties``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import InputError

FORBIDDEN_IN_FILE_NAME = '~"#%&*:<>?/\\{|}'
_INT_MAX = 2**31 - 1
_NAMED_PATHS = re.compile(r"azureml://datastores/(?P<datastore>[^/]+)/paths/(?P<path>.+)")


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
        if self.output is not None and "/paths/" not in self.output:
            found.append(f"output is '{self.output}': it must be azureml://datastores/NAME/paths/PATH")
        found += [f"tag '{name}' is empty: give it a value" for name, value in self.tags.items() if not value]
        return found


def invoke_body(workspace_id: str, uri: str, job_input_type: str, options: InvokeOptions) -> dict[str, Any]:
    """The JSON body of ``POST {scoringUri}`` for one data input.

    Raises:
        InputError: listing every option that is out of range.
    """
    if problems := options.problems():
        raise InputError("The job was not submitted:\n  - " + "\n  - ".join(problems))
    retries = {
        "maxRetries": options.max_retries,
        "timeout": None if options.timeout is None else f"PT{options.timeout}S",
    }
    properties: dict[str, Any] = {
        "inputData": {"data": {"jobInputType": job_input_type, "uri": uri}},
        "outputData": _output(workspace_id, options.output),
        "properties": _present({"experimentName": options.experiment}),
        "miniBatchSize": options.mini_batch_size,
        "errorThreshold": options.error_threshold,
        "retrySettings": _present(retries),
        "outputFileName": options.output_file_name,
        "compute": _present({"instanceCount": options.instance_count}),
        "tags": dict(options.tags) or None,
    }
    return {"properties": _present(properties)}


def _output(workspace_id: str, output: str | None) -> dict[str, Any] | None:
    if output is None:
        return None
    # The short form is made the datastore's ARM id, the only form that the documentation of outputs shows.
    match = _NAMED_PATHS.fullmatch(output)
    uri = f"{workspace_id}/datastores/{match['datastore']}/paths/{match['path']}" if match else output
    return {"score": {"jobOutputType": "UriFile", "uri": uri}}


def _present(values: Mapping[str, Any]) -> dict[str, Any] | None:
    return {key: value for key, value in values.items() if value is not None} or None
