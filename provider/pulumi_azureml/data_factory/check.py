"""What can be wrong with the inputs of a Data Factory pipeline, each problem at its field. Pure.

Sources: Data Factory's REST API 2018-06-01 (names, required properties), and its limits of parameters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .run import DATA_TYPES, LITERAL_TYPES, Run, literal_type

NAME = r"^[A-Za-z0-9_][^<>*#.%&:\\+?/]{0,259}$"
"""Names of pipelines and linked services."""
DURATION = re.compile(r"P(?:(?P<d>\d+)D)?(?:T(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+)S)?)?", re.IGNORECASE)
DATASTORE = re.compile(r"azureml://datastores/(?P<store>[^/]+)/paths/(?P<path>.+)", re.DOTALL)
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
_MOST_PARAMETERS = 50
_LONGEST = 90 * 86400
_ONLY_BATCH = ("deployment", "outputs")
_ONLY_V1 = ("pipeline_version", "linked_service", "continue_on_step_failure")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: the field's path in Python's spelling, and what is allowed there."""

    path: str
    text: str


class DataFactoryError(ValueError):
    """A pipeline that cannot be: `problems` holds everything that is wrong."""

    def __init__(self, found: list[Problem]) -> None:
        self.problems = tuple(found)
        super().__init__("\n".join(f"{problem.path}: {problem.text}" for problem in found))


def problems(run: Run) -> Iterator[Problem]:
    """Everything that is wrong with what a pipeline runs."""
    ways = [name for name in ("scoring_uri", "pipeline_endpoint_id", "pipeline_id") if getattr(run, name)]
    if not ways:
        yield Problem("scoring_uri", "is required: what the pipeline runs; or pipeline_endpoint_id or pipeline_id (v1)")
    elif len(ways) > 1:
        yield Problem(ways[1], f"is given beside {ways[0]}: a pipeline runs one endpoint")
    yield from _v1(run) if run.is_v1 else _batch(run)
    yield from _ports(run)
    if not 1 <= run.poll_seconds <= 86400:  # noqa: PLR2004 - a day
        yield Problem("poll_seconds", f"should be from 1 to 86400 seconds, not {run.poll_seconds}")
    if not 0 < seconds(run.timeout) <= _LONGEST:
        yield Problem(
            "timeout", f"should be an ISO 8601 duration of at most 90 days such as PT12H, not {run.timeout!r}"
        )


def seconds(duration: str) -> int:
    """Seconds of an ISO 8601 duration in whole days to seconds; 0 for what is none."""
    match = DURATION.fullmatch(duration)
    units = {"d": 86400, "h": 3600, "m": 60, "s": 1}
    return sum(int(count) * units[unit] for unit, count in match.groupdict().items() if count) if match else 0


def _batch(run: Run) -> Iterator[Problem]:
    parts = urlsplit(run.scoring_uri)
    if run.scoring_uri and (
        parts.scheme != "https" or not parts.netloc or not parts.path.rstrip("/").endswith("/jobs")
    ):
        yield Problem(
            "scoring_uri",
            f"should be a batch endpoint's, https://….inference.ml.azure.com/jobs, not {run.scoring_uri!r}",
        )
    for name in _ONLY_V1:
        if getattr(run, name) not in ("", None):
            yield Problem(name, "is for v1 pipelines: it needs pipeline_endpoint_id or pipeline_id")


def _v1(run: Run) -> Iterator[Problem]:
    for name in ("pipeline_endpoint_id", "pipeline_id"):
        if (value := getattr(run, name)) and not _GUID.fullmatch(value):
            yield Problem(name, f"should be a GUID, not {value!r}")
    if run.pipeline_version and not run.pipeline_endpoint_id:
        yield Problem("pipeline_version", "is the version of a pipeline endpoint: it needs pipeline_endpoint_id")
    if not run.linked_service:
        yield Problem("linked_service", "is required: the linked service by which the factory reaches the workspace")
    elif not re.match(NAME, run.linked_service):
        yield Problem("linked_service", f"should be the name of a linked service, not {run.linked_service!r}")
    for name in _ONLY_BATCH:
        if getattr(run, name):
            yield Problem(name, "is for batch endpoints: v1 pipelines have none")


def _ports(run: Run) -> Iterator[Problem]:
    names = [*run.inputs, *run.outputs]
    if len(names) > _MOST_PARAMETERS:
        yield Problem(
            "inputs", f"are {len(names)} with the outputs, and a pipeline has at most {_MOST_PARAMETERS} parameters"
        )
    for side, ports in (("inputs", run.inputs), ("outputs", run.outputs)):
        for name, given in ports.items():
            where = f"{side}.{name}"
            if not _PARAMETER.fullmatch(name):
                yield Problem(
                    where, "should be named with letters, digits and '_', for it is a parameter of the pipeline"
                )
            if side == "outputs" and name in run.inputs:
                yield Problem(where, "is the name of an input too: both are parameters of the pipeline")
            yield from _port(where, given, v1=run.is_v1, literals=side == "inputs")


def _port(where: str, given: Any, *, v1: bool, literals: bool) -> Iterator[Problem]:
    kinds = [*DATA_TYPES, *(LITERAL_TYPES if literals else ())]
    if not isinstance(given, Mapping):
        if not literals or not literal_type(given):
            yield Problem(
                where, f"should be {'a value or ' if literals else ''}an object with type and path, not {given!r}"
            )
        return
    kind = given.get("type")
    if kind not in kinds:
        yield Problem(f"{where}.type", f"should be one of {', '.join(kinds)}, not {kind!r}")
        return
    key = "value" if kind in LITERAL_TYPES else "path"
    for unknown in sorted(set(given) - {"type", key}):
        yield Problem(f"{where}.{unknown}", f"is not expected here: it takes type and {key}")
    value = given.get(key)
    if key == "value":
        yield from _literal(f"{where}.value", str(kind), value)
    elif value is not None and (not isinstance(value, str) or not value):
        yield Problem(f"{where}.path", f"should be an address, not {value!r}")
    elif v1 and (value is None or not DATASTORE.fullmatch(value)):
        yield Problem(
            f"{where}.path", f"should be azureml://datastores/NAME/paths/PATH for a v1 pipeline, not {value!r}"
        )


def _literal(where: str, kind: str, value: Any) -> Iterator[Problem]:
    fits = {"boolean": ("boolean",), "integer": ("integer",), "number": ("integer", "number"), "string": ("string",)}
    if value is not None and literal_type(value) not in fits[kind]:
        yield Problem(where, f"should be of the type {kind}, not {value!r}")
