"""Find out which photograph a picture is a part of: the scoring script of the batch deployment.

It returns a pandas DataFrame, one row for every file, and imports a module that stands beside it in the code folder.
"""

import os
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from features import measure

model = None


def init() -> None:
    """Load the model. `AZUREML_MODEL_DIR` is the parent of the folder that was registered."""
    global model  # noqa: PLW0603 -- the entry script's contract: what init() loads, run() uses
    model = joblib.load(next(Path(os.environ["AZUREML_MODEL_DIR"]).rglob("photographs.joblib")))


def run(mini_batch: list[str]) -> pd.DataFrame:
    """Return file, photograph, probability, brightness and sharpness."""
    measured = np.stack([measure(path) for path in mini_batch])
    chances = model.predict_proba(measured)
    return pd.DataFrame(
        {
            "file": [Path(path).name for path in mini_batch],
            "photograph": model.classes_[chances.argmax(axis=1)],
            "probability": chances.max(axis=1).round(4),
            "brightness": measured[:, -2].round(4),
            "sharpness": measured[:, -1].round(4),
        }
    )
