"""The scoring script of MLflow models that are deployed without one. Runs in Microsoft's inference server.

As Azure ML does it ("Guidelines for deploying MLflow models"): the body holds ``input_data``, a DataFrame in
split orientation, a tensor as a list, or named tensors as lists by name. MLflow's own ``dataframe_split`` is taken
too. The answer is the predictions, a JSON list. A model's signature becomes the endpoint's Swagger document.
"""

from __future__ import annotations

import importlib
import json
import os
from pathlib import Path
from typing import Any

from azureml_inference_server_http.api.aml_response import AMLResponse
from inference_schema.parameter_types.abstract_parameter_type import AbstractParameterType
from inference_schema.schema_decorators import input_schema, output_schema

SAMPLES = {"boolean": True, "integer": 1, "long": 1, "float": 1.5, "double": 1.5, "datetime": "2024-01-31T12:00:00"}
"""An example of each of MLflow's column types; every other is a text."""
FORMS = (
    'The body must be a JSON object with \'input_data\': a DataFrame as {"columns": [...], "index": [...], '
    '"data": [[...]]}, a tensor as nested lists, or named tensors as an object of lists.'
)
_state: dict[str, Any] = {}


class BodyError(ValueError):
    """The body of a request cannot be read; the text says why."""


def find_model() -> Path:
    """The folder with the ``MLmodel`` file below AZUREML_MODEL_DIR."""
    root = Path(os.environ["AZUREML_MODEL_DIR"])
    found = sorted(root.glob("MLmodel")) or sorted(root.glob("*/MLmodel")) or sorted(root.rglob("MLmodel"))
    if not found:
        raise FileNotFoundError(f"there is no MLmodel file in the registered model folder below {root}")
    return found[0].parent


def init() -> None:
    """Load the model."""
    _state["model"] = importlib.import_module("mlflow.pyfunc").load_model(str(find_model()))


def predict(input_data: Any = None, dataframe_split: Any = None, params: Any = None) -> Any:
    """Predict on one body; the parameters are its keys, which may be empty."""
    given = input_data or dataframe_split
    try:
        data = as_model_input(given)
    except (BodyError, ValueError, TypeError) as error:
        return AMLResponse({"message": f"{error} {FORMS}"}, 400, json_str=True)
    extra = {"params": params} if params else {}
    return as_json(_state["model"].predict(data, **extra))


def predict_text(raw_data: str) -> Any:
    """Predict on the text of a body, for models without a signature."""
    try:
        body = json.loads(raw_data)
    except ValueError as error:
        return AMLResponse({"message": f"The body is not JSON: {error}. {FORMS}"}, 400, json_str=True)
    if not isinstance(body, dict):
        return AMLResponse({"message": FORMS}, 400, json_str=True)
    return predict(**{key: body.get(key) for key in ("input_data", "dataframe_split", "params")})


def as_model_input(given: Any) -> Any:
    """A DataFrame for the split form; an array for a list; arrays by name for an object of lists."""
    if isinstance(given, dict) and "data" in given and ("columns" in given or "index" in given):
        pandas = importlib.import_module("pandas")
        frame = pandas.DataFrame(given["data"], columns=given.get("columns"), index=given.get("index"))
        return with_types(frame)
    numpy = importlib.import_module("numpy")
    if isinstance(given, list):
        return numpy.asarray(given)
    if isinstance(given, dict) and given:
        return {name: numpy.asarray(values) for name, values in given.items()}
    raise BodyError("The body has no 'input_data' that can be read.")


def with_types(frame: Any) -> Any:
    """Give columns the types of the signature, where JSON has only one kind of number."""
    schema = _state["model"].metadata.get_input_schema()
    for column in schema.inputs if schema is not None and schema.has_input_names() else ():
        if column.name in frame and hasattr(column.type, "to_pandas"):
            frame[column.name] = frame[column.name].astype(column.type.to_pandas())
    return frame


def as_json(predictions: Any) -> Any:
    """Predictions as what JSON can hold: a DataFrame as records, an array as lists."""
    if hasattr(predictions, "to_dict") and hasattr(predictions, "columns"):
        return json.loads(predictions.to_json(orient="records"))
    if hasattr(predictions, "to_numpy"):
        predictions = predictions.to_numpy()
    if isinstance(predictions, dict):
        return {name: as_json(values) for name, values in predictions.items()}
    return predictions.tolist() if hasattr(predictions, "tolist") else predictions


class Described(AbstractParameterType):  # type: ignore[misc]  # untyped
    """A parameter with a schema of its own, whose values are taken as they come."""

    def __init__(self, schema: dict[str, Any]) -> None:
        super().__init__(schema["example"])
        self.schema = schema

    def deserialize_input(self, input_data: Any) -> Any:
        """The value itself."""
        return input_data

    def input_to_swagger(self) -> dict[str, Any]:
        """The schema."""
        return self.schema

    def supported_versions(self) -> list[str]:
        """Every version: the schemas below say nothing that Swagger 2 cannot."""
        return ["2.0", "3.0", "3.1"]


def schema_of(signature: Any) -> dict[str, Any] | None:
    """The JSON schema of a signature's inputs or outputs; ``None`` where it does not name them."""
    if signature is None:
        return None
    if signature.is_tensor_spec():
        tensors = {column.name or "": tensor_sample(column) for column in signature.inputs}
        if list(tensors) == [""]:
            return {"type": "array", "items": {}, "example": tensors[""]}
        named = {name: {"type": "array", "items": {}} for name in tensors}
        return {"type": "object", "properties": named, "example": tensors}
    if not signature.has_input_names():
        return None
    row = [SAMPLES.get(getattr(column.type, "name", ""), "text") for column in signature.inputs]
    rows = {"type": "array", "items": {"type": "array", "items": {}}}
    names = {"type": "array", "items": {"type": "string"}}
    return {
        "type": "object",
        "required": ["columns", "data"],
        "properties": {"columns": names, "index": {"type": "array", "items": {"type": "integer"}}, "data": rows},
        "example": {"columns": signature.input_names(), "index": [0], "data": [row]},
    }


def tensor_sample(column: Any) -> Any:
    """A tensor of the column's rank, with one entry on every axis."""
    sample: Any = 1.5 if column.type.kind == "f" else 1
    for _ in column.shape:
        sample = [sample]
    return sample


def scoring_function() -> Any:
    """What the server calls for each request; with the schema of the model's signature, if that says what it takes."""
    signature = importlib.import_module("mlflow.models").Model.load(str(find_model())).signature
    schema = schema_of(signature.inputs) if signature is not None else None
    if schema is None:
        return predict_text
    predictions = {"type": "array", "items": {}, "example": []}
    described = output_schema(Described(predictions))(predict)
    return input_schema("input_data", Described(schema), convert_to_provided_type=False)(described)


if "AZUREML_MODEL_DIR" in os.environ:  # absent where only the functions are wanted
    run = scoring_function()
