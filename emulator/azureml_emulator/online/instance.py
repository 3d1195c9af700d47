"""One instance of a deployment: an inference server process with its own folder, socket and log."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from azureml_emulator.batch.limits import thread_variables
from azureml_emulator.batch.prepare import CODE, MODELS
from azureml_emulator.batch.process_tree import kill_tree
from azureml_emulator.batch.variables import KEPT
from azureml_emulator.batch.vm_sizes import node_size
from azureml_emulator.online import logs
from azureml_emulator.online.exchange import ExchangeError, exchange
from azureml_emulator.online.plan import Content, Probe

_SERVE = Path(__file__).with_name("serve.py")
_HEALTH = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"
_STEPS = (0.05, 0.5)
"""Seconds between the questions whether a new instance is up: at first, and at last."""
_STOP_SECONDS = 10.0
_SCRIPT_GRACE = 0.5
"""Seconds that a script gets above the request timeout before the server stops it: the router is first."""
_OK = 200


class NotUpError(Exception):
    """An instance ended, or did not become healthy, before it was ready; the text says which."""


@dataclass(frozen=True)
class Kit:
    """What the instances of one content share: the folder with code and model, and the interpreter."""

    content: Content
    folder: Path
    python: str


class Instance:
    """A server process. ``busy`` counts the requests that it works on; a retiring one gets no more."""

    def __init__(self, kit: Kit, number: int, sockets: Path, deployment_folder: Path) -> None:
        self.kit = kit
        self.number = number
        self.log = logs.instance_log(deployment_folder, number)
        self.folder = deployment_folder / "instances" / str(number)
        self.socket = str(sockets / f"{os.urandom(6).hex()}.sock")
        self.busy = 0
        self.ready = False
        self.retiring = False
        self.process: asyncio.subprocess.Process | None = None
        self._idle = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """The server's process, while it lives."""
        return None if self.process is None or self.process.returncode is not None else self.process.pid

    async def start(self) -> None:
        """Start the server, with a copy of the code of its own to work in."""
        await asyncio.to_thread(self._make_folder)
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                self.kit.python,
                str(_SERVE),
                self.socket,
                str(os.getpid()),
                "--entry_script",
                str(self.folder / CODE / self.kit.content.script),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=str(self.folder / CODE),
                env=self._variables(),
                start_new_session=True,
            )

    async def until_ready(self, probe: Probe) -> None:
        """Wait until the server answers its readiness probe; raises :class:`NotUpError`.

        A new instance is asked from the beginning and often, so that it is found ready soon; the probe's delay,
        period and threshold say how long it is waited for.
        """
        clock = asyncio.get_running_loop().time
        deadline, step, successes = clock() + probe.patience, _STEPS[0], 0
        while successes < probe.success_threshold:
            if self.process is None or self.process.returncode is not None:
                code = None if self.process is None else self.process.returncode
                raise NotUpError(f"the server of the scoring script ended with code {code}")
            if clock() > deadline:
                raise NotUpError(f"the readiness probe did not succeed within {probe.patience:g} s")
            successes = successes + 1 if await self.healthy(probe.timeout) else 0
            if not successes:
                await asyncio.sleep(step)
                step = min(step * 1.2, _STEPS[1])
        self.ready = True

    async def healthy(self, timeout: float) -> bool:
        """Whether the server answers ``GET /`` with 200 within ``timeout`` seconds."""
        try:
            async with asyncio.timeout(timeout):
                answer = await exchange(self.socket, _HEALTH, lambda: None)
                try:
                    await answer.head()
                finally:
                    answer.abandon()
        except (ExchangeError, TimeoutError):
            return False
        return answer.status == _OK

    def take(self) -> None:
        """Count a request in."""
        self.busy += 1
        self._idle.clear()

    def give_back(self) -> None:
        """Count a request out."""
        self.busy -= 1
        if not self.busy:
            self._idle.set()

    async def drain(self, timeout: float) -> None:
        """Let the requests that it works on finish, for ``timeout`` seconds at most."""
        self.retiring = True
        if self.busy:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), timeout)

    async def stop(self) -> None:
        """End the process: by a request first, then by force; and everything that it started."""
        self.retiring, self.ready = True, False
        process = self.process
        if process is not None:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.send_signal(signal.SIGTERM)
                with suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), _STOP_SECONDS)
            self.kill()
            await process.wait()
        Path(self.socket).unlink(missing_ok=True)

    def kill(self) -> None:
        """Kill the process and everything that it started."""
        if self.process is None:
            return
        if self.process.returncode is None:
            kill_tree(self.process.pid)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)  # what outlived its leader

    def _make_folder(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in ("home", "tmp"):
            (self.folder / name).mkdir(parents=True, mode=0o700)
        shutil.copytree(self.kit.folder / CODE, self.folder / CODE)
        self.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)

    def _variables(self) -> dict[str, str]:
        """The environment of the server: the service's variables, the deployment's own, nothing inherited."""
        content, python = self.kit.content, Path(self.kit.python)
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        workers = content.variables.get("WORKER_COUNT", "1")
        cores = min(node_size(content.instance_type).cores, os.cpu_count() or 1)
        threads = max(1, cores // int(workers) if workers.isdecimal() and int(workers) else cores)
        model = {"AZUREML_MODEL_DIR": str(self.kit.folder / MODELS)} if content.model is not None else {}
        return {
            "LANG": "C.UTF-8",
            **kept,
            "PATH": f"{python.parent}:/usr/local/bin:/usr/bin:/bin",
            "VIRTUAL_ENV": str(python.parent.parent),
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "AML_APP_ROOT": str(self.folder / CODE),
            "SCORING_TIMEOUT_MS": str(int((content.timeout + _SCRIPT_GRACE) * 1000)),
            **model,
            **content.context,
            **thread_variables(threads),
            **content.variables,
        }
