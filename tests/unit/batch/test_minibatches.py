"""How the input is cut, and what becomes of every part: nothing is lost, nothing is counted twice."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azureml_emulator.batch.minibatch import Ledger, Outcome, sort_files, split


@given(st.integers(0, 500), st.integers(1, 600))
def test_every_file_is_in_exactly_one_mini_batch(count: int, size: int) -> None:
    batches = split(count, size)
    covered = [index for batch in batches for index in range(batch.start, batch.stop)]
    assert covered == list(range(count))
    assert [len(batch) for batch in batches[:-1]] == [size] * (len(batches) - 1)
    assert [batch.index for batch in batches] == list(range(len(batches)))


def test_a_mini_batch_holds_at_least_one_file() -> None:
    with pytest.raises(ValueError, match="miniBatchSize is 0"):
        split(5, 0)


def test_files_are_sorted_by_name_across_folders() -> None:
    assert sort_files(["b", "a/z", "a", "B"]) == ["B", "a", "a/z", "b"]


def ledger(count: int = 4, size: int = 1, *, retries: int = 0, threshold: int = -1) -> Ledger:
    result = Ledger(split(count, size), retries, threshold)
    for batch in result.batches:
        result.offer(batch.index)
    return result


@given(st.integers(1, 30), st.integers(1, 7), st.integers(0, 3), st.integers(0, 2**32))
def test_whatever_happens_every_mini_batch_ends_once(count: int, size: int, retries: int, seed: int) -> None:
    chance = random.Random(seed)
    book = ledger(count, size, retries=retries)
    finished: list[Outcome] = []
    taken: list[int] = []
    while not book.all_finished:
        batch = book.take() if chance.random() < 0.6 else None
        if batch is not None:
            assert batch.index not in taken
            taken.append(batch.index)
        elif taken:
            index = taken.pop(chance.randrange(len(taken)))
            outcome = book.fail(index) if chance.random() < 0.5 else book.succeed(index, chance.randint(0, size + 2))
            finished += [outcome] if outcome else []
    assert sorted(outcome.index for outcome in finished) == [batch.index for batch in book.batches]
    assert book.items_done == count
    assert book.items_failed == sum(outcome.failed for outcome in finished)
    assert all(attempts <= retries + 1 for attempts in book.attempts.values())


@pytest.mark.parametrize(
    ("returned", "succeeded", "failed"),
    [(3, 3, 0), (5, 3, 0), (2, 2, 1), (0, 0, 3)],
    ids=["equal", "more", "fewer", "none"],
)
def test_succeeded_items_are_the_smaller_of_rows_and_files(returned: int, succeeded: int, failed: int) -> None:
    book = ledger(3, 3)
    batch = book.take()
    assert batch is not None
    assert book.succeed(batch.index, returned) == Outcome(0, succeeded, failed)


def test_a_failed_attempt_is_followed_by_as_many_as_there_are_retries() -> None:
    book = ledger(1, retries=2)
    outcomes = []
    for _ in range(3):
        batch = book.take()
        assert batch is not None
        outcomes.append(book.fail(batch.index))
    assert outcomes == [None, None, Outcome(0, 0, 1)]
    assert book.take() is None


@pytest.mark.parametrize(
    ("threshold", "failures", "exceeded"), [(0, 0, False), (0, 1, True), (2, 2, False), (2, 3, True), (-1, 4, False)]
)
def test_the_threshold_is_exceeded_by_more_failed_items_than_it_says(
    threshold: int, failures: int, exceeded: bool
) -> None:
    book = ledger(4, threshold=threshold)
    for _ in range(failures):
        batch = book.take()
        assert batch is not None
        book.fail(batch.index)
    assert book.threshold_exceeded is exceeded


def test_nothing_succeeded_only_counts_once_everything_is_through() -> None:
    book = ledger(2)
    first, second = book.take(), book.take()
    assert first is not None
    assert second is not None
    book.fail(first.index)
    assert not book.nothing_succeeded
    book.fail(second.index)
    assert book.nothing_succeeded


def test_what_an_earlier_run_finished_is_not_handed_out_again() -> None:
    book = Ledger(split(3, 1), 0, -1, finished={1: Outcome(1, 0, 1)})
    for index in range(3):
        book.offer(index)
    handed = [book.take(), book.take(), book.take()]
    assert [batch.index if batch else None for batch in handed] == [0, 2, None]
    assert (book.items_done, book.items_failed) == (1, 1)
