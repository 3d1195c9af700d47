"""Uploads into the workspace's storage: parallel, resumable, never sending what is there already."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..arm import ArmClient, ArmError, NotFoundError, TransportError
from ..arm.errors import error_from_answer
from .digest import ContentDigest, digest_path
from .files import AssetFile, list_files

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

Status = Callable[[str], None]

DEFAULT_DATASTORE = "workspaceblobstore"
_THREADS = 8
# Files above this go in blocks; a thread holds two blocks at most, which bounds the memory whatever the sizes.
_BLOCK = 8 << 20
# What azure-ai-ml writes on, and looks for at, the first blob of a complete upload.
_COMPLETED = {"upload_status": "completed"}


def upload_folder(
    client: ArmClient, path: Path, *, status: Status = lambda _text: None, digest: ContentDigest | None = None
) -> str:
    """Upload the file or folder at `path` to the default datastore, unless its content is there already.

    The blobs lie at `LocalUpload/{content hash}/{name}/…`, where azure-ai-ml puts them too.

    Args:
        client: for the datastore's address and its short-lived credential.
        path: a file or a folder.
        status: told how far the upload is.
        digest: the content's digest where the caller has it.

    Returns:
        The long `azureml://subscriptions/…/datastores/…/paths/…` URI of the file or folder.
    """
    digest = digest or digest_path(path)
    target = f"LocalUpload/{digest.sha256}/{path.resolve().name}"
    container = datastore_container(client)
    # A single file is its own target; a folder's files lie below it.
    prefix = target.rsplit("/", 1)[0] if path.is_file() else target
    _upload(container, prefix, list_files(path), status)
    return datastore_uri(client, target)


def upload_code(client: ArmClient, code_version_id: str, path: Path, *, status: Status = lambda _text: None) -> str:
    """Upload a code folder through the service's `startPendingUpload`; return the `codeUri` to register."""
    from azure.storage.blob import ContainerClient  # noqa: PLC0415 - slow import

    answer = client.request(
        "POST",
        f"{code_version_id}/startPendingUpload",
        json={"pendingUploadType": "TemporaryBlobReference"},
        operation="start the upload of code",
    )
    reference = answer.body["blobReferenceForConsumption"]
    container = ContainerClient.from_container_url(reference["credential"]["sasUri"], **_transfer_options())
    folder = path.resolve().name
    _upload(container, folder, list_files(path), status)
    return f"{reference['blobUri'].rstrip('/')}/{folder}"


def datastore_uri(client: ArmClient, path: str, datastore: str = DEFAULT_DATASTORE) -> str:
    """The long-form URI of `path` in a datastore of the client's workspace."""
    own = client.settings
    return (
        f"azureml://subscriptions/{own.subscription_id}/resourcegroups/{own.resource_group}"
        f"/workspaces/{own.workspace}/datastores/{datastore}/paths/{path}"
    )


def datastore_container(client: ArmClient, datastore: str = DEFAULT_DATASTORE) -> ContainerClient:
    """The datastore's blob container, opened with the credential that the service lends (SAS or key), or ours.

    Raises:
        NotFoundError: the workspace has no such datastore.
        ValueError: it is not a blob datastore.
    """
    from azure.storage.blob import ContainerClient  # noqa: PLC0415 - slow import

    resource = f"{client.settings.workspace_id}/datastores/{datastore}"
    try:
        found = client.request("GET", resource, operation=f"read datastore {datastore}").body["properties"]
    except NotFoundError as error:
        error.hint = "name a datastore that the workspace has; every workspace is made with workspaceblobstore."
        raise
    if found.get("datastoreType") != "AzureBlob":
        raise ValueError(
            f"datastore {datastore!r} is of type {found.get('datastoreType')}; only AzureBlob holds uploads"
        )
    account = f"{found.get('protocol') or 'https'}://{found['accountName']}.blob.{found['endpoint']}"
    return ContainerClient(
        account, found["containerName"], credential=_credential(client, resource), **_transfer_options()
    )


def _credential(client: ArmClient, datastore: str) -> Any:
    secrets = client.request("POST", f"{datastore}/listSecrets", operation="get a storage credential").body
    if given := secrets.get("sasToken") or secrets.get("key"):
        return given
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415 - slow import

    return DefaultAzureCredential()  # a datastore without a credential: identity-based access


def _transfer_options() -> dict[str, Any]:
    return {"max_single_put_size": _BLOCK, "max_block_size": _BLOCK, "min_large_block_upload_threshold": _BLOCK + 1}


def _upload(container: ContainerClient, prefix: str, files: Sequence[AssetFile], status: Status) -> None:
    """Send the files that are not there yet; mark the first one when all are.

    The prefix names the content, and a blob appears only when it is whole, so one of the right name and
    size is the right one: an upload that was interrupted goes on where it stopped.
    """
    with storage_errors(f"upload {len(files)} files to {prefix}", container):
        _upload_missing(container, prefix, files, status)


def _upload_missing(container: ContainerClient, prefix: str, files: Sequence[AssetFile], status: Status) -> None:
    marker = container.get_blob_client(f"{prefix}/{files[0].relative}")
    if _is_complete(marker):
        return
    there = {blob.name: blob.size for blob in container.list_blobs(name_starts_with=f"{prefix}/")}
    missing = [file for file in files if there.get(f"{prefix}/{file.relative}") != file.size]
    done = len(files) - len(missing)
    status(f"uploading {done} of {len(files)} files")
    with ThreadPoolExecutor(max_workers=_THREADS) as pool:
        sent = [pool.submit(_send, container, f"{prefix}/{file.relative}", file) for file in missing]
        try:
            for future in as_completed(sent):
                future.result()
                done += 1
                status(f"uploading {done} of {len(files)} files")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    marker.set_blob_metadata(_COMPLETED)


@contextmanager
def storage_errors(operation: str, container: ContainerClient) -> Iterator[None]:
    """Tell the storage client's errors in this package's form: theirs may quote a URL with its signature."""
    from azure.core.exceptions import AzureError, HttpResponseError  # noqa: PLC0415 - slow import

    where = f"{container.primary_endpoint.split('?', 1)[0]}"
    try:
        yield
    except HttpResponseError as error:
        raise _refused(operation, where, error) from None
    except AzureError as error:
        hint = "run the command again: what is there already is not sent again."
        raise TransportError(operation, where, message=f"no answer ({type(error).__name__})", hint=hint) from None


def _refused(operation: str, where: str, error: Any) -> ArmError:
    body = {"code": str(error.error_code or ""), "message": str(error.reason or "")}
    headers = error.response.headers if error.response is not None else {}
    return error_from_answer(operation, where, error.status_code or 0, body, headers)


def _send(container: ContainerClient, name: str, file: AssetFile) -> None:
    with file.path.open("rb") as content:
        container.upload_blob(name, content, length=file.size, overwrite=True, max_concurrency=2)


def _is_complete(marker: Any) -> bool:
    from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415 - slow import

    try:
        metadata = marker.get_blob_properties().metadata or {}
    except ResourceNotFoundError:
        return False
    return dict(metadata).get("upload_status") == "completed"
