"""An endpoint's OpenAPI document, read for what a client needs: the body of a request, or the inputs of a job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import DocumentError
from .schema import Shape, follow, read_shape

LITERAL = "Literal"
_JSON = "application/json"


@dataclass(frozen=True)
class RealTimeApi:
    """The bodies of a scoring request and of its answer."""

    request: Shape
    response: Shape


@dataclass(frozen=True)
class Input:
    """One named input of a job.

    ``kind`` is its ``jobInputType``; ``value`` is the shape of a literal's value, or of a data input's address.
    """

    name: str
    kind: str
    value: Shape
    required: bool
    description: str = ""

    @property
    def literal(self) -> bool:
        """Whether it is a value, rather than the address of data."""
        return self.kind == LITERAL


@dataclass(frozen=True)
class Output:
    """One named output of a job and its ``jobOutputType``."""

    name: str
    kind: str
    description: str = ""


@dataclass(frozen=True)
class JobApi:
    """What starts a job.

    ``inputs`` and ``outputs`` are those that have names; where the endpoint takes one data input of any name
    (a model behind it), there are none, and ``data_types`` are the types that it may have. ``settings`` is the
    shape of what else the caller may set.
    """

    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    data_types: tuple[str, ...]
    settings: Shape


_WHOLE = Shape("integer")
MODEL_JOBS = JobApi(
    inputs=(),
    outputs=(),
    data_types=("UriFolder", "UriFile", "MLTable"),
    settings=Shape(
        "object",
        {
            "miniBatchSize": _WHOLE,
            "errorThreshold": _WHOLE,
            "retrySettings": Shape("object", {"maxRetries": _WHOLE, "timeout": Shape("string")}),
            "outputFileName": Shape("string"),
            "compute": Shape("object", {"instanceCount": _WHOLE}),
            "tags": Shape("object", values=Shape("string")),
            "properties": Shape("object", {"experimentName": Shape("string")}),
        },
    ),
)
"""What starts a job of any endpoint with a model behind it (Azure ML, "Create jobs and input data for batch
endpoints"); it is the same for all, so that an endpoint without a document gets its client too."""


def read_real_time(document: Mapping[str, Any]) -> RealTimeApi:
    """The scoring operation of a real-time endpoint.

    Raises:
        DocumentError: the document has no POST that scores.
    """
    path, operation = _post(document, "/score")
    answers = operation.get("responses")
    good = answers.get("200") or answers.get(200) if isinstance(answers, Mapping) else None
    return RealTimeApi(
        request=_body(operation, document, f"POST {path}"),
        response=read_shape(_content(good, document), document),
    )


def read_jobs(document: Mapping[str, Any]) -> JobApi:
    """The operation of a batch or pipeline endpoint that starts a job.

    Raises:
        DocumentError: the document has no such operation, or its body is another one; the text names the place.
    """
    path, operation = _post(document, "/jobs")
    body = _body(operation, document, f"POST {path}")
    properties = body.properties.get("properties")
    if properties is None or "inputData" not in properties.properties:
        raise DocumentError(
            f"The body of POST {path} in the OpenAPI document has no 'properties.inputData', which every job has."
        )
    taken, made = properties.properties["inputData"], properties.properties.get("outputData", Shape())
    settings = {name: each for name, each in properties.properties.items() if name not in {"inputData", "outputData"}}
    return JobApi(
        inputs=tuple(_inputs(taken)),
        outputs=tuple(_outputs(made)),
        data_types=tuple(str(each) for each in _of(taken.values, "jobInputType").choices) or ("UriFolder", "UriFile"),
        settings=Shape("object", settings),
    )


def _inputs(shape: Shape) -> Iterator[Input]:
    for name, each in shape.properties.items():
        kind = next(iter(_of(each, "jobInputType").choices), LITERAL)
        value = _of(each, "value" if kind == LITERAL else "uri")
        required = name in shape.required and value.default is None
        yield Input(name, str(kind), value, required, each.description or value.description)


def _outputs(shape: Shape) -> Iterator[Output]:
    for name, each in shape.properties.items():
        yield Output(name, str(next(iter(_of(each, "jobOutputType").choices), "UriFolder")), each.description)


def _of(shape: Shape | None, name: str) -> Shape:
    return shape.properties.get(name, Shape()) if shape is not None else Shape()


def _post(document: Mapping[str, Any], ending: str) -> tuple[str, Mapping[str, Any]]:
    paths = document.get("paths")
    for path, item in paths.items() if isinstance(paths, Mapping) else ():
        if str(path).endswith(ending) and isinstance(item, Mapping) and isinstance(item.get("post"), Mapping):
            return str(path), item["post"]
    there = ", ".join(str(path) for path in paths) if isinstance(paths, Mapping) and paths else "none at all"
    raise DocumentError(f"The OpenAPI document has no 'POST …{ending}'. Its paths: {there}.")


def _body(operation: Mapping[str, Any], document: Mapping[str, Any], place: str) -> Shape:
    """The body's shape, in the form of OpenAPI 3 or of Swagger 2.0."""
    if "requestBody" in operation:
        return read_shape(_content(operation["requestBody"], document), document)
    for parameter in operation.get("parameters") or ():
        known = follow(parameter, document) if isinstance(parameter, Mapping) else {}
        if known.get("in") == "body":
            return read_shape(known.get("schema"), document)
    raise DocumentError(f"{place} takes no body in the OpenAPI document, so there is nothing to send.")


def _content(holder: Any, document: Mapping[str, Any]) -> Any:
    """The schema of what a request or an answer holds, in either form."""
    if not isinstance(holder, Mapping):
        return None
    holder = follow(holder, document)
    content = holder.get("content")
    form = content.get(_JSON) if isinstance(content, Mapping) else holder
    return form.get("schema") if isinstance(form, Mapping) else None
