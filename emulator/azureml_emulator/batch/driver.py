"""The process that carries one job: ``python -m azureml_emulator.batch.driver``.

Its standard input brings one line of JSON, the :class:`~azureml_emulator.batch.spec.JobSpec`, then commands
(``{"command": "go" | "cancel"}``); its standard output brings events, one JSON document to a line:

* ``{"event": "state", "status": "Preparing" | "Queued" | "Running" | "Finalizing"}``
* ``{"event": "progress", "done", "total", "items_done", "items_total", "items_failed"}``
* ``{"event": "log", "scope": "step" | "job", "name"}``: a log has become available
* ``{"event": "notice", "text"}``: something that the user should know of a job that goes on
* ``{"event": "done", "status": "Completed" | "Failed" | "Canceled", "error", "seconds"}``, the last one

The end of standard input means that the emulator is gone: the driver then kills its workers and leaves. It is
the leader of its own session, and adopts orphans of its workers, so that one sweep finds every process.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from azureml_emulator.batch.failure import Failure, JobCanceledError, JobFailedError
from azureml_emulator.batch.process_tree import kill_tree
from azureml_emulator.batch.scoring import Job
from azureml_emulator.batch.spec import JobSpec

if TYPE_CHECKING:
    from collections.abc import Callable

PR_SET_CHILD_SUBREAPER = 36


class Control:
    """The line to the emulator: events out, commands in."""

    def __init__(self, commands: TextIO, events: TextIO) -> None:
        self._commands = commands
        self._events = events
        self._lock = threading.Lock()
        self._go = threading.Event()
        self.canceled = False
        self.on_cancel: Callable[[], None] = lambda: None

    def emit(self, event: str, **values: Any) -> None:
        """Send one event."""
        line = json.dumps({"event": event, **values})
        with self._lock:
            self._events.write(line + "\n")
            self._events.flush()

    def listen(self) -> None:
        """Obey commands in the background; leave when the emulator is gone."""
        threading.Thread(target=self._listen, name="control", daemon=True).start()

    def wait_for_nodes(self) -> None:
        """Wait until the compute has nodes for this job.

        Raises:
            JobCanceledError: it was canceled meanwhile.
        """
        self._go.wait()
        self.check()

    def check(self) -> None:
        """Raise :class:`JobCanceledError` once the job was canceled."""
        if self.canceled:
            raise JobCanceledError

    def _listen(self) -> None:
        for line in self._commands:
            if json.loads(line)["command"] == "cancel":
                self.canceled = True
                kill_tree(os.getpid(), itself=False)
                self.on_cancel()
            self._go.set()
        kill_tree(os.getpid(), itself=False)
        os._exit(1)


def adopt_orphans() -> None:
    """Become the parent of grandchildren whose own parent ended (Linux)."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def carry_out(job: Work, control: Control) -> dict[str, Any]:
    """Run a job to its end; return the last event's values."""
    begun = time.monotonic()
    status, error = "Completed", None
    try:
        job.run()
        control.check()
    except JobCanceledError:
        status = "Canceled"
    except JobFailedError as reason:
        # Killing the processes of a canceled job makes whatever waits for them fail; that is no failure.
        status = "Canceled" if control.canceled else "Failed"
        error = None if control.canceled else job.screen(reason)
    except Exception:  # noqa: BLE001 - reported as the job's failure, with the traceback
        failure = Failure("internal", "the driver itself failed", traceback=traceback.format_exc())
        status, error = "Failed", job.screen(JobFailedError(failure))
    kill_tree(os.getpid(), itself=False)
    job.close(status, error)
    return {"status": status, "error": error, "seconds": round(time.monotonic() - begun, 3)}


class Work(Protocol):
    """What a driver carries out."""

    def run(self) -> None:
        """Do everything; raises :class:`JobFailedError` or :class:`JobCanceledError`."""

    def screen(self, reason: JobFailedError) -> dict[str, Any]:
        """A failure as the error of the job's run."""

    def close(self, status: str, error: dict[str, Any] | None) -> None:
        """Say how it ended."""


def serve(make: Callable[[dict[str, Any], Control], Work]) -> None:
    """Read a specification, do the work that ``make`` makes of it, report, and leave."""
    adopt_orphans()
    # Whatever a library prints must not end up between the events.
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    document = json.loads(sys.stdin.readline())
    control = Control(sys.stdin, events)
    control.listen()
    # After a restart of the emulator the job's former driver may still be on its way out.
    folder = Path(document["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    control.emit("done", **carry_out(make(document, control), control))
    os._exit(0)


if __name__ == "__main__":
    serve(lambda document, control: Job(JobSpec.from_document(document), control))
