"""Which steps of a run begin now, which never will, and how the run ends. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

ENDED = frozenset({"Completed", "Failed", "Canceled"})


@dataclass(frozen=True)
class Node:
    """A step as the schedule sees it: its name, and the steps that it waits for."""

    name: str
    needs: frozenset[str]


@dataclass(frozen=True)
class Decision:
    """What to do next. ``outcome`` is set once nothing runs and nothing will begin any more."""

    begin: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    outcome: str | None = None


def decide(steps: Iterable[Node], states: Mapping[str, str], *, go_on: bool, canceled: bool = False) -> Decision:
    """Decide what happens next in a run.

    Args:
        steps: all of its steps.
        states: the states of those that have begun.
        go_on: after a failure, steps that do not depend on what failed still run (``continue_on_step_failure``);
            without it the steps that are under way are stopped.
        canceled: nothing new begins, and what is under way is stopped.
    """
    running = [name for name, state in states.items() if state not in ENDED]
    lost = [name for name, state in states.items() if state in {"Failed", "Canceled"}]
    if canceled or (lost and not go_on):
        if running:
            return Decision(stop=tuple(running))
        return Decision(outcome="Canceled" if canceled else "Failed")
    done = {name for name, state in states.items() if state == "Completed"}
    ready = tuple(step.name for step in steps if step.name not in states and step.needs <= done)
    if ready or running:
        return Decision(begin=ready)
    return Decision(outcome="Failed" if lost else "Completed")
