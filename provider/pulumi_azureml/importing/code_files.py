"""The files of a registered code version, downloaded: a program declares code by a local folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ..arm import ArmClient, ArmError
from ..assets import datastore_container, storage_errors
from ..assets.datastore import DEFAULT_DATASTORE
from .errors import ImportRefusedError

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

_THREADS = 8
_DATASTORE_URI = re.compile(r"azureml://(?:.*/)?datastores/(?P<datastore>[^/]+)/paths/(?P<path>.+)", re.IGNORECASE)


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
    container, prefix = _open(client, code_id, code_uri)
    with storage_errors(f"download code {code_id}", container):
        names = [
            blob.name
            for blob in container.list_blobs(name_starts_with=prefix, include=["metadata"])
            if _is_below(blob.name, prefix) and "hdi_isfolder" not in (blob.metadata or {})
        ]
        if not names:
            raise ImportRefusedError(f"Cannot import {code_id}: there is no file at its codeUri {code_uri}.")
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(lambda name: _fetch(container, name, _file_of(name, prefix, target)), names))


def _is_below(name: str, prefix: str) -> bool:
    return name == prefix or not prefix or name.startswith(f"{prefix}/")


def _file_of(name: str, prefix: str, target: Path) -> Path:
    inside = PurePosixPath(name).name if name == prefix else name.removeprefix(f"{prefix}/")
    parts = PurePosixPath(inside).parts
    if ".." in parts or PurePosixPath(inside).is_absolute():
        raise ImportRefusedError(f"Cannot download the blob {name!r}: its name leads out of the folder {target}.")
    return target.joinpath(*parts)


def _fetch(container: ContainerClient, name: str, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as content:
        container.download_blob(name).readinto(content)


def _open(client: ArmClient, code_id: str, code_uri: str) -> tuple[ContainerClient, str]:
    """The container that holds the code, opened, and the path in it."""
    if match := _DATASTORE_URI.fullmatch(code_uri):
        return datastore_container(client, match["datastore"]), match["path"].rstrip("/")
    uri = unquote(code_uri).replace(":443/", "/").rstrip("/")
    default = datastore_container(client, DEFAULT_DATASTORE)
    for container in (default, *_pending(client, code_id)):
        base = unquote(container.url.split("?", 1)[0]).replace(":443/", "/").rstrip("/")
        if uri.startswith(f"{base}/"):
            return container, uri.removeprefix(f"{base}/")
    return _open_by_account(default, uri, code_uri)


def _pending(client: ArmClient, code_id: str) -> Iterator[ContainerClient]:
    """Where the service would take an upload of this version: often where the version lies, with a way in."""
    from azure.storage.blob import ContainerClient  # noqa: PLC0415 - slow import

    try:
        answer = client.request(
            "POST",
            f"{code_id}/startPendingUpload",
            json={"pendingUploadType": "TemporaryBlobReference"},
            operation=f"get access to code {code_id}",
        )
    except ArmError:
        return  # not offered for what exists: the account's own credential is left to try
    reference = answer.body.get("blobReferenceForConsumption") or {}
    if signed := (reference.get("credential") or {}).get("sasUri"):
        yield ContainerClient.from_container_url(signed)


def _open_by_account(default: ContainerClient, uri: str, code_uri: str) -> tuple[ContainerClient, str]:
    """By the account's key where the default datastore has it, else by the user's own identity."""
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415 - slow import
    from azure.storage.blob import ContainerClient  # noqa: PLC0415

    account, container, path = _split(uri, code_uri)
    same_account = unquote(default.url).startswith(f"{account}/")
    key: Any = default.credential if same_account and hasattr(default.credential, "account_key") else None
    return ContainerClient(account, container, credential=key or DefaultAzureCredential()), path


def _split(uri: str, code_uri: str) -> tuple[str, str, str]:
    match = re.fullmatch(r"(https://[^/]+\.blob\.[^/]+)/([^/]+)/(.+)", uri)
    if match is None:
        raise ImportRefusedError(
            f"Cannot download the code at {code_uri}: it is neither in a blob datastore nor an address such as "
            "https://{account}.blob.core.windows.net/{container}/{path}."
        )
    return match[1], match[2], match[3]
