"""Which steps begin when, and how a run ends."""

from __future__ import annotations

from azureml_emulator.pipeline.schedule import Decision, Node, decide


def node(name: str, *needs: str) -> Node:
    return Node(name, frozenset(needs))


DIAMOND = [node("a"), node("b", "a"), node("c", "a"), node("d", "b", "c")]
APART = [node("a"), node("b", "a"), node("x"), node("y", "x")]


def test_steps_without_needs_begin_together() -> None:
    assert decide(APART, {}, go_on=False) == Decision(begin=("a", "x"))


def test_steps_that_need_the_same_step_begin_together_when_it_is_done() -> None:
    assert decide(DIAMOND, {"a": "Running"}, go_on=False) == Decision()
    assert decide(DIAMOND, {"a": "Completed"}, go_on=False) == Decision(begin=("b", "c"))


def test_a_step_begins_when_all_that_it_needs_is_done() -> None:
    states = {"a": "Completed", "b": "Completed", "c": "Running"}
    assert decide(DIAMOND, states, go_on=False) == Decision()
    assert decide(DIAMOND, {**states, "c": "Completed"}, go_on=False) == Decision(begin=("d",))


def test_a_run_is_completed_when_every_step_is() -> None:
    assert decide(DIAMOND, dict.fromkeys("abcd", "Completed"), go_on=False) == Decision(outcome="Completed")


def test_a_failure_stops_what_is_under_way() -> None:
    assert decide(APART, {"a": "Failed", "x": "Running"}, go_on=False) == Decision(stop=("x",))
    assert decide(APART, {"a": "Failed", "x": "Canceled"}, go_on=False) == Decision(outcome="Failed")


def test_with_go_on_what_does_not_depend_on_the_failure_still_runs() -> None:
    states = {"a": "Failed", "x": "Completed"}
    assert decide(APART, states, go_on=True) == Decision(begin=("y",))
    assert decide(APART, {**states, "y": "Running"}, go_on=True) == Decision()
    assert decide(APART, {**states, "y": "Completed"}, go_on=True) == Decision(outcome="Failed")


def test_a_canceled_run_stops_what_is_under_way_and_begins_nothing() -> None:
    states = {"a": "Completed", "x": "Running"}
    assert decide(APART, states, go_on=True, canceled=True) == Decision(stop=("x",))
    assert decide(APART, {**states, "x": "Canceled"}, go_on=True, canceled=True) == Decision(outcome="Canceled")


def test_a_run_that_was_canceled_before_it_began_is_canceled() -> None:
    assert decide(APART, {}, go_on=False, canceled=True) == Decision(outcome="Canceled")
