"""A scoring job from its specification to its results: prepare, wait for nodes, score, finalize."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from azureml_emulator.batch import limits, outputs
from azureml_emulator.batch.book import Book
from azureml_emulator.batch.failure import Failure, JobFailedError, Screen
from azureml_emulator.batch.files import AnyFiles, Listing, PlaceError
from azureml_emulator.batch.logs import BUILD, DRIVER, EXECUTION, RESULT, USER_ERRORS, LogFolder, Uploader
from azureml_emulator.batch.materialise import InputFiles, list_input
from azureml_emulator.batch.members import Members
from azureml_emulator.batch.minibatch import Ledger, sort_files, split
from azureml_emulator.batch.pool import Pool
from azureml_emulator.batch.prepare import CODE, prepare, scorable
from azureml_emulator.batch.variables import worker_variables
from azureml_emulator.batch.watch import Watch
from azureml_emulator.batch.workers import Launch, Slot, WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Callable

    from azureml_emulator.batch.spec import JobSpec


WRITTEN = ("nodes", "output", "step")
"""Folders of a job that scripts write to."""


class Reporter(Protocol):
    """What a job needs of the line to the emulator."""

    on_cancel: Callable[[], None]

    def emit(self, event: str, **values: Any) -> None:
        """Send one event."""

    def wait_for_nodes(self) -> None:
        """Wait until the compute has nodes for this job."""

    def check(self) -> None:
        """Raise when the job was canceled."""


class Job:
    """One run of one job. Safe to run again in the same folder: it goes on where the journal ends."""

    def __init__(self, spec: JobSpec, control: Reporter) -> None:
        self.spec = spec
        self.control = control
        self.folder = Path(spec.folder)
        self.output = self.folder / "output"
        self.logs = LogFolder(self.folder / "step")
        self.job_logs = LogFolder(self.folder / "job")
        self.files = AnyFiles(spec.storage)
        self._uploader = self._make_uploader()
        self._python = ""

    def run(self) -> None:
        """Do everything.

        Raises:
            JobFailedError: the job failed.
            JobCanceledError: the job was canceled.
        """
        for folder in (self.folder, self.output):
            folder.mkdir(parents=True, exist_ok=True)
        self._uploader.start()
        self._state("Preparing")
        self._prepare()
        self._state("Queued")
        self.control.wait_for_nodes()
        self._state("Running")
        self._score()
        self._state("Finalizing")
        self._upload_output()

    def screen(self, reason: JobFailedError) -> dict[str, Any]:
        """A failure as the error of the job's run."""
        return Screen(self.spec.name, reason.headline, reason.failure).error()

    def close(self, status: str, error: dict[str, Any] | None) -> None:
        """Say how it ended in the logs, and bring them to the datastore."""
        if error is not None:
            self.logs.add(USER_ERRORS, error["message"])
            self.job_logs.add(EXECUTION, error["message"])
        self._note(status + (f": {error['message'].splitlines()[0]}" if error is not None else ""))
        self.logs.add(RESULT, error["message"] if error is not None else f"Job {self.spec.name}: {status}")
        self.job_logs.add(EXECUTION, f"Job {self.spec.name}: {status}")
        for problem in self._uploader.finish():
            self.control.emit("notice", text=problem)
        self.files.close()

    # -- the phases --------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """Environment, code and model."""
        ready = prepare(self.spec, self.files, self.folder, lambda line: self.logs.add(BUILD, line), self.control.check)
        self.control.check()
        for notice in ready.notices:
            self.job_logs.add(EXECUTION, notice)
            self.control.emit("notice", text=notice)
        self._python = str(ready.python)

    def _score(self) -> None:
        spec, scoring = self.spec, self.spec.scoring
        self._refuse_existing_output()
        plan = outputs.load_plan(self.folder)
        if plan is None:
            found = list_input(self.files, spec.data)
            plan = Listing(found.folder, sort_files(scorable(spec, found.names)), found.digests)
            outputs.save_plan(self.folder, plan)
        batches = split(len(plan.names), scoring.mini_batch_size)
        with outputs.Journal(self.folder) as journal:
            ledger = Ledger(batches, scoring.max_retries, scoring.error_threshold, dict(journal.finished))
            left = [batch for batch in batches if batch.index not in journal.finished]
            self._note(
                f"{len(plan.names)} items in {len(batches)} mini-batches of up to {scoring.mini_batch_size}, for "
                f"{scoring.nodes} × {scoring.concurrency} workers on {spec.node.name}"
            )
            if journal.finished:
                self._note(f"Resuming: {len(journal.finished)} of {len(batches)} mini-batches are done already.")
            slots = [Slot(n, p) for p in range(scoring.concurrency) for n in range(scoring.nodes)][: len(left)]
            source = InputFiles(self.files, plan, left, self.folder / "input")
            book = Book(spec.name, self.logs, self.control, journal, ledger, len(plan.names))
            members = Members(self._starter(len(slots), book), slots)
            written = [self.folder / name for name in WRITTEN]
            watch = Watch(spec.node, scoring.nodes, self.folder, written, book)
            pool = Pool(spec, ledger, source, book, members, watch, self._set_up())
            self.control.on_cancel = pool.cancel
            self.control.check()
            source.start(pool.wake)
            try:
                pool.run()
            finally:
                source.stop()
                book.progress(final=True)
            if scoring.output_action == "AppendRow":
                journal.assemble(self.output / scoring.output_file)

    def _set_up(self) -> Callable[[WorkerProcess], dict[str, Any]]:
        """The first command of every worker."""
        scoring, most = self.spec.scoring, limits.resource_limits(self.spec.node)

        def command(worker: WorkerProcess) -> dict[str, Any]:
            log_dir = self.logs.folder / "logs/user/entry_script_log" / worker.slot.node_name
            return {
                "command": "setup",
                "folder": str(worker.launch.folder),
                "script": self.spec.script,
                "logging_level": scoring.logging_level.upper(),
                "keep_rows": scoring.output_action == "AppendRow",
                "log_dir": str(log_dir),
                "process_name": worker.slot.process_name,
                "limits": most,
                "trace": str(worker.launch.trace),
            }

        return command

    def _starter(self, workers: int, book: Book) -> Callable[[Slot], WorkerProcess]:
        threads = limits.threads_per_worker(self.spec.node, self.spec.scoring.concurrency, max(1, workers))
        variables = worker_variables(self.spec, self._python, self.folder, threads)
        for node in range(self.spec.scoring.nodes):
            folder = self._node_folder(node)
            if not folder.exists():
                (folder.parent / "tmp").mkdir(parents=True, exist_ok=True)
                shutil.copytree(self.folder / CODE, folder)

        def start(slot: Slot) -> WorkerProcess:
            folder = self._node_folder(slot.node)
            stdout = self.logs.path(f"logs/user/stdout/{slot.node_name}/{slot.process_name}.stdout.txt")
            stderr = self.logs.path(f"logs/user/stderr/{slot.node_name}/{slot.process_name}.stderr.txt")
            trace = folder.parent / f"{slot.process_name}.trace"
            trace.unlink(missing_ok=True)
            own = {"HOME": str(folder.parent), "TMPDIR": str(folder.parent / "tmp")}
            launch = Launch(self._python, folder, {**variables, **own, **self.spec.variables}, stdout, stderr, trace)
            worker = WorkerProcess(slot, launch)
            book.started(slot, worker.process.pid)
            return worker

        return start

    def _node_folder(self, node: int) -> Path:
        return self.folder / "nodes" / Slot(node, 0).node_name / "code"

    def _refuse_existing_output(self) -> None:
        scoring = self.spec.scoring
        if scoring.output_action != "AppendRow":
            return
        try:
            there = self.files.at(self.spec.output).exists(self.spec.output, scoring.output_file)
        except PlaceError as error:
            raise JobFailedError(Failure("output", f"the output cannot be reached: {error}")) from error
        if there:
            title = f"the output location holds a file {scoring.output_file} already ({self.spec.output.path})"
            raise JobFailedError(Failure("output", title))

    def _upload_output(self) -> None:
        place = self.spec.output
        paths = [path for path in self.output.rglob("*") if path.is_file()]
        try:
            writer = self.files.at(place)

            def write(path: Path) -> None:
                self.control.check()
                writer.put(place, path.relative_to(self.output).as_posix(), path)

            with ThreadPoolExecutor(8) as threads:
                list(threads.map(write, paths))
        except PlaceError as error:
            raise JobFailedError(Failure("output", f"the output could not be written: {error}")) from error

    # -- saying so ---------------------------------------------------------------------------------------

    def _state(self, status: str) -> None:
        self.job_logs.add(EXECUTION, f"Job {self.spec.name}: {status}")
        self._note(status)
        self.control.emit("state", status=status)

    def _note(self, text: str) -> None:
        self.logs.add(DRIVER, text)

    def _make_uploader(self) -> Uploader:
        def announce(number: int, name: str) -> None:
            self.control.emit("log", scope=("step", "job")[number], name=name)

        sources = [
            (folder.folder, self.files.at(place), place)
            for folder, place in ((self.logs, self.spec.logs), (self.job_logs, self.spec.parent_logs))
        ]
        return Uploader(sources, announce)
