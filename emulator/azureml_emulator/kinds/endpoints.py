"""What batch and online endpoints have in common: names, which are host names of a region, keys, and PATCH."""

from __future__ import annotations

from typing import Any

from azureml_emulator.arm import errors, resources
from azureml_emulator.arm.kind import NameRule, Properties, Target
from azureml_emulator.arm.schema import Body, NewTags
from azureml_emulator.store import Document
from azureml_emulator.urls import BATCH_REGION, ONLINE_REGION

ENDPOINT_NAMES = NameRule.of(
    r"(?=.{3,32}$)[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?",
    "3 to 32 letters, digits and '-', starting with a letter and ending with a letter or digit",
)


class Keys(Body):
    """The keys that an endpoint begins with, where its authentication mode has any; never answered."""

    primary_key: str | None = None
    secondary_key: str | None = None


class EndpointPatch(Body):
    """PATCH of an endpoint: tags and identity, nothing else."""

    tags: NewTags = None
    identity: dict[str, Any] | None = None


def check_unique(target: Target) -> None:
    """Refuse a name that another endpoint of the region has, batch or online."""
    name = region_name(target)
    if any(target.emulator.store.find(scope, name) for scope in (BATCH_REGION, ONLINE_REGION)):
        raise errors.user_error(
            f"The specified endpoint name '{target.name}' is not available. Endpoint names must be unique within "
            "the region. Please choose a different name and try again.",
            "name",
        )


def region_name(target: Target) -> str:
    """The endpoint's region and name: the value of its mark."""
    return f"{target.region}/{target.name.lower()}"


def patched(target: Target, old: Document, body: EndpointPatch) -> Document:
    """The endpoint after a PATCH whose identity has been checked."""
    changed = dict(old)
    if body.tags is not None:
        changed["tags"] = body.tags
    if body.identity is not None:
        changed["identity"] = resources.identity(target, body.identity)
    return changed


def kept_properties(target: Target, given: Properties) -> Properties:
    """The entries of ``properties`` after a PUT: they can be added and changed, and removals are ignored."""
    old = (target.old or {}).get("properties", {})
    return {**old.get("properties", {}), **given["properties"]}
