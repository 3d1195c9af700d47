"""The names that programs import."""

from __future__ import annotations

from pulumi_azureml import consume


def test_every_public_name_is_there_and_listed_in_order() -> None:
    assert sorted(consume.__all__) == consume.__all__
    assert all(hasattr(consume, name) for name in consume.__all__)


def test_a_program_that_scores_needs_one_import() -> None:
    assert {"BatchClient", "Stack", "read_rows"} <= set(consume.__all__)
