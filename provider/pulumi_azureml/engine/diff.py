"""Diff: what changes, and whether it can change in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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


def diff(kind: Kind, olds: Mapping[str, Any], news: Mapping[str, Any]) -> Difference:
    """Compare `olds`, the state's outputs, with `news`, the checked inputs."""
    immutable = {ARM_ID, CONTENT} | {item.key for item in kind.fields if item.place.immutable}
    keys = [item.key for item in kind.fields if item.place.compared] + [ARM_ID, CONTENT]
    changes = tuple(key for key in keys if not _same(olds.get(key), news.get(key)))
    replaces = tuple(key for key in changes if key in immutable)
    return Difference(
        changes, replaces, delete_before_replace=bool(replaces) and _same(olds.get(ARM_ID), news.get(ARM_ID))
    )


def _same(old: Any, new: Any) -> bool:
    if new is UNKNOWN or has_unknown(new):
        return False  # it may change: the preview must not promise that nothing will
    return bool(canonical(_empty_as_none(old)) == canonical(_empty_as_none(new)))


def _empty_as_none(value: Any) -> Any:
    # The host drops None, and the service answers {} and "" for what was never set.
    return None if value in ({}, [], "") else value
