"""What a gate and the default behind it are asked before anything is touched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pulumi_azureml.engine import UNKNOWN, Checked, check
from pulumi_azureml.resources import BATCH_DEPLOYMENT, DEFAULT_DEPLOYMENT, SCORING_GATE

from .test_check import ENDPOINT, SETTINGS, WORKSPACE, reasons

DEPLOYMENT = f"{ENDPOINT}/deployments/svm-1"
GIVEN = {
    "deployment": DEPLOYMENT,
    "data": "azureml:images:1",
    "metric": "accuracy",
    "threshold": 0.9,
    "labels": "labels.csv",
    "columns": ["file", "prediction"],
}


def run(**inputs: Any) -> Checked:
    given = {key: value for key, value in {**GIVEN, **inputs}.items() if value is not None}
    return check(SCORING_GATE, given, SETTINGS, owner="shop/prod/quality")


@pytest.fixture(autouse=True)
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "labels.csv").write_text("file,label\na,1\n")
    (tmp_path / "quality.py").write_text("def f1(predictions, labels):\n    return 1\n")
    return tmp_path


def test_a_gate_is_completed_with_its_name_its_direction_and_what_it_stands_on() -> None:
    checked = run()
    assert not checked.failures
    assert checked.inputs["name"] == "quality"
    assert checked.inputs["data"] == f"{WORKSPACE}/data/images/versions/1"
    assert checked.inputs["greaterIsBetter"] is True
    assert len(checked.inputs["evidenceDigest"]) == 16
    assert run(metric="error_rate").inputs["greaterIsBetter"] is False
    assert run(metric="error_rate", greaterIsBetter=True).inputs["greaterIsBetter"] is True
    assert run(labels="azureml:truth:2").inputs["labels"] == f"{WORKSPACE}/data/truth/versions/2"


@pytest.mark.parametrize(
    ("inputs", "path", "said"),
    [
        ({"metric": "f1"}, "metric", "accuracy, row_count, error_rate, or `module:function`"),
        ({"metric": "quality:f2"}, "metric", "does not have; it has f1"),
        ({"metric": "nowhere:f1"}, "metric", "there is no"),
        ({"threshold": "high"}, "threshold", "valid number"),
        ({"threshold": float("nan")}, "threshold", "finite"),
        ({"labels": None}, "labels", "is required for accuracy"),
        ({"labels": "elsewhere.csv"}, "labels", "there is no file 'elsewhere.csv'"),
        ({"labels": "azureml:truth"}, "labels", "write azureml:truth:VERSION"),
        ({"metric": "row_count"}, "labels", "not looked at by row_count"),
        ({"columns": None}, "columns", "is required for accuracy"),
        ({"columns": []}, "columns", "at least 1 item"),
        ({"data": "images"}, "data", "make a Data resource"),
        ({"deployment": "svm"}, "deployment", "should be a batch deployment"),
        ({"deployment": DEPLOYMENT.replace("batchEndpoints", "onlineEndpoints")}, "deployment", "batch deployment"),
        ({"metrics": "accuracy"}, "metrics", 'Do you mean "metric"?'),
    ],
)
def test_what_is_wrong_is_told_in_the_preview(inputs: dict[str, Any], path: str, said: str) -> None:
    assert said in reasons(run(**inputs))[path]


def test_what_counts_alone_needs_neither_labels_nor_columns() -> None:
    for metric in ("row_count", "error_rate"):
        assert not run(metric=metric, labels=None, columns=None).failures
    assert "columns" in reasons(run(metric="error_rate", columns=None))


def test_what_is_not_known_yet_is_not_guessed() -> None:
    checked = run(deployment=UNKNOWN, data=UNKNOWN, labels=UNKNOWN, metric=UNKNOWN)
    assert not checked.failures
    assert "evidenceDigest" not in checked.inputs


def test_what_the_gate_computes_cannot_be_given() -> None:
    settings = replace(SETTINGS, overrides='{"ScoringGate": {"evidence_digest": "x"}, "BatchDeployment": {}}')
    checked = check(SCORING_GATE, GIVEN, settings, owner="shop/prod/quality")
    assert "is not expected here" in reasons(checked)["evidence_digest"]


def test_a_threshold_can_differ_between_environments() -> None:
    settings = replace(SETTINGS, overrides='{"ScoringGate/quality": {"threshold": 0.99}}')
    assert check(SCORING_GATE, GIVEN, settings, owner="shop/prod/quality").inputs["threshold"] == 0.99


def default(**inputs: Any) -> Checked:
    return check(DEFAULT_DEPLOYMENT, {"endpoint": ENDPOINT, **inputs}, SETTINGS, owner="shop/prod/default")


def test_the_default_takes_a_gate_of_the_deployment_that_it_moves_to() -> None:
    gate = {"gate": f"{WORKSPACE}/scoringGates/quality", "gatedDeployment": DEPLOYMENT}
    assert not default(deployment=DEPLOYMENT, **gate).failures
    assert not default(deployment="svm-1", **gate).failures
    assert not default(deployment=UNKNOWN, **gate).failures
    for other in (DEPLOYMENT.replace("svm-1", "svm-2"), "svm-2"):
        assert f"tries {DEPLOYMENT}, and not" in reasons(default(deployment=other, **gate))["gate"]


def digest(**inputs: Any) -> Any:
    given = {"endpoint": ENDPOINT, "model": "azureml:m:1", "compute": "cpu", **inputs}
    return check(BATCH_DEPLOYMENT, given, SETTINGS, owner="shop/prod/svm").inputs["scoringDigest"]


def test_a_deployment_tells_when_its_predictions_may_change_and_only_then() -> None:
    assert digest(model="azureml:m:2") != digest()
    assert digest(miniBatchSize=3) != digest()
    assert digest(environmentVariables={"A": "1"}) != digest()
    assert digest(instanceCount=3, tags={"a": "b"}, maxConcurrencyPerInstance=2, loggingLevel="Debug") == digest()
    assert digest(model=UNKNOWN) is UNKNOWN
