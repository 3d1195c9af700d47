"""Make the example's input: tables of wines, which cultivar each is, and an MLflow model trained on others.

The wines are scikit-learn's `load_wine`: chemical analyses of 178 Italian wines of three cultivars (UCI, "Wine").
Every other wine trains the model, the rest are what the endpoint scores. Running this again writes nothing when
everything is there already, so a second `pulumi up` finds the content that it knows.
"""

import hashlib
import importlib.metadata
import io
import logging
import os
import pickle
import sys
import tempfile
from pathlib import Path

import pandas as pd
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # before mlflow is imported
import mlflow.sklearn
from mlflow.models import Model, infer_signature

HERE = Path(__file__).resolve().parent
PACKAGES = ("mlflow-skinny", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy")  # what loads and runs the model
PART = 30  # wines in one file


def as_mlflow(classifier: Pipeline, wines: pd.DataFrame) -> dict[str, bytes]:
    """Return the files of an MLflow model; the same classifier always gives the same bytes."""
    pins = [f"{name}=={importlib.metadata.version(name)}" for name in PACKAGES]
    python = f"python={sys.version_info.major}.{sys.version_info.minor}"
    conda = {"name": "wines", "channels": ["conda-forge"], "dependencies": [python, "pip", {"pip": pins}]}
    # Time and a random id would make every run a new version of the model.
    mark = hashlib.sha256(pickle.dumps(classifier)).hexdigest()[:32]
    header = Model(utc_time_created="2026-01-01 00:00:00", model_uuid=mark)
    logging.getLogger("mlflow.sklearn").setLevel(logging.ERROR)  # it advises against pickle, which is our own here
    with tempfile.TemporaryDirectory() as folder:
        mlflow.sklearn.save_model(
            classifier,
            path=folder,
            conda_env=conda,
            mlflow_model=header,
            serialization_format="pickle",
            signature=infer_signature(wines, classifier.predict(wines)),
        )
        return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}


def as_tables(wines: pd.DataFrame) -> dict[str, bytes]:
    """Return the wines in parts: CSV files, and a Parquet file for the last part."""
    parts = [wines.iloc[start : start + PART] for start in range(0, len(wines), PART)]
    files = {f"wines-{number}.csv": part.to_csv(index=False).encode() for number, part in enumerate(parts[:-1], 1)}
    packed = io.BytesIO()
    parts[-1].to_parquet(packed, index=False)
    return {**files, f"wines-{len(parts)}.parquet": packed.getvalue()}


def write(files: dict[Path, bytes]) -> int:
    """Write the files whose content is not there yet; return how many those were."""
    stale = {path: content for path, content in files.items() if not path.exists() or path.read_bytes() != content}
    for path, content in stale.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return len(stale)


def main(folder: Path = HERE) -> None:
    """Fill `data/wines`, `data/cultivars.csv` and `model/` of a folder."""
    wines, cultivars = load_wine(return_X_y=True, as_frame=True)
    classifier = make_pipeline(StandardScaler(), LogisticRegression()).fit(wines[::2], cultivars[::2])
    held_out = wines[1::2].reset_index(drop=True)
    tables = as_tables(held_out)
    names = list(tables)
    truth = pd.DataFrame({"file": [names[row // PART] for row in held_out.index], "row": held_out.index % PART})
    truth["cultivar"] = cultivars[1::2].to_numpy()
    files = {folder / "model" / name: content for name, content in as_mlflow(classifier, wines[::2]).items()}
    files |= {folder / "data/wines" / name: content for name, content in tables.items()}
    files[folder / "data/cultivars.csv"] = truth.to_csv(index=False).encode()
    written = write(files)
    print(f"wines: {len(wines[::2])} train the model, {len(held_out)} are to be scored; {written} files written")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
