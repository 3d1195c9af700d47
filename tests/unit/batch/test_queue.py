"""Nodes of a compute are shared by its jobs, first come, first served."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from azureml_emulator.batch.queue import NodeCounts, NodeQueue, Request

CPU = "/subscriptions/s/computes/cpu"


def queue(*nodes: int) -> NodeQueue:
    result = NodeQueue()
    for number, wanted in enumerate(nodes):
        result.ask(CPU, Request(f"job{number}", wanted))
    return result


def test_jobs_run_as_long_as_there_are_nodes() -> None:
    jobs = queue(2, 1, 2)
    assert jobs.grant(CPU, 4) == ["job0", "job1"]
    assert jobs.grant(CPU, 4) == []
    jobs.leave(CPU, "job0", now=0)
    assert jobs.grant(CPU, 4) == ["job2"]


def test_a_small_job_does_not_overtake_a_large_one() -> None:
    jobs = queue(1, 4, 1)
    assert jobs.grant(CPU, 4) == ["job0"]
    assert jobs.grant(CPU, 4) == []


def test_who_was_submitted_earlier_goes_first_even_if_it_was_prepared_later() -> None:
    jobs = NodeQueue()
    for name, since in (("second", "2"), ("third", "3"), ("first", "1")):
        jobs.ask(CPU, Request(name, 1, since))
    assert jobs.grant(CPU, 2) == ["first", "second"]


def test_a_job_can_leave_the_line() -> None:
    jobs = queue(4, 4, 1)
    jobs.grant(CPU, 4)
    jobs.leave(CPU, "job1", now=0)
    assert jobs.waiting(CPU) == ["job2"]


def test_a_compute_that_is_scaled_up_lets_more_jobs_run() -> None:
    jobs = queue(1, 1)
    assert jobs.grant(CPU, 1) == ["job0"]
    assert jobs.grant(CPU, 2) == ["job1"]


def test_computes_are_named_in_any_case() -> None:
    jobs = queue(1)
    assert jobs.grant(CPU.upper(), 1) == ["job0"]


def test_nodes_are_idle_after_their_job_and_given_up_after_the_idle_time() -> None:
    jobs = queue(3)
    assert jobs.counts(CPU, minimum=1, idle_time=120, now=0) == NodeCounts(0, 1)
    jobs.grant(CPU, 4)
    assert jobs.counts(CPU, minimum=1, idle_time=120, now=10) == NodeCounts(3, 0)
    jobs.leave(CPU, "job0", now=20)
    assert jobs.counts(CPU, minimum=1, idle_time=120, now=30) == NodeCounts(0, 3, next_change=140)
    assert jobs.counts(CPU, minimum=1, idle_time=120, now=141) == NodeCounts(0, 1)


def test_idle_nodes_are_used_before_new_ones() -> None:
    jobs = queue(2)
    jobs.grant(CPU, 4)
    jobs.leave(CPU, "job0", now=0)
    jobs.ask(CPU, Request("next", 1))
    jobs.grant(CPU, 4)
    assert jobs.counts(CPU, minimum=0, idle_time=120, now=1) == NodeCounts(1, 1, next_change=120)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=20), st.integers(5, 9))
def test_never_more_nodes_than_there_are_and_every_job_runs(wanted: list[int], capacity: int) -> None:
    jobs = queue(*wanted)
    running: list[str] = []
    done: list[str] = []
    while len(done) < len(wanted):
        running += jobs.grant(CPU, capacity)
        assert sum(wanted[int(name[3:])] for name in running) <= capacity
        done.append(running.pop(0))
        jobs.leave(CPU, done[-1], now=0)
    assert done == [f"job{number}" for number in range(len(wanted))]
