"""Uploads into the workspace's storage."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..arm import ArmClient, ArmError, AuthenticationError, ForbiddenError
from ..arm.clock import Status, silent
from ..arm.resource_id import registry_asset
from .datastore import datastore_container, datastore_uri, own_container, transfer_options
from .digest import digest_path, upload_hash
from .files import list_files
from .stored import AddressError, StoredFiles, address_of, find_code, newest_versions, open_stored
from .transfer import Destination, transfer

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

_REFUSED_SECONDS = 600.0  # for which the own identity is not tried again, once the storage has refused it


def upload_folder(client: ArmClient, path: Path, *, asset: str = "", status: Status = silent) -> str:
    """Upload the file or folder at `path` to the default datastore, unless its content is there already.

    The blobs lie at `LocalUpload/{upload hash}/{name}/…`, where azure-ai-ml puts them too. Files that an earlier
    version of the same asset has are copied inside the storage instead of being sent.

    Args:
        client: for the datastore's address and its short-lived credential.
        path: a file or a folder.
        asset: ARM id of the version that it is uploaded for, if any. For one in a registry, which has no datastores,
            the files go where the service says.
        status: told how far the upload is.

    Returns:
        The long `azureml://subscriptions/…/datastores/…/paths/…` URI of the file or folder; in a registry its URL.

    Raises:
        ArmError: the service or its storage refused, or did not answer.
    """
    if registry_asset(asset):
        return _upload_to_registry(client, asset, path, status)

    def earlier() -> StoredFiles | None:
        return _opened(client, newest_versions(client, asset)) if asset else None

    return datastore_uri(client, _upload(client, path, asset, status, earlier)[1])


def upload_code(client: ArmClient, asset: str, path: Path, *, status: Status = silent) -> str:
    """Upload a code folder as `upload_folder` does; return the `codeUri` to register, the folder's blob address.

    Files that code of the same content has, whatever its name and whoever has made it, or else the newest version
    of the same name, are copied inside the storage instead of being sent.
    """
    if registry_asset(asset):
        return _upload_to_registry(client, asset, path, status)

    def earlier() -> StoredFiles | None:
        same = find_code(client, asset, digest_path(path).sha256)
        return _opened(client, [*same, *newest_versions(client, asset)])

    container, target = _upload(client, path, asset, status, earlier)
    return f"{container.url.split('?', 1)[0]}/{target}"


def _upload(
    client: ArmClient, path: Path, asset: str, status: Status, earlier: Callable[[], StoredFiles | None]
) -> tuple[ContainerClient, str]:
    """Bring the files to the default datastore; return its container and the path of the file or folder in it."""
    content = upload_hash(path)
    target = f"{content_folder(content)}/{path.resolve().name}"
    # A single file is its own target; a folder's files lie below it.
    prefix = target if path.is_dir() else target.rsplit("/", 1)[0]
    name, version = _name_and_version(asset) if asset else (content, "1")
    files = list_files(path)

    def bring(container: ContainerClient) -> ContainerClient:
        place = Destination(container, prefix, content, name, version)
        if transfer(place, files, status, earlier, client.clock) and asset:
            client.memory.content_is_new(asset)
        return container

    return _as_allowed(client, bring), target


def _as_allowed(client: ArmClient, bring: Callable[[ContainerClient], ContainerClient]) -> ContainerClient:
    """Upload with the own identity, which needs no secret; where it lacks the role, with what the service lends.

    An upload that is refused in its middle is begun again: what is there already is not sent again.
    """
    refused = ("uploads refused", client.settings.workspace_id)
    if not client.memory.noted(refused):
        try:
            return bring(own_container(client))
        except (ForbiddenError, AuthenticationError):
            client.memory.note(refused, _REFUSED_SECONDS)
    return bring(datastore_container(client))


def _upload_to_registry(client: ArmClient, version_id: str, path: Path, status: Status) -> str:
    """Upload a folder or file through the service's `startPendingUpload`; return the address to register."""
    container, address = pending_upload(client, version_id)
    # Below its digest: a version that is made again, with other content, may get the same container again.
    content = digest_path(path).sha256
    folder = f"{content}/{path.resolve().name}"
    prefix = folder if path.is_dir() else content
    place = Destination(container, prefix, content, *_name_and_version(version_id))

    def earlier() -> StoredFiles | None:
        return _opened(client, newest_versions(client, version_id))

    transfer(place, list_files(path), status, earlier, client.clock)
    return f"{address}/{folder}"


def _name_and_version(version_id: str) -> tuple[str, str]:
    *_, name, _, version = version_id.split("/")
    return name, version


def _opened(client: ArmClient, versions: Sequence[Mapping[str, Any]]) -> StoredFiles | None:
    """The files of the first version that can be opened; without any there is nothing to copy, and all is sent."""
    for version in versions:
        with contextlib.suppress(AddressError, ArmError):
            return open_stored(client, version["id"], address_of(version))
    return None


def pending_upload(client: ArmClient, version_id: str) -> tuple[ContainerClient, str]:
    """The container that the service wants a version's files in, opened, and its address for the asset's URI."""
    from azure.storage.blob import ContainerClient  # noqa: PLC0415 - slow import

    answer = client.request(
        "POST",
        f"{version_id}/startPendingUpload",
        json={"pendingUploadType": "TemporaryBlobReference"},
        operation=f"start the upload of {version_id}",
    )
    reference = answer.body["blobReferenceForConsumption"]
    signed = reference["credential"]["sasUri"]
    container = ContainerClient.from_container_url(signed, **transfer_options(signed))
    return container, str(reference["blobUri"]).rstrip("/")


def content_folder(digest: str) -> str:
    """The folder of the default datastore for content of a digest."""
    return f"LocalUpload/{digest}"
