"""Bringing code, model and input to this machine.

Code and model are complete before the first worker starts. Input files arrive while workers already work on
earlier ones: mini-batches become available in order, as their last file lands.
"""

from __future__ import annotations

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from azureml_emulator.batch.failure import Failure, JobFailedError
from azureml_emulator.batch.files import PlaceError, safe_join

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from azureml_emulator.batch.causes import Cause
    from azureml_emulator.batch.files import AnyFiles, Listing
    from azureml_emulator.batch.minibatch import MiniBatch
    from azureml_emulator.batch.spec import Place

THREADS = 4


def list_input(files: AnyFiles, place: Place) -> Listing:
    """The input's files, in any depth.

    Raises:
        JobFailedError: there are none, or the place cannot be read.
    """
    try:
        found = files.at(place).list(place)
    except PlaceError as error:
        raise JobFailedError(Failure("input", f"the input could not be listed: {error}")) from error
    if not found.names:
        where = f"container {place.container}, path {place.path}" if place.container else place.path
        raise JobFailedError(Failure("input", f"the input has no files ({where})"))
    return found


def fetch_all(
    files: AnyFiles, place: Place, target: Path, cause: Cause, check: Callable[[], None] = lambda: None
) -> None:
    """Copy everything below ``place`` to the folder ``target``, which then is complete or does not exist.

    ``check`` is called before each file; what it raises ends the copying.

    Raises:
        JobFailedError: with ``cause``, when something cannot be read.
    """
    if target.exists():
        return
    partial = target.with_name(target.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        reader = files.at(place)
        found = reader.list(place)
        targets = [safe_join(str(partial), name) for name in found.names]
        for folder in {path.rpartition("/")[0] for path in targets}:
            Path(folder).mkdir(parents=True, exist_ok=True)

        def fetch(name: str, path: str) -> None:
            check()
            reader.fetch(found, name, path)

        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(fetch, found.names, targets))
    except (PlaceError, OSError) as error:
        raise JobFailedError(Failure(cause, f"the {cause} could not be read: {error}")) from error
    partial.rename(target)


class InputFiles:
    """The input of a job, cut into mini-batches, arriving in the background.

    Args:
        files: how to read places.
        listing: the input's files, in the order that mini-batches are cut in.
        batches: the mini-batches that are still to be done.
        folder: where copies go.
    """

    def __init__(self, files: AnyFiles, listing: Listing, batches: Sequence[MiniBatch], folder: Path) -> None:
        self._files = files.at(listing.folder)
        self._listing = listing
        self._names = listing.names
        self._batches = batches
        here = self._files.local(listing.folder, listing.names[0])
        self._is_here = here is not None
        self.folder = listing.folder.path.rstrip("/") if self._is_here else str(folder)
        self._arrived: list[int] = []
        self._failed: Exception | None = None
        self._lock = threading.Lock()
        self._next = iter(batches)
        self._folders: set[str] = set()
        self._threads = 0
        self._local: dict[str, str] = {}
        self._notify: Callable[[], None] = lambda: None
        self._stopped = False

    def start(self, notify: Callable[[], None]) -> None:
        """Begin to fetch; ``notify`` is called, from any thread, when :meth:`ready` has news."""
        self._notify = notify
        if self._is_here:
            self._arrived = [batch.index for batch in self._batches]
            return
        self._help()

    def stop(self) -> None:
        """Fetch nothing more."""
        self._stopped = True

    def ready(self) -> list[int]:
        """Mini-batches whose files have arrived since the last call.

        Raises:
            JobFailedError: a file could not be fetched.
        """
        if self._failed is not None:
            raise JobFailedError(Failure("input", f"the input could not be read: {self._failed}"))
        with self._lock:
            arrived, self._arrived = self._arrived, []
        return arrived

    def paths(self, batch: MiniBatch) -> list[str]:
        """The local paths of a mini-batch's files."""
        paths = []
        for name in self._names[batch.start : batch.stop]:
            path = safe_join(self.folder, name)
            self._local[path] = name
            paths.append(path)
        return paths

    def names(self, paths: tuple[str, ...]) -> tuple[str, ...]:
        """The names, within the input, of local paths."""
        return tuple(self._local.get(path, path) for path in paths)

    def _help(self) -> None:
        """Start another thread. One copies contents that are here fastest; many wait for the blob service."""
        self._threads += 1
        threading.Thread(target=self._fetch, name="input", daemon=True).start()

    def _fetch(self) -> None:
        while not self._stopped and self._failed is None:
            with self._lock:
                batch = next(self._next, None)
            if batch is None:
                return
            try:
                was_here = all([self._bring(name) for name in self._names[batch.start : batch.stop]])  # noqa: C419 - bring each
            except (PlaceError, OSError) as error:
                self._failed = error
            else:
                with self._lock:
                    self._arrived.append(batch.index)
                    helped = was_here or self._threads >= THREADS
                if not helped:
                    self._help()
            self._notify()

    def _bring(self, name: str) -> bool:
        """Bring one file; whether its content was on this machine already."""
        target = safe_join(self.folder, name)
        folder = target.rpartition("/")[0]
        if folder not in self._folders:
            Path(folder).mkdir(parents=True, exist_ok=True)
            self._folders.add(folder)
        return self._files.fetch(self._listing, name, target)
