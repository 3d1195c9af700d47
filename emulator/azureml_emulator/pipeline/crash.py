"""Why a command failed, read from its exit code and what it wrote. Pure."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING

from azureml_emulator.batch.failure import Failure

if TYPE_CHECKING:
    from pathlib import Path

_TRACEBACK = "Traceback (most recent call last):"
_FRAME = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<function>.+))?$', re.MULTILINE)
_MISSING = re.compile(r"ModuleNotFoundError: No module named '(?P<module>[^']+)'")
_SIGNALLED = 128
_LAST_LINES = 15


def explain(code: int, log: str, folder: Path, name: str) -> Failure:
    """The failure of a command.

    Args:
        code: its exit code; negative for a signal, as is 128 and more from a shell.
        log: what it wrote.
        folder: where the user's code was.
        name: the log's name.
    """
    trace = _last_traceback(log)
    said = trace.splitlines()[-1].strip() if trace else ""
    ending = _ending(code)
    if missing := _MISSING.search(said):
        title = f"the package that provides '{missing['module']}' is not in the environment ({said})"
        return Failure("missing_package", title, where=_where(trace, folder), traceback=trace, log=name)
    title = f"the command ended with {ending}" + (f": {said}" if said else "")
    words = trace or "\n".join(log.rstrip().splitlines()[-_LAST_LINES:])
    return Failure("command", title, where=_where(trace, folder), traceback=words, log=name)


def _ending(code: int) -> str:
    number = -code if code < 0 else code - _SIGNALLED
    names = {each.value: each.name for each in signal.Signals}
    if code < 0 or (code > _SIGNALLED and number in names):
        reason = ", often for lack of memory" if number == signal.SIGKILL else ""
        return f"{names.get(number, f'signal {number}')}{reason}"
    return f"exit code {code}"


def _last_traceback(log: str) -> str:
    """The last traceback of Python in a log, with its exception's line; empty if there is none."""
    start = log.rfind(_TRACEBACK)
    if start < 0:
        return ""
    taken: list[str] = []
    for line in log[start:].splitlines():
        taken.append(line)
        if len(taken) > 1 and line and not line[0].isspace():
            break
    return "\n".join(taken)


def _where(trace: str, folder: Path) -> str:
    """The innermost line of the user's own code in a traceback."""
    root = f"{folder}/"
    own = [frame for frame in _FRAME.finditer(trace) if frame["file"].startswith(root) or "/" not in frame["file"]]
    if not own:
        return ""
    last = own[-1]
    return f"{last['file'].removeprefix(root)}:{last['line']}" + (f" in {last['function']}" if last["function"] else "")
