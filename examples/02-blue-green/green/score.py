"""Read handwritten digits, and leave undecided what is doubtful: the script that is to replace 01-digits'.

Its rows are of the same form. A digit of which the model is less sure than `LEAST_PROBABILITY` is read as -1, so that
somebody looks at it.
"""

import os
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from PIL import Image

SHADE = 15  # what one of the 17 shades was multiplied by when the pictures were made
LEAST_PROBABILITY = 0.9
UNDECIDED = -1
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
    """Return one row for every file: its name, the digit or -1, and how sure the model is."""
    chances = model.predict_proba(np.stack([read(path) for path in mini_batch]))
    surest = chances.max(axis=1)
    return pd.DataFrame(
        {
            "file": [Path(path).name for path in mini_batch],
            "prediction": np.where(surest < LEAST_PROBABILITY, UNDECIDED, model.classes_[chances.argmax(axis=1)]),
            "probability": surest,
        }
    )
