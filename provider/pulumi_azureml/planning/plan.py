"""A plan: the changes of a preview, the content that moves, the gates that run, and the defaults that move. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .steps import Change, changes_of, is_unknown, words

ACTIONS = ("create", "import", "update", "replace", "delete")
_NEW = frozenset({"create", "replace"})


@dataclass(frozen=True)
class Transfer:
    """Content that goes to the workspace.

    Attributes:
        how: `upload` from this machine, or `copy` from another workspace, inside the storage where that can be.
        kind, name: of the resource.
        source: the local path, or the workspace that it is copied from.
        files, size: how many files, and bytes in all.
    """

    how: str
    kind: str
    name: str
    source: str
    files: int
    size: int


@dataclass(frozen=True)
class Trial:
    """A gate that runs: what it asks of which deployment."""

    name: str
    deployment: str
    metric: str
    bound: str
    threshold: str


@dataclass(frozen=True)
class Move:
    """A default that moves, or is set (`before` empty), or unset (`after` empty), after which gate."""

    endpoint: str
    before: str
    after: str
    gate: str = ""


@dataclass(frozen=True)
class Plan:
    """What `pulumi up` would do.

    Attributes:
        stack: its name.
        release: what it deploys; empty for local content.
        changes, transfers, trials, moves: each in the order of the preview.
        unchanged: how many resources stay as they are.
        warnings: what the preview warned of.
    """

    stack: str
    release: str
    changes: Sequence[Change]
    transfers: Sequence[Transfer]
    trials: Sequence[Trial]
    moves: Sequence[Move]
    unchanged: int
    warnings: Sequence[str] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """How many resources by action, those with none included."""
        counted = Counter(change.action for change in self.changes)
        return {action: counted[action] for action in ACTIONS}

    def document(self) -> dict[str, Any]:
        """The whole as JSON."""
        return {
            "stack": self.stack,
            "release": self.release,
            "counts": {**self.counts, "unchanged": self.unchanged},
            "transfers": [asdict(each) for each in self.transfers],
            "changes": [_told(each) for each in self.changes],
            "gates": [asdict(each) for each in self.trials],
            "defaults": [asdict(each) for each in self.moves],
            "warnings": list(self.warnings),
        }


def make_plan(preview: Mapping[str, Any], find_transfer: Callable[[Change], Transfer | None]) -> Plan:
    """The plan that a preview's JSON holds.

    Args:
        preview: what `pulumi preview --json` answers.
        find_transfer: what content a new asset has; None for none.
    """
    steps = preview.get("steps") or []
    changes = changes_of(steps)
    counts = preview.get("changeSummary") or {}
    urn = str(steps[0]["urn"]) if steps else ""
    new = (find_transfer(change) for change in changes if _brings_content(change))
    said = (d for d in preview.get("diagnostics") or [] if d.get("severity") == "warning")
    return Plan(
        stack=urn.split("::")[0].rpartition(":")[2],
        release=str((preview.get("config") or {}).get("azureml:release") or ""),
        changes=changes,
        transfers=[transfer for transfer in new if transfer],
        trials=list(_trials(changes)),
        moves=list(_moves(changes)),
        unchanged=max(0, int(counts.get("same", 0)) - 1),  # the stack is a resource, too
        warnings=[str(each.get("message") or "").strip() for each in said],
    )


def _brings_content(change: Change) -> bool:
    """New, or in development updated in place with new content."""
    before, after = change.before or {}, change.after or {}
    return change.action in _NEW or (
        change.action == "update" and before.get("contentDigest") != after.get("contentDigest")
    )


def _trials(changes: Sequence[Change]) -> Iterator[Trial]:
    for change in changes:
        if change.kind == "ScoringGate" and change.after and change.action != "delete":
            after = change.after
            bound = "at least" if after.get("greaterIsBetter", True) else "at most"
            yield Trial(
                change.name,
                words(after.get("deployment")),
                words(after.get("metric")),
                bound,
                words(after.get("threshold")),
            )


def _moves(changes: Sequence[Change]) -> Iterator[Move]:
    for change in changes:
        if change.kind != "DefaultDeployment":
            continue
        before, after = change.before or {}, change.after or {}
        endpoint = words((after or before).get("endpoint"))
        # Replaced because it is another endpoint's: set there; what becomes of the old endpoint is told by its own row.
        old = (
            ""
            if change.action == "create" or before.get("endpoint") != (after or before).get("endpoint")
            else (words(before.get("deployment")))
        )
        new = words(after.get("deployment")) if change.action != "delete" else ""
        gate = after.get("gate")
        named = "" if gate is None else "known later" if is_unknown(gate) else words(gate)
        if old != new:
            yield Move(endpoint, old, new, named)


def _told(change: Change) -> dict[str, Any]:
    properties = [asdict(each) for each in change.properties]
    return {"action": change.action, "kind": change.kind, "name": change.name, "properties": properties}
