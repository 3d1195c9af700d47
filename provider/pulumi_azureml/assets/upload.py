"""Uploads into the workspace's storage."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..arm import ArmClient
from .datastore import datastore_container, datastore_uri, transfer_options
from .digest import digest_path
from .files import list_files
from .transfer import Status, silent, transfer


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
    target = f"LocalUpload/{digest_path(path).sha256}/{path.resolve().name}"
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
    from azure.storage.blob import ContainerClient  # noqa: PLC0415 - slow import

    answer = client.request(
        "POST",
        f"{code_version_id}/startPendingUpload",
        json={"pendingUploadType": "TemporaryBlobReference"},
        operation="start the upload of code",
    )
    reference = answer.body["blobReferenceForConsumption"]
    container = ContainerClient.from_container_url(reference["credential"]["sasUri"], **transfer_options())
    folder = path.resolve().name
    transfer(container, folder, list_files(path), status)
    return f"{reference['blobUri'].rstrip('/')}/{folder}"
