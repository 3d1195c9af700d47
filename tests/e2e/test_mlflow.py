"""An MLflow model through `BatchScoring`, on the real engine: its README, typed from top to bottom."""

import json
import pickle
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from . import example
from .example import Example
from .local import LocalAzure
from .stack import Report

pytestmark = pytest.mark.timeout(900)

CHILDREN = {
    "Model": "wines-model",
    "Compute": "wines-cluster",
    "BatchEndpoint": "wines",
    "BatchDeployment": "wines",
    "DefaultDeployment": "wines",
}
RESOURCES = len(CHILDREN) + 2  # the component and the stack itself
TYPED = [
    "python prepare.py",
    "azureml-stack invoke --input data/wines --watch --download out --columns row,prediction,file",
    "import pandas as pd",
    "pulumi destroy --yes",
]


@dataclass
class Life:
    """What the README's commands left behind."""

    example: Example
    up: Report
    state: list[dict[str, Any]]
    deployment: dict[str, Any]
    endpoint: dict[str, Any]
    model: dict[str, Any]
    no_op: Report
    refresh: Report
    predictions: pd.DataFrame
    compared: str
    destroy: Report
    before: dict[str, list[str]]
    after: dict[str, list[str]]


@pytest.fixture(scope="module")
def life(azure: LocalAzure, tmp_path_factory: pytest.TempPathFactory) -> Life:
    """The wines' stack: up, up, refresh, invoke, compare, destroy."""
    wines = example.copy("03-mlflow", tmp_path_factory.mktemp("wines"), azure)
    before = azure.inventory()
    try:
        up = Report(wines.type(TYPED[0]), 0)
        state = json.loads(wines.stack.state_text())["deployment"]["resources"]
        name = wines.stack.outputs()["endpointName"]
        endpoint = azure.arm(f"/batchEndpoints/{name}")
        deployment = azure.arm(f"/batchEndpoints/{name}/deployments/wines")
        model = azure.arm("/models/wines-model/versions")["value"][0]
        no_op, refresh = wines.stack.up(), wines.stack.refresh()
        wines.type(TYPED[1])
        predictions = pd.read_csv(wines.folder / "out/predictions.csv")
        compared = wines.type(TYPED[2])
        destroy = Report(wines.type(TYPED[3]), 0)
    finally:
        wines.stack.attempt("destroy", "--yes", "--skip-preview")
    return Life(
        wines, up, state, deployment, endpoint, model, no_op, refresh, predictions, compared, destroy,
        before, azure.inventory(),
    )  # fmt: skip


def truth(life: Life) -> pd.DataFrame:
    return pd.read_csv(life.example.folder / "data/cultivars.csv")


def test_every_command_of_the_readme_is_typed(life: Life) -> None:
    assert life.example.runnable() == TYPED


def test_one_component_makes_everything(life: Life) -> None:
    assert life.up.counts == {"created": RESOURCES}
    component = next(one for one in life.state if one["type"] == "azureml:components:BatchScoring")
    children = {
        one["type"].rpartition(":")[2]: one["urn"].rpartition("::")[2]
        for one in life.state
        if one.get("parent") == component["urn"]
    }
    assert children == CHILDREN
    assert set(component["outputs"]) == {"scoringUri", "endpointName", "deploymentName"}


def test_children_know_their_own_urn_and_own_what_they_make(life: Life) -> None:
    ours = [one for one in life.state if "resourceUrn" in one.get("inputs", {})]
    assert len(ours) == len(CHILDREN)
    assert [one["urn"] for one in ours] == [one["inputs"]["resourceUrn"] for one in ours]
    assert life.model["properties"]["tags"]["pulumi-owner"] == "azureml-wines/local/wines-model"
    assert life.deployment["tags"]["pulumi-owner"] == "azureml-wines/local/wines"


def test_progress_is_shown_on_the_child_that_makes_it(life: Life) -> None:
    assert re.search(r"wines-model.*uploading", life.up.output)


def test_the_deployment_has_neither_script_nor_environment_and_is_the_default(life: Life) -> None:
    properties = life.deployment["properties"]
    assert not properties.get("codeConfiguration")
    assert not properties.get("environmentId")
    assert life.model["properties"]["modelType"] == "mlflow_model"
    assert life.endpoint["properties"]["defaults"] == {"deploymentName": "wines"}


def test_nothing_changes_when_nothing_changed(life: Life) -> None:
    assert life.no_op.counts == {"unchanged": RESOURCES}
    assert life.refresh.counts == {"unchanged": RESOURCES}


def test_every_row_of_csv_and_parquet_files_is_predicted_as_the_model_does_it(life: Life) -> None:
    classifier = pickle.loads((life.example.folder / "model/model.pkl").read_bytes())
    rows = []
    for path in sorted((life.example.folder / "data/wines").iterdir()):
        table = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
        predicted = enumerate(classifier.predict(table))
        rows += [{"row": row, "prediction": value, "file": path.name} for row, value in predicted]
    scored = life.predictions.sort_values(["file", "row"], ignore_index=True)
    pd.testing.assert_frame_equal(scored, pd.DataFrame(rows), check_dtype=False)
    assert {Path(name).suffix for name in scored["file"]} == {".csv", ".parquet"}


def test_the_wines_are_told_apart(life: Life) -> None:
    scored = life.predictions.merge(truth(life), on=["file", "row"])
    assert len(scored) == len(truth(life)) == 89
    right = (scored["prediction"] == scored["cultivar"]).mean()
    assert right >= 0.93
    assert f"{right:.1%} of 89 wines" in life.compared


def test_destroy_leaves_nothing(life: Life) -> None:
    assert life.destroy.counts == {"deleted": RESOURCES}
    assert life.after == life.before


def test_preparing_again_writes_nothing(life: Life) -> None:
    done = life.example.stack.python("prepare.py")
    assert "0 files written" in done.stdout
