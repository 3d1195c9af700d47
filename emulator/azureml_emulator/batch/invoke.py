"""The body of an invocation, of today and of 2021, read into what it asks for. Pure.

Sources: Azure ML "Deploy models for scoring in batch endpoints" (REST), the batch data plane as the official
client speaks it, and the article of October 2021 (``dataset``, ``outputDataset``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from azureml_emulator.batch.lenient import BodyError, Fields

FORBIDDEN_IN_FILE_NAME = '~"#%&*:<>?/\\{|}'
DATA_TYPES = {"urifolder": "UriFolder", "urifile": "UriFile", "mltable": "MLTable"}
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_\-]{0,254}")


@dataclass(frozen=True)
class Invocation:
    """What one invocation asks for; ``None`` leaves the deployment's own setting.

    ``input_uri`` is an address in any form; ``input_name`` and ``input_type`` are kept for the answer.
    ``output_uri`` is a folder, with the file's name in ``output_file`` where the address had one.
    """

    input_uri: str
    input_type: str = "UriFolder"
    input_name: str = "input"
    output_uri: str | None = None
    output_name: str = "score"
    output_file: str | None = None
    mini_batch_size: int | None = None
    error_threshold: int | None = None
    max_retries: int | None = None
    timeout: float | None = None
    instance_count: int | None = None
    name: str | None = None
    experiment: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)


def read_invocation(body: Any, workspace_id: str) -> Invocation:
    """Read the body of an invocation of a model deployment.

    Raises:
        BodyError: something is missing, of the wrong type or out of range; the text names it.
    """
    fields = Fields(body).object("properties") if isinstance(body, dict) else Fields(body)
    name, kind, uri = _input(fields, workspace_id)
    output_name, output_uri, from_uri = _output(fields, workspace_id)
    retries = fields.object("retrySettings")
    job_name = fields.text("name")
    if job_name is not None and not _NAME.fullmatch(job_name):
        raise BodyError(f"'properties.name' must be letters, digits, '-' and '_', not '{job_name}'.")
    properties = fields.texts("properties")
    return Invocation(
        input_uri=uri,
        input_type=kind,
        input_name=name,
        output_uri=output_uri,
        output_name=output_name,
        output_file=check_file_name(fields.text("outputFileName") or from_uri),
        mini_batch_size=fields.whole("miniBatchSize", 1),
        error_threshold=fields.whole("errorThreshold", -1),
        max_retries=retries.whole("maxRetries", 0),
        timeout=retries.seconds("timeout"),
        instance_count=fields.object("compute").whole("instanceCount", 1),
        name=job_name,
        experiment=Fields(properties).text("experimentName"),
        tags=fields.texts("tags"),
        properties=properties,
    )


def check_file_name(name: str | None) -> str | None:
    """Return an output file name unchanged.

    Raises:
        BodyError: it has characters that the service forbids.
    """
    if name is None:
        return None
    bad = sorted(set(name) & set(FORBIDDEN_IN_FILE_NAME))
    if bad or name.strip() in {"", ".", ".."} or not name.isprintable():
        raise BodyError(f"'outputFileName' must be a file name without {FORBIDDEN_IN_FILE_NAME}, not '{name}'.")
    return name


def _input(fields: Fields, workspace_id: str) -> tuple[str, str, str]:
    inputs = fields.object("inputData").items
    if not inputs:
        return "dataset", "UriFolder", _dataset(fields, workspace_id)
    if len(inputs) > 1:
        raise BodyError(f"A model deployment takes exactly one data input; 'inputData' has {len(inputs)}.")
    name, value = next(iter(inputs.items()))
    given = Fields(value, f"inputData.{name}")
    kind = given.text("jobInputType") or "UriFolder"
    if kind.lower() not in DATA_TYPES:
        raise BodyError(
            f"'inputData.{name}.jobInputType' is {kind}: a model deployment takes "
            f"{', '.join(DATA_TYPES.values())}; literals and models are for pipeline component deployments."
        )
    uri = given.text("uri")
    if not uri:
        raise BodyError(f"'inputData.{name}.uri' must not be empty.")
    return name, DATA_TYPES[kind.lower()], uri


def _dataset(fields: Fields, workspace_id: str) -> str:
    """The address in a body of 2021: ``dataset`` as an object or, from the first clients, as an id."""
    value = fields.get("dataset")
    if value is None:
        raise BodyError("The job has no input: 'properties.inputData' must hold exactly one data input.")
    if isinstance(value, str):
        return value
    dataset = fields.object("dataset")
    kind = (dataset.text("dataInputType") or "").lower()
    if kind == "dataurl" and (path := dataset.text("path")):
        return path
    if kind == "datasetversion" and (name := dataset.text("datasetName")):
        version = dataset.text("datasetVersion")
        return f"azureml:{name}:{version}" if version else f"azureml:{name}@latest"
    if kind == "datasetid" and (identifier := dataset.text("datasetId")):
        return identifier.removeprefix("azureml:") if "/" in identifier else f"{workspace_id}/datasets/{identifier}"
    raise BodyError(
        "'properties.dataset' must be {dataInputType: DataUrl, path}, {dataInputType: DatasetVersion, "
        "datasetName, datasetVersion} or {dataInputType: DatasetId, datasetId}."
    )


def _output(fields: Fields, workspace_id: str) -> tuple[str, str | None, str | None]:
    """Name and folder of the output, and the file name where the address ends in one."""
    outputs = fields.object("outputData").items
    if len(outputs) > 1:
        raise BodyError(f"A model deployment has exactly one output; 'outputData' has {len(outputs)}.")
    if outputs:
        name, value = next(iter(outputs.items()))
        given = Fields(value, f"outputData.{name}")
        uri = given.text("uri") or given.text("path")
        file_named = (given.text("jobOutputType") or "").lower() == "urifile"
        return name, *split_output(uri, fields.text("outputFileName"), file_named=file_named)
    old = fields.object("outputDataset")
    path = old.text("path")
    datastore = old.text("datastoreId") or old.text("datastoreName")
    if path is None:
        return "score", None, None
    datastore = (datastore or "workspaceblobstore").rstrip("/").rsplit("/", 1)[-1]
    return "score", f"{workspace_id}/datastores/{datastore}/paths/{path.strip('/')}", None


def split_output(uri: str | None, file_name: str | None, *, file_named: bool) -> tuple[str | None, str | None]:
    """Cut an output address into folder and file name.

    The documentation shows ``UriFile`` both with the address of a folder and with that of a file in it. The
    last segment is taken as the file when it is the given file name, or has an extension.
    """
    if not uri:
        return None, None
    folder, _, last = uri.rstrip("/").rpartition("/")
    if last == file_name or (file_named and file_name is None and "." in last and not uri.endswith("/")):
        return folder, last
    return uri, None
