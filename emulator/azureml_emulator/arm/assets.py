"""Versioned assets: a container by name, immutable versions below it, and ``latest``.

A container comes with the first version and goes with the last one. ``latestVersion`` is the version that
was created last; ``nextVersion`` follows the highest number among the versions that are numbers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator

from azureml_emulator.arm import documents
from azureml_emulator.arm.kind import Action, Kind, Lack, Properties, Target, parent_id
from azureml_emulator.arm.paging import Keep, asset_filter
from azureml_emulator.arm.schema import Body, Strings, Tags
from azureml_emulator.http import Call, Reply
from azureml_emulator.store import Document

IMMUTABLE = (
    "A {label} version with this name and version already exists. If you are trying to create a new {label} "
    "version, use a different name or version. If you are trying to update an existing {label} version, the "
    "existing asset's {what} cannot be changed. Only tags, description, and isArchived can be updated."
)

Flag = Annotated[bool, BeforeValidator(lambda value: False if value is None else value)]
"""A boolean whose ``null`` is false."""


class AssetProperties(Body):
    """What all asset versions have."""

    description: str | None = None
    tags: Tags
    properties: Strings
    is_archived: Flag = False
    is_anonymous: Flag = False


class ContainerProperties(Body):
    """The properties of an asset's container."""

    description: str | None = None
    tags: Tags
    properties: Strings
    is_archived: Flag = False


class ContainerBody(Body):
    """PUT of an asset's container."""

    properties: ContainerProperties = ContainerProperties()


class PendingUpload(Body):
    """The body of ``startPendingUpload``."""

    pending_upload_id: str | None = None
    pending_upload_type: str | None = None


@dataclass(frozen=True)
class Asset:
    """The declaration of an asset kind.

    ``plural`` is its path segment, ``label`` its name in messages, ``content`` the properties that a
    version cannot change, ``what`` what messages call them.
    """

    plural: str
    label: str
    body: type[Body]
    content: tuple[str, ...]
    what: str
    prepare: Callable[[Target, Any], Properties]
    keep: Callable[[Call], Keep | None] = asset_filter
    marks: Callable[[Target, Document], Mapping[str, str]] | None = None
    search: Callable[[Call, Document], list[Document] | None] | None = None
    verify: Callable[[Target, Any], Awaitable[None]] | None = None
    latest_alias: str = ""
    lacks: tuple[Lack, ...] = ()

    def kinds(self, owner: Kind, *, long_running: bool = False) -> tuple[Kind, Kind]:
        """The two resource kinds of the asset in a workspace or a registry: its container and its versions.

        Its writes are long-running in registries.
        """
        container = Kind(
            place=f"{self.plural}/{{name}}",
            body=ContainerBody,
            owner=owner,
            long_running=long_running,
            missing="asset",
            prepare=_container,
            keep=asset_filter,
        )
        version = Kind(
            place=f"{self.plural}/{{name}}/versions/{{version}}",
            body=self.body,
            owner=owner,
            long_running=long_running,
            missing="asset",
            prepare=self._version,
            written=_advance_container,
            removed=_retreat_container,
            immutable=tuple(f"properties.{name}" for name in self.content),
            changed=IMMUTABLE.format(label=self.label, what=self.what),
            keep=self.keep,
            marks=self.marks,
            search=self.search,
            verify=self.verify,
            latest_alias=self.latest_alias,
            lacks=self.lacks,
            actions=(Action("startPendingUpload", start_pending_upload, exists=False),),
        )
        return container, version

    def _version(self, target: Target, body: Any) -> Properties:
        return {**self.prepare(target, body), "provisioningState": "Succeeded"}


def _container(target: Target, body: Any) -> Properties:
    before = (target.old or {}).get("properties", {})
    versions = {"latestVersion": before.get("latestVersion"), "nextVersion": before.get("nextVersion", "1")}
    return {**body.properties.dump(), **versions, "provisioningState": "Succeeded"}


def _container_target(target: Target) -> Target:
    kind = next(k for k in target.emulator.kinds if target.kind.name == f"{k.name}/versions")
    return documents.target_of(target.emulator, kind, target.id.rsplit("/", 2)[0])


def _advance_container(target: Target, document: Document) -> None:
    """A new version becomes the latest; the first one brings the container."""
    container = _container_target(target)
    old = container.old
    if old is not None and target.old is not None:
        return
    before = old["properties"] if old else _container(container, ContainerBody())
    following = before["nextVersion"]
    if target.name.isdecimal():
        following = str(max(int(target.name) + 1, int(following)))
    properties = {**before, "latestVersion": target.name, "nextVersion": following}
    if not document["properties"].get("isAnonymous") or old is None:
        documents.save(container, documents.document(container, properties))


def _retreat_container(target: Target, _document: Document) -> None:
    """The version before becomes the latest again; without one the container goes."""
    container = _container_target(target)
    if container.old is None:
        return
    store = target.emulator.store
    newest = store.list(target.kind.name, parent_id(target.id), top=1, newest_first=True)
    if not newest:
        documents.remove(container, container.old)
        return
    properties = {**container.old["properties"], "latestVersion": newest[0]["name"]}
    documents.save(container, documents.document(container, properties))


async def start_pending_upload(call: Call, target: Target) -> Reply:
    """Give a place to upload an asset version's files to: a container of its own, with a signature for it.

    The same version gets the same place again, so that an upload that broke off can go on.
    """
    asked = PendingUpload.read(call.body or {})
    place = await upload_place(target)
    own = place["blobUri"].rpartition("/")[2].removeprefix(f"{target.guid}-")
    return Reply(
        {
            "pendingUploadId": asked.pending_upload_id or own,
            "pendingUploadType": "TemporaryBlobReference",
            "blobReferenceForConsumption": place,
        }
    )


async def upload_place(target: Target) -> dict[str, Any]:
    """Where the files of an asset version go, and the signature for it, as the service answers both."""
    storage = target.emulator.storage
    container = storage.upload_container(target.guid, target.id)
    await storage.ensure_container(container)
    uri = target.emulator.urls.blob(container)
    return {
        "blobUri": uri,
        "storageAccountArmId": target.storage_account,
        "credential": {"credentialType": "SAS", "sasUri": f"{uri}?{storage.sas(container)}"},
    }
