"""Datastores: where a workspace keeps blobs, opened with the credential that the service lends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..arm import ArmClient, ArmError, NotFoundError, TransportError
from ..arm.errors import error_from_answer

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

DEFAULT_DATASTORE = "workspaceblobstore"
THREADS = 16
_LENT_SECONDS = 600.0  # of use of one lent credential; the service's are good for hours
BLOCK = 8 << 20  # bytes; larger files go in blocks of this size


def datastore_uri(client: ArmClient, path: str, datastore: str = DEFAULT_DATASTORE) -> str:
    """The long-form URI of `path` in a datastore of the client's workspace."""
    own = client.settings
    return (
        f"azureml://subscriptions/{own.subscription_id}/resourcegroups/{own.resource_group}"
        f"/workspaces/{own.workspace}/datastores/{datastore}/paths/{path}"
    )


def own_container(client: ArmClient, datastore: str = DEFAULT_DATASTORE) -> ContainerClient:
    """The datastore's blob container, opened with the identity that signs in to Azure ML.

    It may do there what its roles at the storage account allow: what is asked of the container may be refused where
    `datastore_container` is not. Shared like that one. Raises what that one does.
    """
    return _opened(client, datastore, _own)


def datastore_container(client: ArmClient, datastore: str = DEFAULT_DATASTORE) -> ContainerClient:
    """The datastore's blob container, opened with the credential that the service lends (SAS or key), or ours.

    All that a process uploads or reads shares it for some minutes, connections included.

    Raises:
        NotFoundError: the workspace has no such datastore.
        ValueError: it is not a blob datastore.
    """
    return _opened(client, datastore, _lent)


def _resource(client: ArmClient, datastore: str) -> str:
    return f"{client.settings.workspace_id}/datastores/{datastore}"


def _opened(client: ArmClient, datastore: str, credential: Callable[[ArmClient, str], Any]) -> ContainerClient:
    from azure.storage.blob import ContainerClient  # noqa: PLC0415 - slow import

    def opened() -> ContainerClient:
        account, name = _address(client, datastore)  # first: what is wrong with the datastore is told by this
        return ContainerClient(account, name, credential=credential(client, datastore), **transfer_options(account))

    found: ContainerClient = client.memory.once((credential, _resource(client, datastore)), opened, _LENT_SECONDS)
    return found


def _address(client: ArmClient, datastore: str) -> tuple[str, str]:
    """URL of the datastore's account, and name of its container."""
    resource = _resource(client, datastore)
    found: tuple[str, str] = client.memory.once(resource, lambda: _read(client, resource, datastore), _LENT_SECONDS)
    return found


def _read(client: ArmClient, resource: str, datastore: str) -> tuple[str, str]:
    try:
        found = client.request("GET", resource, operation=f"read datastore {datastore}").body["properties"]
    except NotFoundError as error:
        if not error.hint:  # else it is the workspace that is missing
            error.advise("name a datastore that the workspace has; every workspace is made with workspaceblobstore.")
        raise
    if found.get("datastoreType") != "AzureBlob":
        raise ValueError(
            f"datastore {datastore!r} is of type {found.get('datastoreType')}; only AzureBlob holds uploads"
        )
    account = f"{found.get('protocol') or 'https'}://{found['accountName']}.blob.{found['endpoint']}"
    return account, found["containerName"]


def _own(client: ArmClient, _datastore: str) -> Any:
    client.token("storage")  # which may be refused, where the storage's client could not say it as clearly
    return client.credential


def _lent(client: ArmClient, datastore: str) -> Any:
    place = f"{_resource(client, datastore)}/listSecrets"
    secrets = client.request("POST", place, operation="get a storage credential").body
    # A datastore without a credential: identity-based access.
    return secrets.get("sasToken") or secrets.get("key") or client.credential


def transfer_options(url: str) -> dict[str, Any]:
    """Options of every storage client: how it retries, and how its requests travel.

    Proxies and certificates are asked of the environment once, here, and not before each blob: with thousands of
    small files that alone is a fifth of the processor's time.
    """
    import requests  # noqa: PLC0415 - slow import
    from azure.core.pipeline.transport import RequestsTransport  # noqa: PLC0415
    from azure.storage.blob import LinearRetry  # noqa: PLC0415
    from requests.adapters import HTTPAdapter  # noqa: PLC0415

    session = requests.Session()
    told = session.merge_environment_settings(url, {}, None, None, None)
    session.trust_env = False
    session.proxies.update(told["proxies"])
    session.mount("https://", HTTPAdapter(pool_maxsize=THREADS))
    transport = RequestsTransport(
        session=session, session_owner=False, use_env_settings=False, connection_verify=told["verify"]
    )
    # The library's own policy waits 15 s before the first retry, and shows nothing meanwhile.
    retry = LinearRetry(backoff=1, retry_total=5, random_jitter_range=0)
    return {"retry_policy": retry, "transport": transport, "max_single_put_size": BLOCK}


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
