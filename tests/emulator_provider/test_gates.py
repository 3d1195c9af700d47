"""A gate scores with the deployment it is about, measures, and refuses; what it has found is not found out twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.testing import RunningEmulator
from pulumi_azureml.assets import datastore_container
from pulumi_azureml.engine import lifecycle_of
from pulumi_azureml.release.create import make_release
from pulumi_azureml.release.errors import GateError, ReleaseError
from pulumi_azureml.release.lock import Origin
from pulumi_azureml.release.state import StackResource
from pulumi_azureml.resources import (
    BATCH_DEPLOYMENT,
    BATCH_ENDPOINT,
    CODE,
    COMPUTE,
    DATA,
    DEFAULT_DEPLOYMENT,
    ENVIRONMENT,
    MODEL,
    SCORING_GATE,
)

from .stack import Stack

# Answers with the text of each file; a file that says "bad" raises, one that says "none" has no row.
SCRIPT = """
import os

WORD = "VERSION"


def run(mini_batch):
    rows = []
    for path in mini_batch:
        with open(path) as file:
            text = file.read()
        if text == "bad":
            raise ValueError(f"cannot score {os.path.basename(path)}")
        if text != "none":
            rows.append(f"{os.path.basename(path)} {text}")
    return rows
"""
ANSWERS = {"a.txt": "1", "b.txt": "2", "c.txt": "3", "d.txt": "4"}
LABELS = "file,label\na.txt,1\nb.txt,2\nc.txt,3\nd.txt,5\n"  # three of four are right


@dataclass
class Trials:
    """An endpoint with a deployment `svm` whose code can change, data, and the folder that is the program's."""

    azureml: RunningEmulator
    stack: Stack
    folder: Path
    shared: dict[str, Any]
    data: str

    def deploy(self, logical: str = "svm", script: str = SCRIPT, **inputs: Any) -> dict[str, Any]:
        """Bring up a deployment of a script; return its outputs."""
        (self.folder / "src/score.py").write_text(script)
        code = self.stack.up(CODE, "code", path=str(self.folder / "src"))
        return self.stack.up(BATCH_DEPLOYMENT, logical, **{**self.shared, "code": code.id, **inputs}).outputs

    def gate(self, deployment: dict[str, Any], **inputs: Any) -> dict[str, Any]:
        """The inputs of a gate, as a program gives them."""
        given = {
            "deployment": deployment["armId"],
            "scoringDigest": deployment["scoringDigest"],
            "data": self.data,
            "metric": "accuracy",
            "threshold": 0.7,
            "labels": "labels.csv",
            "columns": ["file", "prediction"],
        }
        return {**given, **inputs}

    def up(self, logical: str = "gate", **inputs: Any) -> dict[str, Any]:
        """Bring up a gate; return its outputs."""
        return self.stack.up(SCORING_GATE, logical, **inputs).outputs

    def default(self) -> Any:
        """The endpoint's default."""
        return self.stack.client.request("GET", self.shared["endpoint"]).body["properties"]["defaults"]

    def upload(self, name: str, files: dict[str, str]) -> str:
        """Data by its address in storage."""
        container = datastore_container(self.stack.client)
        for file, text in files.items():
            container.upload_blob(f"{self.stack.name}/{name}/{file}", text, overwrite=True)
        return f"azureml://datastores/workspaceblobstore/paths/{self.stack.name}/{name}"

    def jobs(self) -> list[dict[str, Any]]:
        """All jobs of the endpoint."""
        name = self.shared["endpoint"].rpartition("/")[2]
        listed = self.stack.client.request("GET", f"{self.stack.client.settings.workspace_id}/jobs").body["value"]
        return [job for job in listed if job["properties"]["properties"]["azureml.endpointname"] == name]


