"""Shape: inputs to ARM body and ARM document to inputs and outputs. Pure functions, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from ..state_keys import RESERVED
from .check import parse_value
from .declaration import InputField, Inputs, Kind, Values, input_fields
from .values import Document, canonical, get, put

# Two tags mark what a stack has made. One says who owns it; the other tells one making of it from the
# next, so that deleting what was replaced never deletes the replacement of the same name.
OWNER_TAG = "pulumi-owner"
MARK_TAG = "pulumi-mark"
_OWN_TAGS = (OWNER_TAG, MARK_TAG)

# Bags whose entries others may add to: what a stack did not put there is neither compared nor removed.
_SHARED_BAGS = frozenset({"tags", "properties"})

# Sixteen hexadecimal digits of a SHA-256: short enough to read, and no two contents of a workspace share them.
_VERSION_LENGTH = 16


def version_of(content: str) -> str:
    """The version of an asset that has the content of this digest, where the program gives none."""
    return content[:_VERSION_LENGTH]


def build_body(
    kind: Kind,
    inputs: Values,
    *,
    owner: str,
    mark: str,
    current: Mapping[str, Any] | None = None,
    previous: Mapping[str, Any] | None = None,
) -> Document:
    """The document to PUT.

    Args:
        kind: the declaration.
        inputs: checked inputs.
        owner: `project/stack/name` for the owner's tag.
        mark: what tells this making from another.
        current: the ARM document as it is now, when there is one: what the kind carries, and entries of
            tags and properties that others have added, are kept.
        previous: the inputs of the last update; entries of bags that were in it and are gone are removed.
    """
    body: Document = {}
    for path in kind.carried:
        if (kept := get(current, path)) is not None:
            put(body, path, kept)
    for item in kind.fields:
        if not item.place.body:
            continue
        value = inputs.get(item.key)
        if item.key in _SHARED_BAGS:
            value = _merge_bag(value, get(current, item.place.body), (previous or {}).get(item.key))
        if value is not None:
            put(body, item.place.body, value)
    for path, value in kind.fixed.items():
        # What says more of an object that is not there would make it up.
        if path.count(".") == 1 or get(body, path.rpartition(".")[0]) is not None:
            put(body, path, value)
    if kind.tags:
        own = {OWNER_TAG: owner, MARK_TAG: mark}
        put(body, kind.tags, _listed(current, kind, own) if kind.tag_form == "list" else {**_tags(kind, body), **own})
    return body


def _listed(current: Mapping[str, Any] | None, kind: Kind, own: Mapping[str, str]) -> list[Any]:
    """The list that stands for tags: what others have added to it, and our own."""
    there = get(current, kind.tags) or []
    kept = [entry for entry in there if str(entry).partition("=")[0] not in _OWN_TAGS]
    return [*kept, *(f"{key}={value}" for key, value in own.items())]


def _tags(kind: Kind, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The tags of a document; a list of texts stands for a mapping where the kind says so."""
    found = get(document, kind.tags) if kind.tags else None
    if kind.tag_form == "list":
        texts = found if isinstance(found, list) else []
        return dict(str(entry).partition("=")[::2] for entry in texts)
    return found if isinstance(found, Mapping) else {}


def _merge_bag(wanted: Any, current: Any, previous: Any) -> Any:
    kept = {key: value for key, value in (current or {}).items() if key not in (previous or {})}
    merged = {**kept, **(wanted or {})}
    return merged or None


def owner_of(kind: Kind, document: Mapping[str, Any]) -> tuple[str, str]:
    """Owner and mark on an ARM document; empty when it bears none."""
    tags = _tags(kind, document)
    return str(tags.get(OWNER_TAG) or ""), str(tags.get(MARK_TAG) or "")


def read_outputs(kind: Kind, document: Mapping[str, Any]) -> Values:
    """The declared outputs that the document holds."""
    found = {output.key: get(document, output.body) for output in kind.outputs}
    return {key: value for key, value in found.items() if value is not None}


def read_inputs(kind: Kind, document: Mapping[str, Any], inputs: Mapping[str, Any]) -> Values:
    """`inputs` as the service has them now: what was changed behind the stack's back shows as a difference.

    Only what the stack has set is looked at, so that the service's own additions are no difference; with
    no inputs at all (an import) everything is taken.
    """
    importing = not inputs
    found: Values = {key: value for key, value in inputs.items() if key in RESERVED}
    for item in kind.fields:
        wanted = inputs.get(item.key)
        if not item.place.body:
            if wanted is not None:
                found[item.key] = wanted
            continue
        if wanted is None and not importing:
            continue
        actual = get(document, item.place.body)
        if item.key in _SHARED_BAGS:
            actual = _read_bag(actual, wanted, importing=importing)
        actual = normalise(item, actual)
        # What means the same is told in the stack's own words, so that the display shows no difference either.
        if canonical(actual) == canonical(wanted):
            actual = wanted
        if actual is not None:
            found[item.key] = actual
    return found


def _read_bag(actual: Any, wanted: Any, *, importing: bool) -> Any:
    entries = actual if isinstance(actual, Mapping) else {}
    return {
        key: value for key, value in entries.items() if key not in _OWN_TAGS and (importing or key in (wanted or {}))
    }


def normalise(item: InputField, actual: Any) -> Any:
    """A value of the service in the declared form; one that the declaration does not know stays as it is."""
    if actual is None:
        return None
    if item.nested and isinstance(actual, Mapping):
        if item.mapped:
            return {key: _normalise_model(item.nested, part) for key, part in actual.items()}
        return _normalise_model(item.nested, actual)
    try:
        return parse_value(item, actual)
    except ValidationError:
        return actual


def _normalise_model(model: type[Inputs], actual: Mapping[str, Any]) -> Values:
    values = {item.key: normalise(item, actual.get(item.key)) for item in input_fields(model)}
    return {key: value for key, value in values.items() if value is not None}
