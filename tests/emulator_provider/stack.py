"""A stack without the engine: the provider's own check, diff and lifecycle, in the order that Pulumi calls them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pulumi_azureml.arm import ArmClient
from pulumi_azureml.engine import Context, Kind, ResourceState, check, diff, lifecycle_of


@dataclass
class Stack:
    client: ArmClient
    name: str
    project: str = "tests"
    made: dict[str, tuple[Kind, ResourceState]] = field(default_factory=dict)
    shown: list[str] = field(default_factory=list)

    def context(self, logical: str) -> Context:
        return Context(
            self.client.reporting(self.shown.append), self.project, self.name, logical, status=self.shown.append
        )

    def check(self, kind: Kind, logical: str, **inputs: Any) -> dict[str, Any]:
        checked = check(kind, inputs, self.client.settings, owner=f"{self.project}/{self.name}/{logical}")
        assert not checked.failures, checked.failures
        return checked.inputs

    def up(self, kind: Kind, logical: str, **inputs: Any) -> ResourceState:
        """Create, update in place or replace, whatever the diff says."""
        news = self.check(kind, logical, **inputs)
        if logical not in self.made:
            state = lifecycle_of(kind).create(news, self.context(logical))
        else:
            _, old = self.made[logical]
            found = diff(kind, old.outputs, news)
            if found.replaces:
                if found.delete_before_replace:
                    lifecycle_of(kind).delete(old.id, old.outputs, self.context(logical))
                state = lifecycle_of(kind).create(news, self.context(logical))
                if not found.delete_before_replace:
                    lifecycle_of(kind).delete(old.id, old.outputs, self.context(logical))
            elif found.changes:
                state = lifecycle_of(kind).update(old.id, old.outputs, news, self.context(logical))
            else:
                state = old
        self.made[logical] = (kind, state)
        return state

    def refresh(self, logical: str) -> ResourceState | None:
        kind, state = self.made[logical]
        found = lifecycle_of(kind).read(state.id, state.inputs, self.context(logical))
        if found is None:
            del self.made[logical]
        else:
            self.made[logical] = (kind, found)
        return found

    def changes(self, kind: Kind, logical: str, **inputs: Any) -> tuple[str, ...]:
        return diff(kind, self.made[logical][1].outputs, self.check(kind, logical, **inputs)).changes

    def forget(self, logical: str) -> ResourceState:
        """Lose the state of a resource, as a create that was killed does."""
        return self.made.pop(logical)[1]

    def delete(self, logical: str) -> None:
        kind, state = self.made.pop(logical)
        lifecycle_of(kind).delete(state.id, state.outputs, self.context(logical))

    def destroy(self) -> None:
        for logical in reversed(list(self.made)):
            self.delete(logical)
