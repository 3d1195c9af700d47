"""Why a job failed, said so that nobody needs a second log: cause, place, file, fix, traceback.

The service ends such jobs with "exit code 42" and a list of log files; here the same causes are named. Pure.
"""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from azureml_emulator.batch.causes import DISTRIBUTIONS, FIXES, FULL_DISK, UNREADABLE, Cause

if TYPE_CHECKING:
    from collections.abc import Mapping

_FRAME = re.compile(r'^  File "(?P<file>[^"]+)", line (?P<line>\d+) in (?P<function>.+)$', re.MULTILINE)
"""A line of a stack as Python's faulthandler writes it, most recent call first."""


@dataclass(frozen=True)
class Failure:
    """One failure, of an attempt or of a whole job.

    ``title`` is the cause in one line; ``where`` is ``script:line in function``; ``files`` are the input
    files it was on, relative to the input; ``log`` is the log file that holds everything.
    """

    cause: Cause
    title: str
    where: str = ""
    files: tuple[str, ...] = ()
    batch: int | None = None
    attempt: str = ""
    traceback: str = ""
    log: str = ""
    fix: str = ""

    def __str__(self) -> str:
        return self.title

    def shortened(self, prefixes: Mapping[str, str]) -> Self:
        """The same failure with other words for paths of the job's folder, which nobody can visit any more."""
        title, traceback = self.title, self.traceback
        for prefix, word in prefixes.items():
            title, traceback = title.replace(prefix, word), traceback.replace(prefix, word)
        return replace(self, title=title, traceback=traceback)

    def placed(self, *, files: tuple[str, ...], batch: int | None, attempt: str, log: str) -> Self:
        """The same failure, with the files, the mini-batch, the attempt and the log that it belongs to."""
        return replace(self, files=files, batch=batch, attempt=attempt, log=log)


class JobFailedError(Exception):
    """The job cannot go on; ``failure`` says why, ``headline`` what that means for the job."""

    def __init__(self, failure: Failure, headline: str = "") -> None:
        super().__init__(failure.title)
        self.failure = failure
        self.headline = headline or failure.title


class JobCanceledError(Exception):
    """Somebody asked for the job to be canceled."""


@dataclass(frozen=True)
class Screen:
    """A failed job on one screen."""

    job: str
    headline: str
    failure: Failure
    summary: str = ""

    def __str__(self) -> str:
        failure = self.failure
        lines = [f"Job {self.job} failed: {self.headline}"]
        facts = [
            ("cause", failure.title if failure.title != self.headline else ""),
            ("where", failure.where),
            ("file", _listed(failure.files)),
            ("batch", _batch(failure)),
            ("items", self.summary),
            ("fix", failure.fix or FIXES[failure.cause]),
            ("log", failure.log),
        ]
        lines += [f"  {name + ':':<7} {text}" for name, text in facts if text]
        if failure.traceback:
            lines += ["", *("  " + line for line in failure.traceback.rstrip().splitlines())]
        return "\n".join(lines)

    def error(self) -> dict[str, str]:
        """As a run's error: whose fault it is as code, and everything one needs to know as message."""
        user = self.failure.cause not in {"internal", "disk"}
        return {"code": "UserError" if user else "ServiceError", "message": str(self)}


def _listed(files: tuple[str, ...], most: int = 5) -> str:
    more = f" and {len(files) - most} more" if len(files) > most else ""
    return ", ".join(files[:most]) + more


def _batch(failure: Failure) -> str:
    if failure.batch is None:
        return ""
    return f"mini-batch {failure.batch}" + (f", {failure.attempt}" if failure.attempt else "")


def from_worker(report: dict[str, Any], script: str) -> Failure:
    """Name the cause behind a worker's ``error`` frame; ``files`` stay local paths here."""
    kind, message, phase = report["type"], report["message"], report["phase"]
    said = f"{kind}: {message}" if message else kind
    place = report["where"]
    failure = Failure(
        cause=_cause(report),
        title=f"{'importing ' + script if phase == 'import' else phase + '()'} raised {said}",
        where=where(place),
        files=tuple(report["files"]),
        traceback=report["traceback"],
    )
    if failure.cause == "wrong_return":
        return replace(failure, title=message, traceback="")
    if failure.cause == "missing_package":
        title = f"the package that provides '{report['missing']}' is not in the environment ({said})"
        package = DISTRIBUTIONS.get(report["missing"]) or DISTRIBUTIONS.get(report["missing"].partition(".")[0])
        fix = FIXES["missing_package"].replace("the package", package) if package else ""
        return replace(failure, title=title, fix=fix)
    return failure


def where(place: dict[str, Any] | None) -> str:
    """A line of the user's code as the screen shows it: ``score.py:14 in read``."""
    return f"{place['file']}:{place['line']} in {place['function']}" if place else ""


def _cause(report: dict[str, Any]) -> Cause:
    """The first rule that fits, most telling first."""
    lineage, phase = set(report["lineage"]), report["phase"]
    running = phase == "run"
    rules: tuple[tuple[bool, Cause], ...] = (
        (report["wrong_return"], "wrong_return"),
        (report["missing"] is not None, "missing_package"),
        ("MemoryError" in lineage, "out_of_memory"),
        (report["errno"] in FULL_DISK, FULL_DISK.get(report["errno"], "disk")),
        (not running and "FileNotFoundError" in lineage, "missing_file"),
        (running and bool(report["files"]) and bool({*UNREADABLE, "OSError"} & lineage), "unreadable_file"),
        (running, "run_raised"),
        (phase == "import", "import_raised"),
    )
    return next((cause for fits, cause in rules if fits), "init_raised")


def from_exit(code: int, phase: str) -> Failure:
    """Name the cause behind a worker that ended by itself; ``code`` is negative for a signal."""
    during = f"during {phase}()" if phase != "import" else "while the scoring script was imported"
    if code >= 0:
        return Failure("crash", f"the worker process ended with exit code {code} {during}")
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    if name == "SIGKILL":
        title = f"the worker process was killed (SIGKILL, often for lack of memory) {during}"
        return Failure("out_of_memory", title)
    return Failure("crash", f"the worker process crashed with {name} {during}")


def located(failure: Failure, stack: str, folder: str) -> Failure:
    """Add to the failure of a worker that could not answer the line of the user's code that its stack tells."""
    frames = [
        frame
        for frame in _FRAME.finditer(stack)
        if "/azureml_emulator/batch/worker/" not in frame["file"] and not frame["file"].startswith("<")
    ]
    own = next((frame for frame in frames if frame["file"].startswith(f"{folder}/")), None)
    if own is None:
        return failure
    place = {"file": str(Path(own["file"]).relative_to(folder)), "line": own["line"], "function": own["function"]}
    lines = ["Where the worker was (most recent call first):", *(frame[0] for frame in frames)]
    return replace(failure, where=where(place), traceback="\n".join(lines))
