"""Make the example's input: tables of measured tumours, which of them are malignant, and a model trained on others.

The tumours are scikit-learn's `load_breast_cancer`: 30 measurements of cell nuclei in 569 samples (UCI, "Breast Cancer
Wisconsin (Diagnostic)"). Every other sample trains the model, the rest are what the endpoint scores. Running this again
writes nothing when everything is there already, so a second `pulumi up` finds the content that it knows.
"""

import io
import sys
from pathlib import Path

import joblib
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).resolve().parent
PART = 30  # samples in one file
MALIGNANT = 0  # scikit-learn's number for it


def train(features: pd.DataFrame, malignant: pd.Series) -> bytes:
    """Return the trained classifier as joblib writes it; the same samples always give the same bytes."""
    classifier = make_pipeline(StandardScaler(), LogisticRegression()).fit(features, malignant)
    packed = io.BytesIO()
    joblib.dump(classifier, packed)
    return packed.getvalue()


def as_parquet(table: pd.DataFrame) -> bytes:
    """Return a table as a Parquet file."""
    packed = io.BytesIO()
    table.to_parquet(packed, index=False)
    return packed.getvalue()


def write(files: dict[Path, bytes]) -> int:
    """Write the files whose content is not there yet; return how many those were."""
    stale = {path: content for path, content in files.items() if not path.exists() or path.read_bytes() != content}
    for path, content in stale.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return len(stale)


def main(folder: Path = HERE) -> None:
    """Fill `data/tumours`, `data/diagnoses.csv` and `model/` of a folder."""
    features, target = load_breast_cancer(return_X_y=True, as_frame=True)
    malignant = target == MALIGNANT
    samples = features[1::2].assign(sample=features.index[1::2]).reset_index(drop=True)
    truth = pd.DataFrame({"sample": features.index[1::2], "malignant": malignant[1::2].astype(int)})
    parts = range(0, len(samples), PART)
    files = {
        folder / "data/tumours" / f"part-{number:02}.parquet": as_parquet(samples.iloc[start : start + PART])
        for number, start in enumerate(parts, 1)
    }
    files[folder / "data/diagnoses.csv"] = truth.to_csv(index=False).encode()
    files[folder / "model/tumours.joblib"] = train(features[::2], malignant[::2])
    written = write(files)
    print(f"tumours: {len(features[::2])} train the model, {len(samples)} are to be scored; {written} files written")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
