"""Read handwritten digits: the scoring script of the batch deployment.

Azure ML calls `init` once in every worker process, then `run` with one mini-batch of local file paths after the
other (ParallelRunStep's entry script). It runs unchanged on Azure ML's clusters and in the emulator.
"""

import os
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from PIL import Image

SHADE = 15  # what one of the 17 shades was multiplied by when the pictures were made
model = None


def init() -> None:
    """Load the model. `AZUREML_MODEL_DIR` is the parent of the folder that was registered."""
    global model  # noqa: PLW0603 -- the entry script's contract: what init() loads, run() uses
    model = joblib.load(next(Path(os.environ["AZUREML_MODEL_DIR"]).rglob("digits.joblib")))


def read(path: str) -> np.ndarray:
    """Return one picture as 64 shades from 0 to 16."""
    with Image.open(path) as picture:
        return np.asarray(picture.convert("L"), dtype=np.float64).ravel() / SHADE


def run(mini_batch: list[str]) -> pd.DataFrame:
    """Return one row for every file: its name, the digit that was read, and how sure the model is."""
    chances = model.predict_proba(np.stack([read(path) for path in mini_batch]))
    return pd.DataFrame(
        {
            "file": [Path(path).name for path in mini_batch],
            "prediction": model.classes_[chances.argmax(axis=1)],
            "probability": chances.max(axis=1),
        }
    )
