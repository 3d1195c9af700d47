"""The loop that keeps the workers busy: it hands out mini-batches, watches time, books outcomes.

One thread, driven by events: replies of workers, the end of a worker, files that became available, a request
to cancel. It sleeps in one place, the selector, no longer than until the next deadline.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from azureml_emulator.batch.attempt import Attempt
from azureml_emulator.batch.failure import (
    Failure,
    JobCanceledError,
    JobFailedError,
    from_exit,
    from_worker,
    located,
    where,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from azureml_emulator.batch.members import Member, Members
    from azureml_emulator.batch.minibatch import Ledger, MiniBatch, Outcome
    from azureml_emulator.batch.spec import JobSpec
    from azureml_emulator.batch.watch import Watch
    from azureml_emulator.batch.workers import Slot, WorkerProcess

INIT_TIMEOUT = 1800.0
ENDING = 1.0
"""Seconds for a worker that closed its pipe to be gone, so that its own exit code is seen."""
NO_SUCCESS = (
    "There is no succeeded mini batch item returned from run(). Please check 'response: run()' in "
    "https://aka.ms/batch-inference-documentation"
)


class Input(Protocol):
    """The input's files, which become available while the job runs, below the local ``folder``."""

    folder: str

    def ready(self) -> list[int]:
        """Mini-batches whose files have arrived since the last call; raises when files cannot be had."""

    def paths(self, batch: MiniBatch) -> list[str]:
        """The local paths of a mini-batch's files."""

    def names(self, paths: tuple[str, ...]) -> tuple[str, ...]:
        """The names, within the input, of some of those paths."""


class Book(Protocol):
    """Where outcomes and failures are written down."""

    def finished(self, outcome: Outcome, rows: str) -> None:
        """A mini-batch is through; ``rows`` are the lines that it adds to the output file."""

    def failed(self, failure: Failure, slot: Slot) -> None:
        """An attempt failed, whether or not another one follows."""

    def attempted(self, attempt: Attempt) -> None:
        """An attempt has ended."""

    def ended(self, slot: Slot, pid: int, code: int) -> None:
        """A worker is gone; ``code`` is its exit code, negative for a signal."""

    def catch_up(self) -> None:
        """Show what has not been shown yet; called some times a second."""


