"""Files of a job, wherever they are: in the blob service or in a folder of this machine.

Both kinds of place answer the same few questions, so that the driver does not know which one it works with.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from azureml_emulator.batch.blobs import BlobError, Blobs
from azureml_emulator.batch.spec import Place
from azureml_emulator.contents import LARGEST, Contents

if TYPE_CHECKING:
    from azureml_emulator.batch.spec import StorageAccess


class PlaceError(Exception):
    """Files cannot be listed, read or written; the text names the place and the reason."""


class NothingThereError(PlaceError):
    """There is no file at a place, and none below it."""


@dataclass(frozen=True)
class Listing:
    """The files that a place names: their names below ``folder``, which is the parent for a single file.

    ``digests`` tells the content of some of them by name (MD5, hexadecimal).
    """

    folder: Place
    names: list[str]
    digests: dict[str, str] = field(default_factory=dict)


class Files(Protocol):
    """What the driver needs of a place."""

    def list(self, place: Place) -> Listing:
        """Every file that the place names, in any depth."""

    def local(self, place: Place, name: str) -> str | None:
        """The file's path on this machine, if it is there already."""

    def fetch(self, listing: Listing, name: str, target: str) -> bool:
        """Copy one listed file to ``target``; whether its content was on this machine already."""

    def put(self, place: Place, name: str, source: Path) -> None:
        """Copy ``source`` to the file ``name`` below the place."""

    def exists(self, place: Place, name: str) -> bool:
        """Whether there is a file ``name`` below the place."""


def safe_join(folder: str, name: str) -> str:
    """The path of a listed name below ``folder``.

    Raises:
        PlaceError: the name would leave the folder, or cannot be a file name.
    """
    parts = name.split("/")
    if not name.strip("/.") or name.startswith("/") or ".." in parts or "\0" in name:
        message = f"'{name}' cannot be the path of a file below a folder"
        raise PlaceError(message)
    return f"{folder}/{name}"


class LocalFiles:
    """Folders of this machine."""

    def list(self, place: Place) -> Listing:
        """See :class:`Files`."""
        root = Path(place.path)
        if root.is_file():
            return Listing(Place(str(root.parent)), [root.name])
        if not root.is_dir():
            message = f"there is no file or folder {root}"
            raise NothingThereError(message)
        return Listing(place, [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()])

    def local(self, place: Place, name: str) -> str | None:
        """See :class:`Files`."""
        return safe_join(place.path, name)

    def fetch(self, listing: Listing, name: str, target: str) -> bool:
        """See :class:`Files`."""
        shutil.copyfile(safe_join(listing.folder.path, name), target)
        return True

    def put(self, place: Place, name: str, source: Path) -> None:
        """See :class:`Files`."""
        target = Path(safe_join(place.path, name))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)

    def exists(self, place: Place, name: str) -> bool:
        """See :class:`Files`."""
        return Path(safe_join(place.path, name)).exists()


class BlobFiles:
    """Containers of the blob service, and the contents of blobs that are on this machine already."""

    def __init__(self, access: StorageAccess) -> None:
        self._blobs = Blobs(access.url, access.sas)
        self._contents = Contents(Path(access.contents)) if access.contents else None

    def list(self, place: Place) -> Listing:
        """See :class:`Files`."""
        prefix = place.path.strip("/")
        try:
            found = self._blobs.list(place.container, prefix + "/" if prefix else "")
            if found or not prefix:
                start = len(prefix) + 1 if prefix else 0
                digests = {name[start:]: digest for name, digest in found.items() if not name.endswith("/")}
                return Listing(place, list(digests), {name: digest for name, digest in digests.items() if digest})
            if self._blobs.exists(place.container, prefix):
                parent, _, own = prefix.rpartition("/")
                return Listing(Place(parent, place.container), [own])
        except BlobError as error:
            raise PlaceError(str(error)) from error
        message = f"there is no blob {prefix} and none below {prefix}/ in container {place.container}"
        raise NothingThereError(message)

    def local(self, place: Place, name: str) -> str | None:  # noqa: ARG002 - blobs are never here already
        """See :class:`Files`."""
        return None

    def fetch(self, listing: Listing, name: str, target: str) -> bool:
        """See :class:`Files`."""
        digest = listing.digests.get(name)
        content = self._contents.get(digest) if self._contents and digest else None
        if content is not None:
            with open(target, "wb") as file:  # noqa: PTH123 - a `Path` would cost more time than writing
                file.write(content)
            return True
        path = Path(target)
        self._download(listing.folder, name, path)
        if self._contents and digest and path.stat().st_size <= LARGEST:
            self._contents.add({digest: path.read_bytes()})
        return False

    def close(self) -> None:
        """End with the contents that are on this machine."""
        if self._contents:
            self._contents.close()

    def _download(self, place: Place, name: str, target: Path) -> None:
        try:
            self._blobs.download(place.container, self._key(place, name), target)
        except BlobError as error:
            raise PlaceError(str(error)) from error

    def put(self, place: Place, name: str, source: Path) -> None:
        """See :class:`Files`."""
        try:
            self._blobs.upload(place.container, self._key(place, name), source)
        except BlobError as error:
            raise PlaceError(str(error)) from error

    def exists(self, place: Place, name: str) -> bool:
        """See :class:`Files`."""
        try:
            return self._blobs.exists(place.container, self._key(place, name))
        except BlobError as error:
            raise PlaceError(str(error)) from error

    def _key(self, place: Place, name: str) -> str:
        return "/".join(part for part in (place.path.strip("/"), name) if part)


class AnyFiles:
    """Sends each question to the kind of place that it is about."""

    def __init__(self, access: StorageAccess | None) -> None:
        self._local = LocalFiles()
        self._blob = BlobFiles(access) if access else None

    def at(self, place: Place) -> Files:
        """The files that know this place."""
        if not place.container:
            return self._local
        if self._blob is None:
            message = f"container {place.container} cannot be reached: the job has no storage access"
            raise PlaceError(message)
        return self._blob

    def close(self) -> None:
        """End what holds files open."""
        if self._blob is not None:
            self._blob.close()
