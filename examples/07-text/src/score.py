"""Tell the language of text files: the scoring script of the batch deployment.

It returns a list: one line of text for each file that could be read. A file that is no UTF-8 text gets no line; the
shortfall counts as a failed item against the deployment's error threshold.
"""

import logging
import os
from pathlib import Path

import joblib

log = logging.getLogger("score")
model = None


def init() -> None:
    """Load the model. `AZUREML_MODEL_DIR` is the parent of the folder that was registered."""
    global model  # noqa: PLW0603 -- the entry script's contract: what init() loads, run() uses
    model = joblib.load(next(Path(os.environ["AZUREML_MODEL_DIR"]).rglob("languages.joblib")))


def run(mini_batch: list[str]) -> list[str]:
    """Return `file language probability` for every file that is text."""
    texts = {}
    for path in mini_batch:
        try:
            texts[Path(path).name] = Path(path).read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            log.warning("%s is left out: %s", Path(path).name, error)
    if not texts:
        return []
    chances = model.predict_proba(list(texts.values()))
    found = zip(texts, model.classes_[chances.argmax(axis=1)], chances.max(axis=1), strict=True)
    return [f"{name} {language} {chance:.4f}" for name, language, chance in found]
