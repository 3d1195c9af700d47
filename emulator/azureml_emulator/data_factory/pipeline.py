"""What a pipeline of a data factory must be. Pure.

Source: Data Factory's REST API 2018-06-01: the definitions of ``PipelineResource`` and of its activities.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

OTHER_ACTIVITIES = (
    "AppendVariable", "AzureDataExplorerCommand", "AzureFunctionActivity", "AzureMLBatchExecution",
    "AzureMLUpdateResource", "Copy", "Custom", "DatabricksNotebook", "DatabricksSparkJar", "DatabricksSparkPython",
    "DataLakeAnalyticsU-SQL", "Delete", "ExecuteDataFlow", "ExecutePipeline", "ExecuteSSISPackage",
    "ExecuteWranglingDataflow", "Filter", "ForEach", "GetMetadata", "HDInsightHive", "HDInsightMapReduce",
    "HDInsightPig", "HDInsightSpark", "HDInsightStreaming", "Lookup", "Script", "SparkJob",
    "SqlServerStoredProcedure", "Switch", "SynapseNotebook", "Validation", "WebHook",
)  # fmt: skip
"""Activities that Data Factory has and the emulator cannot check."""


@dataclass(frozen=True)
class Activity:
    """What the properties of an activity are: ``required`` and ``optional`` ones, and those that hold activities."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    inner: tuple[str, ...] = ()
    linked: bool = False


ACTIVITIES: Mapping[str, Activity] = {
    "WebActivity": Activity(
        ("method", "url"),
        ("headers", "body", "authentication", "disableCertValidation", "httpRequestTimeout", "turnOffAsync",
         "connectVia", "datasets", "linkedServices"),
    ),
    "Until": Activity(("expression", "activities"), ("timeout",), ("activities",)),
    "Wait": Activity(("waitTimeInSeconds",)),
    "IfCondition": Activity(
        ("expression",), ("ifTrueActivities", "ifFalseActivities"), ("ifTrueActivities", "ifFalseActivities")
    ),
    "Fail": Activity(("message", "errorCode")),
    "SetVariable": Activity((), ("variableName", "value", "setSystemVariable")),
    "AzureMLExecutePipeline": Activity(
        (),
        ("mlPipelineId", "mlPipelineEndpointId", "version", "experimentName", "mlPipelineParameters",
         "dataPathAssignments", "mlParentRunId", "continueOnStepFailure"),
        linked=True,
    ),
}  # fmt: skip

CONDITIONS = ("Succeeded", "Failed", "Skipped", "Completed")
PARAMETER_TYPES = ("Object", "String", "Int", "Float", "Bool", "Array", "SecureString")
VARIABLE_TYPES = ("String", "Bool", "Array")
METHODS = ("GET", "POST", "PUT", "DELETE")
_NAME = re.compile(r"[A-Za-z0-9_][^<>*#.%&:\\+?/]{0,54}")
_TIMESPAN = re.compile(r"(\d+\.)?\d{1,2}:\d{2}:\d{2}")
_REFERENCE = re.compile(r"\b(activity|variables)\('((?:[^']|'')+)'\)|\bpipeline\(\)\.parameters\.(\w+)")
_COMMON = frozenset(
    {
        *("name", "type", "typeProperties", "dependsOn", "policy", "userProperties", "description", "state"),
        *("onInactiveMarkAs", "linkedServiceName"),
    }
)
_MOST_ACTIVITIES = 120


class NotSupportedError(ValueError):
    """Something that Data Factory has and the emulator does not; the text names it."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, at its path below ``properties``."""

    path: str
    text: str


def problems(properties: Mapping[str, Any]) -> Iterator[Problem]:
    """Everything that is wrong with a pipeline.

    Raises:
        NotSupportedError: it has activities that the emulator does not know how to check.
    """
    activities = properties.get("activities")
    if activities is None:
        activities = []
    names: dict[str, str] = {}
    known = {"activity": set[str](), "variables": set[str](), "parameters": set[str]()}
    for kind, types in (("parameters", PARAMETER_TYPES), ("variables", VARIABLE_TYPES)):
        given = properties.get(kind) or {}
        yield from _declared(kind, given, types)
        known[kind] = set(given) if isinstance(given, Mapping) else set()
    yield from _activities("activities", activities, names)
    if len(names) > _MOST_ACTIVITIES:
        yield Problem("activities", f"are {len(names)}; a pipeline has at most {_MOST_ACTIVITIES}")
    yield from _references("activities", activities, {**known, "activity": set(names)})


