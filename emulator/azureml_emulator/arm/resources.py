"""PUT, GET, LIST, PATCH, DELETE and the POST actions, once for all kinds."""

from __future__ import annotations

import inspect
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from azureml_emulator.arm import documents, errors
from azureml_emulator.arm.kind import Action, Kind, Target, Tracked, parent_id, region
from azureml_emulator.arm.paging import page_reply
from azureml_emulator.arm.schema import Body
from azureml_emulator.http import Call, Reply, Route, ServiceError
from azureml_emulator.store import Document

_BUSY = frozenset({"Creating", "Updating", "Deleting", "Scaling"})
_ENVELOPE = frozenset({"id", "name", "type", "properties", "systemData"})


def routes(kind: Kind) -> Iterator[Route]:
    """The lines of the route table for a kind."""
    handlers: Mapping[str, Callable[[Kind, Call], Any]] = {
        "GET": get,
        "PUT": put if kind.verify is None else put_verified,
        "PATCH": patch,
        "DELETE": delete,
    }
    for method, handler in handlers.items():
        if method in kind.methods and (method != "PATCH" or kind.patch is not None):
            yield Route(method, kind.path, partial(handler, kind), "arm", kind.name)
    if "LIST" in kind.methods:
        yield Route("GET", kind.path.rpartition("/")[0], partial(list_, kind), "arm", kind.name)
    for action in kind.actions:
        yield Route(action.method, f"{kind.path}/{action.name}", partial(act, kind, action), "arm", kind.name)


def locate(kind: Kind, call: Call) -> Target:
    """The resource that a request is about; its owner must exist, it itself need not.

    Ids keep the spelling of the first write, however later requests spell them.
    """
    store = call.emulator.store
    _check_version(kind, call)
    owner = None
    if kind.owner is not None:
        owner_id = kind.owner.id_of(call.params)
        owner = store.get(owner_id)
        if owner is None:
            raise _missing_owner(kind.owner, call)
    resource_id = f"{owner['id'] if owner else ''}/{kind.place_of(call.params)}"
    old = store.get(resource_id)
    if old is not None:
        resource_id = old["id"]
    return Target(
        emulator=call.emulator,
        kind=kind,
        id=resource_id,
        name=resource_id.rpartition("/")[2],
        owner=owner,
        old=old,
        caller=str(call.claims.get("appid", "")),
        api_version=call.query.get("api-version", ""),
    )


def _check_version(kind: Kind, call: Call) -> None:
    asked = call.query.get("api-version", "")
    if kind.api_versions and asked not in kind.api_versions:
        raise errors.unknown_api_version(kind, asked)


def get(kind: Kind, call: Call) -> Reply:
    """Read one resource."""
    call.emulator.operations.touch(kind.id_of(call.params))
    target = locate(kind, call)
    if target.old is None and kind.latest_alias and target.name == kind.latest_alias:
        target = locate(kind, replace(call, params={**call.params, kind.own_parameter: _latest(target)}))
    return Reply(existing(target))


def _latest(target: Target) -> str:
    """The latest version of the asset that a version's address is about; the address's own where there is none."""
    container = target.emulator.store.get(target.id.rsplit("/", 2)[0]) or {}
    return str(container.get("properties", {}).get("latestVersion") or target.name)


def put(kind: Kind, call: Call) -> Reply:
    """Create a resource or replace it."""
    with call.emulator.store.transaction():
        target = locate(kind, call)
        if target.old is None:
            _check_names(kind, call)
        _refuse_busy(target)
        body = kind.body.read(call.body)
        for lack in kind.lacks:
            lack.check(body)
        envelope = _envelope(target, body) if isinstance(body, Tracked) else {}
        properties = kind.prepare(target, body)
        document = documents.document(target, properties, **envelope)
        _refuse_changes(target, document)
        if kind.long_running:
            return call.emulator.operations.accept(target, "put", document, kind.work(target, "put", document))
        documents.finish(target, document)
        return Reply(document, 201 if target.old is None else 200)


async def put_verified(kind: Kind, call: Call) -> Reply:
    """Create a resource after other services were asked about it, or replace it."""
    assert kind.verify is not None  # noqa: S101 - routes() asks for it
    target = locate(kind, call)
    if target.old is None:
        await kind.verify(target, kind.body.read(call.body))
    return put(kind, call)


def patch(kind: Kind, call: Call) -> Reply:
    """Change the few things that the kind lets PATCH change."""
    assert kind.patch is not None  # noqa: S101 - routes() asks for it
    with call.emulator.store.transaction():
        target = locate(kind, call)
        old = existing(target)
        _refuse_busy(target)
        changed = kind.patch.apply(target, old, kind.patch.body.read(call.body))
        properties = {**changed["properties"]}
        envelope = {
            key: changed[key] for key in changed if key not in {"id", "name", "type", "properties", "systemData"}
        }
        document = documents.document(target, properties, **envelope)
        operations = call.emulator.operations
        work = kind.work(target, "patch", document)
        if work is not None or (kind.long_running and operations.mode.mode != "instant"):
            return operations.accept(target, "patch", document, work)
        documents.finish(target, document)
        return Reply(document)


