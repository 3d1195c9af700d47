"""Read handwritten digits in real time: the scoring script of the online deployment blue.

Azure ML's inference server calls `init` once in every worker process, then `run` with each request. The samples of the
decorators become the endpoint's Swagger document, from which generated clients know what to send.
"""

import os
from pathlib import Path

import joblib
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema, output_schema

model = None


def init() -> None:
    """Load the model. `AZUREML_MODEL_DIR` is the parent of the folder that was registered."""
    global model  # noqa: PLW0603 -- the entry script's contract: what init() loads, run() uses
    model = joblib.load(next(Path(os.environ["AZUREML_MODEL_DIR"]).rglob("digits.joblib")))


@input_schema("data", StandardPythonParameterType([[0.5] * 64]))
@output_schema(StandardPythonParameterType([{"digit": 7, "probability": 0.98}]))
def run(data: list[list[float]]) -> list[dict[str, float]]:
    """Return the digit that each picture of 64 shades from 0 to 16 shows, and how sure the model is."""
    chances = model.predict_proba(data)
    best = chances.argmax(axis=1)
    return [
        {"digit": int(model.classes_[digit]), "probability": round(float(chance[digit]), 4)}
        for digit, chance in zip(best, chances, strict=True)
    ]
