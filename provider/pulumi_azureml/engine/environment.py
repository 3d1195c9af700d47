"""What the environment that a stack is for makes of its resources: its settings, its mode, its release."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..arm import Settings
from ..state_keys import CONTENT
from .declaration import InputError, InputField, Kind, Values, input_fields
from .unknown import UNKNOWN

# What an asset is, and what a deployment is made of, is tested: an environment cannot say otherwise.
_TESTED = frozenset(
    {
        "path",
        "modelType",
        "dataType",
        "image",
        "condaFile",
        "osType",
        "scoringScript",
        "models",
        "codes",
        "environments",
    }
)
# The input that an error about a resource's content is told at.
_CONTENT = ("path", "image")
_BAGS = frozenset({"tags", "properties", "environmentVariables"})


def adapt(kind: Kind, given: Mapping[str, Any], settings: Settings, logical: str, errors: list[InputError]) -> Values:
    """The inputs as the stack's file and its mode want them, before they are validated.

    `azureml:settings` wins over the program; entries of bags and of nested objects are added to the program's.
    """
    adapted = dict(given)
    keys = {item.key: item for item in kind.fields}
    if settings.mode == "production":
        if "onDelete" in keys:
            adapted.setdefault("onDelete", "retain")  # a rollback finds what it needs
        if adapted.get("adopt") not in {None, False}:
            errors.append(
                InputError("adopt", "is refused in production: a stack takes over nothing made by hand there")
            )
    for key, value in _overrides(kind, settings, logical, errors):
        adapted[key] = _merged(keys[key], adapted.get(key), value)
    return adapted


def _overrides(kind: Kind, settings: Settings, logical: str, errors: list[InputError]) -> Iterator[tuple[str, Any]]:
    if not settings.overrides:
        return
    told: Mapping[str, Mapping[str, Any]] = json.loads(settings.overrides)
    for scope in (kind.name, f"{kind.name}/{logical}"):  # the closer one last, for it wins
        for name, value in told.get(scope, {}).items():
            offered = (each for each in kind.fields if not each.place.computed)
            item = next((each for each in offered if name in {each.name, each.key}), None)
            where = f"azureml:settings has {scope}.{name}"
            if item is None:
                known = ", ".join(sorted(each.name for each in kind.fields if not _fixed(each)))
                errors.append(InputError(name, f"is not expected here: {where}. Known are: {known}"))
            elif _fixed(item):
                errors.append(InputError(item.key, f"cannot differ between environments: {where}"))
            else:
                yield item.key, value


def _fixed(item: InputField) -> bool:
    return item.place.url or item.key in _TESTED or item.place.refers_to in _TESTED


def _merged(item: InputField, given: Any, value: Any) -> Any:
    mergeable = item.key in _BAGS or item.nested is not None
    if not mergeable or not isinstance(given, Mapping) or not isinstance(value, Mapping):
        return value
    if item.nested is None or item.mapped:
        return {**given, **value}
    keys = {each.name: each.key for each in input_fields(item.nested)}  # a program may write either
    return {keys.get(name, name): part for told in (given, value) for name, part in told.items()}


def release(kind: Kind, values: Values, settings: Settings, logical: str, errors: list[InputError]) -> Values:
    """The inputs with what the stack's release says of the resource, its content digest among them.

    Local content is an error when there is a release that does not have it, and in production when there is none.
    """
    from ..release.errors import LockError  # noqa: PLC0415 - a stack without releases does not pay for it
    from ..release.resolve import ASSETS, missing, released  # noqa: PLC0415

    local = kind.name in ASSETS and not _is_remote(values)
    found = None
    problem = ""
    if settings.release:
        try:
            found = released(settings.release, kind.name, logical)
            problem = missing(settings.release, kind.name, logical) if local and found is None else ""
        except LockError as error:
            problem = str(error)
    elif local:
        problem = "is local, and production deploys releases only: set azureml:release to one"
    if problem:
        errors.append(InputError(next(item.key for item in kind.fields if item.key in _CONTENT), problem))
    if found is None:
        return values
    own = {key for key, _ in _overrides(kind, settings, logical, [])}  # the stack's file wins over the release
    merged = {**values, **{key: value for key, value in found.inputs.items() if key not in own}}
    # What lies in a registry and is deployed from there is nobody's copy: its maker's tags tell where it is from.
    shared = bool(values.get("registry")) and found.source.lower().startswith(f"{values['registry']}/".lower())
    if found.tags and not shared and values.get("tags") is not UNKNOWN:
        merged["tags"] = {**found.tags, **(values.get("tags") or {})}
    if found.digest:
        merged[CONTENT] = found.digest
    return {key: value for key, value in merged.items() if value is not None}


def _is_remote(values: Mapping[str, Any]) -> bool:
    path = values.get("path")
    return path is UNKNOWN or (isinstance(path, str) and "://" in path)
