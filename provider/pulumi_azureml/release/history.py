"""Which releases a stack has deployed, from what Pulumi keeps of its updates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .errors import ReleaseError

CONFIG_KEY = "azureml:release"


def deployed_releases(updates: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The releases of a stack's successful updates, newest first, one that was deployed several times in a row once.

    Args:
        updates: what `pulumi stack history --json` answers, newest first.
    """
    last = ""
    for update in updates:
        if update.get("kind") not in {"update", "import"} or update.get("result") != "succeeded":
            continue
        release = str(((update.get("config") or {}).get(CONFIG_KEY) or {}).get("value") or "")
        if release and release != last:
            yield release
        last = release


def previous_release(updates: Sequence[Mapping[str, Any]], current: str, stack: object) -> str:
    """The release that a stack had deployed before `current`, what its configuration says now.

    Raises:
        ReleaseError: it never deployed another one.
    """
    before = next((release for release in deployed_releases(updates) if release != current), None)
    if before is None:
        raise ReleaseError(
            f"There is nothing to roll back to: {stack} has deployed no release but {current or 'none'}.\n"
            "  what to do: name a release with --to NAME."
        )
    return before
