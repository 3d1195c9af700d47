"""What a stack takes from its release: the content of its assets, and the tested settings of its deployments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..arm import ArmClient
from ..assets.digest import HASH_VERSION
from .errors import ContentError
from .lock import Asset, Release, read_release
from .promote import ADDRESS, promote
from .verify import difference

ASSETS = (*ADDRESS, "Environment")
"""Kinds whose content a release holds."""

# What a deployment answers with depends on these, so the release decides them; the rest is machinery, which the
# program and the stack's file decide for each environment.
TESTED_SETTINGS: Mapping[str, tuple[str, ...]] = {
    "BatchDeployment": (
        "scoringScript",
        "environmentVariables",
        "miniBatchSize",
        "errorThreshold",
        "retrySettings",
        "outputAction",
        "outputFileName",
    ),
}
# The longest tag value that every part of Azure takes.
_LONGEST_TAG = 256


@dataclass(frozen=True)
class Released:
    """What a release says of one resource.

    Attributes:
        inputs: by wire name; they stand in place of the program's.
        digest: the content digest of an asset; empty for a deployment.
        source: ARM id of the asset that it is of.
        tags: the lineage, for an asset.
    """

    inputs: Mapping[str, Any]
    digest: str = ""
    source: str = ""
    tags: Mapping[str, str] | None = None


def released(reference: str, kind: str, logical_name: str) -> Released | None:
    """What the release `reference` says of a resource; None when it says nothing.

    Raises:
        LockError: the release cannot be read.
    """
    release = read_release(reference)
    if asset := release.asset(kind, logical_name):
        inputs = {**asset.settings, "version": asset.version}
        if asset.uri:
            inputs["path"] = asset.uri
        return Released(inputs, asset.digest, asset.id, lineage(release))
    if deployment := release.deployment(kind, logical_name):
        told = deployment.settings  # one that is missing there was a secret: the program says it
        return Released({key: told[key] for key in TESTED_SETTINGS.get(kind, ()) if key in told})
    return None


def missing(reference: str, kind: str, logical_name: str) -> str:
    """Why a resource's content cannot be deployed: the release does not have it."""
    release = read_release(reference)
    there = ", ".join(repr(asset.logical_name) for asset in release.assets if asset.kind == kind) or "none"
    return (
        f"is local, and the stack deploys release {release.name}, which has no {kind} {logical_name!r} (of this kind: "
        f"{there}). Make a release of a stack that has it, or deploy the program of {release.origin.commit or 'then'}"
    )


def prepare(
    client: ArmClient, kind: str, logical_name: str, target_id: str, status: Callable[[str], None]
) -> Mapping[str, Any] | None:
    """Bring an asset's files into the workspace; return additions to the ARM body, None when the release has no such.

    Raises:
        ReleaseError, ArmError: see `promote`.
    """
    release = read_release(client.settings.release)
    asset = release.asset(kind, logical_name)
    if asset is None or not asset.manifest:
        return None
    address = promote(client, release, asset, target_id, status)
    return {f"properties.{ADDRESS[kind]}": address, **_hash(asset)}


def compare(client: ArmClient, kind: str, logical_name: str, target_id: str, status: Callable[[str], None]) -> bool:
    """Compare what is at `target_id` already with the release; whether the release says anything of it.

    Raises:
        ContentError: it has other content.
        ArmError: it cannot be read.
    """
    release = read_release(client.settings.release)
    asset = release.asset(kind, logical_name)
    if asset is None:
        return False
    if asset.manifest:
        promote(client, release, asset, target_id, status)
    elif problem := difference(client, asset, target_id, status):
        raise ContentError(
            f"Release {release.name} is refused: {asset}: {problem}.\n  what to do: find out who made it; a version "
            "of other content is made with a name or version of its own."
        )
    return True


def _hash(asset: Asset) -> dict[str, Any]:
    """What the official client finds code by."""
    if asset.kind != "Code":
        return {}
    return {"properties.properties": {"hash_sha256": asset.digest, "hash_version": HASH_VERSION}}


def lineage(release: Release) -> dict[str, str]:
    """Where a release comes from, as tags."""
    origin = release.origin
    told = {
        "release": release.name,
        "release-workspace": origin.workspace,
        "release-stack": f"{origin.project}/{origin.stack}",
        "release-commit": origin.commit,
        "release-created": origin.created,
        "release-by": origin.by,
    }
    return {key: value[:_LONGEST_TAG] for key, value in told.items() if value}