@pytest.fixture
def trials(azureml: RunningEmulator, stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trials]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "images").mkdir()
    for name, text in ANSWERS.items():
        (tmp_path / "images" / name).write_text(text)
    (tmp_path / "labels.csv").write_text(LABELS)
    (tmp_path / "model.txt").write_text("model")
    shared = {
        "endpoint": stack.up(BATCH_ENDPOINT, "digits").id,
        "model": stack.up(MODEL, "model", path="model.txt").id,
        "environment": stack.up(ENVIRONMENT, "env", image="ubuntu:22.04").id,
        "compute": stack.up(COMPUTE, "cpu", vm_size="STANDARD_D2_V2").id,
        "scoring_script": "score.py",
        "properties": {"azureml.emulator.reuseInterpreter": "true"},
        "error_threshold": -1,
        "retry_settings": {"max_retries": 0},
        "mini_batch_size": 1,
        "versioned": True,
    }
    data = stack.up(DATA, "images", path="images").id
    return Trials(azureml, stack, tmp_path, shared, data)


def test_a_gate_that_is_passed_says_what_it_found_and_the_default_moves_after_it(trials: Trials) -> None:
    deployment = trials.deploy()
    found = trials.up(**trials.gate(deployment))
    assert found["value"] == 0.75
    assert trials.default() == {}
    (job,) = trials.jobs()
    assert found["job"] == job["name"]
    assert job["properties"]["properties"]["azureml.deploymentname"] == deployment["name"]
    assert found["predictions"].startswith("azureml://datastores/workspaceblobstore/paths/azureml/")
    assert f"{job['name']} Completed: 4/4 mini-batches, 4/4 items" in str(trials.stack.shown)  # progress of the wait
    default = {"endpoint": trials.shared["endpoint"], "deployment": deployment["armId"], "gate": found["armId"]}
    trials.stack.up(DEFAULT_DEPLOYMENT, "default", **default)
    assert trials.default() == {"deploymentName": deployment["name"]}


def test_a_gate_that_is_missed_says_metric_value_threshold_and_where_the_predictions_are(trials: Trials) -> None:
    deployment = trials.deploy()
    with pytest.raises(GateError) as told:
        trials.up(**trials.gate(deployment, threshold=0.76))
    text = str(told.value)
    assert "gate 'gate' is not passed: accuracy is 0.75, and the threshold is at least 0.76" in text
    assert "default deployment has not moved" in text
    (job,) = trials.jobs()
    assert f"azureml-stack download {job['name']} out" in text
    assert "predictions: azureml://datastores/workspaceblobstore/paths/azureml/" in text
    assert deployment["name"] in text
    assert "gate" not in trials.stack.made


def test_nothing_is_evaluated_again_while_nothing_changes(trials: Trials) -> None:
    deployment = trials.deploy()
    inputs = trials.gate(deployment)
    first = trials.up(**inputs)
    assert trials.stack.changes(SCORING_GATE, "gate", **inputs) == ()
    assert trials.up(**inputs) == first
    same = trials.deploy(instance_count=2, tags={"team": "a"})  # machinery: the predictions are the same
    assert trials.stack.changes(SCORING_GATE, "gate", **trials.gate(same)) == ()


def test_it_is_evaluated_again_when_deployment_data_metric_labels_or_threshold_change(trials: Trials) -> None:
    deployment = trials.deploy()
    trials.up(**trials.gate(deployment))

    def changed(**inputs: Any) -> tuple[str, ...]:
        return trials.stack.changes(SCORING_GATE, "gate", **trials.gate(deployment, **inputs))

    assert changed(threshold=0.5) == ("threshold",)
    assert set(changed(metric="row_count", labels=None)) == {"metric", "labels", "evidenceDigest"}
    assert changed(data=trials.upload("other", ANSWERS)) == ("data",)
    (trials.folder / "labels.csv").write_text(LABELS.replace("5", "4"))
    assert changed() == ("evidenceDigest",)
    (trials.folder / "labels.csv").write_text(LABELS)
    other = trials.deploy(script=SCRIPT.replace("VERSION", "other"))
    assert trials.stack.changes(SCORING_GATE, "gate", **trials.gate(other)) == ("deployment", "scoringDigest")


