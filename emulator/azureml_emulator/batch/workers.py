"""Worker processes as the driver sees them: started, spoken to in frames, killed with all their children."""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from azureml_emulator.batch.process_tree import kill_tree

HEADER = struct.Struct(">Q")
READ_SIZE = 1 << 20
ANSWER = 0.25
"""Seconds in which a worker says where it is."""
WORKER = Path(__file__).with_name("worker") / "__main__.py"


class FrameBuffer:
    """Cuts a stream of bytes into the JSON documents that were framed into it. Pure."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """Take in bytes; return the documents that are complete now."""
        self._data += data
        documents = []
        while len(self._data) >= HEADER.size:
            end = HEADER.size + HEADER.unpack_from(self._data)[0]
            if len(self._data) < end:
                break
            documents.append(json.loads(self._data[HEADER.size : end]))
            del self._data[:end]
        return documents


def frame(document: dict[str, Any]) -> bytes:
    """Frame one JSON document: eight bytes of length, big-endian, then UTF-8 text."""
    body = json.dumps(document).encode()
    return HEADER.pack(len(body)) + body


@dataclass(frozen=True)
class Slot:
    """A worker's place: which process on which node. Log files are named after it."""

    node: int
    process: int

    @property
    def node_name(self) -> str:
        """The node's folder name, such as ``node000``."""
        return f"node{self.node:03d}"

    @property
    def process_name(self) -> str:
        """The process's file name stem, such as ``process000``."""
        return f"process{self.process:03d}"


@dataclass(frozen=True)
class Launch:
    """How to start one worker: interpreter, folder, environment, and where its streams and its last words go."""

    python: str
    folder: Path
    variables: dict[str, str] = field(repr=False)
    stdout: Path
    stderr: Path
    trace: Path


class WorkerProcess:
    """One running worker. Replies are read without blocking; the file number is the reply pipe's."""

    def __init__(self, slot: Slot, launch: Launch) -> None:
        self.slot = slot
        self.launch = launch
        commands_read, self._commands = os.pipe()
        self._replies, replies_write = os.pipe()
        os.set_blocking(self._replies, False)
        self._buffer = FrameBuffer()
        arguments = [launch.python, str(WORKER), str(commands_read), str(replies_write), str(os.getpid())]
        for path in (launch.stdout, launch.stderr):
            path.parent.mkdir(parents=True, exist_ok=True)
        with launch.stdout.open("ab") as stdout, launch.stderr.open("ab") as stderr:
            self.process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                cwd=launch.folder,
                env=launch.variables,
                pass_fds=(commands_read, replies_write),
                process_group=0,
            )
        os.close(commands_read)
        os.close(replies_write)

    def fileno(self) -> int:
        """The descriptor that becomes readable when the worker answers or ends."""
        return self._replies

    def send(self, document: dict[str, Any]) -> None:
        """Send one command. A worker that has just died is noticed when its replies end."""
        data = memoryview(frame(document))
        with suppress(BrokenPipeError):
            while data:
                data = data[os.write(self._commands, data) :]

    def receive(self) -> list[dict[str, Any]] | None:
        """Return the replies that have arrived; ``None`` once the worker has closed its end."""
        try:
            data = os.read(self._replies, READ_SIZE)
        except BlockingIOError:
            return []
        return self._buffer.feed(data) if data else None

    def whereabouts(self, *, ask: bool) -> str:
        """The lines that the worker is in, innermost first, as far as it can tell; ``ask`` one that still runs."""
        with suppress(OSError):
            if ask:
                self.process.send_signal(signal.SIGUSR2)
                end = time.monotonic() + ANSWER
                while not self.launch.trace.stat().st_size and time.monotonic() < end:
                    time.sleep(ANSWER / 50)
                time.sleep(ANSWER / 50)  # for the lines after the first
            return self.launch.trace.read_text(encoding="utf-8", errors="replace")
        return ""

    def kill(self, patience: float = 0.0) -> int:
        """End the worker and everything that it started; return its exit code (negative: signal).

        A worker that is about to end by itself gets ``patience`` seconds, so that its own exit code is seen.
        """
        if patience:
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(patience)
        kill_tree(self.process.pid)
        code = self.process.wait()
        for descriptor in (self._commands, self._replies):
            with suppress(OSError):
                os.close(descriptor)
        return code
