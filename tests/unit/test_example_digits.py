"""The digits example on its own: its files agree with each other and with the project's pins."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from sklearn.datasets import load_digits

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples/01-digits"
LONGEST_PROGRAM = 50


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"digits_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("digits")
    load(EXAMPLE / "prepare.py").main(target)
    return target


@pytest.mark.parametrize(("example", "count"), [("01-digits", 6), ("05-realtime", 4)])
def test_the_environment_has_the_versions_that_train_the_model(example: str, count: int) -> None:
    conda = yaml.safe_load((ROOT / "examples" / example / "environment/conda.yaml").read_text())
    packages = conda["dependencies"][-1]["pip"]
    pinned = (ROOT / "requirements.txt").read_text()
    shared = [package for package in packages if not package.startswith("azureml-")]
    assert len(shared) == count
    assert [package for package in shared if not re.search(f"^{re.escape(package)}$", pinned, re.MULTILINE)] == []


def test_the_program_is_short() -> None:
    assert len((EXAMPLE / "__main__.py").read_text().splitlines()) <= LONGEST_PROGRAM


def test_the_pictures_keep_every_shade(folder: Path) -> None:
    images = load_digits().images
    for path in sorted((folder / "data/images").iterdir()):
        index = int(re.sub(r"\D", "", path.name))
        with Image.open(path) as picture:
            assert np.array_equal(np.asarray(picture) / 15, images[index])


def test_the_second_half_is_held_out_with_its_labels(folder: Path) -> None:
    labels = pd.read_csv(folder / "data/labels.csv")
    assert len(labels) == 899
    assert list(labels["label"]) == list(load_digits().target[898:])
    assert list(labels["file"]) == sorted(path.name for path in (folder / "data/images").iterdir())


def test_preparing_again_writes_nothing(folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    load(EXAMPLE / "prepare.py").main(folder)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()} == before


def test_the_report_refuses_predictions_that_are_not_one_for_each_image(folder: Path, tmp_path: Path) -> None:
    labels = pd.read_csv(folder / "data/labels.csv")
    rows = labels.rename(columns={"label": "prediction"}).assign(probability=1.0)
    rows.iloc[1:].to_csv(tmp_path / "predictions.csv", index=False)
    with pytest.raises(SystemExit, match="898 rows for 899 labelled images"):
        load(EXAMPLE / "report.py").load(tmp_path / "predictions.csv", folder / "data")


def test_the_report_draws_and_counts_the_mistakes(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = pd.read_csv(folder / "data/labels.csv").rename(columns={"label": "prediction"}).assign(probability=0.9)
    rows.loc[:2, "prediction"] = (rows.loc[:2, "prediction"] + 1) % 10
    rows.to_csv(tmp_path / "predictions.csv", index=False)
    load(EXAMPLE / "report.py").main([str(tmp_path / "predictions.csv"), "--data", str(folder / "data")])
    assert "896" in capsys.readouterr().out
    for name in ("confusion.png", "mistakes.png"):
        with Image.open(tmp_path / name) as picture:
            assert picture.width > 600
