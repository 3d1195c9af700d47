"""MLflow models answer in real time without a script, in the environment that they bring."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from batch_service import Service
from online_service import OnlineEndpoint

from azureml_emulator.batch.environment import prepare
from azureml_emulator.batch.spec import EnvironmentSpec
from azureml_emulator.online.prepare import SERVER
from azureml_emulator.settings import cache_folder
from azureml_emulator.testing import RunningEmulator

CONDA = "dependencies:\n- pip:\n  - mlflow-skinny\n  - pandas\n"
SAVE = """
import sys
import mlflow.pyfunc
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

class Model(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        if hasattr(model_input, "columns"):
            return model_input["a"] + 2 * model_input["b"]
        return model_input.sum(axis=1)

columns = Schema([ColSpec("long", "a"), ColSpec("double", "b")])
signature = ModelSignature(inputs=columns) if sys.argv[3] == "signed" else None
mlflow.pyfunc.save_model(sys.argv[1], python_model=Model(), conda_env=sys.argv[2], signature=signature)
"""


@pytest.fixture(scope="module")
def endpoint(azureml_emulator: RunningEmulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnlineEndpoint]:
    """An endpoint with a model that has a signature, and one that has none."""
    folder = tmp_path_factory.mktemp("mlflow")
    (folder / "env.yaml").write_text(CONDA)
    spec = EnvironmentSpec(conda_file=CONDA)
    python = prepare(spec, cache_folder() / "environments", lambda _: None, runtime=(SERVER,)).python
    with Service(azureml_emulator) as service:
        made = OnlineEndpoint(service)
        started = []
        for name in ("signed", "plain"):
            command = [str(python), "-c", SAVE, str(folder / name), str(folder / "env.yaml"), name]
            subprocess.run(command, check=True, capture_output=True)
            files = {path.name: path.read_bytes() for path in (folder / name).iterdir() if path.is_file()}
            uri = service.upload(f"models/{made.name}-{name}/model", files)
            model = {"modelUri": uri, "modelType": "mlflow_model"}
            model_id = service.put(f"models/{made.name}-{name}/versions/1", model)["id"]
            no_code = {"codeConfiguration": None, "environmentId": None}
            started.append(made.start_deploying(name, model=model_id, **no_code))
        assert [made.ended(answer)["status"] for answer in started] == ["Succeeded"] * 2, made.logs("signed")
        made.route(signed=100)
        yield made


def test_a_table_is_predicted_in_either_spelling(endpoint: OnlineEndpoint) -> None:
    table = {"columns": ["a", "b"], "index": [0, 1], "data": [[1, 2.0], [3, 4]]}
    for key in ("input_data", "dataframe_split"):
        assert endpoint.ask({key: table}).json() == [5.0, 11.0]
        assert endpoint.ask({key: table}, deployment="plain").json() == [5.0, 11.0]


def test_a_tensor_is_predicted(endpoint: OnlineEndpoint) -> None:
    assert endpoint.ask({"input_data": [[1, 2], [3, 4]]}, deployment="plain").json() == [3, 7]


@pytest.mark.parametrize("body", [{"data": [1]}, {"input_data": "text"}, [1]])
def test_a_body_that_cannot_be_read_is_told_what_it_should_be(endpoint: OnlineEndpoint, body: Any) -> None:
    for deployment in ("signed", "plain"):
        answer = endpoint.ask(body, deployment=deployment)
        assert answer.status_code == 424
        assert answer.headers["ms-azureml-model-error-statuscode"] == "400"
    assert "'input_data'" in answer.json()["message"]


def test_the_signature_is_the_swagger_documents_schema(endpoint: OnlineEndpoint) -> None:
    headers = {"authorization": f"Bearer {endpoint.keys['primaryKey']}"}
    for version, path in (("2", ["definitions"]), ("3", ["components", "schemas"])):
        address = f"{endpoint.url}/swagger.json?version={version}"
        document = endpoint.service.http.get(address, headers=headers).json()
        for key in (*path, "ServiceInput"):
            document = document[key]
        assert document["properties"]["input_data"]["required"] == ["columns", "data"]
        example = document["example"]
        assert example["input_data"] == {"columns": ["a", "b"], "index": [0], "data": [[1, 1.5]]}
        assert endpoint.ask(example).json() == [4.0], "the example can be sent as it is"
