"""What a process keeps of the service for a while, and when it asks again."""

from __future__ import annotations

import pytest

from pulumi_azureml.arm.memory import Memory

ENDPOINT = "/subscriptions/s/resourceGroups/g/providers/P/workspaces/w/batchEndpoints/digits"
CHILD = f"{ENDPOINT}/deployments/blue"


class HandClock:
    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def memory(clock: HandClock) -> Memory:
    return Memory(clock)


def test_at_first_anything_may_exist(memory: Memory) -> None:
    assert not memory.cannot_exist(CHILD)
    assert memory.left(ENDPOINT) is None


def test_nothing_is_beneath_what_was_made_a_moment_ago(memory: Memory) -> None:
    memory.made(ENDPOINT, {"name": "digits"})
    assert memory.cannot_exist(CHILD.upper())
    assert memory.left(ENDPOINT) == {"name": "digits"}
    assert not memory.cannot_exist(ENDPOINT)


def test_what_something_was_asked_of_may_exist(memory: Memory) -> None:
    memory.made(ENDPOINT, {})
    memory.changing(CHILD)
    assert not memory.cannot_exist(CHILD)
    assert memory.cannot_exist(f"{ENDPOINT}/deployments/green")


def test_what_was_changed_is_not_as_it_was_left(memory: Memory) -> None:
    memory.made(ENDPOINT, {})
    memory.changing(ENDPOINT)
    assert memory.left(ENDPOINT) is None
    assert not memory.cannot_exist(CHILD)


def test_after_some_minutes_the_service_is_asked_again(memory: Memory, clock: HandClock) -> None:
    memory.made(ENDPOINT, {})
    clock.sleep(299)
    assert memory.cannot_exist(CHILD)
    clock.sleep(1)
    assert not memory.cannot_exist(CHILD)


def test_what_was_found_serves_for_a_while(memory: Memory, clock: HandClock) -> None:
    found = iter(range(9))
    assert [memory.once("a", lambda: next(found), 60) for _ in range(2)] == [0, 0]
    assert memory.once("b", lambda: next(found), 60) == 1
    clock.sleep(60)
    assert memory.once("a", lambda: next(found), 60) == 2


def test_what_could_not_be_found_is_looked_for_again(memory: Memory) -> None:
    def fail() -> None:
        raise ValueError("not now")

    with pytest.raises(ValueError, match="not now"):
        memory.once("a", fail, 60)
    assert memory.once("a", lambda: "found", 60) == "found"
