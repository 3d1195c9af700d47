"""The rules asked of what `pulumi preview --json` says a stack will be, where the policy engine cannot run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..arm import ConfigError
from .rules import RULES, TYPE, Limits

# What Pulumi writes in the place of a value that a preview does not know yet (sdk/python/lib/pulumi/runtime/rpc.py).
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


class NotYetKnownError(LookupError):
    """A rule asked for a value that the preview does not know yet."""


@dataclass(frozen=True)
class Verdict:
    """What a rule says of a resource.

    Attributes:
        rule: its name.
        kind, logical_name: the resource.
        problem: what is wrong and what to do; what is not known yet, where `known` is false.
        known: whether the rule could be asked.
    """

    rule: str
    kind: str
    logical_name: str
    problem: str
    known: bool = True

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "rule": self.rule,
            "kind": self.kind,
            "logicalName": self.logical_name,
            "problem": self.problem,
            "known": self.known,
        }


class _Known(Mapping[str, Any]):
    """Inputs whose unknown values raise when they are read."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getitem__(self, key: str) -> Any:
        value = self._values[key]
        if value == _UNKNOWN:
            raise NotYetKnownError(key)
        return _Known(value) if isinstance(value, Mapping) else value

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def verdicts(preview: Mapping[str, Any], limits: Mapping[str, Limits]) -> Iterator[Verdict]:
    """Everything that the rules find in a preview's steps; what is deleted is not asked about.

    Args:
        preview: what `pulumi preview --json --show-sames` answers: without that, unchanged resources are not in it.
        limits: by rule, those that differ from the rule's own.
    """
    for step in preview.get("steps") or []:
        state = step.get("newState") or {}
        kind = str(state.get("type") or "")
        if not kind.startswith(TYPE) or step.get("op") in {"delete", "delete-replaced", "discard"}:
            continue
        kind, name = kind.removeprefix(TYPE), str(step["urn"]).rpartition("::")[2]
        for rule in RULES:
            own = {**rule.limits, **limits.get(rule.name, {})}
            try:
                for problem in rule.check(kind, _Known(state.get("inputs") or {}), own):
                    yield Verdict(rule.name, kind, name, problem)
            except NotYetKnownError as error:
                yield Verdict(rule.name, kind, name, f"{error} is not known before the update", known=False)


def read_limits(path: Path | None) -> dict[str, Limits]:
    """The limits in a file of the form that `pulumi up --policy-pack-config` takes; none without a file.

    Raises:
        ConfigError: it cannot be read, or names what there is not.
    """
    if path is None:
        return {}
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"The policy configuration {path} cannot be read: {error}.") from None
    known = {rule.name: rule.limits for rule in RULES}
    for name, limits in told.items() if isinstance(told, dict) else [("", None)]:
        strange = sorted(set(limits) - {*known[name], "enforcementLevel"}) if name in known and limits else []
        if name not in {*known, "all"} or strange:
            rules = ", ".join(f"{rule} ({', '.join(own) or 'no limits'})" for rule, own in known.items())
            what = ", ".join(strange) or repr(name)
            raise ConfigError(f"The policy configuration {path} has {what}: rules and limits are {rules}.")
    return {name: limits for name, limits in told.items() if isinstance(limits, dict)}
