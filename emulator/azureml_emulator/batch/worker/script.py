"""Obeys the driver: imports the user's scoring script, calls its functions, answers with what came of it."""

from __future__ import annotations

import importlib.util
import json
import struct
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azureml_emulator.batch.worker import entry_script, guard
from azureml_emulator.batch.worker.report import WrongReturnError, describe, place_of, rows_of

if TYPE_CHECKING:
    from types import ModuleType
    from typing import BinaryIO

HEADER = struct.Struct(">Q")


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
        guard.leave_trace(command["trace"])
        guard.limit(command["limits"])
        entry_script.offer(command["log_dir"], command["process_name"], command["logging_level"])
        path = str(Path(self.folder, command["script"]))
        sys.argv = [path, "--logging_level", command["logging_level"]]
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
        """Call ``run()`` on one mini-batch; ``elapsed`` and ``process_time`` are the call's own, in seconds."""
        begun, begun_process = time.perf_counter(), time.process_time()
        try:
            result = self.script.run(list(files))
            elapsed, process_time = time.perf_counter() - begun, time.process_time() - begun_process
            rows = rows_of(result)
        except BaseException as error:  # noqa: BLE001 - SystemExit too is the script's failure
            return self.failure(error, "run", files)
        return {
            "event": "result",
            "count": len(result),
            "where": place_of(self.script.run, self.folder) if len(result) < len(files) else None,
            "rows": rows if self.keep_rows else "",
            "elapsed": round(elapsed, 6),
            "process_time": round(process_time, 6),
        }

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
        report = describe(error, phase, self.folder, files)
        if isinstance(error, WrongReturnError):
            report["where"] = place_of(self.script.run, self.folder)
        return report
