"""Discovery: which resources an import is about, each with its ARM document, in order of dependence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..arm import ArmClient, NotFoundError
from ..arm.resource_id import ResourceId
from ..engine import Kind
from ..engine.values import get
from ..resources import (
    BATCH_DEPLOYMENT,
    BATCH_ENDPOINT,
    CODE,
    COMPUTE,
    DATA,
    DATASTORE,
    DEFAULT_DEPLOYMENT,
    ENVIRONMENT,
    MODEL,
    ONLINE_DEPLOYMENT,
    ONLINE_ENDPOINT,
    TRAFFIC,
)
from .errors import ImportRefusedError

# The kinds by the names of their collections under the workspace, in order of dependence.
_BY_COLLECTIONS: Mapping[tuple[str, ...], Kind] = {
    ("datastores",): DATASTORE,
    ("codes", "versions"): CODE,
    ("models", "versions"): MODEL,
    ("environments", "versions"): ENVIRONMENT,
    ("data", "versions"): DATA,
    ("computes",): COMPUTE,
    ("batchendpoints",): BATCH_ENDPOINT,
    ("batchendpoints", "deployments"): BATCH_DEPLOYMENT,
    ("onlineendpoints",): ONLINE_ENDPOINT,
    ("onlineendpoints", "deployments"): ONLINE_DEPLOYMENT,
}
_ORDER = (*_BY_COLLECTIONS.values(), DEFAULT_DEPLOYMENT, TRAFFIC)
_ASSETS = ("codes", "models", "environments", "data")
_ASSET = re.compile(r"azureml:(?P<name>[^:@/]+):(?P<version>[^:@/]+)")

ENDPOINTS: Mapping[str, Kind] = {BATCH_ENDPOINT.name: BATCH_DEPLOYMENT, ONLINE_ENDPOINT.name: ONLINE_DEPLOYMENT}
"""The kinds of endpoints by name, and what their deployments are."""

# Where a deployment names what it uses; an online one has its model's plain id.
_USES = (
    "properties.model.assetId",
    "properties.model",
    "properties.codeConfiguration.codeId",
    "properties.environmentId",
    "properties.compute",
)


@dataclass(frozen=True)
class Found:
    """A resource that exists.

    Attributes:
        kind: its declaration.
        id: its ARM id as the service writes it.
        document: the ARM document; of a default deployment and of traffic, its endpoint's.
    """

    kind: Kind
    id: str
    document: Mapping[str, Any]


@dataclass
class Discovery:
    """What was found, and what was left out and why."""

    client: ArmClient
    status: Callable[[str], None] = lambda _text: None
    found: dict[str, Found] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def resources(self, asked: Sequence[str]) -> list[Found]:
        """Everything that `asked` is about, in order of dependence.

        Args:
            asked: names of endpoints, ARM ids, paths under the workspace such as `computes/cpu`, or
                `azureml:{name}:{version}`. An endpoint comes with everything beneath it: deployments,
                default or traffic, and the assets and compute that they use.

        Raises:
            ImportRefusedError: one of them cannot be declared, is of no known form, or of several meanings.
            NotFoundError: one of them does not exist.
        """
        for text in asked:
            resource = self._locate(text)
            found = self._read(resource)
            if reason := undeclarable(found):
                raise ImportRefusedError(f"Cannot import {resource}: {reason}.")
            self._add(found)
            if found.kind.name in ENDPOINTS:
                self._beneath(found)
        return sorted(self.found.values(), key=lambda found: _ORDER.index(found.kind))

    def _locate(self, text: str) -> str:
        """The ARM id for one of the forms in which a resource is asked for."""
        workspace = self.client.settings.workspace_id
        if match := _ASSET.fullmatch(text):
            return self._locate_asset(match["name"], match["version"])
        if text.startswith("/"):
            return text.rstrip("/")
        if "/" in text:
            return f"{workspace}/{text}"
        # Endpoints of both kinds share the names of a region.
        batch, online = (f"{workspace}/{collection}/{text}" for collection in ("batchEndpoints", "onlineEndpoints"))
        return online if self._get(batch) is None and self._get(online) is not None else batch

    def _locate_asset(self, name: str, version: str) -> str:
        workspace = self.client.settings.workspace_id
        candidates = [f"{workspace}/{collection}/{name}/versions/{version}" for collection in _ASSETS]
        there = [candidate for candidate in candidates if self._get(candidate) is not None]
        if len(there) == 1:
            return there[0]
        if not there:
            raise ImportRefusedError(
                f"Cannot import azureml:{name}:{version}: the workspace '{self.client.settings.workspace}' has no "
                f"such version in {', '.join(_ASSETS)}. `az ml model list` and its siblings list what there is."
            )
        raise ImportRefusedError(
            f"Cannot import azureml:{name}:{version}: it may be any of these; name one by its id:\n  "
            + "\n  ".join(there)
        )

    def _read(self, resource: str) -> Found:
        kind = kind_of(resource, self.client.settings.workspace_id)
        if kind is None:
            known = ", ".join("/".join(collections) for collections in _BY_COLLECTIONS)
            raise ImportRefusedError(
                f"Cannot import {resource}: it is no resource of workspace {self.client.settings.workspace_id}, or of "
                f"a kind that cannot be declared. Those that can: {known}."
            )
        self.status(f"reading {resource.rpartition('/workspaces/')[2]}")
        document = self.client.request("GET", resource, operation=f"read {kind.title} {resource}").body
        return Found(kind, str(document.get("id") or resource), document)

    def _get(self, resource: str) -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] = self.client.request("GET", resource, operation=f"read {resource}").body
        except NotFoundError:
            return None
        return found

    def _add(self, found: Found) -> None:
        self.found.setdefault(found.id.lower(), found)

    def _beneath(self, endpoint: Found) -> None:
        for document in self._list(f"{endpoint.id}/deployments"):
            deployment = Found(ENDPOINTS[endpoint.kind.name], str(document["id"]), document)
            if reason := undeclarable(deployment):
                self.notes.append(f"deployment {deployment.id} is left out: {reason}")
                continue
            self._add(deployment)
            for path in _USES:
                self._used(get(document, path), deployment)
        if get(endpoint.document, "properties.defaults.deploymentName"):
            self._add(Found(DEFAULT_DEPLOYMENT, f"{endpoint.id}/defaults", endpoint.document))
        if any((get(endpoint.document, "properties.traffic") or {}).values()):
            self._add(Found(TRAFFIC, f"{endpoint.id}/traffic", endpoint.document))

    def _used(self, resource: Any, deployment: Found) -> None:
        """Take what a deployment uses along, where the stack can own it; else it stays a reference by its id."""
        if not isinstance(resource, str) or resource.lower() in self.found:
            return
        if kind_of(resource, self.client.settings.workspace_id) is None:
            return  # of a registry or of another workspace: not this workspace's to manage
        try:
            found = self._read(resource)
        except NotFoundError:
            self.notes.append(f"{deployment.id} uses {resource}, which does not exist; the program names it by its id")
            return
        if reason := undeclarable(found):
            self.notes.append(f"{resource} is named by its id in the program and not imported: {reason}")
            return
        self._add(found)

    def _list(self, collection: str) -> Iterator[Mapping[str, Any]]:
        url = collection
        while url:
            page = self.client.request("GET", url, operation=f"list {collection}").body
            yield from page.get("value") or []
            url = page.get("nextLink") or ""


def kind_of(resource: str, workspace_id: str) -> Kind | None:
    """The kind of an ARM id in the workspace `workspace_id`; None for anything else."""
    if not resource.lower().startswith(f"{workspace_id.lower()}/"):
        return None
    try:
        path = ResourceId.parse(resource).path
    except ValueError:
        return None
    return _BY_COLLECTIONS.get(tuple(collection.lower() for collection, _ in path[1:]))


def undeclarable(found: Found) -> str:
    """Why a resource cannot be a resource of a stack; empty when it can."""
    reason = _UNDECLARABLE.get(found.kind.name)
    return reason(found.document) if reason else ""


def _compute(document: Mapping[str, Any]) -> str:
    if (kind := get(document, "properties.computeType")) != "AmlCompute":
        return f"it is a compute of type {kind}, and only AmlCompute clusters can be declared"
    return ""


def _environment(document: Mapping[str, Any]) -> str:
    if get(document, "properties.environmentType") == "Curated":
        return "it is a curated environment, which belongs to Azure ML"
    if not get(document, "properties.image"):
        return "it is built from a Docker context, and only environments with an image can be declared"
    return ""


def _deployment(document: Mapping[str, Any]) -> str:
    if configuration := get(document, "properties.deploymentConfiguration.deploymentConfigurationType"):
        return f"it is a {configuration} deployment, and only model deployments can be imported"
    if (kind := get(document, "properties.model.referenceType")) != "Id":
        return f"it refers to its model by {kind}, and only registered models can be declared"
    return ""


def _online_endpoint(document: Mapping[str, Any]) -> str:
    if compute := get(document, "properties.compute"):
        return f"it runs on the Kubernetes cluster {compute}, and only managed endpoints can be declared"
    return ""


def _online_deployment(document: Mapping[str, Any]) -> str:
    if (kind := get(document, "properties.endpointComputeType")) != "Managed":
        return f"it is a deployment of type {kind}, and only managed ones can be declared"
    if (kind := get(document, "properties.scaleSettings.scaleType") or "Default") != "Default":
        return f"its number of instances is set by {kind}, and only a fixed number can be declared"
    return ""


def _datastore(document: Mapping[str, Any]) -> str:
    if (kind := get(document, "properties.datastoreType")) != "AzureBlob":
        return f"it is a datastore of type {kind}, and only AzureBlob can be declared"
    if get(document, "properties.isDefault"):
        return "it is the workspace's own default datastore, which comes and goes with the workspace"
    credentials = get(document, "properties.credentials.credentialsType")
    if credentials not in {None, "None", "AccountKey"}:
        return f"its credential is of type {credentials}, and only AccountKey and None can be declared"
    return ""


_UNDECLARABLE: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    COMPUTE.name: _compute,
    ENVIRONMENT.name: _environment,
    BATCH_DEPLOYMENT.name: _deployment,
    DATASTORE.name: _datastore,
    ONLINE_ENDPOINT.name: _online_endpoint,
    ONLINE_DEPLOYMENT.name: _online_deployment,
}
