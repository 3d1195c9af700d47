"""Jobs: their list, and for each one where it stands, live."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, Response

from azureml_emulator.batch import views
from azureml_emulator.batch.node_logs import REPORT
from azureml_emulator.batch.records import TERMINAL, log_folder
from azureml_emulator.pipeline.shown import is_pipeline
from azureml_emulator.pipeline.submit import STEP
from azureml_emulator.studio import blobs, timeline
from azureml_emulator.studio.frame import MissingError, Visit, Workspace, render
from azureml_emulator.studio.shown import seconds_of, tone

if TYPE_CHECKING:
    from azureml_emulator.store import Document

PAGE = 50
DONE_HEADER = "x-studio-done"
"""Tells the page's script that nothing more will come."""
_MOST_TABLE = 2 << 20
_MOST_TRIES = 200
_ROUND = 10


@dataclass(frozen=True)
class Shown:
    """A job as pages show it; ``now`` is the time in seconds since 1970."""

    record: Document
    workspace: Workspace
    now: float

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.record["name"])

    @property
    def title(self) -> str:
        """What its owner calls it: of a step, its name in the pipeline."""
        return str(self.record.get("display") or views.shown(self.record)["displayName"] or self.name)

    @property
    def is_pipeline(self) -> bool:
        """Whether it is a run of a pipeline."""
        return is_pipeline(self.record)

    @property
    def is_step(self) -> bool:
        """Whether it is a step of such a run."""
        return self.record.get("kind") == STEP

    @property
    def kind(self) -> str:
        """What sort of job it is, in words."""
        return "Pipeline" if self.is_pipeline else "Step" if self.is_step else "Batch scoring"

    @property
    def status(self) -> str:
        """Its state."""
        return str(self.record["status"])

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.status in TERMINAL

    @property
    def seconds(self) -> float | None:
        """How long it has run, or ran."""
        begun = seconds_of(self.record["started"])
        return None if begun is None else max(0.0, (seconds_of(self.record["ended"]) or self.now) - begun)

    @property
    def progress(self) -> dict[str, int] | None:
        """Mini-batches and items: ``done``, ``total``, ``items_done``, ``items_total``, ``items_failed``."""
        found: dict[str, int] | None = self.record.get("progress")
        return found

    @property
    def percent(self) -> int:
        """How much of it is done."""
        found = self.progress
        return 0 if not found or not found.get("total") else int(found["done"] * 100 / found["total"])

    @property
    def said(self) -> str:
        """Where it stands, for those who listen: it changes with the state and every tenth of the way."""
        if self.is_over or not self.progress:
            return f"{self.title}: {self.status}"
        return f"{self.title}: {self.status}, {self.percent // _ROUND * _ROUND} percent"

    @property
    def inputs(self) -> list[tuple[str, str]]:
        """What it was given: words, and an address or a value."""
        asked = self.record.get("asked") or {}
        if asked.get("inputUri"):
            return [("Input", str(asked["inputUri"]))]
        given = asked.get("inputs") or {}
        return [(f"Input {name}", str(each.get("uri") or each.get("value", ""))) for name, each in given.items()]

    @property
    def error(self) -> str:
        """Why it failed."""
        return str((self.record["error"] or {}).get("message", ""))

    def link(self, *segments: str, tail: str = "") -> str:
        """The address of one of its pages."""
        return self.workspace.link("jobs", self.name, *segments, tail=tail)


def find(visit: Visit) -> Shown:
    """The job that the path names.

    Raises:
        MissingError: there is none.
    """
    workspace, name = visit.workspace, visit.params["job"]
    record = visit.emulator.jobs.records.get(workspace.id, name)
    if record is None:
        raise MissingError(f"job “{name}”", ("All jobs", workspace.link("jobs")))
    return _shown(visit, visit.emulator.jobs.current(record))


def _shown(visit: Visit, record: Document) -> Shown:
    return Shown(record, visit.workspace, visit.emulator.clock.now())


def newest(visit: Visit, most: int, *, before: int | None = None, endpoint: str = "") -> tuple[list[Shown], int | None]:
    """The newest jobs of the workspace, or of an endpoint; where older ones go on."""
    found, following = visit.emulator.jobs.records.page(
        visit.workspace.id,
        size=most,
        cursor=before,
        keep=lambda record: not endpoint or str(record["endpoint"]).lower() == endpoint.lower(),
    )
    return [_shown(visit, record) for record in found], following


async def index(visit: Visit) -> Response:
    """The jobs of the workspace, newest first."""
    return visit.page("jobs.html", section="jobs", **_index(visit))


async def index_live(visit: Visit) -> Response:
    """The rows of the list as they are now."""
    values = _index(visit)
    return _live(render("_jobs.html", ws=visit.workspace, **values), done=False)


def _index(visit: Visit) -> dict[str, Any]:
    query = visit.request.query_params
    before, endpoint = query.get("before", ""), query.get("endpoint", "")
    most = min(int(query["newest"]), PAGE) if query.get("newest", "").isdecimal() else PAGE
    found, following = newest(visit, most, before=int(before) if before.isdecimal() else None, endpoint=endpoint)
    return {"jobs": found, "following": following, "endpoint": endpoint, "before": before}


async def overview(visit: Visit) -> Response:
    """Where a job stands: progress, timeline, steps, and why it failed."""
    job = find(visit)
    return visit.page("job.html", section="jobs", tab="overview", **await _overview(visit, job))


async def overview_live(visit: Visit) -> Response:
    """The same, without the page around it."""
    job = find(visit)
    return _live(render("_job.html", ws=visit.workspace, **await _overview(visit, job)), done=job.is_over)


def _live(text: str, *, done: bool) -> Response:
    return HTMLResponse(text, headers={DONE_HEADER: "yes"} if done else {})


async def _overview(visit: Visit, job: Shown) -> dict[str, Any]:
    steps = [_shown(visit, step) for step in visit.emulator.pipelines.steps(job.record)] if job.is_pipeline else []
    tries = [] if job.is_pipeline or job.is_step else await _tries(visit, job)
    events = timeline.mini_batches(tries) if tries else list(_steps(steps))
    return {
        "job": job,
        "parent": job.record.get("job"),
        "steps": steps,
        "planned": [step for step in job.record.get("steps", []) if step["name"] not in {each.title for each in steps}],
        "timeline": timeline.draw(events),
        "tries": tries[-_MOST_TRIES:],
        "tries_in_all": len(tries),
    }


async def _tries(visit: Visit, job: Shown) -> list[dict[str, str]]:
    """The job's table of tried mini-batches: from its folder while it runs, else from the datastore."""
    spec = job.record["spec"]
    local = Path(spec["folder"]) / "step" / REPORT
    try:
        text = local.read_text(encoding="utf-8", errors="replace")[:_MOST_TABLE]
    except OSError:
        text = ""
    if not text and REPORT in job.record["logs"]["step"]:
        path = f"{log_folder(job.record['step'])}/{REPORT}"
        part = await blobs.read(visit.emulator.storage, spec["logs"]["container"], path, most=_MOST_TABLE)
        text = part.data.decode("utf-8", "replace") if part else ""
    return timeline.attempts(text)


def _steps(steps: Iterable[Shown]) -> Iterable[timeline.Event]:
    for step in steps:
        begun = seconds_of(step.record["created"]) or step.now
        ended = seconds_of(step.record["ended"]) or step.now
        yield timeline.Event(step.title, begun, ended, tone(step.status), f"{step.title}: {step.status}")
