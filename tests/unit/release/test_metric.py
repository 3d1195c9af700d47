"""A metric is a number over rows that were matched, or a message that says which row, which line, what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from pulumi_azureml.release.errors import GateError
from pulumi_azureml.release.matching import Row, match, read_labels, read_predictions
from pulumi_azureml.release.metric import accuracy, find_entry, measure

PREDICTED: list[Row] = [
    {"file": "a.png", "prediction": "7", "probability": "0.9"},
    {"file": "b.png", "prediction": "3.0", "probability": "0.8"},
    {"file": "c.png", "prediction": "cat", "probability": "0.7"},
    {"file": "d.png", "prediction": "1", "probability": "0.6"},
]
LABELLED: list[Row] = [
    {"file": "d.png", "label": "2"},
    {"file": "a.png", "label": "7"},
    {"file": "b.png", "label": "3"},
    {"file": "c.png", "label": "cat"},
]


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_accuracy_is_the_share_of_predictions_that_are_their_label() -> None:
    assert accuracy(PREDICTED, match(PREDICTED, LABELLED, "labels.csv")) == 0.75


def test_labels_come_in_the_order_of_the_predictions() -> None:
    assert [row["label"] for row in match(PREDICTED, LABELLED, "labels.csv")] == ["7", "3", "cat", "2"]


def test_rows_are_matched_by_every_column_that_both_have() -> None:
    predicted = [{"file": "a", "row": str(n), "prediction": str(n)} for n in range(3)]
    labelled = [{"row": str(n), "file": "a", "label": str(n)} for n in (2, 0, 1)]
    assert accuracy(predicted, match(predicted, labelled, "labels.csv")) == 1


@pytest.mark.parametrize(
    ("predicted", "labelled", "said"),
    [
        (PREDICTED, LABELLED[1:], r"1 of 4 predictions have no label in labels\.csv: d\.png"),
        (PREDICTED[1:], LABELLED, r"1 of 4 labels in labels\.csv have no prediction: a\.png"),
        (PREDICTED, [*LABELLED, LABELLED[0]], r"labels labels\.csv have d\.png twice in file"),
        ([*PREDICTED, PREDICTED[0]], LABELLED, r"predictions have a\.png twice in file"),
        (
            PREDICTED,
            [{"name": "a.png", "label": "7"}],
            "share no column(.|\n)*file, prediction, probability; .*name, label",
        ),
    ],
)
def test_rows_that_have_no_other_are_named(predicted: list[Row], labelled: list[Row], said: str) -> None:
    with pytest.raises(GateError, match=said):
        match(predicted, labelled, "labels.csv")


def test_a_label_without_a_value_is_told() -> None:
    labelled = [{**row, "label": " " if row["file"] == "b.png" else row["label"]} for row in LABELLED]
    with pytest.raises(GateError, match="labels have no value in column label of 1 of 4 rows"):
        accuracy(PREDICTED, match(PREDICTED, labelled, "labels.csv"))


def test_files_that_hold_no_rows_are_told(tmp_path: Path) -> None:
    empty = write(tmp_path / "empty.csv", "\n\n")
    with pytest.raises(GateError, match=r"predictions are empty: empty\.csv has no row"):
        read_predictions(empty, ["file", "prediction"])
    with pytest.raises(GateError, match=r"labels l\.csv are empty"):
        read_labels(write(tmp_path / "l.csv", "file,label\n"), "l.csv")
    with pytest.raises(
        GateError, match=r"row 3 of the labels l\.csv does not have the header's columns \(file, label\)"
    ):
        read_labels(write(tmp_path / "l.csv", "file,label\na,1\nb\n"), "l.csv")
    with pytest.raises(GateError, match="do not have the gate's columns"):
        read_predictions(write(tmp_path / "p.csv", "a.png 7 0.9\n"), ["file", "prediction"])
    (tmp_path / "p.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(GateError, match="not UTF-8"):
        read_predictions(tmp_path / "p.csv", ["file", "prediction"])


MODULE = """
import math

