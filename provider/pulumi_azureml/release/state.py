"""The resources of this provider in a stack's exported state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import ReleaseError

_TYPE = "pulumi-python:dynamic/azureml:"
# Pulumi's mark of a secret in a state, whose value is a ciphertext.
_SECRET = "4dabf18193072939515e22adb298388d"  # noqa: S105 - no password, but the key of one


@dataclass(frozen=True)
class StackResource:
    """One resource as the state has it.

    Attributes:
        kind: the class in the SDK, such as `Model`.
        logical_name: the name in the program.
        outputs: inputs and outputs by wire name.
    """

    kind: str
    logical_name: str
    outputs: Mapping[str, Any]

    @property
    def arm_id(self) -> str:
        """The ARM id."""
        return str(self.outputs.get("armId") or "")


def resources_of(state: Mapping[str, Any], stack: object) -> list[StackResource]:
    """The resources of an exported state, in order of dependence.

    Raises:
        ReleaseError: the last update was interrupted, or two resources could not be told from one another.
    """
    deployment = state.get("deployment") or {}
    if pending := deployment.get("pending_operations"):
        raise ReleaseError(
            f"The last update of {stack} was interrupted: {len(pending)} operations are pending.\n"
            "  what to do: run `pulumi refresh --clear-pending-creates`, then `pulumi up`."
        )
    found = list(_resources(deployment.get("resources") or []))
    names = [(resource.kind, resource.logical_name) for resource in found]
    if twice := sorted({" ".join(name) for name in names if names.count(name) > 1}):
        raise ReleaseError(
            f"A release finds resources by kind and logical name, and {stack} has two of: {', '.join(twice)}.\n"
            "  what to do: give them different logical names."
        )
    return found


def _resources(entries: list[Mapping[str, Any]]) -> Iterator[StackResource]:
    for entry in entries:
        kind = str(entry.get("type") or "")
        if kind.startswith(_TYPE) and not entry.get("delete"):
            name = str(entry["urn"]).rpartition("::")[2]
            yield StackResource(kind.removeprefix(_TYPE), name, entry.get("outputs") or {})


def holds_secret(value: Any) -> bool:
    """Whether a value of an exported state is secret, or holds something secret."""
    if isinstance(value, Mapping):
        return _SECRET in value or any(holds_secret(item) for item in value.values())
    return isinstance(value, list) and any(holds_secret(item) for item in value)
