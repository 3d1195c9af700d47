"""A pipeline that retrains and scores, and the model that it makes, on the real engine: the README, typed through."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from . import example, rest
from .example import Example
from .local import LocalAzure
from .stack import Report, project_copy

pytestmark = pytest.mark.timeout(900)

TYPED = [
    "pulumi stack select local --create",
    "azureml-stack invoke --input ../01-digits/data --watch --download out/retrain",
    "azureml-stack jobs --limit 1 --json > out/job.json",
    "azureml-stack invoke --endpoint-output modelEndpoint --input ../01-digits/data/images \\",
    "pulumi stack output dataFactoryPipeline --json > out/nightly.json",
    "pulumi destroy --yes",
]
FIRST = 11  # environment, cluster, code, four components, endpoint, deployment, default, and the stack itself
RETRAINED = 6  # the model; the component BatchScoring with code, endpoint, deployment and default
LEAST = 0.93  # accuracy


@dataclass
class Life:
    """What the README's commands left behind."""

    example: Example
    said: dict[str, Report] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    models: list[dict[str, Any]] = field(default_factory=list)
    factory: dict[str, Any] = field(default_factory=dict)
    before: dict[str, list[str]] = field(default_factory=dict)
    after: dict[str, list[str]] = field(default_factory=dict)

    @property
    def out(self) -> Path:
        return self.example.folder / "out"


def data_factory(azure: LocalAzure, method: str, path: str, body: Any = None) -> Any:
    """A request to the data factory `adf` of the workspace's resource group."""
    factory = f"{rest.WORKSPACE.partition('/providers/')[0]}/providers/Microsoft.DataFactory/factories/adf"
    return rest.request(azure, method, path, body, below=factory, version="2018-06-01")


@pytest.fixture(scope="module")
def life(azure: LocalAzure, prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Life:
    """The stack: up, retrain, deploy what came out, score with it, hand the pipeline to a data factory, destroy."""
    target = tmp_path_factory.mktemp("pipeline") / "project"
    project_copy(target, prepared)
    life = Life(example.copy("04-pipeline", target, azure), before=azure.inventory())
    stack = life.example.stack
    try:
        for line in TYPED[:-1]:
            life.said[line] = Report(life.example.type(line), 0)
        life.outputs, life.models = stack.outputs(), azure.arm("/models/retrained/versions")["value"]
        life.said["again"] = stack.up()
        life.said["refresh"] = stack.refresh()
        data_factory(azure, "PUT", "", {"location": "eastus"})
        stack.pulumi("config", "set", "factory", "adf")
        life.said["factory"] = stack.up()
        life.factory = data_factory(azure, "GET", "/pipelines/nightly")
        life.said["destroy"] = Report(life.example.type(TYPED[-1]), 0)
        assert data_factory(azure, "GET", "/pipelines")["value"] == []
        data_factory(azure, "DELETE", "")
    finally:
        stack.attempt("destroy", "--yes", "--skip-preview")
    life.after = azure.inventory()
    return life


def test_every_command_of_the_readme_is_typed(life: Life) -> None:
    assert life.example.runnable() == TYPED


def test_one_program_makes_the_pipeline_then_the_endpoint_of_its_model(life: Life) -> None:
    assert life.said[TYPED[0]].counts == {"created": FIRST}
    assert life.said[TYPED[2]].counts == {"created": RETRAINED, "unchanged": FIRST}
    for what in ("again", "refresh"):
        assert life.said[what].counts == {"unchanged": FIRST + RETRAINED}


def test_the_run_scores_what_it_has_not_trained_with(life: Life) -> None:
    found = json.loads((life.out / "retrain/score/accuracy.json").read_text())
    rows = pd.read_csv(life.out / "retrain/score/predictions.csv")
    assert found["pictures"] == len(rows) == 300
    assert found["accuracy"] == round((rows["prediction"] == rows["label"]).mean(), 4) >= LEAST
    assert json.dumps(found["accuracy"]) in life.said[TYPED[1]].output


def test_the_retrained_model_is_registered_and_scores_by_its_own_endpoint(life: Life) -> None:
    (model,) = life.models
    job = json.loads((life.out / "job.json").read_text())["job"]
    assert model["properties"]["modelUri"].endswith(f"/workspaceblobstore/paths/azureml/{job}/model")
    truth = pd.read_csv(life.example.folder.parent / "01-digits/data/labels.csv")
    scored = pd.read_csv(life.out / "digits/predictions.csv").merge(truth, on="file")
    assert len(scored) == 899
    assert (scored["prediction"] == scored["label"]).mean() >= LEAST
    # What the pipeline says of a picture that tests, and what the endpoint of its model says, are the same.
    tested = pd.read_csv(life.out / "retrain/score/predictions.csv").merge(scored, on="file")
    assert (tested["prediction_x"] == tested["prediction_y"]).mean() > 0.99


def test_the_data_factory_pipeline_is_an_output_a_file_and_a_resource(life: Life) -> None:
    exported = json.loads((life.out / "nightly.json").read_text())
    assert exported == life.outputs["dataFactoryPipeline"]
    written = json.loads((life.out / "factory/pipeline/nightly.json").read_text())
    assert written == exported
    assert life.said["factory"].counts == {"created": 1, "unchanged": FIRST + RETRAINED}
    annotations = life.factory["properties"].pop("annotations")
    assert life.factory["properties"] == exported["properties"]
    assert annotations[0] == "pulumi-owner=azureml-pipeline/local/nightly"


def test_destroy_leaves_nothing(life: Life) -> None:
    assert life.said["destroy"].counts == {"deleted": FIRST + RETRAINED + 1}
    assert life.after == life.before