class Pool:
    """Runs every mini-batch of a ledger on as many workers as the deployment says."""

    def __init__(
        self,
        spec: JobSpec,
        ledger: Ledger,
        source: Input,
        book: Book,
        members: Members,
        watch: Watch,
        set_up: Callable[[WorkerProcess], dict[str, Any]],
    ) -> None:
        self.spec = spec
        self.ledger = ledger
        self.source = source
        self.book = book
        self._blamed: Failure | None = None  # why the first mini-batch failed for good
        self._members = members
        self._watch = watch
        self._set_up = set_up
        self._canceled = False

    def wake(self) -> None:
        """Tell the loop that files became available. May be called from any thread."""
        self._members.wake()

    def cancel(self) -> None:
        """Stop the loop with :class:`JobCanceledError`. May be called from any thread."""
        self._canceled = True
        self._members.wake()

    def run(self) -> None:
        """Work until every mini-batch is finished.

        Raises:
            JobFailedError: the error threshold was exceeded, nothing succeeded, or the script cannot start.
            JobCanceledError: the job was canceled.
        """
        try:
            while not self.ledger.all_finished:
                self._dispatch()
                self._hear()
                self._expire()
                self._check_limits()
                self._check_threshold()
            if self.ledger.nothing_succeeded:
                raise JobFailedError(self._blame(), NO_SUCCESS)
            self._dismiss()
        finally:
            self._members.close()

    # -- handing out -------------------------------------------------------------------------------------

    def _dispatch(self) -> None:
        for index in self.source.ready():
            self.ledger.offer(index)
        unfinished = len(self.ledger.batches) - len(self.ledger.finished)
        while self._members.has_room and len(self._members) < unfinished:
            self._members.hire(self._set_up, time.monotonic() + INIT_TIMEOUT)
        for member in self._members:
            if member.state == "idle" and (batch := self.ledger.take()) is not None:
                member.state, member.batch, member.since = "busy", batch, time.monotonic()
                member.deadline = member.since + self.spec.scoring.timeout
                member.worker.send({"command": "run", "files": self.source.paths(batch)})

    # -- events ------------------------------------------------------------------------------------------

    def _hear(self) -> None:
        """Sleep until something happens or is due, and take in what workers say."""
        deadlines = [member.deadline for member in self._members if member.state != "idle"]
        for member in self._members.wait(min([*deadlines, self._watch.due]) - time.monotonic()):
            replies = member.worker.receive()
            if replies is None:
                self._lost(member)
            for reply in replies or ():
                self._answered(member, reply)
        if self._canceled:
            raise JobCanceledError

    def _answered(self, member: Member, reply: dict[str, Any]) -> None:
        if reply["event"] == "ready":
            member.state = "idle"
        elif reply["event"] == "result":
            self._returned(member, reply)
        elif member.batch is None:
            failure = self._placed(member, from_worker(reply, self.spec.script))
            self.book.failed(failure, member.worker.slot)
            raise JobFailedError(failure)
        else:
            self._attempt_failed(member, from_worker(reply, self.spec.script))
            member.state, member.batch = "idle", None

    def _returned(self, member: Member, reply: dict[str, Any]) -> None:
        batch = member.batch
        if batch is None:
            return
        attempt = replace(self._attempt(member), run_time=reply["elapsed"], process_time=reply["process_time"])
        if reply["count"] < len(batch):
            title = f"run() returned {reply['count']} rows for a mini-batch of {len(batch)} files"
            self._note(member, Failure("shortfall", title, where=where(reply["where"])), final=True)
        member.state, member.batch = "idle", None
        outcome = self.ledger.succeed(batch.index, reply["count"])
        self.book.attempted(replace(attempt, succeeded=outcome.succeeded))
        self.book.finished(outcome, reply["rows"])

    def _lost(self, member: Member) -> None:
        phase = "run" if member.batch is not None else "init"
        patience = ENDING if member.state != "leaving" else max(0.0, member.deadline - time.monotonic())
        code = self._remove(member, patience)
        if member.state in {"busy", "starting"}:
            self._worker_failed(member, self._located(member, from_exit(code, phase), ask=False))

    def _remove(self, member: Member, patience: float = 0.0) -> int:
        code = self._members.remove(member, patience)
        self.book.ended(member.worker.slot, member.worker.process.pid, code)
        return code

    def _expire(self) -> None:
        now = time.monotonic()
        for member in self._members:
            if member.state not in {"busy", "starting"} or now < member.deadline:
                continue
            if member.batch is not None:
                title = f"run() took longer than the {self.spec.scoring.timeout:g} s of retry_settings.timeout"
                failure = Failure("timeout", title + "; the worker was killed")
            else:
                title = f"init() took longer than {INIT_TIMEOUT:g} s; the worker was killed"
                failure = Failure("init_timeout", title)
            failure = self._located(member, failure, ask=True)
            self._remove(member)
            self._worker_failed(member, failure)

    def _check_limits(self) -> None:
        if time.monotonic() < self._watch.due:
            return
        self.book.catch_up()
        for member in self._members:
            # A child that holds the pipe open hides the end of its worker.
            if member.worker.process.poll() is not None:
                self._lost(member)
        for member, verdict in self._watch.look(self._members):
            failure = self._located(member, verdict, ask=True)
            self._remove(member)
            if member.state != "idle":
                self._worker_failed(member, failure)

    # -- booking -----------------------------------------------------------------------------------------

    def _worker_failed(self, member: Member, failure: Failure) -> None:
        """A worker is gone: try its mini-batch again; without one, the script cannot even start."""
        if member.batch is not None:
            self._attempt_failed(member, failure)
            return
        failure = self._placed(member, failure)
        self.book.failed(failure, member.worker.slot)
        raise JobFailedError(failure)

    def _located(self, member: Member, failure: Failure, *, ask: bool) -> Failure:
        """Add where the worker is, or was when it crashed."""
        return located(failure, member.worker.whereabouts(ask=ask), str(member.worker.launch.folder))

    def _attempt_failed(self, member: Member, failure: Failure) -> None:
        batch = member.batch
        if batch is None:
            return
        outcome = self.ledger.fail(batch.index)
        self._note(member, failure, final=outcome is not None)
        self.book.attempted(replace(self._attempt(member), error=failure.title))
        if outcome is not None:
            self.book.finished(outcome, "")

    def _attempt(self, member: Member) -> Attempt:
        batch = member.batch
        assert batch is not None  # noqa: S101 - only workers that are busy have attempts
        elapsed = time.monotonic() - member.since
        worker = member.worker
        return Attempt(batch.index, len(batch), worker.slot, worker.process.pid, time.time() - elapsed, elapsed)

    def _note(self, member: Member, failure: Failure, *, final: bool) -> None:
        failure = self._placed(member, failure)
        if final and self._blamed is None:
            self._blamed = failure
        self.book.failed(failure, member.worker.slot)

    def _placed(self, member: Member, failure: Failure) -> Failure:
        """Add to a failure which mini-batch, files and log it is about."""
        slot, batch = member.worker.slot, member.batch
        paths = failure.files or (tuple(self.source.paths(batch)) if batch is not None else ())
        attempt = ""
        if batch is not None:
            attempt = f"attempt {self.ledger.attempts[batch.index]} of {self.ledger.max_attempts}"
        return failure.shortened(self._short_paths(member)).placed(
            files=self.source.names(paths),
            batch=batch.index if batch is not None else None,
            attempt=attempt,
            log=f"logs/user/stderr/{slot.node_name}/{slot.process_name}.stderr.txt",
        )

    def _short_paths(self, member: Member) -> dict[str, str]:
        """What stands for the job's folders in messages."""
        folder = self.spec.folder
        return {
            f"{member.worker.launch.folder}/": "",
            f"{self.source.folder}/": "",
            f"{folder}/model": "$AZUREML_MODEL_DIR",
            f"{folder}/output": "$AZUREML_BI_OUTPUT_PATH",
        }

    def _blame(self) -> Failure:
        return self._blamed or Failure("shortfall", NO_SUCCESS)

    def _check_threshold(self) -> None:
        if self.ledger.threshold_exceeded:
            headline = (
                f"{self.ledger.items_failed} items failed, more than the error threshold of "
                f"{self.ledger.error_threshold} tolerates"
            )
            raise JobFailedError(self._blame(), headline)

    def _dismiss(self) -> None:
        """Let every worker run its ``shutdown()`` and leave; who takes too long is killed by the caller."""
        grace = time.monotonic() + max(self.spec.scoring.timeout, 30.0)
        for member in self._members:
            if member.state == "idle":
                member.worker.send({"command": "shutdown"})
                member.state, member.deadline = "leaving", grace
            else:
                self._remove(member)
        while len(self._members) and time.monotonic() < grace:
            self._hear()
