"""Generated clients of a real-time endpoint, run as their users would, against the emulator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from azureml_codegen import AUTH_MODES, Endpoint, Workspace, generate
from azureml_emulator.settings import LOCATION, RESOURCE_GROUP, SUBSCRIPTION_ID, WORKSPACE_NAME
from azureml_emulator.testing import RunningEmulator
from clients.toolchains import Prepared, prepare
from emulator.batch_service import Service
from emulator.online_service import OnlineEndpoint
from pulumi_azureml.arm import ArmClient, Settings
from pulumi_azureml.consume import StackError, generate_client

SCRIPT = """
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema, output_schema

def init():
    pass

@input_schema("data", StandardPythonParameterType([{"name": "a", "sepal length (cm)": 5.5}]))
@input_schema("times", StandardPythonParameterType(2))
@output_schema(StandardPythonParameterType([11.0]))
def run(data, times):
    if times < 0:
        raise ValueError("cannot count backwards")
    return [each["sepal length (cm)"] * times for each in data]
"""
BODY = {"data": [{"name": "it's", "sepal length (cm)": 1.25}, {"name": "λ", "sepal length (cm)": 3}], "times": 4}


@dataclass(frozen=True)
class Served:
    """A real-time endpoint with its clients, which are kept in ``folder``."""

    online: OnlineEndpoint
    folder: Path
    built: dict[Any, Prepared] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {**self.online.service.emulator.environment, "AZUREML_ENDPOINT_KEY": self.online.keys["primaryKey"]}

    def of(self, language: str, mode: str = "Key") -> Prepared:
        """The client in a language for a mode of authentication, written and built once."""
        if (language, mode) not in self.built:
            emulator = self.online.service.emulator
            url = f"{emulator.origin}{self.online.url}"
            headers = {"authorization": f"Bearer {self.online.keys['primaryKey']}"}
            document = self.online.service.http.get(f"{url}/swagger.json?version=3", headers=headers).json()
            workspace = Workspace(self.online.service.workspace, arm=emulator.origin, api=emulator.origin)
            auth = AUTH_MODES[mode.lower()]
            endpoint = Endpoint(self.online.name, "real-time", f"{url}/score", auth, workspace, document)
            folder = self.folder / f"{language}-{mode}"
            self.built[language, mode] = prepare(generate(endpoint, language), folder, emulator.home / "tls" / "ca.pem")
        return self.built[language, mode]

    def sign_in(self, mode: str) -> None:
        """Change how callers prove who they are."""
        properties = {"authMode": mode, "traffic": {"blue": 100}}
        self.online.service.put(f"onlineEndpoints/{self.online.name}", properties, location="eastus")


@pytest.fixture(scope="module")
def served(local: RunningEmulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Service(local) as service:
        online = OnlineEndpoint(service)
        assert online.deploy("blue", SCRIPT) == "Succeeded"
        online.route(blue=100)
        yield Served(online, tmp_path_factory.mktemp("clients"))


def test_the_example_is_scored_although_the_service_is_busy(served: Served, language: str):
    client = served.of(language)
    for status, seconds in ((429, 7), (503, 11)):
        fault = {"fault": "status", "path": "/score", "status": status, "retryAfter": seconds}
        served.online.service.emulator.control("POST", "/_emulator/faults", fault)
    done = client.run(served.environment)
    assert done.code == 0, done.err
    assert json.loads(done.out) == [11]
    assert done.waited == [7, 11]


def test_a_request_of_ones_own_is_scored(served: Served, language: str):
    done = served.of(language).run(served.environment, "-", stdin=json.dumps(BODY))
    assert done.code == 0, done.err
    assert json.loads(done.out) == [5, 12]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"times": 1}, "'data' parameter"),  # the server tells: its document does not say what is required
        (
            {"data": [{"name": "a", "sepal length (cm)": "long"}], "times": 1},
            "body.data[0].sepal length (cm) must be of",
        ),
        ({"data": [], "times": 1.5}, "body.times must be of the type integer, not 1.5"),
        ([1], "body must be of the type object"),
    ],
)
def test_a_body_that_does_not_fit_is_refused_with_the_name_of_the_field(
    served: Served, language: str, tmp_path: Path, body: Any, told: str
):
    (tmp_path / "body.json").write_text(json.dumps(body))
    done = served.of(language).run(served.environment, tmp_path / "body.json")
    assert done.code == 1
    assert told in done.err


def test_an_expired_key_is_told_with_where_to_get_the_present_one(served: Served, language: str):
    done = served.of(language).run({**served.environment, "AZUREML_ENDPOINT_KEY": "0" * 32})
    assert done.code == 1
    assert "401" in done.err
    assert f"az ml online-endpoint get-credentials --name {served.online.name}" in done.err
    assert "0" * 32 not in done.err


def test_a_key_that_is_not_there_is_asked_for(served: Served, language: str):
    done = served.of(language).run({**served.environment, "AZUREML_ENDPOINT_KEY": ""})
    assert done.code == 1
    assert "AZUREML_ENDPOINT_KEY is not set" in done.err


def test_a_failure_of_the_models_own_code_is_told_as_such(served: Served, language: str):
    done = served.of(language).run(served.environment, "-", stdin=json.dumps({**BODY, "times": -1}))
    assert done.code == 1
    assert "424" in done.err
    assert "The model's own code failed" in done.err


@pytest.mark.parametrize("mode", ["AADToken", "AMLToken"])
def test_an_endpoint_with_tokens_is_called_with_them(served: Served, language: str, mode: str):
    client = served.of(language, mode)
    served.sign_in(mode)
    try:
        done = client.run({**served.environment, "AZUREML_ENDPOINT_KEY": ""})
    finally:
        served.sign_in("Key")
    assert done.code == 0, done.err
    assert json.loads(done.out) == [11]


@pytest.fixture
def client(served: Served, monkeypatch: pytest.MonkeyPatch) -> ArmClient:
    """The provider's way to the workspace."""
    workspace = {"subscriptionId": SUBSCRIPTION_ID, "resourceGroup": RESOURCE_GROUP, "workspace": WORKSPACE_NAME}
    for name, value in served.environment.items():
        monkeypatch.setenv(name, value)
    return ArmClient.from_settings(Settings.from_mapping({**workspace, "location": LOCATION}))


def test_the_command_line_writes_this_very_client(served: Served, client: ArmClient):
    served.of("python")
    made = generate_client(client, served.online.name, "python")
    assert made.text == (served.folder / "python-Key" / made.file_name).read_text()
    assert served.online.keys["primaryKey"] not in made.text


def test_an_endpoint_without_traffic_is_told(served: Served, client: ArmClient):
    bare = OnlineEndpoint(served.online.service)
    with pytest.raises(StackError, match="has no deployment with traffic, so there is nothing to call"):
        generate_client(client, bare.name, "python")
