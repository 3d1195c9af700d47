"""Resource groups and workspaces; a workspace brings its storage container and default datastore."""

from __future__ import annotations

import uuid
from typing import Any

from azureml_emulator.arm import documents
from azureml_emulator.arm.kind import Kind, NameRule, Patch, Properties, Target, Tracked, region
from azureml_emulator.arm.schema import Body, NewTags
from azureml_emulator.http import Call, Reply
from azureml_emulator.store import Document


class GroupBody(Tracked):
    """PUT of a resource group."""


def _group(_target: Target, _body: Any) -> Properties:
    return {"provisioningState": "Succeeded"}


GROUP = Kind(
    place="subscriptions/{subscription}/resourceGroups/{group}",
    body=GroupBody,
    names=NameRule.of(
        r"[-\w._()]{0,89}[-\w_()]",
        "1 to 90 letters, digits, '-', '_', '.', '(' and ')', and does not end with '.'",
    ),
    prepare=_group,
    methods=frozenset({"GET", "LIST", "PUT", "DELETE"}),
)


class WorkspaceProperties(Body):
    """The properties of a workspace that the emulator keeps."""

    friendly_name: str | None = None
    description: str | None = None
    key_vault: str | None = None
    application_insights: str | None = None
    container_registry: str | None = None
    hbi_workspace: bool = False
    public_network_access: str = "Enabled"
    v1_legacy_mode: bool = False


class WorkspaceBody(Tracked):
    """PUT of a workspace."""

    properties: WorkspaceProperties = WorkspaceProperties()


class WorkspacePatch(Body):
    """PATCH of a workspace."""

    tags: NewTags = None
    properties: WorkspaceProperties | None = None


def _workspace(target: Target, body: Any) -> Properties:
    old = (target.old or {}).get("properties", {})
    guid = old.get("workspaceId") or str(uuid.uuid4())
    properties = body.properties.dump()
    return {
        **properties,
        "friendlyName": properties["friendlyName"] or target.name,
        "workspaceId": guid,
        "tenantId": target.emulator.identity.tenant_id,
        "storageAccount": target.storage_account,
        "storageHnsEnabled": False,
        "discoveryUrl": target.emulator.urls.discovery(region(str(body.location))),
        "provisioningState": "Succeeded",
    }


def _patch(_target: Target, old: Document, body: Any) -> Document:
    sent = body.properties.sent() if body.properties is not None else {}
    tags = old.get("tags", {}) if body.tags is None else body.tags
    return {**old, "tags": tags, "properties": {**old["properties"], **sent}}


def _marks(_target: Target, document: Document) -> dict[str, str]:
    return {"workspace.guid": document["properties"]["workspaceId"]}


DATASTORES = ("workspaceblobstore", "workspaceartifactstore")
"""What every workspace has: its default datastore, and the one by which clients find the logs of jobs."""


def make_datastores(target: Target) -> None:
    """Make those of a workspace's own datastores that it does not have."""
    kind = next(kind for kind in target.emulator.kinds if kind.name == "datastores")
    for name in DATASTORES:
        datastore = documents.target_of(target.emulator, kind, f"{target.id}/datastores/{name}")
        if datastore.old is None:
            blobs = {"datastoreType": "AzureBlob", "credentials": {"credentialsType": "None"}}
            body = kind.body.read({"properties": blobs})
            documents.finish(datastore, documents.document(datastore, kind.prepare(datastore, body)))


def _written(target: Target, _document: Document) -> None:
    make_datastores(target)


WORKSPACE = Kind(
    place="providers/Microsoft.MachineLearningServices/workspaces/{workspace}",
    body=WorkspaceBody,
    owner=GROUP,
    long_running=True,
    operations="workspaceOperations",
    names=NameRule.of(
        r"[a-zA-Z0-9][-\w]{2,32}",
        "3 to 33 letters, digits, '-' and '_', starting with a letter or digit",
    ),
    prepare=_workspace,
    patch=Patch(WorkspacePatch, _patch),
    marks=_marks,
    written=_written,
)


_SERVICES = (
    "api",
    "catalog",
    "experimentation",
    "gallery",
    "history",
    "hyperdrive",
    "jobs",
    "labeling",
    "modelmanagement",
    "pipelines",
    "studio",
)


def discovery(call: Call) -> Reply:
    """The addresses of a region's services, as a workspace's ``discoveryUrl`` answers them: all are this one."""
    return Reply(dict.fromkeys(_SERVICES, call.address.removesuffix(call.path)))
