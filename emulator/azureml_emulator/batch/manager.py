"""The jobs of an emulator: submitted, queued for nodes, carried out by drivers, canceled, resumed."""

from __future__ import annotations

import asyncio
import logging
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azureml_emulator.batch.command_spec import CommandSpec
from azureml_emulator.batch.failure import Failure, Screen
from azureml_emulator.batch.nodes import Nodes
from azureml_emulator.batch.process import DriverProcess
from azureml_emulator.batch.records import TERMINAL, JobRecords, later
from azureml_emulator.batch.spec import JobSpec, StorageAccess
from azureml_emulator.batch.submit import max_nodes
from azureml_emulator.http import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from azureml_emulator.emulator import Emulator
    from azureml_emulator.store import Document

MOST_DRIVERS = 32
"""Drivers that live at the same time; further jobs wait in the state NotStarted."""
CANCEL_GRACE = 10.0
SAS_HOURS = 14 * 24.0
_LOG = logging.getLogger(__name__)


def specification(record: Document) -> JobSpec | CommandSpec:
    """What the driver of a job is told to do."""
    document = record["spec"]
    return CommandSpec.from_document(document) if "command" in document else JobSpec.from_document(document)


@dataclass
class _Active:
    """A job under way in this process."""

    task: asyncio.Task[None]
    driver: DriverProcess | None = None
    canceled: bool = False


