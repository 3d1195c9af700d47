from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_azureml.consume.errors import RowsError
from pulumi_azureml.consume.rows import convert, parse_columns, read_rows

COLUMNS = ("file", "prediction", "probability")


def rows_of(text: str, columns: tuple[str, ...] = COLUMNS) -> list[list[str]]:
    return list(read_rows(io.StringIO(text, newline=""), columns, source="predictions.csv"))


def test_space_separated_rows_get_a_header(tmp_path: Path):
    path = tmp_path / "predictions.csv"
    path.write_text("a.png 7 0.98\nb.png 1 0.5\n")
    assert convert(path, COLUMNS) == 2
    assert path.read_text() == "file,prediction,probability\na.png,7,0.98\nb.png,1,0.5\n"
    assert [file.name for file in tmp_path.iterdir()] == ["predictions.csv"]


def test_comma_separated_rows_of_an_mlflow_model_are_read():
    assert rows_of("0,7,a b.png\n1,3,b.png\n", ("row", "prediction", "file")) == [
        ["0", "7", "a b.png"],
        ["1", "3", "b.png"],
    ]


def test_a_line_break_inside_a_quoted_value_stays_in_the_value():
    assert rows_of('"a\nb.png" 7 0.5\nc.png 1 0.5\n') == [["a\nb.png", "7", "0.5"], ["c.png", "1", "0.5"]]


def test_a_single_column_takes_the_whole_line():
    assert rows_of("a b c\nd e f\n", ("text",)) == [["a b c"], ["d e f"]]


def test_an_empty_file_has_no_rows(tmp_path: Path):
    path = tmp_path / "predictions.csv"
    path.touch()
    assert convert(path, COLUMNS) == 0
    assert path.read_text() == "file,prediction,probability\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a.png 7 0.98\nb.png 1\n", "line 2: 2 values where 3 columns are expected"),
        ("a.png 7 0.98 extra\n", "line 1: 4 values"),
        ('"a\nb" 7 0.98\nc.png 1\n', "line 3: 2 values"),
        ('a.png 7 0.98\n"b.png 1 0.5\n', "line 2: unexpected end of data"),
    ],
)
def test_a_row_with_another_number_of_values_is_named_by_its_line(tmp_path: Path, text: str, told: str):
    path = tmp_path / "predictions.csv"
    path.write_text(text)
    with pytest.raises(RowsError) as caught:
        convert(path, COLUMNS)
    assert told in str(caught.value)
    assert str(path) in str(caught.value)
    assert path.read_text() == text
    assert [file.name for file in tmp_path.iterdir()] == ["predictions.csv"]


def test_a_binary_file_is_refused(tmp_path: Path):
    path = tmp_path / "predictions.parquet"
    path.write_bytes(b"PAR1\xff\xfe\x00")
    with pytest.raises(RowsError, match="not UTF-8 text"):
        convert(path, COLUMNS)


@pytest.mark.parametrize("text", ["a,,b", "", "a,b,a"])
def test_bad_column_names_are_refused(text: str):
    with pytest.raises(RowsError):
        parse_columns(text)


# pandas leaves a lone carriage return unquoted (before Python 3.13), so nobody can read that back.
_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=12)


@given(st.lists(st.tuples(_TEXT, st.integers(), st.floats(allow_nan=False)), min_size=1, max_size=6))
def test_whatever_pandas_writes_is_read_back(rows: list[tuple[str, int, float]]):
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    text = frame.to_csv(sep=" ", header=False, index=False)
    assert rows_of(text) == [[file, str(prediction), str(probability)] for file, prediction, probability in rows]