def delete(kind: Kind, call: Call) -> Reply:
    """Delete a resource; 204 when there is none."""
    kind.asked_on_delete(call.query)
    with call.emulator.store.transaction():
        target = locate(kind, call)
        if target.old is None:
            return Reply(None, 204)
        _refuse_busy(target)
        kind.keep_back(target, target.old)
        if kind.long_running:
            work = kind.work(target, "delete", target.old)
            return call.emulator.operations.accept(target, "delete", target.old, work)
        documents.remove(target, target.old)
        return Reply(None, 200)


def list_(kind: Kind, call: Call) -> Reply:
    """List the resources of a kind under their owner, a page at a time."""
    _check_version(kind, call)
    if kind.owner is not None:
        owner = call.emulator.store.get(kind.owner.id_of(call.params))
        if owner is None:
            raise _missing_owner(kind.owner, call)
        found = kind.search(call, owner) if kind.search is not None else None
        if found is not None:
            return Reply({"value": found})
    parent = parent_id(kind.id_of({**call.params, kind.own_parameter: "-"}))
    return page_reply(call, kind.name, parent, kind.keep(call))


async def act(kind: Kind, action: Action, call: Call) -> Reply:
    """Run a POST action of a resource."""
    target = locate(kind, call)
    if action.exists:
        existing(target)
    answer = action.handler(call, target)
    reply: Reply = await answer if inspect.isawaitable(answer) else answer
    return reply


def existing(target: Target) -> Document:
    """The stored resource; raises the service's 404."""
    if target.old is not None:
        return target.old
    if target.kind.missing == "asset":
        parts = target.id.split("/")
        version = parts[12] if len(parts) > 12 else "latest"  # noqa: PLR2004 - {WS}/kind/name/versions/version
        raise errors.asset_not_found(errors.asset_named(target, parts[9], parts[10], version))
    raise errors.resource_not_found(target.id)


def _missing_owner(owner: Kind, call: Call) -> ServiceError:
    kind: Kind = owner
    while kind.owner is not None and call.emulator.store.get(kind.owner.id_of(call.params)) is None:
        kind = kind.owner
    return errors.resource_not_found(kind.id_of(call.params))


def _check_names(kind: Kind, call: Call) -> None:
    own = kind.place.count("{")
    values = list(call.params.values())[-own:]
    for value in values:
        if not kind.names.pattern.fullmatch(value):
            raise errors.invalid_name(kind, value)


def _refuse_busy(target: Target) -> None:
    owner_state = (target.owner or {}).get("properties", {}).get("provisioningState")
    if target.owner is not None and target.kind.name.endswith("/deployments") and target.old is None:
        if owner_state in _BUSY:
            raise errors.busy_endpoint(target.owner["name"], owner_state)
    elif target.owner is not None and owner_state == "Deleting":
        raise errors.busy(target.owner["id"], owner_state)
    state = (target.old or {}).get("properties", {}).get("provisioningState")
    if state in _BUSY and target.kind.long_running:
        raise errors.busy(target.id, state)


def _refuse_changes(target: Target, document: Document) -> None:
    if target.old is None:
        return
    for path in target.kind.immutable:
        before, after = _at(target.old, path), _at(document, path)
        if before != after:
            name = path.rpartition(".")[2]
            raise errors.user_error(target.kind.changed.format(property=name, name=target.name), path)


def _at(document: Document, path: str) -> Any:
    value: Any = document
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _envelope(target: Target, body: Tracked) -> dict[str, Any]:
    """Location, tags, identity and the like of a tracked resource."""
    if not body.location:
        raise errors.location_required()
    location = region(body.location)
    old = target.old or {}
    if old and old.get("location") != location:
        raise errors.other_location(target, str(old.get("location")), location)
    envelope: dict[str, Any] = {"location": location, "tags": body.tags}
    if body.kind is not None:
        envelope["kind"] = body.kind
    if body.sku is not None:
        envelope["sku"] = body.sku.dump() if isinstance(body.sku, Body) else body.sku
    if body.identity is not None:
        envelope["identity"] = identity(target, body.identity)
    elif old.get("identity"):
        envelope["identity"] = old["identity"]
    return envelope


def identity(target: Target, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A managed identity as the service answers it: a system-assigned one gets a principal."""
    kind = str(next((asked[key] for key in asked if key.lower() == "type"), "None"))
    if "systemassigned" not in kind.lower():
        return {**asked, "type": kind}
    before = ((target.old or {}).get("identity") or {}).get("principalId")
    principal = before or str(uuid.uuid4())
    return {**asked, "type": kind, "principalId": principal, "tenantId": target.emulator.identity.tenant_id}