class JobManager:
    """Runs the jobs of one emulator. Used from its event loop only."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self.records = JobRecords(emulator.store)
        self.nodes = Nodes(emulator, self._go)
        self._active: dict[str, _Active] = {}
        self._drivers = asyncio.Semaphore(MOST_DRIVERS)
        self._stopping = False
        self.watchers: list[Callable[[Document], None]] = []
        """Called with every job that has a new state."""

    async def start(self) -> None:
        """Take up the jobs that were under way when the emulator stopped."""
        active = self.records.active()
        folders = self._emulator.home / "jobs"
        for folder in folders.iterdir() if folders.is_dir() else ():
            if folder.name not in {record["name"] for record in active}:
                self.forget_folder(folder)
        for record in active:
            if record.get("kind") == "pipeline":
                continue  # it has no driver; its steps have
            if record["status"] == "CancelRequested":
                self._finish(record, "Canceled", None)
            else:
                self._launch(record)

    async def stop(self) -> None:
        """Stop every driver; their jobs go on at the next start."""
        self._stopping = True
        self.nodes.stop()
        tasks = [active.task for active in self._active.values()]
        for active in self._active.values():
            if active.driver is not None:
                active.driver.close()
            else:
                active.task.cancel()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=CANCEL_GRACE)
            for active in list(self._active.values()):
                if active.task in late and active.driver is not None:
                    active.driver.kill()
            await asyncio.gather(*tasks, return_exceptions=True)

    def submit(self, record: Document, endpoint_id: str, request: str | None) -> Document:
        """Accept a new job; ``request`` is the caller's repeatability id.

        Raises:
            ServiceError: 409, the name is taken.
        """
        self.add(record, endpoint_id, request)
        stored = self.records.get(record["workspace"], record["name"])
        assert stored is not None  # noqa: S101 - it was written one line above
        self._launch(stored)
        return stored

    def add(self, record: Document, endpoint_id: str, request: str | None) -> None:
        """Keep a new job without carrying it out; see :meth:`submit`."""
        if self.records.get(record["workspace"], record["name"]) is not None:
            raise ServiceError(409, "Conflict", f"There is a job named '{record['name']}' in this workspace already.")
        self.records.add(record, endpoint_id, request)

    def cancel(self, record: Document) -> Document:
        """Ask a job to stop; one that has ended stays as it is."""
        if record["status"] in TERMINAL:
            return record
        active = self._active.get(record["id"])
        if active is None:
            return self._finish(record, "Canceled", None)
        if not active.canceled:
            active.canceled = True
            self._advance(record, "CancelRequested")
            if active.driver is None:
                active.task.cancel()
            else:
                active.driver.tell("cancel")
                asyncio.get_running_loop().call_later(CANCEL_GRACE, self._kill_late, record["id"])
        return self._load(record["id"])

    def current(self, record: Document) -> Document:
        """The job as it is now; one that waits for a compute that was scaled or deleted moves on."""
        if record["status"] == "Queued":
            self._compute_changed(record["compute"])
        return self._load(record["id"])

    def compute_changes(self, compute_id: str) -> None:
        """A compute is being written: see to its nodes, and to who waits for them, as soon as it is."""
        asyncio.get_running_loop().call_soon(self._compute_changed, compute_id)

    # -- one job -----------------------------------------------------------------------------------------

    def _launch(self, record: Document) -> None:
        task = asyncio.get_running_loop().create_task(self._carry(record["id"]), name=record["name"])
        self._active[record["id"]] = _Active(task)

    async def _carry(self, job_id: str) -> None:
        """Carry one job to its end."""
        record = self._load(job_id)
        active = self._active[job_id]
        try:
            async with self._drivers:
                done = await self._drive(record, active)
            self._end(record, active, done)
        except asyncio.CancelledError:
            if active.canceled:
                self._finish(record, "Canceled", None)
        except Exception as error:  # noqa: BLE001 - a job must never stay active because of a fault here
            _LOG.exception("job %s", record["name"])
            text = error.message if isinstance(error, ServiceError) else f"{type(error).__name__}: {error}"
            self._finish(record, "Failed", self._error(record, text, ""))
        finally:
            del self._active[job_id]
            if not self._stopping:
                self.nodes.leave(record["compute"], job_id)

    async def _drive(self, record: Document, active: _Active) -> dict[str, Any] | None:
        """Start the driver and follow it; return its last event, ``None`` if it died without one."""
        spec = specification(record)
        spec = replace(spec, storage=await self._storage(spec))
        driver = active.driver = await DriverProcess.start(spec)
        done = None
        async for event in driver.events():
            if event["event"] == "done":
                done = event
            else:
                self._happened(record, event)
        await driver.end()
        return done

    def _happened(self, record: Document, event: dict[str, Any]) -> None:
        if event["event"] == "state":
            self._advance(record, event["status"])
            if event["status"] == "Queued":
                self.nodes.ask(record["compute"], record["id"], record["nodes"], record["created"])
            return
        fresh = self._load(record["id"])
        if event["event"] == "log":
            names = fresh["logs"][event["scope"]]
            if event["name"] not in names:
                names.append(event["name"])
        elif event["event"] == "notice" and event["text"] not in fresh["notices"]:
            fresh["notices"].append(event["text"])
        elif event["event"] == "progress":
            fresh["progress"] = {key: value for key, value in event.items() if key != "event"}
        self.records.save(fresh)

    def _end(self, record: Document, active: _Active, done: dict[str, Any] | None) -> None:
        if self._stopping and done is None:
            return
        if active.canceled:
            self._finish(record, "Canceled", None)
        elif done is None:
            words = active.driver.last_words() if active.driver else ""
            self._finish(record, "Failed", self._error(record, "the batch driver ended without a result", words))
        else:
            self._finish(record, done["status"], done["error"])

    def _finish(self, record: Document, status: str, error: dict[str, Any] | None) -> Document:
        fresh = self._load(record["id"])
        if fresh["status"] in TERMINAL:
            return fresh
        fresh.update(status=status, error=error, ended=self._emulator.clock.timestamp())
        self.records.save(fresh)
        self.forget_folder(Path(fresh["spec"]["folder"]))
        self._tell(fresh)
        return fresh

    def _advance(self, record: Document, status: str) -> None:
        fresh = self._load(record["id"])
        if not later(status, fresh["status"]):
            return
        fresh["status"] = status
        if status == "Running":
            fresh["started"] = self._emulator.clock.timestamp()
        self.records.save(fresh)
        self._tell(fresh)

    def _tell(self, record: Document) -> None:
        for watcher in self.watchers:
            watcher(record)

    def _compute_changed(self, compute_id: str) -> None:
        if max_nodes(self._emulator, compute_id) is not None:
            self.nodes.grant(compute_id)
            return
        for job_id in self.nodes.waiting(compute_id):
            active, record = self._active.get(job_id), self._load(job_id)
            failure = Failure("compute", f"the compute {compute_id} was deleted while the job waited for its nodes")
            error = {"code": "UserError", "message": str(Screen(record["name"], failure.title, failure))}
            self._finish(record, "Failed", error)
            if active is not None and active.driver is not None:
                active.driver.tell("cancel")

    def _go(self, job_id: str) -> None:
        """The job has its nodes."""
        active = self._active.get(job_id)
        if active is not None and active.driver is not None:
            active.driver.tell("go")

    def _kill_late(self, job_id: str) -> None:
        active = self._active.get(job_id)
        if active is not None and active.driver is not None:
            active.driver.kill()

    async def _storage(self, spec: JobSpec | CommandSpec) -> StorageAccess:
        """Access to the containers of a job, each for what it is used for."""
        storage = self._emulator.storage
        await storage.ready()
        read, written = spec.reads(), spec.writes()
        for container in written:
            await storage.ensure_container(container)
        sas = {container: storage.sas(container, permissions="rl", hours=SAS_HOURS) for container in read - written}
        sas |= {container: storage.sas(container, permissions="rwl", hours=SAS_HOURS) for container in written}
        return StorageAccess(storage.internal_url, sas, str(self._emulator.contents.folder))

    @staticmethod
    def forget_folder(folder: Path) -> None:
        """Remove a job's folder in the background: it may hold very many files."""
        asyncio.get_running_loop().run_in_executor(None, lambda: shutil.rmtree(folder, ignore_errors=True))

    def _error(self, record: Document, title: str, words: str) -> dict[str, Any]:
        failure = Failure("internal", title, traceback=words)
        return {"code": "ServiceError", "message": str(Screen(record["name"], title, failure))}

    def _load(self, job_id: str) -> Document:
        record = self._emulator.store.get(job_id)
        assert record is not None  # noqa: S101 - jobs are deleted only after they have ended
        return record
