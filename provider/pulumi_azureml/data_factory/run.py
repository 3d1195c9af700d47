"""What a Data Factory pipeline runs, and with what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DATA_TYPES = {
    "uri_folder": "UriFolder",
    "uri_file": "UriFile",
    "mltable": "MLTable",
    "mlflow_model": "MLFlowModel",
    "custom_model": "CustomModel",
    "triton_model": "TritonModel",
}
"""Types of data, and how the invocation of a batch endpoint spells them."""
LITERAL_TYPES = {"string": "String", "integer": "Int", "number": "Float", "boolean": "Bool"}
"""Types of literals, and of the parameters that Data Factory has for them."""
POLL_SECONDS, LONGEST = 30, "PT12H"


@dataclass(frozen=True)
class Run:
    """What a pipeline runs: a batch endpoint, or one of the first interface (v1).

    Attributes:
        scoring_uri: the batch endpoint's invocation URL.
        deployment: the deployment that does the work, in place of the endpoint's default.
        pipeline_endpoint_id: a v1 pipeline endpoint's GUID.
        pipeline_version: its version; its default one unless set.
        pipeline_id: a v1 published pipeline's GUID.
        linked_service: name of the factory's linked service by which it reaches a v1 endpoint.
        inputs: by name: a literal, `{"type": "number", "value": 0.5}`, or data as `{"type": "uri_folder", "path": …}`.
            Each becomes a parameter of the pipeline, whose default is the value or path where there is one.
        outputs: of a batch endpoint, by name, as `{"type": "uri_folder", "path": …}`; parameters likewise.
        experiment: name that the job is listed under.
        continue_on_step_failure: whether a v1 pipeline goes on when a step fails.
        poll_seconds: seconds between two looks at the job's status.
        timeout: the longest time for the job, an ISO 8601 duration.
        audience: what the token for a batch endpoint is for; each cloud has its own.
        description, folder: what the factory shows of the pipeline, and where.
    """

    scoring_uri: str = ""
    deployment: str = ""
    pipeline_endpoint_id: str = ""
    pipeline_version: str = ""
    pipeline_id: str = ""
    linked_service: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    experiment: str = ""
    continue_on_step_failure: bool | None = None
    poll_seconds: int = POLL_SECONDS
    timeout: str = LONGEST
    audience: str = "https://ml.azure.com"
    description: str = ""
    folder: str = ""

    @property
    def is_v1(self) -> bool:
        """Whether it runs a pipeline of the first interface."""
        return bool(self.pipeline_endpoint_id or self.pipeline_id)


@dataclass(frozen=True)
class Port:
    """An input or output, read: its type, and its default where it has one."""

    type: str
    default: Any = None

    @property
    def is_literal(self) -> bool:
        """Whether it is a value rather than files."""
        return self.type in LITERAL_TYPES


def port(given: Any) -> Port:
    """Read an input or output that has no problem."""
    if isinstance(given, Mapping):
        kind = str(given["type"])
        return Port(kind, given.get("value" if kind in LITERAL_TYPES else "path"))
    return Port(literal_type(given), given)


def literal_type(value: Any) -> str:
    """The type of a plain value; empty for what is none."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer"
    return "number" if isinstance(value, float) else "string" if isinstance(value, str) else ""