def linked_services(value: Any) -> Iterator[str]:
    """The names of the linked services that a pipeline's activities use."""
    if isinstance(value, Mapping):
        if value.get("type") == "LinkedServiceReference":
            yield str(value.get("referenceName"))
        for item in value.values():
            yield from linked_services(item)
    elif isinstance(value, list):
        for item in value:
            yield from linked_services(item)


def _declared(where: str, given: Any, types: Sequence[str]) -> Iterator[Problem]:
    if not isinstance(given, Mapping):
        yield Problem(where, "must be an object")
        return
    for name, what in given.items():
        kind = what.get("type") if isinstance(what, Mapping) else None
        if str(kind).lower() not in {each.lower() for each in types}:
            yield Problem(f"{where}.{name}.type", f"must be one of {', '.join(types)}, not {kind!r}")


def _activities(where: str, given: Any, names: dict[str, str]) -> Iterator[Problem]:
    if not isinstance(given, list):
        yield Problem(where, "must be a list of activities")
        return
    here = [each.get("name") for each in given if isinstance(each, Mapping)]
    depends: dict[str, set[str]] = {}
    for index, activity in enumerate(given):
        place = f"{where}[{index}]"
        if not isinstance(activity, Mapping):
            yield Problem(place, "must be an activity")
            continue
        name = activity.get("name")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            yield Problem(f"{place}.name", f"must be a name of 1 to 55 characters without <>*#.%&:\\+?/, not {name!r}")
            continue
        if name in names:
            yield Problem(f"{place}.name", f"'{name}' is the name of {names[name]} too")
        names[name] = place
        depends[name] = set()
        yield from _depends(place, activity, here, depends[name])
        yield from _activity(place, activity, names)
    if cycle := _cycle(depends):
        yield Problem(where, f"depend on each other in a cycle: {' → '.join(cycle)}")


def _depends(place: str, activity: Mapping[str, Any], here: Sequence[Any], found: set[str]) -> Iterator[Problem]:
    depends = activity.get("dependsOn") or []
    if not isinstance(depends, list):
        yield Problem(f"{place}.dependsOn", "must be a list")
        return
    for index, item in enumerate(depends):
        where = f"{place}.dependsOn[{index}]"
        other = item.get("activity") if isinstance(item, Mapping) else None
        if other not in here:
            yield Problem(f"{where}.activity", f"names the activity {other!r}, which is not there")
            continue
        found.add(str(other))
        conditions = item.get("dependencyConditions")
        fits = isinstance(conditions, list) and all(condition in CONDITIONS for condition in conditions)
        if not conditions or not fits:
            yield Problem(f"{where}.dependencyConditions", f"must be some of {', '.join(CONDITIONS)}")


def _activity(place: str, activity: Mapping[str, Any], names: dict[str, str]) -> Iterator[Problem]:
    kind = activity.get("type")
    if kind in OTHER_ACTIVITIES:
        raise NotSupportedError(f"activities of the type '{kind}' ({place})")
    known = ACTIVITIES.get(str(kind))
    if known is None:
        yield Problem(f"{place}.type", f"{kind!r} is not a type of activity")
        return
    yield from (Problem(f"{place}.{key}", "is not a property of an activity") for key in activity if key not in _COMMON)
    properties = activity.get("typeProperties")
    if not isinstance(properties, Mapping):
        yield Problem(f"{place}.typeProperties", "is required")
        return
    where = f"{place}.typeProperties"
    yield from _keys(where, str(kind), known, properties)
    for key in known.inner:
        if key in properties:
            yield from _activities(f"{where}.{key}", properties[key], names)
    reference = activity.get("linkedServiceName")
    if known.linked and not (isinstance(reference, Mapping) and reference.get("referenceName")):
        yield Problem(f"{place}.linkedServiceName", "is required")
    for check in (_web, _expression, _times, _variable, _ml_pipeline):
        yield from check(where, str(kind), properties)


