"""The log of a run, ``logs/azureml/executionlogs.txt``: kept in the run's folder, shown through the datastore."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from azureml_emulator.batch.blobs import BlobError, Blobs
from azureml_emulator.batch.logs import EXECUTION, LogFolder
from azureml_emulator.batch.records import log_folder
from azureml_emulator.http import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from azureml_emulator.emulator import Emulator
    from azureml_emulator.store import Document

_LOG = logging.getLogger(__name__)


class RunLog:
    """One run's log. Lines that come while an upload is under way go with the next one."""

    def __init__(self, emulator: Emulator, record: Document) -> None:
        self._emulator = emulator
        self._id = str(record["id"])
        self._name = str(record["name"])
        self._folder = LogFolder(emulator.home / "jobs" / self._name)
        self._changed = False
        self._task: asyncio.Task[None] | None = None

    def add(self, text: str) -> None:
        """Add a line, which is then brought to the datastore."""
        self._folder.add(EXECUTION, text)
        self._changed = True
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._upload())

    def finish(self, then: Callable[[], None]) -> None:
        """Once everything is uploaded, forget the local copy and call ``then``."""

        def over(task: asyncio.Task[None]) -> None:
            if not task.cancelled():
                self._emulator.jobs.forget_folder(self._folder.folder)
                then()

        if self._task is not None:
            self._task.add_done_callback(over)

    async def close(self) -> None:
        """Wait for the upload that is under way."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _upload(self) -> None:
        try:
            storage = self._emulator.storage
            await storage.ready()
            record = self._emulator.store.get(self._id) or {}
            container = storage.default_container(record["workspace"])
            await storage.ensure_container(container)
            blobs = Blobs(storage.internal_url, {container: storage.sas(container)})
            while self._changed:
                self._changed = False
                path = f"{log_folder(self._name)}/{EXECUTION}"
                await asyncio.to_thread(blobs.upload, container, path, self._folder.path(EXECUTION))
            self._announce()
        except (ServiceError, BlobError, OSError) as error:
            _LOG.warning("the log of %s could not be uploaded: %s", self._name, error)

    def _announce(self) -> None:
        record = self._emulator.store.get(self._id)
        if record is not None and EXECUTION not in record["logs"]["job"]:
            record["logs"]["job"].append(EXECUTION)
            self._emulator.jobs.records.save(record)