def test_a_deployment_that_changes_in_place_is_tried_again(trials: Trials) -> None:
    first = trials.deploy(versioned=False)
    trials.up(**trials.gate(first))
    second = trials.deploy(script=SCRIPT.replace("VERSION", "other"), versioned=False)
    assert second["armId"] == first["armId"]
    assert trials.stack.changes(SCORING_GATE, "gate", **trials.gate(second)) == ("scoringDigest",)
    trials.up(**trials.gate(second))
    assert len(trials.jobs()) == 2


def test_the_code_of_a_metric_is_part_of_it(trials: Trials) -> None:
    deployment = trials.deploy()
    module = trials.folder / "quality.py"
    module.write_text("def lengths(predictions, labels):\n    return len(predictions) / len(labels)\n")
    inputs = trials.gate(deployment, metric="quality:lengths")
    assert trials.up(**inputs)["value"] == 1
    module.write_text("def lengths(predictions, labels):\n    return 0.5\n")
    assert trials.stack.changes(SCORING_GATE, "gate", **inputs) == ("evidenceDigest",)
    with pytest.raises(GateError, match=r"quality:lengths is 0\.5, and the threshold is at least 0\.7"):
        trials.up(**inputs)
    assert trials.stack.made["gate"][1].outputs["value"] == 1  # the state is as it was: the next run evaluates again
    assert len(trials.jobs()) == 1


def test_a_run_that_broke_off_finds_its_job_and_starts_no_second_one(trials: Trials) -> None:
    deployment = trials.deploy()
    inputs = trials.gate(deployment)
    first = trials.up(**inputs)
    trials.stack.forget("gate")
    assert trials.up(**inputs)["job"] == first["job"]
    assert trials.up("second", **{**inputs, "metric": "row_count", "labels": None, "threshold": 4})["value"] == 4
    assert len(trials.jobs()) == 1


def test_a_job_that_failed_is_told_whole_and_not_taken_again(trials: Trials) -> None:
    deployment = trials.deploy(script="def run(mini_batch):\n    raise ValueError('no luck')\n")
    inputs = trials.gate(deployment)
    for count in (1, 2):
        with pytest.raises(GateError, match=r"could not be evaluated(.|\n)*ValueError: no luck(.|\n)*score\.py:2"):
            trials.up(**inputs)
        assert len(trials.jobs()) == count
    assert trials.default() == {}


def test_predictions_that_were_removed_are_made_again(trials: Trials) -> None:
    deployment = trials.deploy()
    inputs = trials.gate(deployment)
    first = trials.up(**inputs)
    container = datastore_container(trials.stack.client)
    for blob in container.list_blobs(name_starts_with=first["predictions"].split("/paths/")[1]):
        container.delete_blob(blob.name)
    trials.stack.forget("gate")
    again = trials.up(**inputs)
    assert (again["value"], again["job"] != first["job"]) == (0.75, True)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({**ANSWERS, "e.txt": "5"}, r"1 of 5 predictions have no label in labels\.csv: e\.txt"),
        ({"a.txt": "1", "b.txt": "none"}, r"3 of 4 labels in labels\.csv have no prediction: b\.txt, c\.txt, d\.txt"),
        ({"a.txt": "none"}, "no succeeded mini batch|left nothing|predictions are empty"),
    ],
)
def test_predictions_and_labels_that_do_not_belong_together_move_no_default(
    trials: Trials, files: dict[str, str], said: str
) -> None:
    deployment = trials.deploy()
    data = trials.upload(f"files-{len(files)}", files)
    with pytest.raises(GateError, match=rf"could not be evaluated, so the default(.|\n)*({said})"):
        trials.up(**trials.gate(deployment, data=data))
    assert trials.default() == {}


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("return 1 / 0", r"cause: ZeroDivisionError: division by zero\n  where: quality\.py:2 in f"),
        ("return float('nan')", "returned nan"),
        ("return 'good'", "which is no number"),
    ],
)
def test_a_metric_that_cannot_be_told_moves_no_default(trials: Trials, function: str, said: str) -> None:
    (trials.folder / "quality.py").write_text(f"def f(predictions, labels):\n    {function}\n")
    with pytest.raises(GateError, match=rf"could not be evaluated(.|\n)*{said}(.|\n)*predictions: azureml://"):
        trials.up(**trials.gate(trials.deploy(), metric="quality:f"))
    assert trials.default() == {}


