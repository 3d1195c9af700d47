"""What can be changed of a job: how it is shown, and whether it is there.

Sources: Azure ML REST API (jobs: create or update, delete) and run history, which the official client goes through
to archive and to rename.
"""

from __future__ import annotations

from typing import Any

from azureml_emulator.arm.schema import Body, NewStrings, NewTags
from azureml_emulator.batch import lookup, views
from azureml_emulator.batch.records import TERMINAL
from azureml_emulator.http import Call, Reply, ServiceError
from azureml_emulator.store import Document

EXISTS = (
    "A job with this name already exists. If you are trying to create a new job, use a different name. If you are "
    "trying to update an existing job, the existing job's {what} cannot be changed. Only description, tags, "
    "displayName, properties, and isArchived can be updated."
)


class JobProperties(Body):
    """The properties of a PUT of a job; what a job is made of is compared only."""

    job_type: str
    display_name: str | None = None
    description: str | None = None
    is_archived: bool | None = None
    tags: NewTags = None
    properties: NewStrings = None
    experiment_name: str | None = None
    compute_id: str | None = None


class JobBody(Body):
    """PUT of a job."""

    properties: JobProperties


class RunPatch(Body):
    """PATCH of a run: what it names is set, its tags and properties come on top of those that are there."""

    display_name: str | None = None
    description: str | None = None
    hidden: bool | None = None
    tags: NewTags = None
    properties: NewStrings = None


def put_job(call: Call) -> Reply:
    """``PUT {WS}/jobs/{name}``: change how a job is shown; jobs are made by invoking an endpoint."""
    asked = JobBody.read(call.body).properties
    try:
        record, is_step = lookup.job(call, call.params["job"])
    except ServiceError:
        lookup.workspace(call)
        raise ServiceError(
            501,
            "NotImplemented",
            f"The emulator does not support making jobs of the type {asked.job_type}; invoke an endpoint instead.",
        ) from None
    _refuse_step(record, is_step=is_step)
    services = lookup.services(call)
    now, given = views.arm_job(record, services)["properties"], asked.sent()
    for what in ("jobType", "experimentName", "computeId"):
        if given.get(what) is not None and str(given[what]).lower() != str(now[what]).lower():
            raise ServiceError(400, "UserError", EXISTS.format(what=what), f"properties.{what}")
    changeable = {"displayName", "description", "isArchived"}
    shown = {key: value for key, value in given.items() if key in changeable}
    _save(call, record, shown, asked.tags, asked.properties)
    return Reply(views.arm_job(record, services))


def patch_run(call: Call) -> Reply:
    """``PATCH …/runs/{run}``: name, describe, tag or hide a job's run."""
    asked = RunPatch.read(call.body)
    record, is_step = lookup.job(call, call.params["run"])
    _refuse_step(record, is_step=is_step)
    given = {"displayName": asked.display_name, "description": asked.description, "isArchived": asked.hidden}
    shown = {key: value for key, value in given.items() if value is not None}
    _save(call, record, shown, {**record["asked"]["tags"], **(asked.tags or {})}, asked.properties)
    return Reply(views.run(record, lookup.workspace(call), step=False))


def delete_job(call: Call) -> Reply:
    """``DELETE {WS}/jobs/{name}``: forget a job that has ended; its blobs stay. 204 when there is none."""
    try:
        record, is_step = lookup.job(call, call.params["job"])
    except ServiceError:
        lookup.workspace(call)
        return Reply(None, 204)
    _refuse_step(record, is_step=is_step)
    if record["status"] not in TERMINAL:
        raise ServiceError(
            409, "Conflict", f"The job {record['name']} is in the state {record['status']}: cancel it before deleting."
        )
    call.emulator.store.delete(record["id"])
    return Reply(None, 200)


def _save(
    call: Call, record: Document, shown: dict[str, Any], tags: dict[str, str] | None, properties: dict[str, str] | None
) -> None:
    """Write the changes into a job's record; tags and properties that the service itself gives are left out."""
    record["shown"] = {**record.get("shown", {}), **shown}
    if tags is not None:
        record["asked"]["tags"] = {key: value for key, value in tags.items() if key not in views.own_tags(record)}
    for key, value in (properties or {}).items():
        if key not in views.own_properties(record):
            record["asked"]["properties"][key] = value
    call.emulator.jobs.records.save(record)


def _refuse_step(record: Document, *, is_step: bool) -> None:
    if is_step:
        raise ServiceError(
            400, "UserError", f"'{record['step']}' is a step of the job {record['name']}: change that job instead."
        )
