"""The serving deployments of an emulator: started by operations, brought back after a restart, watched."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import sys
import tempfile
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azureml_emulator.batch import limits
from azureml_emulator.batch.process import LONGEST_LINE, driver_variables
from azureml_emulator.batch.process_tree import Family, Usage, kill_tree
from azureml_emulator.batch.spec import StorageAccess
from azureml_emulator.batch.vm_sizes import node_size
from azureml_emulator.http import ServiceError
from azureml_emulator.online import logs
from azureml_emulator.online.instance import Instance, Kit, NotUpError
from azureml_emulator.online.plan import Content, Settings, content_of, settings_of
from azureml_emulator.online.serving import Serving

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from azureml_emulator.emulator import Emulator
    from azureml_emulator.store import Document

_LOG = logging.getLogger(__name__)
_KIND = "servings"
_WATCH_SECONDS = 2.0
_SAS_HOURS = 24.0
_SHOWN_LINES = 30
_RETRY_SECONDS = 5.0


class OnlineManager:
    """Serves the online deployments of one emulator. Used from its event loop only."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._servings: dict[str, Serving] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._sockets: Path | None = None
        # Told of every endpoint whose answers may have changed; set by the router, which remembers them.
        self.on_change: Callable[[str], None] = lambda _endpoint: None

    def start(self) -> None:
        """Bring the deployments back that served when the emulator stopped, in the background."""
        for record in self._emulator.store.list(_KIND, ""):
            self._spawn(self._bring_back(record))
        self._spawn(self._watch())

    async def stop(self) -> None:
        """Stop every instance; the deployments are back at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(serving.stop() for serving in self._servings.values()))
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)

    def serving(self, deployment: str) -> Serving | None:
        """What serves a deployment, by its ARM id; ``None`` when nothing does."""
        return self._servings.get(deployment.lower())

    def forget(self, endpoint: str) -> None:
        """Let the router look at an endpoint again: its keys, traffic or deployments have changed."""
        self.on_change(endpoint)

    # -- the work of operations ----------------------------------------------------------------------------

    async def serve(self, deployment: Document) -> None:
        """Serve a deployment as its document says; returns when it is ready.

        Raises:
            ServiceError: it cannot be got ready or does not come up; what served before goes on.
        """
        content, settings = content_of(self._emulator, deployment), settings_of(deployment)
        key, folder = str(deployment["id"]).lower(), self._folder(deployment["id"])
        present = self._servings.get(key)
        if present is not None and present.kit.content == content:
            kit = present.kit
        else:
            kit = await self._prepare(content, folder)
        try:
            await self._change(key, folder, kit, settings)
        except NotUpError as error:
            raise ServiceError(400, "ResourceNotReady", _crash_report(folder, error)) from error
        record = {"deployment": deployment["id"], "content": content.to_document(), "settings": asdict(settings)}
        self._emulator.store.put(f"{deployment['id']}/serving", _KIND, "", {**record, "python": kit.python})
        await asyncio.to_thread(_remove_other_kits, folder, kit)

    async def end(self, deployment: str) -> None:
        """Serve a deployment no more: requests that are under way finish first."""
        serving = self._servings.pop(deployment.lower(), None)
        self.forget(_endpoint_of(deployment))
        if serving is not None:
            await serving.end()
        self._emulator.store.delete(f"{deployment}/serving")
        await asyncio.to_thread(shutil.rmtree, self._folder(deployment), ignore_errors=True)

    def end_all(self, endpoint: str) -> Coroutine[Any, Any, None] | None:
        """Serve none of an endpoint's deployments any more; ``None`` when none is served."""
        served = [key for key in self._servings if _endpoint_of(key) == endpoint.lower()]

        async def end() -> None:
            await asyncio.gather(*(self.end(key) for key in served))

        return end() if served else None

    async def _change(self, key: str, folder: Path, kit: Kit, settings: Settings) -> None:
        present = self._servings.get(key)
        if present is not None:
            await present.change(kit, settings)
            return
        serving = Serving(folder, self._socket_folder(), kit, settings)
        await serving.fill()
        self._servings[key] = serving
        self.forget(_endpoint_of(key))

    async def _prepare(self, content: Content, folder: Path) -> Kit:
        """Get code, model and environment ready in a process of its own."""
        kit_folder, log = folder / "kits" / content.digest, folder / "logs" / logs.PREPARATION
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        asked = {
            "content": content.to_document(),
            "folder": str(kit_folder),
            "storage": asdict(await self._storage(content)),
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "azureml_emulator.online.prepare",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=driver_variables(),
            start_new_session=True,
            limit=LONGEST_LINE,
        )
        assert process.stdin is not None  # noqa: S101 - the type of a pipe that was asked for
        assert process.stdout is not None  # noqa: S101
        answer: dict[str, Any] = {}
        try:
            process.stdin.write(json.dumps(asked).encode() + b"\n")
            while line := await process.stdout.readline():
                answer = json.loads(line)
                if "log" in answer:
                    logs.add(log, answer["log"])
        finally:
            kill_tree(process.pid)
            await process.wait()
        if "python" not in answer:
            failed = answer.get("failed", {"code": "InternalServerError", "message": "The preparation broke off."})
            logs.add(log, failed["message"])
            raise ServiceError(400, failed["code"], failed["message"])
        return Kit(content, kit_folder, answer["python"])

    async def _storage(self, content: Content) -> StorageAccess:
        storage = self._emulator.storage
        await storage.ready()
        places = [place for place in (content.code, content.model) if place is not None]
        sas = {place.container: storage.sas(place.container, permissions="rl", hours=_SAS_HOURS) for place in places}
        return StorageAccess(storage.internal_url, sas)

    # -- after a restart -----------------------------------------------------------------------------------

    async def _bring_back(self, record: Document) -> None:
        deployment = record["deployment"]
        content, settings = Content.from_document(record["content"]), Settings.from_document(record["settings"])
        folder = self._folder(deployment)
        kit = Kit(content, folder / "kits" / content.digest, record["python"])
        serving = Serving(folder, self._socket_folder(), kit, settings)
        self._servings[deployment.lower()] = serving
        while True:
            try:
                if not Path(kit.python).exists():
                    serving.kit = kit = await self._prepare(content, folder)
                await serving.fill()
            except (NotUpError, ServiceError, OSError) as error:
                _LOG.warning("the deployment %s is not back yet: %s", deployment, error)
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return

    # -- watching ------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            try:
                await self._look_around()
            except Exception:  # noqa: BLE001 - logged; the watch must go on
                _LOG.exception("watching the online deployments")

    async def _look_around(self) -> None:
        """End what was deleted with its workspace, stop who uses too much, shorten logs that have grown large."""
        for key in list(self._servings):
            if self._emulator.store.get(key) is None:
                await self.end(key)
        running: dict[int, tuple[Serving, Instance]] = {}
        for serving in self._servings.values():
            running |= {instance.pid: (serving, instance) for instance in serving.instances if instance.pid}
        if not running:
            return
        usages = await asyncio.to_thread(_measure, list(running))
        for pid, (serving, instance) in running.items():
            node = node_size(instance.kit.content.instance_type)
            usage = {pid: usages[pid]}
            found = limits.too_much_memory(node, usage) or limits.too_many_processes(node, usage)
            if found is not None:
                serving.stop_instance(instance, found[1].title.replace("the worker", "the instance"))
            with suppress(OSError):
                logs.shorten(instance.log)

    # -- helpers -------------------------------------------------------------------------------------------

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _folder(self, deployment: str) -> Path:
        return logs.folder_of(self._emulator.home, deployment)

    def _socket_folder(self) -> Path:
        """A private folder with a short name: the path of a Unix socket has some 100 characters at most."""
        if self._sockets is None:
            self._sockets = Path(tempfile.mkdtemp(prefix="azureml-online-", dir="/tmp"))
        return self._sockets


def _measure(pids: list[int]) -> dict[int, Usage]:
    """What instances and everything that they started use."""
    family = Family(os.getpid())
    return {pid: family.usage(pid, exact=True) for pid in pids}


def _endpoint_of(deployment: str) -> str:
    return deployment.rsplit("/", 2)[0]


def _remove_other_kits(folder: Path, kit: Kit) -> None:
    for other in (folder / "kits").iterdir():
        if other != kit.folder:
            shutil.rmtree(other, ignore_errors=True)


def _crash_report(folder: Path, error: NotUpError) -> str:
    """Why a deployment did not come up, with the end of the log that tells."""
    found = sorted((folder / "logs").glob("inference-server-*.log"), key=lambda path: path.stat().st_mtime)
    lines = logs.last_lines(found[-1], _SHOWN_LINES) if found else []
    text = f"User container has crashed or terminated: {error}. The end of its log:\n"
    return text + "\n".join(lines)
