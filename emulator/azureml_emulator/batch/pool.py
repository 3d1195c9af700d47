"""The loop that keeps the workers busy: it hands out mini-batches, watches time and memory, books outcomes.

One thread, driven by events: replies of workers, the end of a worker, files that became available, a request
to cancel. It sleeps in one place, the selector, no longer than until the next deadline.
"""

from __future__ import annotations

import os
import selectors
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from azureml_emulator.batch import limits
from azureml_emulator.batch.failure import Failure, JobCanceledError, JobFailedError, from_exit, from_worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from azureml_emulator.batch.minibatch import Ledger, MiniBatch, Outcome
    from azureml_emulator.batch.spec import JobSpec
    from azureml_emulator.batch.workers import Slot, WorkerProcess

INIT_TIMEOUT = 1800.0
WATCH_EVERY = 0.5
ENDING = 1.0
"""Seconds for a worker that closed its pipe to be gone, so that its own exit code is seen."""
NO_SUCCESS = (
    "There is no succeeded mini batch item returned from run(). Please check 'response: run()' in "
    "https://aka.ms/batch-inference-documentation"
)


class Input(Protocol):
    """The input's files, which become available while the job runs."""

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

    def failed(self, failure: Failure) -> None:
        """An attempt failed, whether or not another one follows."""


@dataclass
class Member:
    """A worker in the pool: what it is doing, and until when it may."""

    worker: WorkerProcess
    state: Literal["starting", "idle", "busy", "leaving"]
    deadline: float
    batch: MiniBatch | None = None


