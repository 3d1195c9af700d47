"""Batch endpoints: a stable address for batch jobs, with a default deployment behind it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from azureml_emulator.arm import errors
from azureml_emulator.arm.kind import Kind, Patch, Properties, Target, Tracked
from azureml_emulator.arm.schema import Body, Strings, choice
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
from azureml_emulator.store import Document
from azureml_emulator.urls import BATCH_REGION


class Defaults(Body):
    """The deployment that jobs go to when the request names none; it need not exist yet."""

    deployment_name: str | None = None


class EndpointProperties(Body):
    """The properties of a batch endpoint."""

    auth_mode: Annotated[str, choice("AADToken", "Key", "AMLToken")]
    description: str | None = None
    properties: Strings
    defaults: Defaults | None = None
    keys: Annotated[Keys | None, Field(exclude=True)] = None


class EndpointBody(Tracked):
    """PUT of a batch endpoint."""

    properties: EndpointProperties


def _check_identity(asked: dict[str, Any] | None) -> None:
    if asked is None:
        return
    kind = str(next((asked[key] for key in asked if key.lower() == "type"), "None"))
    if kind.lower() not in {"systemassigned", "none"}:
        raise errors.user_error(
            f"Batch endpoints support the identity type SystemAssigned only, not '{kind}'.", "identity.type"
        )


def _prepare(target: Target, body: Any) -> Properties:
    _check_identity(body.identity)
    given = body.properties.dump()
    if given["authMode"] != "AADToken":
        raise errors.user_error(
            f"Batch endpoints support the authentication mode AADToken only, not '{given['authMode']}'.",
            "properties.authMode",
        )
    if target.old is None:
        check_unique(target)
    name = (given["defaults"] or {}).get("deploymentName")
    return {
        **given,
        "properties": kept_properties(target, given),
        "defaults": {"deploymentName": name} if name else {},
        "scoringUri": target.emulator.urls.scoring(target.name, target.region),
        "swaggerUri": target.emulator.urls.swagger(target.name, target.region),
        "provisioningState": "Succeeded",
    }


def _marks(target: Target, _document: Document) -> dict[str, str]:
    return {BATCH_REGION: region_name(target)}


def _patch(target: Target, old: Document, body: Any) -> Document:
    _check_identity(body.identity)
    return patched(target, old, body)


BATCH_ENDPOINT = Kind(
    place="batchEndpoints/{endpoint}",
    body=EndpointBody,
    owner=WORKSPACE,
    long_running=True,
    operation_in_properties=True,
    names=ENDPOINT_NAMES,
    prepare=_prepare,
    patch=Patch(EndpointPatch, _patch),
    marks=_marks,
)
