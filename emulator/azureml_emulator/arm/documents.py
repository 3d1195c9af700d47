"""The stored form of a resource: its envelope, and the writes that go with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azureml_emulator.arm.kind import Kind, Properties, Target, parent_id
from azureml_emulator.store import Document

if TYPE_CHECKING:
    from azureml_emulator.emulator import Emulator


def document(target: Target, properties: Properties, **envelope: Any) -> Document:
    """A resource document; ``envelope`` holds ``location``, ``tags`` and what else the kind shows outside.

    Keeps when and by whom the resource was created.
    """
    now = target.emulator.clock.timestamp()
    created = (target.old or {}).get("systemData", {})
    system = {
        "createdAt": created.get("createdAt", now),
        "createdBy": created.get("createdBy", target.caller),
        "createdByType": "Application",
        "lastModifiedAt": now,
        "lastModifiedBy": target.caller,
        "lastModifiedByType": "Application",
    }
    return {
        "id": target.id,
        "name": target.name,
        "type": target.kind.type,
        **envelope,
        "properties": properties,
        "systemData": system,
    }


def save(target: Target, body: Document) -> None:
    """Write a resource with the marks that it is found by."""
    marks = target.kind.marks(target, body) if target.kind.marks is not None else None
    target.emulator.store.put(target.id, target.kind.name, parent_id(target.id), body, marks)


def finish(target: Target, body: Document) -> None:
    """Write a resource in its final state, with what follows from it."""
    save(target, body)
    target.kind.written(target, body)


def remove(target: Target, body: Document) -> None:
    """Delete a resource with everything below it, and what follows from that."""
    target.emulator.store.delete_under(target.id)
    target.emulator.store.delete(target.id)
    target.kind.removed(target, body)


def target_of(emulator: Emulator, kind: Kind, resource_id: str) -> Target:
    """A target for work that no request asks for: seeding, or the end of an operation."""
    return Target(
        emulator=emulator,
        kind=kind,
        id=resource_id,
        name=resource_id.rpartition("/")[2],
        owner=None,
        old=emulator.store.get(resource_id),
        caller=emulator.identity.client_id,
        api_version="",
    )
