"""Verifying a release: every byte that a workspace has of it is read again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..arm import ArmClient, NotFoundError
from ..assets import storage_errors
from ..assets.digest import environment_digest
from ..assets.stored import open_stored
from .lock import Asset, Release
from .manifest import read_content, read_manifest
from .promote import ADDRESS
from .size import megabytes
from .state import StackResource


@dataclass(frozen=True)
class Verdict:
    """What was found of one asset.

    Attributes:
        asset: of the release.
        problem: what is wrong; empty when the workspace has the very content.
    """

    asset: Asset
    problem: str = ""

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        asset = self.asset
        return {
            "kind": asset.kind,
            "logicalName": asset.logical_name,
            "name": asset.name,
            "version": asset.version,
            "digest": asset.digest,
            "problem": self.problem,
        }


def verify(
    client: ArmClient, release: Release, resources: list[StackResource] | None, status: Callable[[str], None]
) -> list[Verdict]:
    """Compare every asset of a release with what a workspace has, by content digest.

    Args:
        client: of the workspace.
        release: to compare with.
        resources: of the stack that deployed it; None for the source workspace itself.
        status: told how far it is.

    Raises:
        ArmError: the workspace or its storage cannot be read.
    """
    places = {(each.kind, each.logical_name): each.arm_id for each in resources or []}
    verdicts = []
    for asset in release.assets:
        place = asset.id if resources is None else places.get((asset.kind, asset.logical_name), "")
        problem = difference(client, asset, place, status) if place else "the stack has not deployed it"
        verdicts.append(Verdict(asset, problem))
    return verdicts


def difference(client: ArmClient, asset: Asset, place: str, status: Callable[[str], None]) -> str:
    """What an asset version at an ARM id has other than a release's; empty when it has the very content."""
    status(f"reading {asset}")
    try:
        found: Mapping[str, Any] = client.request("GET", place, operation=f"read {asset}").body["properties"]
    except NotFoundError:
        return f"it is gone: {place} does not exist"
    digest = _environment(found) if asset.kind not in ADDRESS else _content(client, asset, place, found, status)
    if digest == asset.digest:
        return ""
    return f"{place} has other content: digest {digest[:12]}, and the release says {asset.digest[:12]}"


def _content(
    client: ArmClient, asset: Asset, place: str, found: Mapping[str, Any], status: Callable[[str], None]
) -> str:
    stored = open_stored(client, place, str(found[ADDRESS[asset.kind]]))
    read = 0

    def progress(count: int) -> None:
        nonlocal read
        read += count
        status(f"reading {asset}: {megabytes(read)} of {megabytes(asset.size)}")

    with storage_errors(f"read {asset}", stored.container):
        return read_content(stored, read_manifest(stored).files, progress)


def _environment(found: Mapping[str, Any]) -> str:
    return environment_digest(str(found.get("image")), found.get("condaFile"), str(found.get("osType") or "Linux"))
