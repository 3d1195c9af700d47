"""The `componentSpec` of a component, as the service's own clients write it. Pure.

Sources: Azure ML "CLI (v2) command component" and "pipeline component YAML schema", and what `azure-ai-ml` sends for
them: keys are in snake case but for the ids of a job's component and compute; every value is an object with a
`job_input_type`; literals are texts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..engine import UNKNOWN
from ..engine.values import duration_seconds

DATA_TYPES = ("uri_folder", "uri_file", "mltable", "mlflow_model", "custom_model", "triton_model")
LITERAL_TYPES = ("string", "integer", "number", "boolean")
MODES: dict[Any, str] = {
    "ro_mount": "ReadOnlyMount",
    "rw_mount": "ReadWriteMount",
    "mount": "ReadOnlyMount",
    "download": "Download",
    "upload": "Upload",
    "direct": "Direct",
    "eval_mount": "EvalMount",
    "eval_download": "EvalDownload",
}
_WORKSPACE = re.compile(r"(?:azureml:)?/subscriptions/.+?/workspaces/[^/]+/(?P<rest>.+)", re.IGNORECASE)


def literal_text(value: Any) -> Any:
    """A literal as text, numbers as short as can be: the host makes 4.0 of every 4."""
    if value is UNKNOWN or isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)


def component_spec(values: Mapping[str, Any]) -> dict[str, Any]:
    """The specification that checked inputs make, without name and version."""
    jobs: Mapping[str, Any] | None = values.get("jobs")
    count = values.get("instanceCount")
    spec = {
        "type": values.get("type"),
        "display_name": values.get("displayName"),
        "is_deterministic": values.get("isDeterministic"),
        "inputs": {name: _port(port) for name, port in (values.get("inputs") or {}).items()} or None,
        "outputs": {name: _port(port) for name, port in (values.get("outputs") or {}).items()} or None,
        "command": values.get("command"),
        "code": _asset(values.get("code")),
        "environment": _asset(values.get("environment")),
        "resources": {"instance_count": count} if count else None,
        "jobs": {name: _job(name, job, values) for name, job in jobs.items()} if jobs else None,
    }
    return _present(spec)


def portable(value: Any) -> Any:
    """A specification without the workspace in its ids: the same content has the same version everywhere."""
    if isinstance(value, Mapping):
        return {key: portable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [portable(item) for item in value]
    match = _WORKSPACE.fullmatch(value) if isinstance(value, str) else None
    return match["rest"] if match else value


def job_type(name: str, job: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    """The type of a job: as given, as the resource says, or a command."""
    return job.get("type") or lent_to(values, "jobTypes", name) or "command"


def lent_to(values: Mapping[str, Any], side: str, job: str) -> Any:
    """What a job's component, given as a resource, lends: `jobInputs`, `jobOutputs` or `jobTypes`; None if unknown."""
    found: Any = values
    for key in (side, job, "component"):
        found = found.get(key) if isinstance(found, Mapping) else None
    return None if found is UNKNOWN else found


def _port(port: Any) -> Any:
    if not isinstance(port, Mapping):
        return port
    texts = {key: literal_text(port[key]) for key in ("default", "min", "max") if port.get(key) is not None}
    choices = port.get("enum")
    return _present(
        {
            "type": port.get("type"),
            **texts,
            "optional": port.get("optional") or None,
            "enum": [literal_text(choice) for choice in choices] if choices else None,
            "description": port.get("description"),
        }
    )


def _job(name: str, job: Any, values: Mapping[str, Any]) -> Any:
    if not isinstance(job, Mapping):
        return job
    timeout, count = job.get("timeout"), job.get("instanceCount")
    seconds = timeout if timeout is UNKNOWN else int(duration_seconds(timeout or "") or 0)
    return _present(
        {
            "name": name,
            "type": job_type(name, job, values),
            "componentId": job.get("component"),
            "computeId": job.get("compute"),
            "display_name": job.get("displayName"),
            "inputs": _each(job.get("inputs"), _job_input),
            "outputs": _each(job.get("outputs"), _job_output),
            "environment_variables": job.get("environmentVariables") or None,
            "limits": {"timeout": seconds, "job_limits_type": "Command"} if seconds else None,
            "resources": {"instance_count": count} if count else None,
        }
    )


def _each(values: Any, change: Any) -> Any:
    return {name: change(value) for name, value in values.items()} if isinstance(values, Mapping) and values else None


def _job_input(value: Any) -> Any:
    if isinstance(value, Mapping):
        kind, mode = value.get("type") or "uri_folder", value.get("mode")
        return _present({"job_input_type": kind, "uri": value.get("path"), "mode": MODES.get(mode, mode)})
    return {"job_input_type": "literal", "value": literal_text(value)}


def _job_output(value: Any) -> Any:
    if isinstance(value, Mapping):
        mode = value.get("mode")
        return _present(
            {
                "job_output_type": value.get("type") or "uri_folder",
                "uri": value.get("path"),
                "mode": MODES.get(mode, mode),
                "name": value.get("name"),
                "version": literal_text(value["version"]) if value.get("version") is not None else None,
            }
        )
    return {"type": "literal", "value": value}


def _asset(reference: Any) -> Any:
    """An asset's id as the service writes it in a specification."""
    if isinstance(reference, str) and reference.startswith("/"):
        return f"azureml:{reference}"
    return reference


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
