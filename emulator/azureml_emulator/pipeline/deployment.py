"""The rules of a batch deployment that runs a pipeline component."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from azureml_emulator.arm import errors, references
from azureml_emulator.pipeline.component import PipelinePart
from azureml_emulator.pipeline.submit import find_component

if TYPE_CHECKING:
    from azureml_emulator.arm.kind import Target

SETTINGS = {
    "defaultcompute": "default_compute",
    "continueonstepfailure": "continue_on_step_failure",
    "continuerunonstepfailure": "continue_on_step_failure",
    "defaultdatastore": "default_datastore",
    "forcererun": "force_rerun",
}
"""The settings by their spelling without underscores, in lower case: the service takes both of its spellings."""
_FLAGS = frozenset({"continue_on_step_failure", "force_rerun"})


def check_settings(target: Target, component: str, given: dict[str, Any], where: str) -> dict[str, str]:
    """The settings of a deployment as they are kept, in texts.

    Raises:
        ServiceError: 400, a setting is not known or leads nowhere, or a step of the pipeline has no compute.
    """
    pipeline = find_component(target.emulator, component)
    if not isinstance(pipeline, PipelinePart):
        text = f"The component '{component}' is a {pipeline.type} component; a deployment runs a pipeline component."
        raise errors.user_error(text, f"{where}.componentId.assetId")
    settings = {}
    for key, value in given.items():
        name = SETTINGS.get(key.replace("_", "").lower())
        if name is None:
            known = ", ".join(sorted(set(SETTINGS.values())))
            raise errors.user_error(f"The setting '{key}' is not known. Known are: {known}.", f"{where}.settings.{key}")
        if value is not None:
            settings[name] = _setting(target, name, str(value), f"{where}.settings.{key}")
    if "default_compute" not in settings and (step := next(_without_compute(target, pipeline), None)):
        text = f"The job '{step}' of the pipeline has no compute, and the deployment no default_compute."
        raise errors.user_error(text, f"{where}.settings.default_compute")
    return settings


def _setting(target: Target, name: str, value: str, where: str) -> str:
    if name == "default_compute":
        return references.compute(target, value, where)
    if name == "default_datastore":
        datastore = value.removeprefix("azureml:").rsplit("/", 1)[-1]
        if target.emulator.store.get(f"{target.workspace['id']}/datastores/{datastore}") is None:
            raise errors.user_error(f"The datastore '{datastore}' does not exist.", where)
        return datastore
    if name in _FLAGS and value.lower() not in {"true", "false"}:
        raise errors.user_error(f"'{name}' is true or false, not '{value}'.", where)
    return value


def _without_compute(target: Target, pipeline: PipelinePart, prefix: str = "") -> Iterator[str]:
    """The jobs that run commands and name no compute, also in pipelines within the pipeline."""
    for name, job in pipeline.jobs.items():
        inner = find_component(target.emulator, job.component_id)
        if isinstance(inner, PipelinePart):
            yield from _without_compute(target, inner, f"{prefix}{name}.")
        elif not job.compute_id:
            yield f"{prefix}{name}"
