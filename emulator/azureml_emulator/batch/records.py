"""Jobs as the store keeps them: one document for each, found by name, step, endpoint or request id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from azureml_emulator.store import Document, Store

KIND = "jobs"
_STEP, _REQUEST, _ACTIVE = "batchJob.step", "batchJob.request", "batchJob.active"

ORDER = ("NotStarted", "Preparing", "Queued", "Running", "Finalizing", "CancelRequested")
TERMINAL = frozenset({"Completed", "Failed", "Canceled"})


def job_id(workspace_id: str, name: str) -> str:
    """The ARM id of a job."""
    return f"{workspace_id}/jobs/{name}"


class JobRecords:
    """The jobs of all workspaces.

    A record holds ``id, name, step, workspace, endpoint, deployment, compute, nodes, status, created, started,
    ended, error, notices, logs{step, job}, progress, asked`` (the invocation) ``, spec`` (the driver's
    specification without storage access).
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, record: Document, endpoint_id: str, request: str | None) -> None:
        """Keep a new job, found again by its request id if the caller gave one."""
        marks = {_STEP: _step_key(record["workspace"], record["step"]), _ACTIVE: "yes"}
        if request:
            marks[_REQUEST] = _request_key(endpoint_id, request)
        self._store.put(record["id"], KIND, _parent(record), {**record, "marks": marks}, marks)

    def save(self, record: Document) -> None:
        """Write a changed job; one that has ended is no longer among the active ones."""
        marks = None
        if record["status"] in TERMINAL:
            marks = {scope: value for scope, value in record["marks"].items() if scope != _ACTIVE}
        self._store.put(record["id"], KIND, _parent(record), record, marks)

    def get(self, workspace_id: str, name: str) -> Document | None:
        """A job by name."""
        return self._store.get(job_id(workspace_id, name))

    def by_step(self, workspace_id: str, step: str) -> Document | None:
        """The job whose scoring step has this name."""
        return next(iter(self._store.find(_STEP, _step_key(workspace_id, step))), None)

    def by_request(self, endpoint_id: str, request: str) -> Document | None:
        """The job that an invocation with this request id has made already."""
        return next(iter(self._store.find(_REQUEST, _request_key(endpoint_id, request))), None)

    def active(self) -> list[Document]:
        """Every job that has not ended."""
        return self._store.find(_ACTIVE, "yes")

    def page(
        self, workspace_id: str, *, size: int, cursor: int | None, keep: Callable[[Document], bool]
    ) -> tuple[list[Document], int | None]:
        """Some jobs of a workspace that ``keep`` accepts, newest first; where to go on."""
        page = self._store.page(KIND, workspace_id, size=size, cursor=cursor, newest_first=True, keep=keep)
        return page.documents, page.cursor


def _parent(record: Document) -> str:
    """What a job is listed under: its workspace, or the pipeline that it is a step of."""
    return str(record.get("parent") or record["workspace"])


def _step_key(workspace_id: str, step: str) -> str:
    return f"{workspace_id.lower()}/{step.lower()}"


def _request_key(endpoint_id: str, request: str) -> str:
    return f"{endpoint_id.lower()}/{request}"


def logs(record: Document, scope: str) -> Iterator[tuple[str, str]]:
    """Log names of a job (``job``) or of its step (``step``), with their blobs' paths."""
    run = record["name"] if scope == "job" else record["step"]
    names: list[str] = record["logs"][scope]
    yield from ((name, f"{log_folder(run)}/{name}") for name in sorted(names))


def log_folder(run: str) -> str:
    """Where a run's logs are in the workspace's container."""
    return f"ExperimentRun/dcid.{run}"


def later(status: str, current: str) -> bool:
    """Whether ``status`` moves a job on; a resumed job goes through the early states unseen."""
    if current in TERMINAL:
        return False
    return status in TERMINAL or ORDER.index(status) > ORDER.index(current)


def new_record(values: dict[str, Any]) -> Document:
    """A record in the first state."""
    return {
        "status": "NotStarted",
        "started": None,
        "ended": None,
        "error": None,
        "notices": [],
        "logs": {"step": [], "job": []},
        "progress": None,
        **values,
    }
