"""Sizes in words."""

from __future__ import annotations


def megabytes(size: float) -> str:
    """Bytes in words: `12 B`, `3.4 kB`, `1.2 GB`."""
    if size < 1000:  # noqa: PLR2004 - the unit's own factor
        return f"{size:.0f} B"
    for unit in ("kB", "MB", "GB"):
        size /= 1000
        if size < 1000 or unit == "GB":  # noqa: PLR2004
            break
    return f"{size:.1f} {unit}"
