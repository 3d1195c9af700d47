"""Two releases compared: which assets and settings differ. Pure, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .lock import Asset, Release

Change = Literal["added", "removed", "changed"]


@dataclass(frozen=True)
class Difference:
    """One asset, or one setting of one, that differs.

    Attributes:
        change: what happened from the first release to the second.
        what: the resource: kind and logical name.
        item: the setting; empty for the asset itself.
        before, after: versions of an asset, values of a setting; None where there is none.
    """

    change: Change
    what: str
    item: str
    before: Any
    after: Any

    def text(self) -> str:
        """One line for people."""
        named = f"{self.what}{' ' if self.item else ''}{self.item}"
        if self.change == "added":
            return f"+ {named}: {self.after}"
        return f"- {named}: {self.before}" if self.change == "removed" else f"~ {named}: {self.before} → {self.after}"


def differences(first: Release, second: Release) -> list[Difference]:
    """What differs from the first release to the second: assets, then deployments and gates, each in order of name."""
    found = []
    for what in sorted({*_assets(first), *_assets(second)}):
        found += _compare(what, _of_asset(_assets(first).get(what)), _of_asset(_assets(second).get(what)))
    before, after = _settings(first), _settings(second)
    for what in sorted({*before, *after}):
        found += _compare(what, before.get(what, {}), after.get(what, {}))
    return found


def _compare(what: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    found = []
    for item in sorted({*before, *after}):
        old, new = before.get(item), after.get(item)
        if old == new:
            continue
        change: Change = "added" if old is None else "removed" if new is None else "changed"
        found.append(Difference(change, what, item, old, new))
    return found


def _assets(release: Release) -> dict[str, Asset]:
    return {f"{asset.kind} {asset.logical_name!r}": asset for asset in release.assets}


def _of_asset(asset: Asset | None) -> dict[str, Any]:
    if asset is None:
        return {}
    return {"": f"{asset.name}:{asset.version}", "digest": asset.digest[:12], **asset.settings}


def _settings(release: Release) -> dict[str, Mapping[str, Any]]:
    """Settings of the deployments, and what the gates found."""
    found: dict[str, Mapping[str, Any]] = {str(each): each.settings for each in release.deployments}
    found |= {f"ScoringGate {g.logical_name!r}": {"metric": g.metric, "value": g.value} for g in release.gates}
    return found
