from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import requests

from azureml_emulator.testing import RunningEmulator, azureml_emulator
from emulator.batch_service import Endpoint, Service
from emulator.pipeline_service import Pipelines, literal, to_parent

from .interpreter import API, Factory

__all__ = ["azureml_emulator"]


@dataclass
class Cloud:
    """The emulator as a factory sees it: Azure's own names, and the factory's managed identity."""

    service: Service
    session: requests.Session
    token: Callable[[str], str]
    group: str

    def factory(self, name: str) -> Factory:
        """A data factory; made when it is not there."""
        path = f"{self.group}/providers/Microsoft.DataFactory/factories/{name}"
        answer = self.arm("PUT", path, {"location": "eastus", "identity": {"type": "SystemAssigned"}})
        assert answer.status_code in {200, 201}, answer.text
        assert answer.json()["identity"]["principalId"]
        # While Data Factory waits, the jobs of the emulator go on: a moment of them for each of its seconds is plenty.
        return Factory(path, self.session, self.token, pause=lambda _seconds: time.sleep(0.05))

    def arm(self, method: str, path: str, body: object = None, *, version: str = API) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token('https://management.azure.com')}"}
        return self.session.request(
            method, f"https://management.azure.com{path}", json=body, params={"api-version": version},
            headers=headers, timeout=60,
        )  # fmt: skip


@pytest.fixture(scope="session")
def cloud(azureml_emulator: RunningEmulator) -> Iterator[Cloud]:
    session = requests.Session()
    session.trust_env = False
    session.proxies = {"https": azureml_emulator.real_names["HTTPS_PROXY"]}
    session.verify = azureml_emulator.environment["REQUESTS_CA_BUNDLE"]
    signed = azureml_emulator.signed_in_by("managed-identity")

    def token(resource: str) -> str:
        answer = requests.get(
            signed["IDENTITY_ENDPOINT"],
            params={"resource": resource, "api-version": "2019-08-01"},
            headers={"X-IDENTITY-HEADER": signed["IDENTITY_HEADER"]},
            verify=str(session.verify),
            timeout=60,
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    with Service(azureml_emulator) as service:
        yield Cloud(service, session, token, azureml_emulator.workspace_id.partition("/providers/")[0])


@pytest.fixture(scope="session")
def pipelines(cloud: Cloud) -> Pipelines:
    return Pipelines(cloud.service)


@pytest.fixture(scope="session")
def endpoint(pipelines: Pipelines) -> Endpoint:
    """A pipeline endpoint that repeats a file as often as it is told, and fails when that is 0 times."""
    ports = {"table": {"type": "uri_file"}, "times": {"type": "integer", "max": 5}, "word": {"type": "string"}}
    repeat = pipelines.command(
        'test ${{inputs.times}} -gt 0 || { echo "times must be more than 0" >&2; exit 3; };'
        ' for i in $(seq ${{inputs.times}}); do cat "${{inputs.table}}"; done > "${{outputs.out}}/all.txt";'
        ' echo "${{inputs.word}}" >> "${{outputs.out}}/all.txt"',
        inputs=ports,
        outputs={"out": {"type": "uri_folder"}},
    )
    inputs = {name: literal(f"${{{{parent.inputs.{name}}}}}") for name in ports}
    job = {"type": "command", "componentId": repeat, "inputs": inputs, "outputs": {"out": to_parent("out")}}
    component = pipelines.pipeline({"repeat": job}, inputs=ports, outputs={"out": {"type": "uri_folder"}})
    pipelines.service.upload("factory", {"t.txt": "row\n"})
    return pipelines.deploy(component)
