"""A driver process as the emulator sees it: started with a clean environment, spoken to in lines of JSON."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

import azureml_emulator
from azureml_emulator.batch.process_tree import kill_session, kill_tree

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LONGEST_LINE = 64 << 20
"""Bytes of one event; the largest ones carry a traceback."""
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER", "XDG_CACHE_HOME", "XDG_DATA_HOME", "PYENV_ROOT")
KEPT_PREFIXES = ("UV_", "SSL_CERT_")
KEPT_ANYWHERE = frozenset(
    {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}
)
"""What a driver needs of the emulator's environment to find interpreters and to download packages."""


PACKAGES = str(Path(azureml_emulator.__file__).parents[1])


def driver_variables() -> dict[str, str]:
    """The environment of drivers: no credential, nothing of the user's own, and this very package."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in KEPT or name.startswith(KEPT_PREFIXES) or name.upper() in KEPT_ANYWHERE
    }
    return {**kept, "PYTHONPATH": PACKAGES}


class Specification(Protocol):
    """What a driver is handed, and the module that carries it out."""

    @property
    def MODULE(self) -> str:  # noqa: N802 - a constant of the class
        """The driver's module."""

    @property
    def folder(self) -> str:
        """The folder of the work on this machine."""

    def to_document(self) -> dict[str, Any]:
        """The specification as JSON."""


class DriverProcess:
    """One running driver."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log

    @classmethod
    async def start(cls, spec: Specification) -> Self:
        """Start a driver and hand it its specification."""
        folder = Path(spec.folder)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        log = folder / "driver.log"
        with log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                spec.MODULE,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                env=driver_variables(),
                start_new_session=True,
                limit=LONGEST_LINE,
            )
        driver = cls(process, log)
        driver._write(spec.to_document())
        return driver

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """What the driver says, until it ends."""
        stream = self._process.stdout
        while stream is not None and (line := await stream.readline()):
            event: dict[str, Any] = json.loads(line)
            yield event

    def tell(self, command: str) -> None:
        """Send a command: ``go`` or ``cancel``."""
        self._write({"command": command})

    async def end(self) -> int:
        """Wait until the process is gone, and make sure that everything it started is; its exit code."""
        code = await self._process.wait()
        if code != 0:
            await asyncio.to_thread(kill_session, self._process.pid)
        return code

    def kill(self) -> None:
        """Kill the driver and everything that it started."""
        kill_tree(self._process.pid)

    def close(self) -> None:
        """Let go of the driver, which then kills its workers and leaves."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def last_words(self, most: int = 4000) -> str:
        """The end of what the driver wrote to its own log."""
        with suppress(OSError):
            return self._log.read_text(encoding="utf-8", errors="replace")[-most:].strip()
        return ""

    def _write(self, document: dict[str, Any]) -> None:
        stream = self._process.stdin
        if stream is not None and not stream.is_closing():
            with suppress(ConnectionError, RuntimeError):
                stream.write(json.dumps(document).encode() + b"\n")
