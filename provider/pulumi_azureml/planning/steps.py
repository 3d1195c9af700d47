"""The steps of a preview: which resources change, how, and in what. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..state_keys import RESERVED

_TYPE = "pulumi-python:dynamic/azureml:"
# What the engine calls the parts of one replacement, and what it does that is no change of anything.
_ACTIONS: Mapping[str, str] = {
    "create": "create",
    "import": "import",
    "update": "update",
    "delete": "delete",
    "replace": "replace",
    "create-replacement": "replace",
    "delete-replaced": "replace",
    "import-replacement": "replace",
}
_STACK = "pulumi:pulumi:Stack"
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"  # what the engine writes for a value that is not known yet
_SECRET = "4dabf18193072939515e22adb298388d"  # noqa: S105 - the key by which the engine marks a secret
_LONGEST = 60
# The engine's own, and what is computed from other inputs that are told themselves.
_HIDDEN = RESERVED | {"__provider", "gatedDeployment", "codePath"}
# Digests tell that something changed which no other input shows; each in words, and where it is told.
_DIGESTS: Mapping[str, str] = {
    "contentDigest": "content",
    "scoringDigest": "content of the deployment",
    "evidenceDigest": "labels or code of the metric",
}


@dataclass(frozen=True)
class Property:
    """An input that differs, both values in words."""

    name: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.name}: {self.before} → {self.after}"


@dataclass(frozen=True)
class Change:
    """What becomes of one resource.

    Attributes:
        action: `create`, `import`, `update`, `replace` or `delete`.
        kind: the class in the SDK, or the whole type of another provider's resource.
        name: the logical name.
        properties: the inputs that differ, of an update or replacement.
        before, after: inputs by wire name, as they are in the state and as the program wants them.
    """

    action: str
    kind: str
    name: str
    properties: tuple[Property, ...] = ()
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


def changes_of(steps: Sequence[Mapping[str, Any]]) -> list[Change]:
    """The resources that a preview would change, in its order; the parts of a replacement are one change."""
    found: dict[str, Change] = {}
    for step in steps:
        action = _ACTIONS.get(str(step.get("op")))
        kind, name = _named(str(step["urn"]))
        if action is None or kind == _STACK:
            continue
        before, after = _inputs(step.get("oldState")), _inputs(step.get("newState"))
        earlier = found.get(str(step["urn"]))
        if earlier:  # a later part knows one of the two sides at most
            action = "replace" if "replace" in (action, earlier.action) or action != earlier.action else action
            before, after = before or earlier.before, after or earlier.after
        told = tuple(differences(before or {}, after or {})) if action in {"update", "replace"} else ()
        found[str(step["urn"])] = Change(action, kind, name, told, before, after)
    return list(found.values())


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Property]:
    """The inputs that differ: those that a program gives, else the digests that do."""
    names = dict.fromkeys((*before, *after))
    changed = [name for name in names if before.get(name) != after.get(name)]  # 4 and 4.0 are equal
    told = [name for name in changed if name not in _HIDDEN and name not in _DIGESTS]
    for name in told or (name for name in changed if name in _DIGESTS):
        yield Property(_DIGESTS.get(name, name), words(before.get(name)), words(after.get(name)))


def words(value: Any) -> str:
    """A value in a few words: an asset as `name:version`, another resource by its name, a text by its beginning."""
    if value is None:
        return "nothing"
    if is_unknown(value):
        return "known later"
    if isinstance(value, Mapping) and _SECRET in value:
        return "[secret]"
    if isinstance(value, str) and value.startswith("/subscriptions/"):
        *_, collection, name = ("", *value.rstrip("/").split("/"))
        return f"{value.split('/')[-3]}:{name}" if collection == "versions" else name
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    line = " ".join(text.split())
    return f"{line[: _LONGEST - 1]}…" if len(line) > _LONGEST else line or "nothing"


def is_unknown(value: Any) -> bool:
    """Whether a preview does not know a value yet."""
    return isinstance(value, str) and value == _UNKNOWN


def _named(urn: str) -> tuple[str, str]:
    """Kind and logical name of `urn:pulumi:{stack}::{project}::{parent type$type}::{name}`."""
    kind, _, name = urn.split("::", 2)[2].partition("::")
    return kind.rpartition("$")[2].removeprefix(_TYPE), name


def _inputs(state: Any) -> Mapping[str, Any] | None:
    if not isinstance(state, Mapping):
        return None
    inputs = state.get("inputs")
    return inputs if isinstance(inputs, Mapping) else {}
