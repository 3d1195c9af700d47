"""Check: every input validated, all errors at once, each at its property path; names and ids computed.

What is unknown during a preview is skipped, at any depth, and handed on as unknown.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from ..arm import Settings
from ..arm.resource_id import registry_asset
from ..state_keys import ARM_ID, CONTENT, RESERVED, URN
from . import environment
from .declaration import InputError, InputField, Inputs, Kind, Place, Values, input_fields
from .unknown import UNKNOWN, has_unknown

_SUFFIX_LENGTH = 6


@dataclass(frozen=True)
class Failure:
    """One thing that is wrong: the property's path, and what is allowed there."""

    path: str
    reason: str


@dataclass(frozen=True)
class Checked:
    """Normalised inputs, with the engine's own beside them, and everything that is wrong."""

    inputs: Values
    failures: list[Failure] = field(default_factory=list)


def check(kind: Kind, news: Mapping[str, Any], settings: Settings, *, owner: str) -> Checked:
    """Validate and complete the inputs of one resource.

    Args:
        kind: the declaration.
        news: the inputs as the program gives them; snake_case and camelCase keys are both taken.
        settings: the stack's, for ids and the default location.
        owner: project, stack and logical name, `project/stack/name`.

    Returns:
        Inputs ready for diff and create. With failures they are as far as they could be understood.
    """
    given = {key: value for key, value in news.items() if key not in RESERVED and value is not None}
    errors: list[InputError] = []
    logical = owner.rsplit("/", 1)[-1]
    if settings.mode or settings.overrides:
        given = environment.adapt(kind, given, settings, logical, errors)
    values = _validate(kind.inputs, given, "", errors)
    _complete(kind, values, settings, owner, errors)
    if settings.release or settings.mode == "production":
        values = environment.release(kind, values, settings, logical, errors)
    if kind.rules:
        errors += kind.rules(values)
    if kind.derive and not errors and not values.get(CONTENT):
        try:
            values = kind.derive(values, settings)
        except InputError as error:
            errors.append(error)
    values[URN] = news.get(URN, "")
    values[ARM_ID] = arm_id(kind, values, settings)
    return Checked(values, [Failure(error.path, error.reason) for error in errors])


def arm_id(kind: Kind, values: Mapping[str, Any], settings: Settings) -> Any:
    """The ARM id that these inputs make, or UNKNOWN while a part of it is."""
    names = [name for _, name, _, _ in string.Formatter().parse(kind.path) if name]
    parts = {name: values.get(to_camel(name), "") for name in names}
    if any(part is UNKNOWN for part in parts.values()):
        return UNKNOWN
    path = kind.path.format(**parts)
    registry = values.get("registry")  # what an asset lies in, in place of the workspace
    if registry is UNKNOWN:
        return UNKNOWN
    if path.startswith("/"):
        return path
    return f"{registry}/{path}" if registry else settings.id_of(path)


def _validate(model: type[Inputs], given: Mapping[str, Any], prefix: str, errors: list[InputError]) -> Values:
    """The values of one model by wire name, defaults filled in; errors are added to `errors`."""
    remaining = dict(given)
    values: Values = {}
    for item in input_fields(model):
        path = f"{prefix}{item.key}"
        value = remaining.pop(item.key, None)
        value = remaining.pop(item.name, None) if value is None else value
        if value is None:
            if item.info.is_required():
                errors.append(InputError(path, f"is required: {_purpose(item)}"))
            elif (default := item.info.get_default(call_default_factory=True)) is not None:
                values[item.key] = _plain(item, default)
        elif value is UNKNOWN:
            values[item.key] = UNKNOWN
        elif item.nested and isinstance(value, Mapping):
            values[item.key] = _validate_nested(item.nested, value, path, errors, mapped=item.mapped)
        elif has_unknown(value):
            values[item.key] = value
        else:
            values[item.key] = _validate_value(item, value, path, errors)
    errors += _unexpected(model, remaining, prefix)
    return values


def _validate_nested(
    model: type[Inputs], value: Mapping[str, Any], path: str, errors: list[InputError], *, mapped: bool
) -> Values:
    """The values of a nested object, or of each of many that have names."""
    if not mapped:
        return _validate(model, value, f"{path}.", errors)
    found: Values = {}
    for name, entry in value.items():
        found[name] = entry
        if isinstance(entry, Mapping):
            found[name] = _validate(model, entry, f"{path}.{name}.", errors)
        elif entry is not UNKNOWN:
            known = ", ".join(item.name for item in input_fields(model))
            errors.append(InputError(f"{path}.{name}", f"should be an object with {known}, not {_show(entry)}"))
    return found


def _validate_value(item: InputField, value: Any, path: str, errors: list[InputError]) -> Any:
    try:
        return parse_value(item, value)
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            where = ".".join([path, *(str(step) for step in problem["loc"] if not _is_type_name(step))])
            text = problem["msg"].removeprefix("Value error, ")
            errors.append(InputError(where, f"{text[0].lower()}{text[1:]}, not {_show(problem['input'])}"))
        return value


