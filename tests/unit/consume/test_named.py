"""How the command line spells the inputs and outputs of a job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pulumi_azureml.consume import BatchClient, InputError, InvokeOptions
from pulumi_azureml.consume.named import parse_inputs, parse_literals, parse_outputs

from .fake import SCORING_URI, Service, job_document


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (["images/"], "images/"),
        (["https://host/data?sig=a=b"], "https://host/data?sig=a=b"),
        (["training=images/"], {"training": "images/"}),
        (["a=azureml:x:1", "b=https://host/data?sig=c"], {"a": "azureml:x:1", "b": "https://host/data?sig=c"}),
    ],
)
def test_data_has_a_name_or_none(given: list[str], meant: Any) -> None:
    assert parse_inputs(given, {}) == meant


def test_a_file_that_is_called_like_a_name_and_a_value_is_that_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a=b").touch()
    assert parse_inputs(["a=b"], {}) == "a=b"


def test_literals_alone_are_enough() -> None:
    assert parse_inputs([], {"rate": 1}) == {}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.5", 0.5),
        ("3", 3),
        ("true", True),
        ("poly", "poly"),
        ("007", "007"),
        ("1e3", "1e3"),
        ('"7"', "7"),
        ("{}", "{}"),
    ],
)
def test_values_are_numbers_truth_values_or_texts(text: str, value: Any) -> None:
    (found,) = parse_literals([f"x={text}"]).values()
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("refused", "told"),
    [
        (lambda: parse_inputs([], {}), "nothing to score"),
        (lambda: parse_inputs(["a=x", "y"], {}), "--input 'y' has no name"),
        (lambda: parse_inputs(["a=x", "a=y"], {}), "gives 'a' twice"),
        (lambda: parse_literals(["rate"]), "--set 'rate' has no name"),
        (lambda: parse_outputs(["a=x", "y"]), "--output 'y' has no name"),
    ],
)
def test_what_has_no_name_is_told(refused: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        refused()


def test_a_pipelines_inputs_and_outputs_go_by_their_names(
    batch: BatchClient, service: Service, uploads: list[str], tmp_path: Path
) -> None:
    (tmp_path / "a.csv").touch()
    service.on("POST", "/jobs$", (201, job_document("batchjob-1", "NotStarted")))
    options = InvokeOptions(
        literals={"rate": 0.5, "quick": True},
        outputs={
            "model": "azureml://datastores/store/paths/made/model",
            "report": "azureml://datastores/store/paths/made/report.txt",
        },
    )
    batch.invoke(SCORING_URI, {"table": tmp_path / "a.csv", "more": "https://host/data"}, options=options)
    sent = service.sent[-1].body["properties"]
    assert len(uploads) == 1
    assert sent["inputData"]["table"]["jobInputType"] == "UriFile"
    assert sent["inputData"]["more"] == {"jobInputType": "UriFolder", "uri": "https://host/data"}
    assert sent["inputData"]["rate"] == {"jobInputType": "Literal", "value": 0.5}
    assert sent["inputData"]["quick"] == {"jobInputType": "Literal", "value": True}
    assert {name: each["jobOutputType"] for name, each in sent["outputData"].items()} == {
        "model": "UriFolder",
        "report": "UriFile",
    }


def test_all_that_is_wrong_with_names_is_told_before_an_upload(
    batch: BatchClient, uploads: list[str], tmp_path: Path
) -> None:
    options = InvokeOptions(literals={"table": 1, "rate": None}, outputs={"model": "nowhere"})  # type: ignore[dict-item]
    with pytest.raises(InputError) as refused:
        batch.invoke(SCORING_URI, {"table": tmp_path}, options=options)
    told = str(refused.value)
    assert "'table' is both data and a literal" in told
    assert "literals.rate is None" in told
    assert "outputs.model is 'nowhere'" in told
    assert uploads == []
