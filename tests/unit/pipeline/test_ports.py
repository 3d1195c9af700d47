"""Literals, and what fits where."""

from __future__ import annotations

import pytest

from azureml_emulator.pipeline.ports import Port, literal, mismatch


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("string", "", ""),
        ("string", 5, "5"),
        ("integer", 3, "3"),
        ("integer", "-3", "-3"),
        ("number", "1e-3", "1e-3"),
        ("number", 2, "2"),
        ("boolean", True, "True"),
        ("boolean", "false", "false"),
    ],
)
def test_a_literal_that_fits_keeps_its_spelling(kind: str, value: object, text: str) -> None:
    assert literal(Port("x", kind), value) == text


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("integer", "3.5", "should be a whole number, not '3.5'"),
        ("integer", True, "should be a whole number, not 'True'"),
        ("number", "much", "should be a number, not 'much'"),
        ("number", "nan", "should be a number, not 'nan'"),
        ("boolean", "yes", "should be true or false, not 'yes'"),
        ("string", ["a"], r"should be a text, not \['a'\]"),
        ("integer", None, "should be a whole number, not None"),
    ],
)
def test_a_literal_of_another_type_is_refused_with_what_is_wanted(kind: str, value: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        literal(Port("x", kind), value)


def test_bounds_and_choices_are_kept() -> None:
    rate = Port("rate", "number", minimum=0, maximum=1)
    assert literal(rate, "1.0") == "1.0"
    with pytest.raises(ValueError, match=r"is 1\.5, which is more than the maximum of 1"):
        literal(rate, 1.5)
    with pytest.raises(ValueError, match="is -1, which is less than the minimum of 0"):
        literal(rate, -1)
    with pytest.raises(ValueError, match="is 'rbf', which is none of: linear, poly"):
        literal(Port("kernel", "string", choices=("linear", "poly")), "rbf")


@pytest.mark.parametrize(
    ("given", "wanted", "fits"),
    [
        ("uri_folder", "uri_folder", True),
        ("uri_folder", "custom_model", True),
        ("mlflow_model", "uri_folder", True),
        ("string", "number", True),
        ("uri_file", "uri_folder", False),
        ("uri_folder", "string", False),
        ("integer", "uri_file", False),
    ],
)
def test_data_and_literals_are_not_mixed_and_a_file_is_no_folder(given: str, wanted: str, *, fits: bool) -> None:
    assert (mismatch(given, wanted) is None) == fits
