"""Uploads into the workspace's storage."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..arm import ArmClient
from .datastore import datastore_container, datastore_uri, transfer_options
from .digest import digest_path
from .files import list_files
from .transfer import Status, silent, transfer

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient


def upload_folder(
    client: ArmClient,
    path: Path,
    *,
    status: Status = silent,
    previous: Callable[[], str] = lambda: "",
) -> str:
    """Upload the file or folder at `path` to the default datastore, unless its content is there already.

    The blobs lie at `LocalUpload/{content hash}/{name}/…`, where azure-ai-ml puts them too.

    Args:
        client: for the datastore's address and its short-lived credential.
        path: a file or a folder.
        status: told how far the upload is.
        previous: asked, when it matters, for the datastore URI of an earlier version of the same asset:
            files that are the same there are copied inside the storage instead of being sent.

    Returns:
        The long `azureml://subscriptions/…/datastores/…/paths/…` URI of the file or folder.

    Raises:
        ArmError: the service or its storage refused, or did not answer.
    """
    files = list_files(path)
    target = f"{content_folder(digest_path(path).sha256)}/{path.resolve().name}"
    # A single file is its own target; a folder's files lie below it.
    prefix = target.rsplit("/", 1)[0] if path.is_file() else target
    own = datastore_uri(client, "")

    def earlier() -> str:
        uri = previous()
        # Elsewhere than in this datastore it could not be copied inside the storage.
        return uri[len(own) :].strip("/") if uri.lower().startswith(own.lower()) else ""

    transfer(datastore_container(client), prefix, files, status, earlier)
    return datastore_uri(client, target)


def upload_code(client: ArmClient, code_version_id: str, path: Path, *, status: Status = silent) -> str:
    """Upload a code folder through the service's `startPendingUpload`; return the `codeUri` to register."""
    container, address = pending_upload(client, code_version_id)
    # Below its digest: a version that is made again, with other content, may get the same container again.
    folder = f"{digest_path(path).sha256}/{path.resolve().name}"
    transfer(container, folder, list_files(path), status)
    return f"{address}/{folder}"


def pending_upload(client: ArmClient, version_id: str) -> tuple[ContainerClient, str]:
    """The container that the service wants a version's files in, opened, and its address for the asset's URI."""
    from azure.storage.blob import ContainerClient  # noqa: PLC0415 - slow import

    answer = client.request(
        "POST",
        f"{version_id}/startPendingUpload",
        json={"pendingUploadType": "TemporaryBlobReference"},
        operation="start the upload of code",
    )
    reference = answer.body["blobReferenceForConsumption"]
    container = ContainerClient.from_container_url(reference["credential"]["sasUri"], **transfer_options())
    return container, str(reference["blobUri"]).rstrip("/")


def content_folder(digest: str) -> str:
    """The folder of the default datastore for content of a digest: where azure-ai-ml puts it too."""
    return f"LocalUpload/{digest}"
