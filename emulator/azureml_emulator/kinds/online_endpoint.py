"""Online endpoints: an address that answers in real time, with its traffic split between deployments.

Sources: the OpenAPI document of ``OnlineEndpoint``; Azure ML "CLI (v2) online endpoint YAML schema" and
"Perform safe rollout of new deployments" for what traffic and mirrored traffic may be.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Annotated, Any

from pydantic import Field

from azureml_emulator.arm import errors
from azureml_emulator.arm.kind import Action, Kind, Patch, Properties, Target, Tracked
from azureml_emulator.arm.schema import Body, Strings, choice
from azureml_emulator.http import ServiceError
from azureml_emulator.kinds.endpoints import (
    ENDPOINT_NAMES,
    EndpointPatch,
    Keys,
    check_unique,
    kept_properties,
    patched,
    region_name,
)
from azureml_emulator.kinds.workspace import WORKSPACE
from azureml_emulator.online import access
from azureml_emulator.store import Document
from azureml_emulator.urls import ONLINE_REGION

_MOST_MIRRORED = 50
_IDENTITIES = frozenset({"systemassigned", "userassigned", "systemassigned,userassigned", "none"})

Percent = Annotated[int, Field(ge=0, le=100)]


class EndpointProperties(Body):
    """The properties of an online endpoint."""

    auth_mode: Annotated[str, choice("Key", "AMLToken", "AADToken")]
    description: str | None = None
    properties: Strings
    keys: Keys | None = None
    compute: str | None = None
    traffic: dict[str, Percent] | None = None
    mirror_traffic: dict[str, Percent] | None = None
    public_network_access: Annotated[str, choice("Enabled", "Disabled")] = "Enabled"


class EndpointBody(Tracked):
    """PUT of an online endpoint."""

    properties: EndpointProperties


def _check_identity(asked: dict[str, Any] | None) -> None:
    kind = str(next((value for key, value in (asked or {}).items() if key.lower() == "type"), "None"))
    if kind.replace(" ", "").lower() not in _IDENTITIES:
        raise errors.user_error(f"Online endpoints do not support the identity type '{kind}'.", "identity.type")


def _prepare(target: Target, body: Any) -> Properties:
    _check_identity(body.identity)
    asked: EndpointProperties = body.properties
    _refuse_unsupported(asked)
    if target.old is None:
        check_unique(target)
        access.make_keys(target, asked.keys.dump() if asked.keys else {})
    traffic, mirror = asked.traffic or {}, asked.mirror_traffic or {}
    _check_traffic(target, traffic, mirror)
    own = {"azureml.onlineendpointid": target.id.lower()}
    given = asked.dump()
    return {
        **given,
        "properties": {**kept_properties(target, given), **own},
        "keys": None,
        "traffic": traffic,
        "mirrorTraffic": mirror,
        "scoringUri": target.emulator.urls.online_scoring(target.name, target.region),
        "swaggerUri": target.emulator.urls.swagger(target.name, target.region),
        "provisioningState": "Succeeded",
    }


def _refuse_unsupported(asked: EndpointProperties) -> None:
    if asked.compute:
        raise ServiceError(
            501, "NotImplemented", "The emulator does not support online endpoints on Kubernetes ('compute')."
        )
    if asked.public_network_access == "Disabled":
        raise ServiceError(
            501, "NotImplemented", "The emulator has no private network for publicNetworkAccess Disabled."
        )


def _check_traffic(target: Target, traffic: dict[str, int], mirror: dict[str, int]) -> None:
    where = "properties.traffic"
    total = sum(traffic.values())
    if total not in {0, 100}:
        raise errors.user_error(f"The sum of the traffic percentages is {total}; it must be 0 or 100.", where)
    _check_deployments(target, traffic, where)
    where = "properties.mirrorTraffic"
    mirrored = {name: percent for name, percent in mirror.items() if percent}
    if len(mirrored) > 1:
        raise errors.user_error(
            f"Traffic can be mirrored to one deployment only, not to {', '.join(sorted(mirrored))}.", where
        )
    _check_deployments(target, mirrored, where)
    for name, percent in mirrored.items():
        if percent > _MOST_MIRRORED:
            raise errors.user_error(
                f"{percent} percent of the traffic cannot be mirrored to '{name}': {_MOST_MIRRORED} is the most.", where
            )
        if traffic.get(name):
            raise errors.user_error(
                f"The deployment '{name}' has live traffic, so it cannot have mirrored traffic too.", where
            )


def _check_deployments(target: Target, traffic: dict[str, int], where: str) -> None:
    store = target.emulator.store
    missing = [name for name, percent in traffic.items() if store.get(f"{target.id}/deployments/{name}") is None]
    missing = [name for name in missing if traffic[name]]
    if missing:
        raise errors.user_error(
            f"The traffic rules of the endpoint '{target.name}' name deployments that do not exist: "
            f"{', '.join(sorted(missing))}. Create the deployments before giving traffic to them.",
            where,
        )


def _marks(target: Target, _document: Document) -> dict[str, str]:
    return {ONLINE_REGION: region_name(target)}


def _patch(target: Target, old: Document, body: Any) -> Document:
    _check_identity(body.identity)
    return patched(target, old, body)


def _changed(target: Target, _document: Document) -> None:
    target.emulator.online.forget(target.id)


def _work(target: Target, action: str, _document: Document) -> Coroutine[Any, Any, None] | None:
    return target.emulator.online.end_all(target.id) if action == "delete" else None


ONLINE_ENDPOINT = Kind(
    place="onlineEndpoints/{endpoint}",
    body=EndpointBody,
    owner=WORKSPACE,
    long_running=True,
    operation_in_properties=True,
    names=ENDPOINT_NAMES,
    prepare=_prepare,
    patch=Patch(EndpointPatch, _patch),
    marks=_marks,
    written=_changed,
    removed=_changed,
    work=_work,
    actions=(
        Action("listKeys", access.list_keys),
        Action("regenerateKeys", access.regenerate_keys),
        Action("token", access.token),
    ),
)
