"""Diff: what changes, and whether it can change in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..arm import ConfigError
from ..arm.settings import Mode
from ..state_keys import ARM_ID, CONTENT
from .declaration import Kind
from .unknown import UNKNOWN, has_unknown
from .values import canonical


@dataclass(frozen=True)
class Difference:
    """The outcome of comparing a resource's state with its new inputs.

    Attributes:
        changes: the inputs that differ, by wire name.
        replaces: those of them that cannot change in place.
        delete_before_replace: the replacement has the same ARM id, so the old one must go first.
    """

    changes: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    delete_before_replace: bool = False


def diff(kind: Kind, olds: Mapping[str, Any], news: Mapping[str, Any], *, mode: Mode = "") -> Difference:
    """Compare `olds`, the state's outputs, with `news`, the checked inputs.

    Args:
        kind: the declaration.
        olds: the state's outputs.
        news: the checked inputs.
        mode: the environment's. New content for the same version, which an asset's program pins, replaces the
            asset; in development it is an update in place, which leaves what refers to the asset alone.

    Raises:
        ConfigError: new content for the same version in production.
    """
    pinned = {item.key for item in kind.fields if item.place.pinned}
    immutable = {ARM_ID, CONTENT} | {item.key for item in kind.fields if item.place.immutable} | pinned
    keys = [item.key for item in kind.fields if item.place.compared] + [ARM_ID, CONTENT]
    changes = tuple(
        key for key in keys if not (_entries_stay if key in pinned else _same)(olds.get(key), news.get(key))
    )
    replaces = tuple(key for key in changes if key in immutable)
    if CONTENT in replaces and _same(olds.get(ARM_ID), news.get(ARM_ID)):
        if mode == "production":
            raise ConfigError(
                f"The {kind.title} {news[ARM_ID]} has other content than the version of this name that is deployed.\n"
                "  what to do: give the new content a new version; a version never changes in production."
            )
        if mode == "development":
            replaces = ()
    return Difference(
        changes, replaces, delete_before_replace=bool(replaces) and _same(olds.get(ARM_ID), news.get(ARM_ID))
    )


def _same(old: Any, new: Any) -> bool:
    if new is UNKNOWN or has_unknown(new):
        return False  # it may change: the preview must not promise that nothing will
    return bool(canonical(_empty_as_none(old)) == canonical(_empty_as_none(new)))


def _entries_stay(old: Any, new: Any) -> bool:
    """Whether the entries that both mappings have are the same; unknown ones may not be."""
    if has_unknown(new):
        return False
    return all(_same((old or {})[key], value) for key, value in (new or {}).items() if key in (old or {}))


def _empty_as_none(value: Any) -> Any:
    # The host drops None, and the service answers {} and "" for what was never set.
    return None if value in ({}, [], "") else value
