"""Why a job failed, gathered from its error and its logs into one screen."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_TRACEBACK = re.compile(r"^(?P<indent>[ \t]*)Traceback \(most recent call last\):$", re.MULTILINE)
_FRAME = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<function>.+))?$', re.MULTILINE)
_NOT_USER_CODE = re.compile(
    r"site-packages|dist-packages|[/\\]lib[/\\]python\d|^<frozen|^<string>|[/\\]azureml_emulator[/\\]"
)
_HEADLINE = re.compile(r"Job \S+ failed: (?P<text>.+)")
_FACT = re.compile(r"^  (?P<name>cause|where|file|batch|items|fix|log): (?P<text>.+)$", re.MULTILINE)
_LAST_LINES = 40

# Where an exception of the user's script is told, in the order in which it is looked for (ParallelRunStep docs).
_ERROR_LOGS = (
    re.compile(r"logs/user/error\.txt"),
    re.compile(r"logs/user/error/.*\.txt"),
    re.compile(r"logs/sys/error/.*\.txt"),
    re.compile(r"logs/job_error[^/]*\.txt|logs/job_result\.txt|logs/joberror[^/]*\.txt"),
    re.compile(r"logs/job_progress_overview[^/]*\.txt"),
    re.compile(r"logs/azureml/executionlogs\.txt"),
)


@dataclass(frozen=True)
class JobFailure:
    """Why a job failed.

    ``headline`` is one sentence. ``facts`` are what is known, by name: ``cause`` (the exception), ``where``
    (``script:line in function``), ``file`` (the input file), ``fix`` and others. ``traceback`` is the
    script's own, ``log`` the log that has everything.
    """

    job: str
    code: str
    headline: str
    facts: Mapping[str, str] = field(default_factory=dict)
    traceback: str = ""
    log: str | None = None

    @property
    def cause(self) -> str:
        """The exception or, where none is known, the headline."""
        return self.facts.get("cause", self.headline)

    def screen(self) -> str:
        """The failure as a text of one screen, the next command last."""
        lines = [f"Job {self.job} failed: {self.headline}"]
        lines += [f"  {name + ':':<6} {text}" for name, text in self.facts.items()]
        if self.traceback:
            lines += ["", *("  " + line for line in _tail(self.traceback)), ""]
        lines.append(f"  see the full log: azureml-stack logs {self.job}" + (f" --name {self.log}" if self.log else ""))
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """The parts by name, for ``--json``."""
        return {
            "job": self.job,
            "code": self.code,
            "headline": self.headline,
            **self.facts,
            "traceback": self.traceback,
            "log": self.log,
        }


def error_logs(log_files: Mapping[str, str]) -> list[str]:
    """Names of the logs that may tell the cause, the most telling first."""
    return [name for pattern in _ERROR_LOGS for name in sorted(log_files) if pattern.fullmatch(name)]


def is_screen(message: str) -> bool:
    """True when the service's message already names cause and place, so that no log is needed."""
    return _HEADLINE.match(message) is not None and _FACT.search(message) is not None


def explain(job: str, code: str, message: str, *, log: str | None = None, log_text: str = "") -> JobFailure:
    """The failure of ``job`` by the service's error and, where that does not tell, by the text of ``log``.

    The local Azure ML sends a whole screen. The service's own clusters often say no more than "exit code
    42"; the script's exception is then in ``logs/user/error.txt``.
    """
    if is_screen(message):
        head, _, words = message.partition("\n\n")
        facts = {match["name"]: match["text"].strip() for match in _FACT.finditer(head)}
        headline = _HEADLINE.match(message)
        return JobFailure(
            job=job,
            code=code,
            headline=headline["text"] if headline else message,
            log=facts.pop("log", log),
            facts=facts,
            traceback=textwrap.dedent(words).rstrip(),
        )
    trace = last_traceback(message) or last_traceback(log_text)
    first = next((line.strip() for line in message.splitlines() if line.strip()), "")
    facts = {}
    if trace:
        facts["cause"] = trace.splitlines()[-1].strip()
        if frame := user_frame(trace):
            name = frame["file"].replace("\\", "/").rpartition("/")[2]
            facts["where"] = f"{name}:{frame['line']}" + (f" in {frame['function']}" if frame["function"] else "")
    return JobFailure(
        job=job,
        code=code,
        headline=first or facts.get("cause") or "the service gives no reason",
        facts=facts,
        traceback=trace or (message if message.strip() != first else "") or log_text,
        log=log,
    )


def last_traceback(text: str) -> str:
    """The last traceback in ``text`` with its exception's line, without its indentation; empty if none."""
    starts = list(_TRACEBACK.finditer(text))
    if not starts:
        return ""
    indent = starts[-1]["indent"]
    taken: list[str] = []
    for line in text[starts[-1].start() :].splitlines():
        bare = line.removeprefix(indent)
        taken.append(bare)
        if len(taken) > 1 and bare and not bare[0].isspace():
            break
    return "\n".join(taken)


def user_frame(trace: str) -> re.Match[str] | None:
    """The innermost frame in the user's own code, or the innermost at all."""
    frames = list(_FRAME.finditer(trace))
    own = [frame for frame in frames if not _NOT_USER_CODE.search(frame["file"])]
    return next(reversed(own or frames), None)


def _tail(text: str) -> list[str]:
    lines = text.strip("\n").splitlines()
    return lines if len(lines) <= _LAST_LINES else ["…", *lines[-_LAST_LINES:]]
