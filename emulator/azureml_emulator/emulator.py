"""One emulator: its state, its services and their life."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from azureml_emulator.arm.operations import Operations
from azureml_emulator.batch.manager import JobManager
from azureml_emulator.clock import Clock
from azureml_emulator.contents import Contents
from azureml_emulator.counters import Counters
from azureml_emulator.faults import Faults
from azureml_emulator.files import read_or_create
from azureml_emulator.front import OwnAddress
from azureml_emulator.identity import Identity
from azureml_emulator.kinds import KINDS, seed
from azureml_emulator.kinds.workspace import WORKSPACE
from azureml_emulator.online.manager import OnlineManager
from azureml_emulator.pipeline.manager import PipelineManager
from azureml_emulator.settings import STORAGE_ACCOUNT
from azureml_emulator.storage import Storage
from azureml_emulator.store import Document, Store
from azureml_emulator.studio.sessions import Sessions
from azureml_emulator.urls import Urls

if TYPE_CHECKING:
    from pathlib import Path

    from azureml_emulator.settings import Settings

_SELF = "/emulator"
_FORM = {"addresses": "real"}

OPERATION_LIFE = 24 * 3600.0
"""Seconds for which a finished operation can still be polled."""


class Emulator:
    """Everything that an emulator process holds. Used from one event loop only."""

    home: Path
    store: Store
    clock: Clock
    urls: Urls
    own: OwnAddress
    storage: Storage
    jobs: JobManager
    pipelines: PipelineManager
    online: OnlineManager

    def __init__(self, settings: Settings, *, clock: Clock | None = None) -> None:
        self.settings = settings
        self.home = settings.home
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.clock = clock or Clock()
        self.store = Store(self.home / "state.db")
        host = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104
        host = f"[{host}]" if ":" in host else host
        self.urls = Urls(account=STORAGE_ACCOUNT)
        self.own = OwnAddress(f"https://{host}:{settings.port}", self.urls)
        self.counters = Counters()
        self.faults = Faults()
        self.control_key = read_or_create(self.home / "control.key", lambda: secrets.token_urlsafe(32))
        self.identity = Identity(self.home, self.urls, self.clock)
        self.sessions = Sessions(self.clock.now)
        self.kinds = KINDS
        self.operations = Operations(self, {kind.name: kind for kind in KINDS})
        self.storage = Storage(self)
        self.contents = Contents(self.home / "contents")
        self.jobs = JobManager(self)
        self.pipelines = PipelineManager(self)
        self.online = OnlineManager(self)

    async def start(self) -> None:
        """Seed the state and start the services; Azurite comes up in the background."""
        self._move_in()
        seed(self)
        if self.settings.blobs:
            self.storage.start()
        self.online.start()
        self.operations.recover(forget_before=self.clock.now() - OPERATION_LIFE)
        await self.jobs.start()
        self.pipelines.start()

    def _move_in(self) -> None:
        """Give a state that holds the emulator's own addresses, as older ones do, those of the service."""
        if self.store.get(_SELF) != _FORM:
            with self.store.transaction():
                self.store.rewrite(self._with_real_addresses)
                self.store.put(_SELF, "emulator", "", _FORM)

    def _with_real_addresses(self, document: Document) -> Document:
        real: Document = self.own.real(document)
        if real.get("type") == WORKSPACE.type:
            real["properties"]["discoveryUrl"] = self.urls.discovery(real["location"])
        return real

    async def stop(self) -> None:
        """Stop jobs and deployments, then Azurite, and close the state."""
        await self.jobs.stop()
        await self.pipelines.stop()
        await self.operations.stop()
        await self.online.stop()
        await self.storage.stop()
        self.contents.close()
        self.store.close()
