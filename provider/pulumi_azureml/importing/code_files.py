"""The files of a registered code version, downloaded: a program declares code by a local folder."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ..arm import ArmClient
from ..assets import storage_errors
from ..assets.stored import AddressError, StoredFiles, open_stored
from .errors import ImportRefusedError

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

_THREADS = 8


def download_code(client: ArmClient, code_id: str, code_uri: str, target: Path) -> None:
    """Download the files of a code version into the folder `target`.

    Args:
        client: of the workspace.
        code_id: ARM id of the code version.
        code_uri: where the service keeps it: the `codeUri` of its document.
        target: made if it is not there; the files lie in it as they lay in the folder that was uploaded.

    Raises:
        ImportRefusedError: nothing is there.
        ArmError: the storage refused, or did not answer.
    """
    stored = _open(client, code_id, code_uri)
    with storage_errors(f"download code {code_id}", stored.container):
        names = [str(blob.name) for blob in stored.blobs()]
        if not names:
            raise ImportRefusedError(f"Cannot import {code_id}: there is no file at its codeUri {code_uri}.")
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(lambda name: _fetch(stored.container, name, _file_of(name, stored, target)), names))


def _open(client: ArmClient, code_id: str, code_uri: str) -> StoredFiles:
    try:
        return open_stored(client, code_id, code_uri)
    except AddressError as error:
        raise ImportRefusedError(f"Cannot download the code of {code_id}: {error}.") from None


def _file_of(name: str, stored: StoredFiles, target: Path) -> Path:
    inside = PurePosixPath(stored.relative(name))
    if ".." in inside.parts or inside.is_absolute():
        raise ImportRefusedError(f"Cannot download the blob {name!r}: its name leads out of the folder {target}.")
    return target.joinpath(*inside.parts)


def _fetch(container: ContainerClient, name: str, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as content:
        container.download_blob(name).readinto(content)
