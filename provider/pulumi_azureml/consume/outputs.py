"""Where a job's predictions are, and how they come to this machine."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from .errors import OutputError
from .jobs import COMPLETED, BatchJob
from .storage import storage_errors

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

    from pulumi_azureml.arm import ArmClient

_THREADS = 8
_DATASTORE_PATH = re.compile(
    r"(?:azureml:)?/{0,2}(?:.*/)?datastores/(?P<datastore>[^/]+)/paths/(?P<path>.+)", re.IGNORECASE
)

Status = Callable[[str], None]
OpenContainer = Callable[["ArmClient", str], "ContainerClient"]


@dataclass(frozen=True)
class Location:
    """A folder or file in a datastore."""

    datastore: str
    path: str

    def __str__(self) -> str:
        return f"azureml://datastores/{self.datastore}/paths/{self.path}"


def parse_location(uri: str, default: str, container_url: str) -> Location:
    """The place that an output URI names: any form of a datastore path, or a blob URL in ``container_url``,
    the container of the datastore ``default``.

    Raises:
        OutputError: the blob lies outside of the workspace's datastores.
    """
    if "://" not in uri or uri.startswith("azureml:"):
        match = _DATASTORE_PATH.fullmatch(uri)
        if match:
            return Location(match["datastore"], match["path"].strip("/"))
    root = container_url.split("?", 1)[0].rstrip("/") + "/"
    plain = uri.split("?", 1)[0]
    if plain.startswith(root):
        return Location(default, unquote(plain.removeprefix(root)).strip("/"))
    raise OutputError(
        f"The job's output is at {plain}, outside of the workspace's datastores, so its datastore's credential "
        "does not open it. Copy it with your own, for example `azcopy copy`."
    )


def default_output(step: str) -> str:
    """The folder of a step's predictions in the default datastore, where the caller names none."""
    return f"azureml/{step}/score"


def download_location(
    container: ContainerClient, location: Location, folder: Path, *, status: Status, job: BatchJob
) -> list[Path]:
    """Download every blob at ``location`` into ``folder``, in parallel, keeping the tree below it.

    Each file appears under its name only when it is complete; a file of that name is replaced.
    Returns the files in the order of their names.

    Raises:
        OutputError: there is nothing at ``location``, or a blob's name would lead out of ``folder``.
        StorageError: the storage refused or did not answer.
    """
    operation = f"download the output of job '{job.name}' from {location}"
    again = f"run `azureml-stack download {job.name} {folder}`."
    with storage_errors(operation, again):
        names = sorted(_blob_names(container, location.path))
    if not names:
        why = "either run() returned no rows, or the output was removed"
        if job.status != COMPLETED:
            why = f"it ended as {job.status}; `azureml-stack watch {job.name}` says why"
        raise OutputError(f"Job '{job.name}' left nothing at {location}: {why}.")
    targets = {name: _target(folder, location.path, name) for name in names}
    for parent in {target.parent for target in targets.values()}:
        parent.mkdir(parents=True, exist_ok=True)
    with (
        storage_errors(operation, again),
        ThreadPoolExecutor(min(_THREADS, len(names)), thread_name_prefix="download") as pool,
    ):
        fetched = [pool.submit(_fetch, container, name, target) for name, target in targets.items()]
        try:
            for count, future in enumerate(fetched, start=1):
                future.result()
                status(f"downloaded {count} of {len(names)} files")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)  # Ctrl-C and errors do not wait for the rest
            raise
    return list(targets.values())


def _blob_names(container: ContainerClient, path: str) -> list[str]:
    found: list[Any] = list(container.list_blobs(name_starts_with=path, include=["metadata"]))
    return [
        str(blob.name)
        for blob in found
        # `path` starts the names of siblings too (`score` and `score2`), and folders of a hierarchical
        # account are blobs with this metadata.
        if (blob.name == path or blob.name.startswith(path + "/")) and not (blob.metadata or {}).get("hdi_isfolder")
    ]


def _target(folder: Path, path: str, name: str) -> Path:
    relative = PurePosixPath(name[len(path) :].lstrip("/") or PurePosixPath(name).name)
    if relative.is_absolute() or ".." in relative.parts:
        raise OutputError(f"The output has a file named '{name}', which would be written outside of {folder}.")
    return folder.joinpath(*relative.parts)


def _fetch(container: ContainerClient, name: str, target: Path) -> None:
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("wb") as out:
            container.download_blob(name, max_concurrency=2).readinto(out)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
