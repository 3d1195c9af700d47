"""The scoring script of MLflow models that are deployed without one. Runs under the model's environment.

As Azure ML does it ("Deploy MLflow models in batch deployments"): ``pyfunc`` predicts once for each file;
tables become a DataFrame, pictures an array; every prediction is a row ``row,prediction,file``.
"""

from __future__ import annotations

import csv
import importlib
import io
import os
from pathlib import Path
from typing import Any

TABLES = (".csv", ".parquet", ".pqt")
PICTURES = (".png", ".jpg", ".jpeg", ".tiff", ".tif", ".bmp", ".gif")
_state: dict[str, Any] = {}


def init() -> None:
    """Load the model, which is the one folder with an ``MLmodel`` file below AZUREML_MODEL_DIR."""
    pyfunc = importlib.import_module("mlflow.pyfunc")
    root = Path(os.environ["AZUREML_MODEL_DIR"])
    found = sorted(root.glob("MLmodel")) or sorted(root.glob("*/MLmodel")) or sorted(root.rglob("MLmodel"))
    if not found:
        raise FileNotFoundError(f"there is no MLmodel file in the registered model folder below {root}")
    _state["model"] = pyfunc.load_model(str(found[0].parent))


def run(mini_batch: list[str]) -> list[str]:
    """Predict file by file."""
    rows: list[str] = []
    for path in mini_batch:
        rows.extend(as_rows(_state["model"].predict(read(path)), Path(path).name))
    return rows


def read(path: str) -> Any:
    """Read a file as what the model takes: a table as a DataFrame, a picture as a batch of one array."""
    suffix = Path(path).suffix.lower()
    if suffix in PICTURES:
        import numpy  # noqa: PLC0415 - of the model's environment
        from PIL import Image  # noqa: PLC0415

        with Image.open(path) as picture:
            return numpy.expand_dims(numpy.array(picture), 0)
    import pandas  # noqa: PLC0415 - of the model's environment

    return pandas.read_csv(path) if suffix == ".csv" else pandas.read_parquet(path)


def as_rows(predictions: Any, name: str) -> list[str]:
    """Write predictions as CSV rows ``row,prediction,file``; an array for one row is written as a list."""
    if hasattr(predictions, "to_numpy"):
        predictions = predictions.to_numpy()
    if hasattr(predictions, "tolist"):
        predictions = predictions.tolist()
    rows = []
    for number, prediction in enumerate(predictions):
        single = isinstance(prediction, list) and len(prediction) == 1
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow([number, prediction[0] if single else prediction, name])
        rows.append(line.getvalue())
    return rows
