"""The main job: the digits program from preview to destroy, on the real engine."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from .local import LocalAzure
from .stack import Report, Stack, configuration, project_copy

pytestmark = pytest.mark.timeout(900)

RESOURCES = 8  # seven of the program, and the stack itself
HELD_OUT = 899
LEAST_ACCURACY = 0.93


@dataclass
class Life:
    """What a whole life of the stack left behind at each step."""

    example: Path
    preview: Report
    up: Report
    outputs: dict[str, Any]
    state: str
    secrets: list[str]
    no_op: Report
    no_op_requests: dict[str, Any]
    refresh: Report
    invoke: "subprocess.CompletedProcess[str]"
    predictions: pd.DataFrame
    inventory: dict[str, list[str]]
    destroy: Report
    before: dict[str, list[str]]
    after: dict[str, list[str]]


@pytest.fixture(scope="module")
def life(azure: LocalAzure, prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Life:
    """The digits stack: preview, up, up, refresh, invoke, destroy."""
    folder = tmp_path_factory.mktemp("digits")
    example = project_copy(folder / "project", prepared)
    stack = Stack(folder / "project", folder / "state", azure.env)
    stack.configure(configuration(azure))
    stack.init()
    before = azure.inventory()
    try:
        preview, up, outputs, state = stack.preview(), stack.up(), stack.outputs(), stack.state_text()
        azure.forget_requests()
        no_op, no_op_requests = stack.up(), azure.request_counts()
        refresh = stack.refresh()
        out = folder / "out"
        columns = "file,prediction,probability"
        invoke = stack.azureml_stack(
            "invoke", "--input", example / "data/images", "--watch", "--download", out, "--columns", columns
        )
        assert invoke.returncode == 0, invoke.stdout
        predictions = pd.read_csv(out / "predictions.csv")
        inventory = azure.inventory()
    finally:
        destroy = stack.attempt("destroy", "--yes", "--skip-preview")
    secrets = [azure.env["AZURE_CLIENT_SECRET"], azure.token()[:30], "sig="]
    return Life(
        example, preview, up, outputs, state, secrets, no_op, no_op_requests, refresh, invoke, predictions,
        inventory, destroy, before, azure.inventory(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def expected(life: Life) -> pd.DataFrame:
    """What the scoring script gives for the same images outside the endpoint."""
    program = (
        "import sys; from pathlib import Path; import score; score.init();"
        "files = sorted(map(str, Path(sys.argv[1]).iterdir())); score.run(files).to_csv(sys.argv[2], index=False)"
    )
    target = life.example / "expected.csv"
    subprocess.run(
        [sys.executable, "-c", program, life.example / "data/images", target],
        env={**os.environ, "PYTHONPATH": str(life.example / "src"), "AZUREML_MODEL_DIR": str(life.example)},
        check=True,
    )
    return pd.read_csv(target)


def test_a_preview_names_every_resource_and_makes_none(life: Life) -> None:
    assert life.preview.counts == {"to create": RESOURCES}


def test_up_makes_every_resource(life: Life) -> None:
    assert life.up.counts == {"created": RESOURCES}
    assert set(life.inventory) >= {"codes", "models", "environments", "computes", "batchEndpoints"}


def test_a_resource_says_what_it_is_doing_while_it_is_made(life: Life) -> None:
    assert "creating the batch deployment" in life.up.output


def test_the_outputs_tell_where_to_score(life: Life) -> None:
    assert life.outputs["endpointName"] in life.outputs["scoringUri"]
    assert life.outputs["endpointName"] in life.inventory["batchEndpoints"]
    assert life.outputs["deploymentName"]


def test_a_second_up_changes_nothing_and_uploads_nothing(life: Life) -> None:
    assert life.no_op.counts == {"unchanged": RESOURCES}
    assert life.no_op_requests["uploaded_blobs"] == 0
    assert not [request for request in life.no_op_requests["by"] if request.startswith(("PUT", "PATCH", "DELETE"))]


def test_a_refresh_finds_no_drift(life: Life) -> None:
    assert life.refresh.counts == {"unchanged": RESOURCES}


def test_every_image_gets_one_row(life: Life) -> None:
    assert list(life.predictions.columns) == ["file", "prediction", "probability"]
    images = sorted(path.name for path in (life.example / "data/images").iterdir())
    assert len(images) == HELD_OUT
    assert sorted(life.predictions["file"]) == images


def test_the_rows_are_what_the_model_gives_outside_the_endpoint(life: Life, expected: pd.DataFrame) -> None:
    scored = life.predictions.sort_values("file", ignore_index=True)
    pd.testing.assert_frame_equal(scored, expected, check_exact=False, rtol=1e-9)


def test_the_digits_are_read_as_well_as_promised(life: Life) -> None:
    truth = pd.read_csv(life.example / "data/labels.csv").merge(life.predictions, on="file")
    assert (truth["label"] == truth["prediction"]).mean() >= LEAST_ACCURACY


def test_progress_is_shown_while_the_job_runs(life: Life) -> None:
    assert "mini-batches" in life.invoke.stdout
    assert "items/s" in life.invoke.stdout


def test_destroy_leaves_nothing(life: Life) -> None:
    assert life.destroy.code == 0, life.destroy.output
    assert life.destroy.counts == {"deleted": RESOURCES}
    assert life.after == life.before


def test_no_secret_is_in_the_state(life: Life) -> None:
    assert "digits-model" in life.state
    assert [secret for secret in life.secrets if secret in life.state] == []
