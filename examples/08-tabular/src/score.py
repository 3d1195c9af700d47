"""Score tables into tables: the scoring script of the batch deployment, whose output action is SummaryOnly.

For each Parquet file it writes one of the same name to `AZUREML_BI_OUTPUT_PATH`, the output folder that all workers
share. The names are those of the input, so a mini-batch that is tried again writes the same files again.
"""

import os
from pathlib import Path

import joblib
import pandas as pd

model = None


def init() -> None:
    """Load the model. `AZUREML_MODEL_DIR` is the parent of the folder that was registered."""
    global model  # noqa: PLW0603 -- the entry script's contract: what init() loads, run() uses
    model = joblib.load(next(Path(os.environ["AZUREML_MODEL_DIR"]).rglob("tumours.joblib")))


def run(mini_batch: list[str]) -> list[str]:
    """Write the scored tables; return the names of the files that were scored."""
    done = []
    for path in map(Path, mini_batch):
        table = pd.read_parquet(path)
        features = table[list(model.feature_names_in_)]
        scored = table[["sample"]].assign(malignant=model.predict_proba(features)[:, 1])
        scored.to_parquet(Path(os.environ["AZUREML_BI_OUTPUT_PATH"]) / path.name, index=False)
        done.append(path.name)
    return done
