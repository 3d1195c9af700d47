"""Azurite as a child process: started, watched, restarted when it dies, stopped with its data saved."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import time
from asyncio.subprocess import PIPE, STDOUT, Process
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import psutil

from azureml_emulator.azurite.install import Installation
from azureml_emulator.files import write_atomic
from azureml_emulator.settings import cache_folder

_LOG = logging.getLogger(__name__)
_LISTENS = re.compile(r"successfully listens on (http://\S+)")
_START_SECONDS = 60.0
_STOP_SECONDS = 15.0
_KEEP_ALIVE_SECONDS = 600
"""Longer than any pooled connection idles, so that Azurite never closes one that is about to be used."""
_RESTARTS_PER_MINUTE = 5


class AzuriteError(Exception):
    """Azurite does not run; the message holds the end of its output."""


class Watcher(Protocol):
    """Who is told how Azurite is doing."""

    def up(self, url: str) -> None:
        """It listens at this address, for the first time or again."""

    def down(self) -> None:
        """It ended and is being started again."""

    def lost(self, reason: str) -> None:
        """It cannot be kept running."""


class Azurite:
    """One Azurite blob service on a loopback port of its own choice, with its data in ``folder``."""

    def __init__(self, folder: Path, account: str, keys: Sequence[str]) -> None:
        self._folder = folder
        self._account = account
        self._keys = ":".join(keys)
        self._process: Process | None = None
        self._output: deque[str] = deque(maxlen=20)
        self._watch: asyncio.Task[None] | None = None
        self._restarts: deque[float] = deque(maxlen=_RESTARTS_PER_MINUTE)

    async def start(self, installation: Installation, watcher: Watcher) -> None:
        """Start it, wait until it listens, and keep it running. Raises :class:`AzuriteError`."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        await asyncio.to_thread(_end_stale, self._folder / "pid")
        watcher.up(await self._spawn(installation))
        self._watch = asyncio.create_task(self._keep(installation, watcher))

    async def stop(self) -> None:
        """Stop it; its data are saved."""
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        (self._folder / "pid").unlink(missing_ok=True)

    async def _spawn(self, installation: Installation) -> str:
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        environment["AZURITE_ACCOUNTS"] = f"{self._account}:{self._keys}"
        environment["NODE_COMPILE_CACHE"] = str(cache_folder() / "node-compile-cache")
        self._process = process = await asyncio.create_subprocess_exec(
            installation.node,
            # Each request leaves some kilobytes of short-lived objects: room for them halves the searches for garbage.
            "--max-semi-space-size=64",
            *("--require", installation.preload, installation.script),
            *("--blobHost", "127.0.0.1", "--blobPort", "0", "--location", self._folder),
            *("--blobKeepAliveTimeout", str(_KEEP_ALIVE_SECONDS)),
            *("--silent", "--skipApiVersionCheck", "--disableTelemetry"),
            stdin=PIPE,
            stdout=PIPE,
            stderr=STDOUT,
            env=environment,
            start_new_session=True,
        )
        write_atomic(self._folder / "pid", str(process.pid).encode())
        try:
            async with asyncio.timeout(_START_SECONDS):
                return await self._listening(process)
        except TimeoutError:
            process.kill()
            raise AzuriteError(f"Azurite did not listen within {_START_SECONDS:g} s.{self._tail()}") from None

    async def _listening(self, process: Process) -> str:
        assert process.stdout is not None  # noqa: S101 - the type of a pipe that was asked for
        async for raw in process.stdout:
            line = raw.decode(errors="replace").rstrip()
            self._output.append(line)
            match = _LISTENS.search(line)
            if match:
                return match[1]
        code = await process.wait()
        raise AzuriteError(f"Azurite ended with code {code} while starting.{self._tail()}")

    async def _keep(self, installation: Installation, watcher: Watcher) -> None:
        while True:
            process = self._process
            assert process is not None  # noqa: S101 - set by start() before this task
            assert process.stdout is not None  # noqa: S101 - the type of a pipe that was asked for
            async for raw in process.stdout:
                self._output.append(raw.decode(errors="replace").rstrip())
            watcher.down()
            code = await process.wait()
            now = time.monotonic()
            if len(self._restarts) == _RESTARTS_PER_MINUTE and now - self._restarts[0] < 60:  # noqa: PLR2004
                watcher.lost(f"Azurite keeps ending, last with code {code}.{self._tail()}")
                return
            self._restarts.append(now)
            _LOG.warning("Azurite ended with code %s; starting it again.%s", code, self._tail())
            try:
                watcher.up(await self._spawn(installation))
            except AzuriteError as error:
                watcher.lost(str(error))
                return

    def _tail(self) -> str:
        return " Its last output:\n" + "\n".join(self._output) if self._output else ""


def _end_stale(pid_file: Path) -> None:
    """Wait for the Azurite of an emulator that was killed; it must have saved before another one starts."""
    try:
        process = psutil.Process(int(pid_file.read_text()))
        if str(pid_file.parent) not in process.cmdline():
            return
    except (OSError, ValueError, psutil.Error):
        return
    with contextlib.suppress(psutil.Error):
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(_STOP_SECONDS)
