"""A job of any sort as the service shows it: of a model deployment, a run of a pipeline, or a step of one. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azureml_emulator.batch import views as batch
from azureml_emulator.pipeline import views as pipeline
from azureml_emulator.pipeline.submit import PIPELINE, STEP

if TYPE_CHECKING:
    from azureml_emulator.batch.views import SignedUrl
    from azureml_emulator.store import Document


def is_pipeline(record: Document) -> bool:
    """Whether a job is a run of a pipeline."""
    return record.get("kind") == PIPELINE


def data_plane(record: Document) -> dict[str, Any]:
    """A job as invoking, polling and listing answer it."""
    return pipeline.data_plane(record) if is_pipeline(record) else batch.data_plane(record)


def arm(record: Document, services_url: str, *, step: bool) -> dict[str, Any]:
    """A job over ARM; ``step`` asks for the scoring step of a model deployment's job."""
    if is_pipeline(record):
        return pipeline.arm_job(record, services_url)
    if record.get("kind") == STEP:
        return pipeline.arm_step(record)
    return batch.arm_step(record) if step else batch.arm_job(record, services_url)


def run_details(record: Document, *, step: bool, signed: SignedUrl) -> dict[str, Any]:
    """The details of a run in run history."""
    if "kind" in record:
        return pipeline.run_details(record, signed=signed)
    return batch.run_details(record, step=step, signed=signed)


def run(record: Document, workspace: Document, *, step: bool) -> dict[str, Any]:
    """A run's metadata in run history."""
    return pipeline.run(record, workspace) if "kind" in record else batch.run(record, workspace, step=step)
