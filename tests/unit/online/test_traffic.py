"""How requests are shared out between deployments."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azureml_emulator.online.traffic import Share, Split


@given(st.integers(0, 100))
def test_any_hundred_requests_are_split_exactly(percent: int) -> None:
    split = Split({"blue": percent, "green": 100 - percent})
    for _ in range(2):
        counted = Counter(split.pick() for _ in range(100))
        assert (counted["blue"], counted["green"]) == (percent, 100 - percent)


def test_a_small_share_is_spread_and_not_bunched() -> None:
    split = Split({"blue": 90, "green": 10})
    picks = [split.pick() for _ in range(30)]
    assert [sum(pick == "green" for pick in picks[start : start + 10]) for start in (0, 10, 20)] == [1, 1, 1]


@pytest.mark.parametrize("weights", [{}, {"blue": 0}])
def test_no_weight_picks_nothing(weights: dict[str, int]) -> None:
    assert Split(weights).pick() is None


@given(st.integers(0, 100))
def test_a_share_takes_its_percentage(percent: int) -> None:
    share = Share(percent)
    assert sum(share.take() for _ in range(100)) == percent
