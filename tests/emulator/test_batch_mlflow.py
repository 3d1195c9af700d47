"""MLflow models are scored without a script, as the service does it, in the environment that they bring."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from azureml_emulator.batch.environment import prepare
from azureml_emulator.batch.spec import EnvironmentSpec, Place
from azureml_emulator.settings import cache_folder
from emulator.batch_support import Bench

CONDA = "dependencies:\n- pip:\n  - mlflow-skinny\n  - pandas\n  - pillow\n  - pyarrow\n"
SAVE = """
import sys
import mlflow.pyfunc

class Model(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        if hasattr(model_input, "columns"):
            return [2 * value for value in model_input["a"]]
        return model_input.mean(axis=(1, 2))

mlflow.pyfunc.save_model(sys.argv[1], python_model=Model(), conda_env={CONDA!r} and sys.argv[2])
"""
TABLE = "import pandas, sys; pandas.DataFrame({'a': [5, 6]}).to_parquet(sys.argv[1])"


@pytest.fixture(scope="module")
def python() -> Path:
    """The models' environment, shared with the jobs through the user's cache."""
    return prepare(EnvironmentSpec(conda_file=CONDA), cache_folder() / "environments", lambda _: None).python


@pytest.fixture(scope="module")
def model(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mlflow")
    (folder / "env.yaml").write_text(CONDA)
    command = [str(python), "-c", SAVE.replace("{CONDA!r} and ", ""), str(folder / "model"), str(folder / "env.yaml")]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "model"


@pytest.fixture
def bench(tmp_path: Path, model: Path) -> Bench:
    job = Bench(tmp_path).job(
        code=None, script="mlflow_score.py", model=Place(str(model)), environment=EnvironmentSpec(of_model=True)
    )
    return job.scoring(timeout=60.0)


def test_tables_are_predicted_row_by_row_and_written_comma_separated(bench: Bench, python: Path) -> None:
    folder = bench.folder / "input"
    (folder / "one.csv").write_text("a,b\n1,x\n2,y\n")
    subprocess.run([str(python), "-c", TABLE, str(folder / "two.parquet")], check=True)
    result = bench.run()
    assert (result.status, result.rows) == (
        "Completed",
        ["0,2,one.csv", "1,4,one.csv", "0,10,two.parquet", "1,12,two.parquet"],
    )


def test_a_picture_is_predicted_as_a_batch_of_one(bench: Bench) -> None:
    from PIL import Image

    Image.new("RGB", (4, 4), (10, 20, 30)).save(bench.folder / "input" / "grey.png")
    assert bench.run().rows == ['0,"[10.0, 20.0, 30.0]",grey.png']


def test_another_kind_of_file_fails_the_job_by_name(bench: Bench) -> None:
    result = bench.files("notes.txt", "a.csv").run()
    assert result.status == "Failed"
    assert "an MLflow model without a scoring script reads .csv" in result.error
    assert "notes.txt" in result.error


def test_nested_folders_are_not_explored(bench: Bench) -> None:
    (bench.folder / "input" / "one.csv").write_text("a\n1\n")
    result = bench.files("deeper/notes.txt").run()
    assert result.rows == ["0,2,one.csv"]


def test_a_model_without_an_environment_says_so(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "MLmodel").write_text("flavors: {}\n")
    bench.spec = replace(bench.spec, model=Place(str(tmp_path / "bare")))
    assert "the model folder has no conda.yaml" in bench.files("a.csv").run().error