def _is_type_name(step: int | str) -> bool:
    # Pydantic puts the name of a union's member into the location; it is no part of the property's path.
    return isinstance(step, str) and ("[" in step or step in {"str", "int", "float", "bool", "dict"})


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"  # noqa: PLR2004 - one line of a terminal


def _purpose(item: InputField) -> str:
    text = (item.doc or item.name).split(". ")[0].strip()
    return f"{text[0].lower()}{text[1:]}".rstrip(".")


def _unexpected(model: type[Inputs], remaining: Mapping[str, Any], prefix: str) -> Iterator[InputError]:
    known = {item.name: item.name for item in input_fields(model)} | {i.key: i.name for i in input_fields(model)}
    for key in remaining:
        close = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
        meant = (
            f' Do you mean "{known[close[0]]}"?' if close else f" Known are: {', '.join(sorted(set(known.values())))}."
        )
        yield InputError(f"{prefix}{key}", f'"{key}" is not expected here.{meant}')


def parse_value(item: InputField, value: Any) -> Any:
    """A plain value in the declared form; raises pydantic's ValidationError when it does not fit."""
    return _plain(item, _adapter(item).validate_python(value))


@cache
def _adapter(item: InputField) -> TypeAdapter[Any]:
    annotation: Any = item.info.annotation
    constraints = [mark for mark in item.info.metadata if not isinstance(mark, Place)]
    return TypeAdapter(Annotated[annotation, *constraints] if constraints else annotation)


def _plain(item: InputField, value: Any) -> Any:
    """`value` as JSON has it, keys in wire form: enums, durations and models become plain values."""
    return _adapter(item).dump_python(value, mode="json", by_alias=True, exclude_none=True)


def _complete(kind: Kind, values: Values, settings: Settings, owner: str, errors: list[InputError]) -> None:
    """Fill in name and location, and write references out as ARM ids."""
    keys = {item.key: item for item in kind.fields}
    for item in kind.fields:
        if item.place.setting and item.key not in values:
            values[item.key] = getattr(settings, item.place.setting)
    if "tags" in keys and settings.default_tags and values.get("tags") is not UNKNOWN:
        values["tags"] = {**dict(settings.default_tags), **(values.get("tags") or {})}
    _expand_all(kind.inputs, values, settings)
    if "name" in keys and values.get("name") is not UNKNOWN:
        named = values.get("name") or default_name(kind, owner, settings)
        # A name that is made here is held to the same rules as a given one.
        if (name := _of_user(kind, named, settings)) != values.get("name"):
            values["name"] = _validate_value(keys["name"], name, "name", errors)


def default_name(kind: Kind, owner: str, settings: Settings) -> str:
    """The name of a resource whose program gives none: its logical name, made fit, and a suffix where needed.

    The suffix is a digest of workspace, project, stack and logical name rather than a throw of dice: unique
    in the region all the same, and a create that is run again after a crash finds what it made before.
    """
    logical = re.sub(r"[^a-zA-Z0-9-]+", "-", owner.rsplit("/", 1)[-1]).strip("-")
    logical = _of_user(kind, logical, settings)
    if kind.naming == "logical":
        return logical
    seed = "\n".join((settings.workspace_id.lower(), settings.location, owner, kind.name))
    return f"{logical[:24].rstrip('-')}-{hashlib.sha256(seed.encode()).hexdigest()[:_SUFFIX_LENGTH]}"


def _of_user(kind: Kind, name: str, settings: Settings) -> str:
    """`name` after its user's in development, where several users share a workspace."""
    own = f"{settings.user}{kind.separator}"
    of_workspace = not kind.path.startswith(("{", "registries/"))
    return name if not settings.user or not of_workspace or name.startswith(own) else f"{own}{name}"


def _expand_all(model: type[Inputs], values: Values, settings: Settings) -> None:
    """Write every short reference out, those in nested objects too."""
    for item in input_fields(model):
        value = values.get(item.key)
        if item.place.refers_to and isinstance(value, str):
            values[item.key] = _expand(value, item.place.refers_to, settings)
        elif item.nested and isinstance(value, dict):
            for part in value.values() if item.mapped else (value,):
                if isinstance(part, dict):
                    _expand_all(item.nested, part, settings)


def _expand(text: str, collection: str, settings: Settings) -> str:
    """An ARM id for a short reference: `name`, or `azureml:name:version`; ids and `azureml://` stay."""
    if text.startswith("/") and collection != "registries":
        return registry_asset(text) or text  # the service takes what is in a registry by this form alone
    if text.startswith("/") or "://" in text:
        return text
    if "." in collection:
        return f"{settings.workspace_id.rpartition('/providers/')[0]}/providers/{collection}/{text}"
    short = text.removeprefix("azureml:")
    name, separator, version = short.partition(":")
    return settings.id_of(f"{collection}/{name}") + (f"/versions/{version}" if separator else "")