def test_labels_can_be_a_data_asset(trials: Trials) -> None:
    labels = trials.stack.up(DATA, "labels", path="labels.csv")
    assert trials.up(**trials.gate(trials.deploy(), labels=labels.id))["value"] == 0.75
    folder = trials.stack.up(DATA, "folder", path="images")
    with pytest.raises(GateError, match="are 4 files: labels are one CSV file"):
        trials.up(**trials.gate(trials.deploy(), labels=folder.id))


def test_the_error_rate_counts_failed_files_and_with_labels_wrong_answers(trials: Trials) -> None:
    deployment = trials.deploy()
    wrong = trials.gate(deployment, metric="error_rate", threshold=0.25)
    assert trials.up(**wrong)["value"] == 0.25
    data = trials.upload("some-bad", {"a.txt": "1", "b.txt": "bad", "c.txt": "3", "d.txt": "4"})
    failed = {**wrong, "data": data, "labels": None, "columns": None}
    assert trials.up("failed", **failed)["value"] == 0.25
    with pytest.raises(GateError, match=r"error_rate is 0\.25, and the threshold is at most 0\.2"):
        trials.up("strict", **{**failed, "threshold": 0.2})


def test_other_files_at_an_address_are_scored_again(trials: Trials) -> None:
    inputs = trials.gate(trials.deploy(), data=trials.upload("moving", ANSWERS))
    first = trials.up(**inputs)
    trials.upload("moving", {"d.txt": "5"})
    trials.stack.forget("gate")
    second = trials.up(**inputs)
    assert (first["value"], second["value"]) == (0.75, 1)


def test_a_deployment_that_is_not_there_is_named(trials: Trials) -> None:
    deployment = trials.deploy()
    gone = {**deployment, "armId": f"{deployment['armId']}-gone"}
    with pytest.raises(GateError, match=rf"there is no batch deployment {gone['armId']}"):
        trials.up(**trials.gate(gone))


def test_a_gate_is_part_of_a_release_while_it_speaks_of_what_is_deployed(trials: Trials) -> None:
    found = trials.up(**trials.gate(trials.deploy()))
    own = trials.stack.client.settings
    origin = Origin(own.workspace_id, own.location, "tests", "dev", "c0ffee", "2025-01-01T00:00:00Z", "ada")

    def resources() -> list[StackResource]:
        return [StackResource(kind.name, logical, dict(s.outputs)) for logical, (kind, s) in trials.stack.made.items()]

    (gate,) = make_release(trials.stack.client, resources(), "v1", origin, lambda _text: None).release.gates
    assert (gate.metric, gate.value, gate.job) == ("accuracy", 0.75, found["job"])
    trials.deploy(script=SCRIPT.replace("VERSION", "other"))
    with pytest.raises(ReleaseError, match=r"'gate' was passed by .* not what the stack has deployed now"):
        make_release(trials.stack.client, resources(), "v2", origin, lambda _text: None)


def test_deleting_a_gate_touches_nothing(trials: Trials) -> None:
    trials.up(**trials.gate(trials.deploy()))
    kind, state = trials.stack.made.pop("gate")
    trials.azureml.control("POST", "/_emulator/requests/reset")
    lifecycle_of(kind).delete(state.id, state.outputs, trials.stack.context("gate"))
    assert trials.azureml.control("GET", "/_emulator/requests")["arm"] == 0
