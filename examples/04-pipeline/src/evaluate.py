"""Third step: read the pictures that the model has not seen, and tell how often it is right."""

import json
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd


def main(parts: Path, model: Path, score: Path) -> None:
    """Write `predictions.csv`, one row for every picture, and `accuracy.json`."""
    with np.load(parts / "test.npz") as tests:
        predicted = joblib.load(model / "digits.joblib").predict(tests["pictures"])
        rows = pd.DataFrame({"file": tests["files"], "prediction": predicted, "label": tests["digits"]})
    rows.to_csv(score / "predictions.csv", index=False)
    accuracy = float((rows["prediction"] == rows["label"]).mean())
    (score / "accuracy.json").write_text(json.dumps({"pictures": len(rows), "accuracy": round(accuracy, 4)}))
    print(f"{accuracy:.1%} of {len(rows)} pictures are read correctly")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