import helper


def right(predictions, labels):
    return helper.share(p["prediction"] == q["label"] for p, q in zip(predictions, labels, strict=True))


def rows(predictions):
    print("what a metric prints is in nobody's way")
    return len(predictions)


def raises(predictions, labels):
    return float(predictions[0]["prediction"]) / 0


def stops(predictions, labels):
    raise SystemExit(3)


def hangs(predictions, labels):
    while True:
        pass


def nothing(predictions, labels):
    pass


def text(predictions, labels):
    return "0.9"


def truth(predictions, labels):
    return True


def nan(predictions, labels):
    return math.nan


def infinite(predictions, labels):
    return math.inf
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    write(tmp_path / "quality.py", MODULE)
    write(tmp_path / "helper.py", "def share(found):\n    found = list(found)\n    return sum(found) / len(found)\n")
    return tmp_path


def run(program: Path, function: str, *, labels: bool = True, timeout: float = 60) -> float:
    entry = find_entry(f"quality:{function}", program)
    labelled = match(PREDICTED, LABELLED, "labels.csv") if labels else None
    return measure(entry, PREDICTED, labelled, program, timeout=timeout)


def test_a_function_of_the_program_gets_rows_by_column_and_imports_what_is_beside_it(program: Path) -> None:
    assert run(program, "right") == 0.5  # as text, 3.0 is not 3
    assert run(program, "rows", labels=False) == 4


def test_numbers_of_numpy_are_numbers(program: Path) -> None:
    write(program / "quality.py", "import numpy as np\n\ndef f(p, q):\n    return np.float32(0.5) + np.int64(len(p))\n")
    assert run(program, "f") == 4.5


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("raises", r"cause: ZeroDivisionError: .*\n  where: quality\.py:17 in raises"),
        ("stops", "ended its process with exit code 3"),
        ("hangs", "did not return within 0.4 s"),
        ("nothing", r"returned None \(NoneType\), which is no number"),
        ("text", r"returned '0\.9' \(str\), which is no number"),
        ("truth", r"returned True \(bool\), which is no number"),
        ("nan", "returned nan"),
        ("infinite", "returned inf"),
    ],
)
def test_what_is_no_measurement_says_why(program: Path, function: str, said: str) -> None:
    with pytest.raises(GateError, match=said):
        run(program, function, timeout=0.4 if function == "hangs" else 60)


def test_a_function_that_takes_labels_is_not_called_without(program: Path) -> None:
    with pytest.raises(GateError, match="right takes labels, and the gate has none"):
        run(program, "right", labels=False)


def test_a_module_that_cannot_be_imported_says_so_with_its_line(program: Path) -> None:
    write(program / "helper.py", "import no_such_module\n")
    with pytest.raises(GateError, match=r"No module named 'no_such_module'\n  where: helper\.py:1"):
        run(program, "right")


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ("f1", "accuracy, row_count, error_rate, or `module:function`"),
        ("quality.right", "or `module:function`"),
        ("elsewhere:f", r"there is no .*elsewhere\.py"),
        ("quality:wrong", r"a function that .*quality\.py does not have; it has .*right"),
        ("broken:f", r"broken\.py, line 1"),
    ],
)
def test_a_metric_that_is_none_is_told_before_anything_is_run(program: Path, metric: str, said: str) -> None:
    write(program / "broken.py", "def f(:\n")
    with pytest.raises(GateError, match=said):
        find_entry(metric, program)


def test_a_package_is_a_module_too(program: Path) -> None:
    (program / "metrics").mkdir()
    write(program / "metrics/__init__.py", "def one(predictions):\n    return 1\n")
    write(program / "metrics/more.py", "def two(predictions):\n    return 2\n")
    entries = [find_entry("metrics:one", program), find_entry("metrics.more:two", program)]
    assert [measure(entry, PREDICTED, None, program, timeout=60) for entry in entries] == [1, 2]
    assert [entry.watched.name for entry in entries] == ["metrics", "more.py"]
