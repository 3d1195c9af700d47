"""The runs of pipelines: their steps begun when what they need is there, stopped, resumed, and the end of it all."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from azureml_emulator.batch.records import TERMINAL, job_id, new_record
from azureml_emulator.http import ServiceError
from azureml_emulator.pipeline.assets import register_outputs
from azureml_emulator.pipeline.runlog import RunLog
from azureml_emulator.pipeline.schedule import Node, decide
from azureml_emulator.pipeline.submit import PIPELINE, STEP

if TYPE_CHECKING:
    from azureml_emulator.emulator import Emulator
    from azureml_emulator.store import Document

_LOG = logging.getLogger(__name__)


class PipelineManager:
    """Runs the pipelines of one emulator; the steps are jobs of its job manager. Used from its event loop only."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._records = emulator.jobs.records
        self._logs: dict[str, RunLog] = {}
        self._ending: set[str] = set()
        emulator.jobs.watchers.append(self._step_changed)

    def start(self) -> None:
        """Go on with the runs that were under way when the emulator stopped."""
        for record in self._records.active():
            if record.get("kind") == PIPELINE:
                self._log(record).add("The emulator was started again: the run goes on.")
                self._go_on(record["id"])

    async def stop(self) -> None:
        """Bring the logs to the datastore; the runs go on at the next start."""
        for log in list(self._logs.values()):
            await log.close()

    def submit(self, record: Document, endpoint_id: str, request: str | None) -> Document:
        """Accept a new run; ``request`` is the caller's repeatability id.

        Raises:
            ServiceError: 409, the name is taken.
        """
        self._emulator.jobs.add(record, endpoint_id, request)
        self._log(record).add(f"Pipeline {record['name']}: {len(record['steps'])} steps")
        self._go_on(record["id"])
        return self._load(record["id"])

    def cancel(self, record: Document) -> Document:
        """Ask a run to stop; one that has ended stays as it is."""
        fresh = self._load(record["id"])
        if fresh["status"] not in TERMINAL | {"CancelRequested", "Finalizing"}:
            fresh["status"] = "CancelRequested"
            self._records.save(fresh)
            self._log(fresh).add("Cancel was requested.")
            self._go_on(fresh["id"])
        return self._load(record["id"])

    def steps(self, record: Document) -> list[Document]:
        """The jobs of the steps of a run that have begun, in the order of the pipeline."""
        found = (self._records.get(record["workspace"], step["run"]) for step in record["steps"])
        return [step for step in found if step is not None]

    # -- the schedule --------------------------------------------------------------------------------------

    def _step_changed(self, step: Document) -> None:
        """A step has a new state."""
        if step.get("kind") != STEP:
            return
        run = self._emulator.store.get(step["parent"])
        if run is None or run["status"] in TERMINAL:
            return
        self._log(run).add(f"Step {step['display']} ({step['name']}): {step['status']}")
        if step["status"] not in TERMINAL:
            return
        if step["status"] == "Completed":
            register_outputs(self._emulator, run, step, self._log(run).add)
        self._go_on(run["id"])

    def _go_on(self, run_id: str) -> None:
        """Begin, stop and end whatever is due."""
        record = self._load(run_id)
        if record["status"] in TERMINAL:
            return
        states = {step["display"]: step["status"] for step in self.steps(record)}
        nodes = [Node(step["name"], frozenset(step["needs"])) for step in record["steps"]]
        due = decide(nodes, states, go_on=record["goOn"], canceled=record["status"] == "CancelRequested")
        if due.begin and record["status"] == "NotStarted":
            record.update(status="Running", started=self._emulator.clock.timestamp())
            self._records.save(record)
        for name in due.begin:
            self._begin(record, name)
        for step in self.steps(record):
            if step["display"] in due.stop:
                self._emulator.jobs.cancel(step)
        if due.outcome is not None:
            self._end(run_id, due.outcome)

    def _begin(self, record: Document, name: str) -> None:
        step = next(step for step in record["steps"] if step["name"] == name)
        self._log(record).add(f"Step {name} ({step['run']}): begins")
        job = new_record(
            {
                "kind": STEP,
                "id": job_id(record["workspace"], step["run"]),
                "name": step["run"],
                "step": step["run"],
                "display": name,
                "parent": record["id"],
                "job": record["name"],
                "workspace": record["workspace"],
                "endpoint": record["endpoint"],
                "deployment": record["deployment"],
                "component": step["component"],
                "compute": step["compute"],
                "nodes": 1,
                "created": self._emulator.clock.timestamp(),
                "asked": {"tags": {}, "properties": {}, "experiment": record["asked"]["experiment"]},
                "spec": step["spec"],
            }
        )
        try:
            self._emulator.jobs.submit(job, record["id"], None)
        except ServiceError:
            # The job was written just before the emulator was killed: it is under way.
            _LOG.info("the step %s of %s has begun already", name, record["name"])

    def _end(self, run_id: str, outcome: str) -> None:
        """End a run once its log is in the datastore: who sees that it has ended can read all of it."""
        record = self._load(run_id)
        if run_id in self._ending:
            return
        self._ending.add(run_id)
        error = self._error(record) if outcome == "Failed" else None
        if record["status"] != "CancelRequested":
            record["status"] = "Finalizing"
            self._records.save(record)
        log = self._log(record)
        if error is not None:
            log.add(error["message"])
        log.add(f"Pipeline {record['name']}: {outcome}")
        log.finish(lambda: self._ended(run_id, outcome, error))

    def _ended(self, run_id: str, outcome: str, error: dict[str, Any] | None) -> None:
        record = self._load(run_id)
        record.update(status=outcome, error=error, ended=self._emulator.clock.timestamp())
        self._records.save(record)
        self._ending.discard(run_id)
        self._logs.pop(run_id, None)

    def _error(self, record: Document) -> dict[str, Any]:
        """The run's error: that of the first step that failed, with its name before it."""
        steps = self.steps(record)
        failed = [step for step in steps if step["status"] == "Failed"]
        lost = [step["name"] for step in record["steps"] if step["name"] not in {each["display"] for each in steps}]
        if not failed:
            stopped = next((step["display"] for step in steps if step["status"] == "Canceled"), "")
            return {"code": "UserError", "message": f"Job {record['name']} failed: the step '{stopped}' was canceled"}
        first = min(failed, key=lambda step: str(step["ended"]))
        error: dict[str, Any] = first["error"]
        names = ", ".join(f"'{step['display']}'" for step in failed)
        headline = f"Job {record['name']} failed: the step{'s' if len(failed) > 1 else ''} {names} failed"
        if lost:
            headline += f"; not begun: {', '.join(lost)}"
        told, _, rest = error["message"].partition("\n")
        cause = told.partition(" failed: ")[2] or told
        lines = [headline, *([] if rest.startswith("  cause:") else [f"  cause:  {cause}"]), *rest.splitlines()]
        return {**error, "message": "\n".join(lines)}

    def _log(self, record: Document) -> RunLog:
        if record["id"] not in self._logs:
            self._logs[record["id"]] = RunLog(self._emulator, record)
        return self._logs[record["id"]]

    def _load(self, run_id: str) -> Document:
        record = self._emulator.store.get(run_id)
        assert record is not None  # noqa: S101 - runs are never deleted
        return record
