"""The process that runs a user's scoring script. Standard library only, Python 3.8 and later.

It is started by file name under the *environment's* interpreter, so it may import nothing of this package.
Two pipes, whose descriptors are its arguments, carry length-prefixed JSON; the standard streams belong to
the user's script and go to its log files.

Commands, in this order: ``setup`` (once), ``run`` (any number), ``shutdown``. Every ``setup`` and ``run`` is
answered by exactly one frame: ``ready``, ``result`` or ``error``. The contract towards the script (``init``,
``run``, ``shutdown``, what ``run`` may return) is that of Azure ML's batch scoring scripts.
"""

from __future__ import annotations

import importlib.util
import json
import os
import struct
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType, ModuleType, TracebackType
    from typing import BinaryIO

HEADER = struct.Struct(">Q")
PR_SET_PDEATHSIG = 1
SIGKILL = 9
WRONG_RETURN = (
    "The run() method in the entry script should return a list or a pandas DataFrame. The length of the "
    "returned result is taken as the number of succeeded items. The actual type of output is {}."
)


class WrongReturnError(TypeError):
    """``run()`` returned something that is no list, tuple or DataFrame."""


def read_frame(stream: BinaryIO) -> dict[str, Any] | None:
    """Read one frame; ``None`` at the end of the stream."""
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    document: dict[str, Any] = json.loads(stream.read(HEADER.unpack(header)[0]))
    return document


def write_frame(stream: BinaryIO, document: dict[str, Any]) -> None:
    """Write one frame and flush it."""
    body = json.dumps(document).encode()
    stream.write(HEADER.pack(len(body)) + body)
    stream.flush()


def load_script(path: str) -> ModuleType:
    """Import the scoring script under its own name, as its own helpers would import it."""
    name = Path(path).stem
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        message = f"{path} is not a Python file"
        raise ImportError(message)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


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
    relative = os.path.relpath(os.path.realpath(name), os.path.realpath(folder))
    return {"file": relative.replace(os.sep, "/"), "line": line, "function": function}


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
        "lineage": [base.__name__ for base in type(error).__mro__],
        "where": where(error, frames, folder),
        "files": files_at_hand(error, frames, files),
        "traceback": "".join(traceback.format_exception(type(error), error, error.__traceback__)),
    }


class Worker:
    """Obeys the commands of the driver until it is told to shut down or the driver is gone."""

    def __init__(self, commands: BinaryIO, replies: BinaryIO) -> None:
        self.commands = commands
        self.replies = replies
        self.script: Any = None
        self.folder = ""
        self.keep_rows = True

    def serve(self) -> None:
        """Answer commands one by one."""
        while True:
            command = read_frame(self.commands)
            if command is None:
                return
            if command["command"] == "setup":
                write_frame(self.replies, self.set_up(command))
            elif command["command"] == "run":
                write_frame(self.replies, self.run(command["files"]))
            else:
                self.shut_down()
                return

    def set_up(self, command: dict[str, Any]) -> dict[str, Any]:
        """Import the script and call its ``init()``, which is optional."""
        self.folder = command["folder"]
        self.keep_rows = command["keep_rows"]
        path = str(Path(self.folder, command["script"]))
        sys.argv = [path, *command["arguments"]]
        sys.path[0] = str(Path(path).parent)
        if sys.path[0] != self.folder:
            sys.path.insert(1, self.folder)
        phase = "import"
        try:
            self.script = load_script(path)
            if not callable(getattr(self.script, "run", None)):
                message = f"{command['script']} defines no function run(mini_batch)"
                raise AttributeError(message)
            phase = "init"
            if callable(getattr(self.script, "init", None)):
                self.script.init()
        except BaseException as error:  # noqa: BLE001 - SystemExit too is the script's failure
            return self.failure(error, phase, [])
        return {"event": "ready"}

    def run(self, files: list[str]) -> dict[str, Any]:
        """Call ``run()`` on one mini-batch."""
        try:
            result = self.script.run(list(files))
            rows = rows_of(result)
        except BaseException as error:  # noqa: BLE001 - SystemExit too is the script's failure
            return self.failure(error, "run", files)
        return {"event": "result", "count": len(result), "rows": rows if self.keep_rows else ""}

    def shut_down(self) -> None:
        """Call the script's ``shutdown()``, which is optional and cannot undo results."""
        try:
            if callable(getattr(self.script, "shutdown", None)):
                self.script.shutdown()
        except BaseException:  # noqa: BLE001 - logged; the results are already safe
            traceback.print_exc()

    def failure(self, error: BaseException, phase: str, files: list[str]) -> dict[str, Any]:
        """Describe a failure and leave it in the script's own log too."""
        traceback.print_exception(type(error), error, error.__traceback__)
        sys.stderr.flush()
        return describe(error, phase, self.folder, files)


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when the driver is gone, even in the middle of C code."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes  # noqa: PLC0415 - Linux only

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), SIGKILL)


def silence(descriptors: list[int]) -> None:
    """Point descriptors at nothing; the numbers stay taken, for the file objects that still own them."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        os.dup2(nothing, descriptor, inheritable=False)
    os.close(nothing)


def main() -> None:
    """Run the worker on the descriptors given as arguments: commands, replies, and the driver's pid."""
    descriptors = [int(argument) for argument in sys.argv[1:3]]
    die_with_parent(int(sys.argv[3]))
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - the call has no names
    commands, replies = os.fdopen(descriptors[0], "rb"), os.fdopen(descriptors[1], "wb")
    # A child that the script forks must not keep the pipes open, nor answer in the worker's name.
    os.register_at_fork(after_in_child=lambda: silence(descriptors))
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    Worker(commands, replies).serve()


if __name__ == "__main__":
    main()
