"""The logs of a job: written in its folder, shown live through the datastore.

Layout, as in the service: ``logs/job_progress_overview.txt``, ``logs/job_result.txt``, ``logs/user/error.txt``,
``logs/user/stdout|stderr|error/<node>/process<NNN>.*``, ``logs/sys/…`` and ``logs/perf/…`` (``node_logs``), and the
environment's build log of the scoring step, and ``logs/azureml/executionlogs.txt`` of the parent job.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from azureml_emulator.batch.files import PlaceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from azureml_emulator.batch.files import Files
    from azureml_emulator.batch.minibatch import Ledger
    from azureml_emulator.batch.spec import Place

PROGRESS = "logs/job_progress_overview.txt"
USER_ERRORS = "logs/user/error.txt"
RESULT = "logs/job_result.txt"
DRIVER = "logs/sys/master_role.txt"
BUILD = "azureml-logs/20_image_build_log.txt"
EXECUTION = "logs/azureml/executionlogs.txt"
PROGRESS_EVERY = 0.2
UPLOAD_EVERY = 0.5
SYSTEM_EVERY = 5.0
"""Seconds between two uploads of a log: of the user's own, and of one that is read when something went wrong."""
BYTES_PER_SECOND = 8 << 20
"""A log that grew is uploaded as a whole; the larger it is, the less often."""


def progress_line(done: int, total: int, ledger: Ledger, items_total: int, elapsed: float) -> str:
    """One line of the progress overview; the last line of the file is the current state."""
    rate = ledger.items_done / elapsed if elapsed > 0 else 0.0
    return (
        f"Progress: {done}/{total} mini-batches, {ledger.items_done}/{items_total} items, "
        f"{ledger.items_failed} failed, {rate:.1f} items/s, {elapsed:.1f} s"
    )


class LogFolder:
    """Log files below a folder. Lines carry the time in UTC, except in the progress overview."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        """The file of a log, with its folder made."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def exists(self, name: str) -> bool:
        """Whether anything was written to a log yet."""
        return (self.folder / name).exists()

    def add(self, name: str, text: str, *, stamped: bool = True) -> None:
        """Append a text to a log."""
        stamp = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "Z " if stamped else ""
        with self.path(name).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(stamp + text.rstrip("\n") + "\n")


class Uploader:
    """Brings changed logs to the datastore while the job runs, and all of them at its end.

    Args:
        sources: pairs of a local folder and the place that mirrors it.
        announce: is called once for each log that has become available, with the pair's number and name.
    """

    def __init__(
        self,
        sources: list[tuple[Path, Files, Place]],
        announce: Callable[[int, str], None],
    ) -> None:
        self._sources = sources
        self._announce = announce
        self._sent: dict[Path, tuple[int, int, float]] = {}
        self._known: set[tuple[int, str]] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="logs", daemon=True)

    def start(self) -> None:
        """Begin to upload in the background."""
        self._thread.start()

    def finish(self) -> list[str]:
        """Upload what is left and stop; return the errors, if any."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()
        return self._upload(everything=True)

    def _run(self) -> None:
        while not self._over.wait(UPLOAD_EVERY):
            self._upload(everything=False)

    def _upload(self, *, everything: bool) -> list[str]:
        now = time.monotonic()
        changed = [item for item in self._scan() if everything or self._due(item, now)]
        with ThreadPoolExecutor(4) as threads:
            return [error for error in threads.map(self._send, changed) if error]

    def _scan(self) -> list[tuple[int, str, Path]]:
        found = []
        for number, (folder, _, _) in enumerate(self._sources):
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                with suppress(OSError):
                    status = path.stat()
                    if self._sent.get(path, (-1, -1, 0.0))[:2] != (status.st_size, status.st_mtime_ns):
                        found.append((number, path.relative_to(folder).as_posix(), path))
        return found

    def _due(self, item: tuple[int, str, Path], now: float) -> bool:
        _, name, path = item
        if path not in self._sent:
            return True
        size, _, sent = self._sent[path]
        least = SYSTEM_EVERY if name.startswith(("logs/sys/", "logs/perf/")) else UPLOAD_EVERY
        return now - sent >= max(least, size / BYTES_PER_SECOND)

    def _send(self, item: tuple[int, str, Path]) -> str:
        number, name, path = item
        _, files, place = self._sources[number]
        try:
            status = path.stat()
            files.put(place, name, path)
        except (PlaceError, OSError) as error:
            return f"log {name} could not be uploaded: {error}"
        self._sent[path] = (status.st_size, status.st_mtime_ns, time.monotonic())
        if (number, name) not in self._known:
            self._known.add((number, name))
            self._announce(number, name)
        return ""
