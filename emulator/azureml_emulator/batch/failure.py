"""Why a job failed, said so that nobody needs a second log: cause, place, file, fix, traceback.

The service ends such jobs with "exit code 42" and a list of log files; here the same causes are named. Pure.
"""

from __future__ import annotations

import errno
import signal
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

Cause = Literal[
    "missing_package",
    "missing_file",
    "init_raised",
    "run_raised",
    "wrong_return",
    "unreadable_file",
    "out_of_memory",
    "too_many_processes",
    "shortfall",
    "timeout",
    "init_timeout",
    "crash",
    "environment",
    "input",
    "output",
    "model",
    "code",
    "disk",
    "disk_quota",
    "compute",
    "command",
    "command_timeout",
    "internal",
]

UNREADABLE = frozenset(
    {
        "UnidentifiedImageError",
        "UnicodeDecodeError",
        "EmptyDataError",
        "ParserError",
        "BadZipFile",
        "BadGzipFile",
        "ArrowInvalid",
        "JSONDecodeError",
    }
)
"""Exceptions with which well-known readers (Pillow, pandas, pyarrow, json, zipfile) refuse a file."""

FULL_DISK: dict[int, Cause] = {errno.EFBIG: "disk_quota", errno.EDQUOT: "disk_quota", errno.ENOSPC: "disk"}
"""What a failing write means; a file larger than its node's disk is refused by the worker's own limit."""

FIXES: dict[Cause, str] = {
    "missing_package": "add the package to the pip section of the environment's conda file, then run `pulumi up`",
    "missing_file": "check that the file is part of the model or code folder that was registered; the registered "
    "model folder lies below AZUREML_MODEL_DIR under its own name",
    "init_raised": "correct init() in the scoring script; it runs once in every worker process, before any data",
    "run_raised": "correct run() in the scoring script, or catch the exception per file and leave that file's row "
    "out: the shortfall counts as failed items against error_threshold",
    "wrong_return": "return a list with one item per file, or a pandas DataFrame with one row per file",
    "unreadable_file": "replace or remove the file, or skip it in run() and let error_threshold tolerate it",
    "out_of_memory": "lower mini_batch_size or max_concurrency_per_instance, or choose a larger VM size",
    "too_many_processes": "do not start processes without end from the scoring script",
    "shortfall": "return one item per file: min(len(result), len(mini_batch)) items count as succeeded",
    "timeout": "raise retry_settings.timeout, or lower mini_batch_size so that one run() takes less time",
    "init_timeout": "make init() faster: load what was registered with the model rather than download it",
    "crash": "look at the worker's stderr log for native errors; run the file named above alone to reproduce it",
    "environment": "correct the environment's conda file; the words above are the package installer's own",
    "input": "check the input reference: the blobs must exist, in a container that this workspace can read",
    "output": "give another output path or output file name: existing results are never overwritten",
    "model": "check the model's path: it must lead to a file or folder in the workspace's storage",
    "code": "check the code asset and the deployment's scoring script: the script's path starts at the code folder",
    "disk": "free space where the emulator keeps its state, or write less from the scoring script",
    "disk_quota": "write less from the scoring script, remove its temporary files, or choose a VM size with more disk",
    "compute": "create the compute again, or deploy to another one, and submit the job again",
    "command": "correct the component's command or its code; the log has everything that it wrote",
    "command_timeout": "raise limits.timeout of the job in the pipeline, or give the command less to do",
    "internal": "this is a fault of the emulator itself; please report it together with the log",
}


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
        where=f"{place['file']}:{place['line']} in {place['function']}" if place else "",
        files=tuple(report["files"]),
        traceback=report["traceback"],
    )
    if failure.cause == "wrong_return":
        return replace(failure, title=message, traceback="")
    if failure.cause == "missing_package":
        title = f"the package that provides '{report['missing']}' is not in the environment ({said})"
        return replace(failure, title=title)
    return failure


def _cause(report: dict[str, Any]) -> Cause:
    """The first rule that fits, most telling first."""
    lineage, running = set(report["lineage"]), report["phase"] == "run"
    rules: tuple[tuple[bool, Cause], ...] = (
        (report["wrong_return"], "wrong_return"),
        (report["missing"] is not None, "missing_package"),
        ("MemoryError" in lineage, "out_of_memory"),
        (report["errno"] in FULL_DISK, FULL_DISK.get(report["errno"], "disk")),
        (not running and "FileNotFoundError" in lineage, "missing_file"),
        (running and bool(report["files"]) and bool({*UNREADABLE, "OSError"} & lineage), "unreadable_file"),
        (running, "run_raised"),
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
