"""What became of a call into the user's script: the rows it returned, or what went wrong, where, and on which file."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType, TracebackType

RUNTIME = str(Path(__file__).parent)
WRONG_RETURN = (
    "The run() method in the entry script should return a list or a pandas DataFrame. The length of the "
    "returned result is taken as the number of succeeded items. The actual type of output is {}."
)


class WrongReturnError(TypeError):
    """``run()`` returned something that is no list, tuple or DataFrame."""


def rows_of(result: Any) -> str:
    """Turn what ``run()`` returned into the lines of the output file.

    List and tuple items stand one to a line; a DataFrame is space-separated without header and index.

    Raises:
        WrongReturnError: the result is of another type.
    """
    if isinstance(result, (list, tuple)):
        return "".join(str(item) + "\n" for item in result)
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(result, pandas.DataFrame):
        text: str = result.to_csv(sep=" ", header=False, index=False)
        return text
    raise WrongReturnError(WRONG_RETURN.format(type(result).__name__))


def describe(error: BaseException, phase: str, folder: str, files: list[str]) -> dict[str, Any]:
    """Describe an exception of the user's code: what, where, on which file."""
    frames = script_frames(error.__traceback__, folder)
    return {
        "event": "error",
        "phase": phase,
        "type": type(error).__name__,
        "message": str(error),
        "wrong_return": isinstance(error, WrongReturnError),
        "missing": error.name if isinstance(error, ModuleNotFoundError) else None,
        "errno": error.errno if isinstance(error, OSError) else None,
        "lineage": [base.__name__ for base in type(error).__mro__],
        "where": where(error, frames, folder),
        "files": files_at_hand(error, frames, files),
        "traceback": traceback_of(error),
    }


def traceback_of(error: BaseException) -> str:
    """The traceback without the frames of this worker and of Python's import machinery, which tell a user nothing."""
    whole = traceback.TracebackException(type(error), error, error.__traceback__)
    left: list[traceback.TracebackException | None] = [whole]
    while left:
        part = left.pop()
        if part is not None:
            frames = [frame for frame in part.stack if not frame.filename.startswith((RUNTIME, "<frozen importlib"))]
            part.stack = traceback.StackSummary.from_list(frames)
            left += [part.__cause__, part.__context__]
    return "".join(whole.format())


def place_of(function: Any, folder: str) -> dict[str, Any] | None:
    """Where a function of the user's is defined."""
    code = getattr(function, "__code__", None)
    if code is None or not is_own(code.co_filename, folder):
        return None
    return place(code.co_filename, code.co_firstlineno, code.co_name, folder)


def is_own(filename: str, folder: str) -> bool:
    """Whether a source file is the user's own; frozen modules have names that are no paths."""
    root = os.path.realpath(folder) + os.sep
    return Path(filename).is_absolute() and os.path.realpath(filename).startswith(root)


def script_frames(trace: TracebackType | None, folder: str) -> list[tuple[FrameType, int]]:
    """Return the frames of a traceback that are the user's own code, innermost first, with their lines."""
    found = []
    while trace is not None:
        if is_own(trace.tb_frame.f_code.co_filename, folder):
            found.append((trace.tb_frame, trace.tb_lineno))
        trace = trace.tb_next
    return found[::-1]


def files_at_hand(error: BaseException, frames: list[tuple[FrameType, int]], files: list[str]) -> list[str]:
    """Find the input files that the script was working on when it raised.

    The exception's own ``filename`` wins; else the innermost of the script's frames that holds one of the
    mini-batch's paths in a local variable (its loop variable, or a function's argument).
    """
    known = set(files)
    named = getattr(error, "filename", None)
    if isinstance(named, str) and named in known:
        return [named]
    for frame, _ in frames:
        held = []
        for value in list(frame.f_locals.values()):
            path = os.fspath(value) if isinstance(value, os.PathLike) else value
            if isinstance(path, str) and path in known and path not in held:
                held.append(path)
        if held:
            return held
    return []


def where(error: BaseException, frames: list[tuple[FrameType, int]], folder: str) -> dict[str, Any] | None:
    """Return the line of the user's code that an exception comes from, if it comes from any."""
    if isinstance(error, SyntaxError) and error.filename and is_own(error.filename, folder):
        name, line, function = error.filename, error.lineno or 0, "<module>"
    elif frames:
        frame, line = frames[0]
        name, function = frame.f_code.co_filename, frame.f_code.co_name
    else:
        return None
    return place(name, line, function, folder)


def place(name: str, line: int, function: str, folder: str) -> dict[str, Any]:
    """A line of the user's code; its file is relative to the code folder."""
    relative = os.path.relpath(os.path.realpath(name), os.path.realpath(folder))
    return {"file": relative.replace(os.sep, "/"), "line": line, "function": function}
