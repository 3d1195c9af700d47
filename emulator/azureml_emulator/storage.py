"""The storage account of the emulated workspaces: one account in Azurite, a container per workspace."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from azureml_emulator.azurite import Azurite, AzuriteError, InstallError, install
from azureml_emulator.files import read_or_create
from azureml_emulator.http import ServiceError
from azureml_emulator.settings import STORAGE_ACCOUNT
from azureml_emulator.store import Document
from azureml_emulator.upstream import Upstream, UpstreamError

if TYPE_CHECKING:
    from azureml_emulator.emulator import Emulator
    from azureml_emulator.signatures import Signatures

_LOG = logging.getLogger(__name__)
_CREATED_OR_EXISTS = frozenset({201, 409})

_DEFAULT_CONTAINER = "azureml-blobstore-"

SAS_HOURS = 24.0
"""Life of the signatures that the emulator hands out."""

State = Literal["off", "starting", "ready", "failed"]


class Storage:
    """The blob account: its secrets, its containers, and the Azurite behind it.

    ``state`` tells how far Azurite is; ``reason`` why it failed.
    """

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self.account_name = STORAGE_ACCOUNT
        self.account_keys = tuple(
            read_or_create(emulator.home / name, lambda: base64.b64encode(secrets.token_bytes(64)).decode())
            for name in ("storage.key", "storage.key2")
        )
        self.account_key = self.account_keys[0]
        self._azurite = Azurite(emulator.home / "azurite", self.account_name, self.account_keys)
        self._task: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()
        self._containers: set[str] = set()
        self.upstream: Upstream | None = None
        self.state: State = "off"
        self.reason = "this emulator was started without blobs"

    def __repr__(self) -> str:
        return f"Storage({self.account_name}, {self.state})"

    def start(self) -> None:
        """Install (once) and start Azurite in the background; :meth:`ready` waits for it."""
        self.state = "starting"
        self._task = asyncio.create_task(self._start())

    async def stop(self) -> None:
        """Stop Azurite; its data are saved."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self.upstream is not None:
            self.upstream.close()
        await self._azurite.stop()

    async def ready(self) -> Upstream:
        """Wait until blobs can be served; raises :class:`ServiceError` 503 when they cannot."""
        if self.state == "starting":
            await self._settled.wait()
        if self.upstream is None or self.state != "ready":
            raise ServiceError(503, "ServiceUnavailable", f"The emulator's blob service does not run: {self.reason}")
        return self.upstream

    @property
    def internal_url(self) -> str:
        """Azurite's own address with the account, ``http://127.0.0.1:{port}/{account}``, for the server side."""
        if self.upstream is None:
            raise ServiceError(503, "ServiceUnavailable", "The emulator's blob service is not up yet.")
        return f"http://{self.upstream.host}:{self.upstream.port}/{self.account_name}"

    def default_container(self, workspace_id: str) -> str:
        """The container behind a workspace's datastore ``workspaceblobstore``."""
        workspace = self._emulator.store.get(workspace_id)
        if workspace is None:
            raise ServiceError(404, "ResourceNotFound", f"There is no workspace '{workspace_id}'.")
        return _container_of(workspace)

    def upload_container(self, workspace_guid: str, asset_id: str) -> str:
        """The container that an asset version's pending upload goes to; the same for the same version."""
        digest = hashlib.sha256(asset_id.lower().encode()).hexdigest()
        return f"{workspace_guid}-{digest[:16]}"

    def sas(self, container: str, *, permissions: str = "racwdl", hours: float = SAS_HOURS) -> str:
        """A shared access signature for one container (the query string, without ``?``)."""
        expiry = self._expiry(hours)
        return _signatures().container(self.account_name, self.account_key, container, permissions, expiry)

    def blob_sas(self, container: str, path: str, *, permissions: str = "r", hours: float = SAS_HOURS) -> str:
        """A shared access signature for one blob (the query string, without ``?``)."""
        place = (container, path)
        return _signatures().blob(self.account_name, self.account_key, place, permissions, self._expiry(hours))

    async def ensure_container(self, container: str) -> None:
        """Create a container unless it exists; waits for Azurite."""
        if container in self._containers:
            return
        upstream = await self.ready()
        sas = _signatures().create_containers(self.account_name, self.account_key, self._expiry(1))
        target = f"/{self.account_name}/{container}?restype=container&{sas}".encode()
        headers = [(b"host", f"{upstream.host}:{upstream.port}".encode()), (b"content-length", b"0")]
        try:
            response = await upstream.request("PUT", target, headers)
            async for _ in response.body:
                pass
        except UpstreamError as error:
            raise ServiceError(503, "ServiceUnavailable", f"The emulator's blob service: {error}") from error
        if response.status not in _CREATED_OR_EXISTS:
            raise ServiceError(
                500, "InternalServerError", f"Azurite answered {response.status} to creating '{container}'."
            )
        self._containers.add(container)

    async def ensure_default_containers(self, asked: str) -> None:
        """Create the container that a workspace comes with, once it is asked for; all of them, for an empty name."""
        if asked in self._containers or (asked and not asked.startswith(_DEFAULT_CONTAINER)):
            return
        for container in map(_container_of, self._emulator.store.all("workspaces")):
            if asked in {"", container}:
                await self.ensure_container(container)

    def _expiry(self, hours: float) -> datetime:
        return datetime.fromtimestamp(self._emulator.clock.now(), UTC) + timedelta(hours=hours)

    def up(self, url: str) -> None:
        """Azurite listens at this address."""
        parts = urlsplit(url)
        if self.upstream is not None:
            self.upstream.close()
        self.upstream = Upstream(parts.hostname or "127.0.0.1", parts.port or 80)
        self.state = "ready"
        self._settled.set()

    def down(self) -> None:
        """Azurite is being started again: requests wait, and containers are looked for again.

        One that was killed may have lost what it was told last.
        """
        self._containers.clear()
        self.state = "starting"
        self._settled.clear()

    def lost(self, reason: str) -> None:
        """There is no Azurite, and why."""
        _LOG.error("The blob service does not run: %s", reason)
        self.state, self.reason = "failed", reason
        self._settled.set()

    async def _start(self) -> None:
        try:
            installation = await asyncio.to_thread(install, _LOG.info)
            await asyncio.gather(self._azurite.start(installation, self), asyncio.to_thread(_signatures))
        except (InstallError, AzuriteError) as error:
            self.lost(str(error))


def _container_of(workspace: Document) -> str:
    return f"{_DEFAULT_CONTAINER}{workspace['properties']['workspaceId']}"


def _signatures() -> type[Signatures]:
    from azureml_emulator.signatures import Signatures  # noqa: PLC0415 - slow to load, see there

    return Signatures
