"""Addresses of files, in every form that the service takes, resolved to a place in the blob service.

Sources: Azure ML "Access data in a job" (datastore URIs), the REST API (ARM ids), and the forms that the
official Python client sends.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from azureml_emulator import registries

if TYPE_CHECKING:
    from azureml_emulator.store import Document, Store

_FORMS = (
    "https://{account}.blob.core.windows.net/{container}/{path}, "
    "azureml://datastores/{datastore}/paths/{path} (also with subscription, resource group and workspace), "
    "a data asset as azureml:{name}:{version}, azureml:{name}@latest or its id, "
    "a job's output as azureml://jobs/{job}/outputs/{output}, "
    "data of a registry as azureml://registries/{registry}/data/{name}/versions/{version}"
)
_ARM = (
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.MachineLearningServices/workspaces"
    r"/(?P<workspace>[^/]+)"
)
_DATASTORE_LONG = re.compile(
    r"azureml://subscriptions/[^/]+/resourcegroups/[^/]+/(?:providers/Microsoft\.MachineLearningServices/)?"
    r"workspaces/(?P<workspace>[^/]+)/datastores/(?P<datastore>[^/]+)/paths/(?P<path>.*)",
    re.IGNORECASE | re.DOTALL,
)
_DATASTORE_SHORT = re.compile(
    r"azureml://datastores/(?P<datastore>[^/]+)/paths/(?P<path>.*)", re.IGNORECASE | re.DOTALL
)
_DATASTORE_ARM = re.compile(
    rf"(?:azureml:)?{_ARM}/datastores/(?P<datastore>[^/]+)/paths/(?P<path>.*)", re.IGNORECASE | re.DOTALL
)
_DATASTORE_ROOT = re.compile(rf"(?:azureml:)?{_ARM}/datastores/(?P<datastore>[^/]+)(?P<path>)", re.IGNORECASE)
_ASSET_ARM = re.compile(
    rf"(?:azureml:)?{_ARM}/(?P<kind>data|datasets|models)/(?P<name>[^/]+)"
    r"/(?:versions/(?P<version>[^/]+)|(?:versions/)?labels/(?P<label>[^/]+))/?",
    re.IGNORECASE,
)
_ASSET_LOCATION = re.compile(
    r"azureml://locations/[^/]+/workspaces/(?P<workspace>[^/]+)/(?P<kind>data|datasets|models)/(?P<name>[^/]+)"
    r"/(?:(?:versions/)?labels/(?P<label>[^/]+)|versions/(?P<version>[^/]+))/?",
    re.IGNORECASE,
)
_ASSET_SHORT = re.compile(r"azureml:(?P<name>[^/:@]+)(?::(?P<version>[^/:@]+)|@(?P<label>[^/:@]+))")
_JOB_OUTPUT = re.compile(
    r"azureml://jobs/(?P<job>[^/]+)/outputs/(?P<output>[^/]+)(?:/paths(?:/(?P<path>.*))?)?/?", re.IGNORECASE | re.DOTALL
)
_NAMES = {"data": "data asset", "models": "model"}
_MOST_HOPS = 4


class UriError(ValueError):
    """An address that leads to no blob of this emulator; the text names the address and the reason."""


@dataclass(frozen=True)
class BlobLocation:
    """A blob, or the folder of the blobs below it: container name and path without slashes at its ends."""

    container: str
    path: str


def resolve(uri: str, workspace_id: str, store: Store, collection: str = "data") -> BlobLocation:
    """Find the blobs that an address names, following assets and outputs of jobs to where they lie.

    ``collection`` is what a short reference such as ``azureml:name:version`` names: ``data`` or ``models``.

    Raises:
        UriError: the address has no known form, or names a datastore, asset or account that is not here.
    """
    for _ in range(_MOST_HOPS):
        for form in (_DATASTORE_LONG, _DATASTORE_SHORT, _DATASTORE_ARM, _DATASTORE_ROOT):
            if match := form.fullmatch(uri):
                return _in_datastore(match, uri, workspace_id, store)
        if uri.lower().startswith(("https://", "http://")):
            return _in_account(uri, workspace_id, store)
        if match := _JOB_OUTPUT.fullmatch(uri):
            return _in_job(match, uri, workspace_id, store)
        uri = _registered(uri, workspace_id, store, collection)
    raise UriError(f"'{uri}' names a data asset that names another one, and so on without an end.")


def address(location: BlobLocation, workspace_id: str, store: Store) -> str | None:
    """The datastore address of a place; ``None`` when none of the workspace's datastores has its container."""
    parts = workspace_id.split("/")
    for datastore in store.list("datastores", workspace_id):
        if datastore["properties"]["containerName"] == location.container:
            return (
                f"azureml://subscriptions/{parts[2]}/resourcegroups/{parts[4]}/workspaces/{parts[8]}"
                f"/datastores/{datastore['name']}/paths/{location.path}"
            )
    return None