def _keys(where: str, kind: str, known: Activity, properties: Mapping[str, Any]) -> Iterator[Problem]:
    for key in known.required:
        if properties.get(key) in (None, ""):
            yield Problem(f"{where}.{key}", "is required")
    for key in properties:
        if key not in {*known.required, *known.optional}:
            yield Problem(f"{where}.{key}", f"is not a property of {kind}")


def _web(where: str, kind: str, properties: Mapping[str, Any]) -> Iterator[Problem]:
    if kind != "WebActivity":
        return
    method = str(properties.get("method") or "").upper()
    if method and method not in METHODS:
        yield Problem(f"{where}.method", f"must be one of {', '.join(METHODS)}, not {properties['method']!r}")
    if method in {"POST", "PUT"} and properties.get("body") is None:
        yield Problem(f"{where}.body", f"is required for {method}")
    signed = properties.get("authentication")
    if isinstance(signed, Mapping) and signed.get("type") == "MSI" and not signed.get("resource"):
        yield Problem(f"{where}.authentication.resource", "is required for a managed identity")


def _expression(where: str, _kind: str, properties: Mapping[str, Any]) -> Iterator[Problem]:
    """The condition of a loop or a branch is an expression."""
    given = properties.get("expression")
    if given and (not isinstance(given, Mapping) or given.get("type") != "Expression"):
        yield Problem(f"{where}.expression", 'must be {"value": "@…", "type": "Expression"}')


def _times(where: str, kind: str, properties: Mapping[str, Any]) -> Iterator[Problem]:
    timeout = properties.get("timeout")
    if isinstance(timeout, str) and not timeout.startswith("@") and not _TIMESPAN.fullmatch(timeout):
        yield Problem(f"{where}.timeout", f"must be a time span such as 0.12:00:00, not {timeout!r}")
    if kind == "Wait" and isinstance(seconds := properties.get("waitTimeInSeconds"), int) and seconds < 1:
        yield Problem(f"{where}.waitTimeInSeconds", f"must be at least 1, not {seconds}")


def _variable(where: str, kind: str, properties: Mapping[str, Any]) -> Iterator[Problem]:
    if kind == "SetVariable" and not properties.get("variableName"):
        yield Problem(f"{where}.variableName", "is required")


def _ml_pipeline(where: str, kind: str, properties: Mapping[str, Any]) -> Iterator[Problem]:
    given = [key for key in ("mlPipelineId", "mlPipelineEndpointId") if properties.get(key)]
    if kind == "AzureMLExecutePipeline" and len(given) != 1:
        yield Problem(f"{where}.mlPipelineId", "is required: it or mlPipelineEndpointId, and not both")


def _references(where: str, value: Any, known: Mapping[str, set[str]]) -> Iterator[Problem]:
    """The expressions that name activities, variables and parameters that are not there."""
    if isinstance(value, Mapping):
        name = str(value.get("variableName") or "")
        if name and name not in known["variables"]:
            yield Problem(f"{where}.variableName", f"names the variable '{name}', which is not there")
        for key, item in value.items():
            yield from _references(f"{where}.{key}", item, known)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _references(f"{where}[{index}]", item, known)
    elif isinstance(value, str) and ("@{" in value or (value.startswith("@") and not value.startswith("@@"))):
        for match in _REFERENCE.finditer(value):
            kind, name = (match[1], match[2]) if match[1] else ("parameters", match[3])
            if name.replace("''", "'") not in known[kind]:
                what = {"activity": "activity", "variables": "variable", "parameters": "parameter"}[kind]
                yield Problem(where, f"names the {what} '{name}', which is not there")


def _cycle(depends: Mapping[str, set[str]]) -> list[str]:
    """Activities that wait for each other; empty when there are none."""
    left = {name: set(others) for name, others in depends.items()}
    while free := [name for name, others in left.items() if not others & set(left)]:
        for name in free:
            del left[name]
    if not left:
        return []
    path = [min(left)]
    while len(path) < len(left) + 1 and path[-1] not in path[:-1]:
        path.append(min(left[path[-1]] & set(left)))
    return path[path.index(path[-1]) :]
