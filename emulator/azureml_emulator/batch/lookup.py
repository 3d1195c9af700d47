"""Finding the workspace and the job that a request names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azureml_emulator.http import WORKSPACE, Call, ServiceError

if TYPE_CHECKING:
    from azureml_emulator.store import Document


def workspace(call: Call) -> Document:
    """The workspace of a request's path.

    Raises:
        ServiceError: 404, there is none.
    """
    parts = call.params
    workspace_id = WORKSPACE.format(**{name: parts[name] for name in ("subscription", "group", "workspace")})
    found = call.emulator.store.get(workspace_id)
    if found is None:
        raise ServiceError(404, "ResourceNotFound", f"The workspace '{parts['workspace']}' was not found.")
    return found


def services(call: Call) -> str:
    """The address of the services of the region that a request's workspace is in."""
    return call.emulator.urls.services(workspace(call)["location"])


def job(call: Call, name: str) -> tuple[Document, bool]:
    """A job by its own name or by its step's, and whether it was the step's.

    Raises:
        ServiceError: 404, there is neither.
    """
    workspace_id = workspace(call)["id"]
    records = call.emulator.jobs.records
    record = records.get(workspace_id, name)
    if record is not None:
        return call.emulator.jobs.current(record), False
    record = records.by_step(workspace_id, name)
    if record is None:
        raise ServiceError(404, "UserError", f"Job {name} was not found in the workspace {workspace_id}.")
    return call.emulator.jobs.current(record), True
