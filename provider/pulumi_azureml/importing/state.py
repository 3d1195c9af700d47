"""The state: each declaration as `check` completes it and `read` finds it, in the form that `pulumi import` takes."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pulumi.dynamic.dynamic import PROVIDER_KEY, serialize_provider

from .. import dynamic
from ..arm import ArmClient
from ..consume.project import Project
from ..engine import Context, check, diff, lifecycle_of
from ..state_keys import ARM_ID, URN
from .declare import Declaration, Reference
from .errors import ImportRefusedError


@dataclass
class States:
    """Makes the states of declarations, one after the other: later ones may refer to earlier ones.

    Attributes:
        client: of the workspace.
        project: whose stack the resources will belong to.
        folder: the program's folder, which relative paths in it start from.
    """

    client: ArmClient
    project: Project
    folder: Path
    made: dict[str, dict[str, Any]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def entries(self, declarations: Sequence[Declaration]) -> list[dict[str, Any]]:
        """The resources of the file for `pulumi import --file`.

        Raises:
            ImportRefusedError: listing every property that the service has and a program cannot declare.
        """
        problems: list[str] = []
        found = []
        for item in declarations:
            entry, wrong = self._entry(item)
            problems += wrong
            found.append(entry)
        if problems:
            raise ImportRefusedError(
                "Some resources are as no program can declare them; nothing was imported:\n  - "
                + "\n  - ".join(problems)
            )
        return found

    def _entry(self, item: Declaration) -> tuple[dict[str, Any], list[str]]:
        kind = f"pulumi-python:dynamic/azureml:{item.kind.name}"
        urn = self.project.urn(kind, item.name)
        given = {**self._inputs(item), URN: urn}
        owner = f"{self.project.name}/{self.project.stack}/{item.name}"
        with contextlib.chdir(self.folder):
            checked = check(item.kind, given, self.client.settings, owner=owner)
        inputs = checked.inputs
        self.made[item.id.lower()] = inputs
        self.names[item.id.lower()] = item.name
        if checked.failures:
            return {}, [f"{item.id}: {failure.path} {failure.reason}" for failure in checked.failures]
        context = Context(self.client, self.project.name, self.project.stack, item.name)
        state = lifecycle_of(item.kind).read(str(inputs[ARM_ID]), inputs, context)
        if state is None:
            return {}, [f"{item.id}: it was deleted just now"]
        if changes := diff(item.kind, state.outputs, inputs).changes:
            self.notes.append(f"the next `pulumi up` will change {', '.join(changes)} of {item.id}")
        provider = {PROVIDER_KEY: serialize_provider(_provider(item)())}
        return {
            "type": kind,
            "name": item.name,
            "id": state.id,
            "inputs": {**inputs, **provider},
            "outputs": {**state.outputs, **provider},
        }, []

    def _inputs(self, item: Declaration) -> dict[str, Any]:
        """What the constructor hands to `check`: references as ARM ids, and what is borrowed from them."""
        given = {name: self._plain(value) for name, value in item.arguments.items()}
        for key, (source, attribute) in item.kind.borrows.items():
            lender = item.arguments.get(source)
            if isinstance(lender, Reference):
                given[key] = self.made[lender.id.lower()].get(attribute)
            elif isinstance(lender, Mapping):
                ids = [each.id.lower() for each in lender if isinstance(each, Reference)]
                given[key] = {self.names[each]: self.made[each].get(attribute) for each in ids} or None
        return given

    def _plain(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {self._plain(key): each for key, each in value.items()}
        return self.made[value.id.lower()][ARM_ID] if isinstance(value, Reference) else value


def _provider(item: Declaration) -> type[dynamic.AzureMLProvider]:
    found: type[dynamic.AzureMLProvider] = getattr(dynamic, f"{item.kind.name}Provider")
    return found


def import_file(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The whole document for `pulumi import --file`."""
    return {"resources": list(entries)}