class Pool:
    """Runs every mini-batch of a ledger on as many workers as the deployment says."""

    def __init__(
        self,
        spec: JobSpec,
        ledger: Ledger,
        source: Input,
        book: Book,
        start_worker: Callable[[Slot], WorkerProcess],
        slots: list[Slot],
    ) -> None:
        self.spec = spec
        self.ledger = ledger
        self.source = source
        self.book = book
        self.first_failure: Failure | None = None
        self._start_worker = start_worker
        self._free_slots = slots[::-1]
        self._members: dict[int, Member] = {}
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = os.pipe()
        for descriptor in (self._wake_read, self._wake_write):
            os.set_blocking(descriptor, False)
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        self._watched = time.monotonic()
        self._canceled = False

    def wake(self) -> None:
        """Tell the loop that files became available. May be called from any thread."""
        with suppress(BlockingIOError, OSError):
            os.write(self._wake_write, b"w")

    def cancel(self) -> None:
        """Stop the loop with :class:`JobCanceledError`. May be called from any thread."""
        self._canceled = True
        self.wake()

    def run(self) -> None:
        """Work until every mini-batch is finished.

        Raises:
            JobFailedError: the error threshold was exceeded, nothing succeeded, or the script cannot start.
            JobCanceledError: the job was canceled.
        """
        try:
            while not self.ledger.all_finished:
                self._dispatch()
                self._wait()
                self._expire()
                self._watch()
                self._check_threshold()
            if self.ledger.nothing_succeeded:
                raise JobFailedError(self._blame(), NO_SUCCESS)
            self._dismiss()
        finally:
            for member in list(self._members.values()):
                self._remove(member)
            self._selector.close()
            os.close(self._wake_read)
            os.close(self._wake_write)

    # -- handing out -------------------------------------------------------------------------------------

    def _dispatch(self) -> None:
        for index in self.source.ready():
            self.ledger.offer(index)
        unfinished = len(self.ledger.batches) - len(self.ledger.finished)
        while self._free_slots and len(self._members) < unfinished:
            self._hire(self._free_slots.pop())
        for member in self._members.values():
            if member.state == "idle" and (batch := self.ledger.take()) is not None:
                member.state, member.batch = "busy", batch
                member.deadline = time.monotonic() + self.spec.scoring.timeout
                member.worker.send({"command": "run", "files": self.source.paths(batch)})

    def _hire(self, slot: Slot) -> None:
        worker = self._start_worker(slot)
        member = Member(worker, "starting", time.monotonic() + INIT_TIMEOUT)
        self._members[worker.fileno()] = member
        self._selector.register(worker, selectors.EVENT_READ)
        scoring = self.spec.scoring
        worker.send(
            {
                "command": "setup",
                "folder": str(worker.launch.folder),
                "script": self.spec.script,
                "arguments": ["--logging_level", scoring.logging_level.upper()],
                "keep_rows": scoring.output_action == "AppendRow",
            }
        )

    def _remove(self, member: Member, patience: float = 0.0) -> int:
        self._selector.unregister(member.worker)
        del self._members[member.worker.fileno()]
        self._free_slots.append(member.worker.slot)
        return member.worker.kill(patience)

    # -- events ------------------------------------------------------------------------------------------

    def _wait(self) -> None:
        now = time.monotonic()
        deadlines = [member.deadline for member in self._members.values() if member.state != "idle"]
        until = min([*deadlines, self._watched + WATCH_EVERY])
        for key, _ in self._selector.select(max(0.0, until - now)):
            if key.fd == self._wake_read:
                with suppress(BlockingIOError):
                    os.read(self._wake_read, 1 << 16)
            elif key.fd in self._members:
                self._hear(self._members[key.fd])
        if self._canceled:
            raise JobCanceledError

    def _hear(self, member: Member) -> None:
        replies = member.worker.receive()
        if replies is None:
            self._lost(member)
            return
        for reply in replies:
            self._answered(member, reply)

    def _answered(self, member: Member, reply: dict[str, Any]) -> None:
        if reply["event"] == "ready":
            member.state = "idle"
        elif reply["event"] == "result":
            self._returned(member, reply)
        elif member.batch is None:
            failure = self._placed(member, from_worker(reply, self.spec.script))
            self.book.failed(failure)
            raise JobFailedError(failure)
        else:
            self._attempt_failed(member, from_worker(reply, self.spec.script))
            member.state, member.batch = "idle", None

    def _returned(self, member: Member, reply: dict[str, Any]) -> None:
        batch = member.batch
        if batch is None:
            return
        if reply["count"] < len(batch):
            title = f"run() returned {reply['count']} rows for a mini-batch of {len(batch)} files"
            self._note(self._placed(member, Failure("shortfall", title)))
        member.state, member.batch = "idle", None
        outcome = self.ledger.succeed(batch.index, reply["count"])
        self.book.finished(outcome, reply["rows"])

    def _lost(self, member: Member) -> None:
        phase = "run" if member.batch is not None else "init"
        code = self._remove(member, ENDING if member.state != "leaving" else member.deadline - time.monotonic())
        if member.state in {"busy", "starting"}:
            self._worker_failed(member, from_exit(code, phase))

    def _expire(self) -> None:
        now = time.monotonic()
        for member in list(self._members.values()):
            if member.state not in {"busy", "starting"} or now < member.deadline:
                continue
            if member.batch is not None:
                title = f"run() took longer than the {self.spec.scoring.timeout:g} s of retry_settings.timeout"
                failure = Failure("timeout", title + "; the worker was killed")
            else:
                title = f"init() took longer than {INIT_TIMEOUT:g} s; the worker was killed"
                failure = Failure("init_timeout", title)
            self._remove(member)
            self._worker_failed(member, failure)

    def _watch(self) -> None:
        now = time.monotonic()
        if now < self._watched + WATCH_EVERY:
            return
        self._watched = now
        for member in list(self._members.values()):
            if member.worker.process.poll() is not None and member.worker.fileno() in self._members:
                self._lost(member)
        if (full := limits.disk_failure(self.spec.folder)) is not None:
            raise JobFailedError(full)
        usages = limits.measure({key: member.worker.process.pid for key, member in self._members.items()})
        for node in {member.worker.slot.node for member in self._members.values()}:
            mine = {key: usages[key] for key, m in self._members.items() if m.worker.slot.node == node}
            verdict = limits.judge_node(self.spec.node, mine)
            if verdict is not None:
                member = self._members[verdict[0]]
                self._remove(member)
                if member.state != "idle":
                    self._worker_failed(member, verdict[1])

    # -- booking -----------------------------------------------------------------------------------------

    def _worker_failed(self, member: Member, failure: Failure) -> None:
        """A worker is gone: try its mini-batch again; without one, the script cannot even start."""
        if member.batch is not None:
            self._attempt_failed(member, failure)
            return
        failure = self._placed(member, failure)
        self.book.failed(failure)
        raise JobFailedError(failure)

    def _attempt_failed(self, member: Member, failure: Failure) -> None:
        batch = member.batch
        if batch is None:
            return
        self._note(self._placed(member, failure))
        outcome = self.ledger.fail(batch.index)
        if outcome is not None:
            self.book.finished(outcome, "")

    def _note(self, failure: Failure) -> None:
        if self.first_failure is None:
            self.first_failure = failure
        self.book.failed(failure)

    def _placed(self, member: Member, failure: Failure) -> Failure:
        """Add to a failure which mini-batch, files and log it is about."""
        slot, batch = member.worker.slot, member.batch
        paths = failure.files or (tuple(self.source.paths(batch)) if batch is not None else ())
        attempt = ""
        if batch is not None:
            attempt = f"attempt {self.ledger.attempts[batch.index]} of {self.ledger.max_attempts}"
        return failure.placed(
            files=self.source.names(paths),
            batch=batch.index if batch is not None else None,
            attempt=attempt,
            log=f"logs/user/stderr/{slot.node_name}/{slot.process_name}.stderr.txt",
        )

    def _blame(self) -> Failure:
        return self.first_failure or Failure("shortfall", NO_SUCCESS)

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
        for member in list(self._members.values()):
            if member.state == "idle":
                member.worker.send({"command": "shutdown"})
                member.state, member.deadline = "leaving", grace
            else:
                self._remove(member)
        while self._members and time.monotonic() < grace:
            self._wait()