def asset_id(uri: str, workspace_id: str, store: Store, collection: str = "data") -> str | None:
    """The ARM id of the asset version that an address names; ``None`` when it names none."""
    if registries.is_reference(uri):
        return _in_registry(uri, store, collection)
    match = _ASSET_ARM.fullmatch(uri) or _ASSET_LOCATION.fullmatch(uri) or _ASSET_SHORT.fullmatch(uri)
    if match is None:
        return None
    groups = match.groupdict()
    if (groups.get("kind") or "").lower() == "models" and collection != "models":
        return None
    _check_workspace(groups.get("workspace"), uri, workspace_id, store)
    container = f"{workspace_id}/{(groups.get('kind') or collection).lower()}/{groups['name']}"
    version = groups["version"]
    if version is None:
        if groups["label"].lower() != "latest":
            raise UriError(f"'{uri}': the label '{groups['label']}' does not exist; the emulator knows 'latest'.")
        holder = store.get(container)
        version = holder["properties"].get("latestVersion") if holder else None
    return f"{container}/versions/{version}"


def _in_registry(uri: str, store: Store, collection: str) -> str | None:
    found = registries.asset(store, uri)
    if found is None:
        raise UriError(f"'{uri}': there is no such asset in a registry.")
    plural = registries.plural_of(uri).lower()
    return str(found["id"]) if plural in {"data", collection} else None


def _registered(uri: str, workspace_id: str, store: Store, collection: str) -> str:
    """The address that an asset was registered with."""
    found = asset_id(uri, workspace_id, store, collection)
    if found is None:
        raise UriError(f"'{uri}' is not an address that can be read. Take one of: {_FORMS}.")
    document = store.get(found)
    if document is None and "/data/" in found.lower():
        document = store.get(found.replace("/data/", "/datasets/", 1))
    if document is None:
        raise UriError(f"'{uri}': there is no {_NAMES[collection]} {found} in this workspace.")
    return _address_of(document, uri)


def _address_of(asset: Document, uri: str) -> str:
    properties = asset["properties"]
    if found := properties.get("dataUri") or properties.get("modelUri"):
        return str(found)
    # Datasets of api-versions up to 2022 list their paths.
    paths: list[dict[str, Any]] = properties.get("paths") or []
    addresses = [path.get("folder") or path.get("file") for path in paths]
    if len(addresses) != 1 or not addresses[0]:
        raise UriError(f"'{uri}': the dataset has {len(addresses)} paths; a job's input is exactly one.")
    return str(addresses[0])


def _in_datastore(match: re.Match[str], uri: str, workspace_id: str, store: Store) -> BlobLocation:
    groups = match.groupdict()
    _check_workspace(groups.get("workspace"), uri, workspace_id, store)
    datastore = store.get(f"{workspace_id}/datastores/{groups['datastore']}")
    if datastore is None:
        raise UriError(f"'{uri}': there is no datastore '{groups['datastore']}' in this workspace.")
    return BlobLocation(datastore["properties"]["containerName"], groups["path"].strip("/"))


def _in_job(match: re.Match[str], uri: str, workspace_id: str, store: Store) -> BlobLocation:
    """The place of a job's output; that of a model deployment's job is called ``score``."""
    job = store.get(f"{workspace_id}/jobs/{match['job']}")
    if job is None:
        raise UriError(f"'{uri}': there is no job '{match['job']}' in this workspace.")
    outputs = job.get("outputs") or job["spec"].get("outputs") or {"score": {"place": job["spec"].get("output")}}
    if match["output"] not in outputs:
        raise UriError(f"'{uri}': the job has no output '{match['output']}'; it has {', '.join(outputs) or 'none'}.")
    place = outputs[match["output"]]["place"]
    return BlobLocation(place["container"], f"{place['path']}/{match['path'] or ''}".strip("/"))


def _check_workspace(name: str | None, uri: str, workspace_id: str, store: Store) -> None:
    """Refuse an address of another workspace, which may be named or given by its GUID."""
    if name is None or name.lower() == workspace_id.rsplit("/", 1)[-1].lower():
        return
    workspace = store.get(workspace_id)
    if workspace is None or workspace["properties"].get("workspaceId", "").lower() != name.lower():
        raise UriError(f"'{uri}' belongs to the workspace '{name}', not to {workspace_id}.")


def _in_account(uri: str, workspace_id: str, store: Store) -> BlobLocation:
    """Take a blob URL apart, with the account in the host name or, path-style, behind ``/blob/``."""
    parts = urlsplit(uri)
    segments = unquote(parts.path).strip("/").split("/")
    host = parts.hostname or ""
    if segments[0] == "blob":
        host, segments = (segments[1] if len(segments) > 1 else ""), segments[2:]
    account = host.split(".")[0]
    accounts = {
        document["properties"].get("accountName", "").rstrip("/").rsplit("/", 1)[-1]
        for document in store.list("datastores", workspace_id)
    } or registries.storage_accounts(store, workspace_id)
    if account not in accounts:
        raise UriError(
            f"'{_without_query(uri)}' is not in a storage account of this workspace "
            f"({', '.join(sorted(accounts)) or 'it has none'}). Upload the data to one of its datastores."
        )
    if not segments or not segments[0]:
        raise UriError(f"'{_without_query(uri)}' names no container.")
    return BlobLocation(segments[0], "/".join(segments[1:]))


def _without_query(uri: str) -> str:
    """The address without its query, which may hold a signature."""
    return uri.partition("?")[0]
