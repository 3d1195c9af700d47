"""The life of an online endpoint, its deployments and its traffic against a running Azure ML that serves them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from azureml_emulator.testing import RunningEmulator
from pulumi_azureml.arm import BadRequestError, ConflictError, OperationFailedError
from pulumi_azureml.engine import lifecycle_of
from pulumi_azureml.resources import CODE, ENVIRONMENT, ONLINE_DEPLOYMENT, ONLINE_ENDPOINT, TRAFFIC

from .conftest import connect
from .stack import Stack

SCRIPT = "import os\ndef init():\n    pass\n\ndef run(raw_data):\n    return os.environ['COLOR']\n"


@dataclass
class Program:
    """A program with an endpoint and its deployments blue and green; what it says can be changed."""

    stack: Stack
    source: Path
    verify: str

    def deploy(self, color: str, **inputs: Any) -> Any:
        code = self.stack.up(CODE, f"code-{color}", path=str(self.source))
        environment = self.stack.up(ENVIRONMENT, "env", image="ubuntu:22.04")
        endpoint = self.stack.up(ONLINE_ENDPOINT, "endpoint")
        given = {
            "endpoint": endpoint.id,
            "code": code.id,
            "scoring_script": "score.py",
            "environment": environment.id,
            "environment_variables": {"COLOR": color},
            "instance_type": "Standard_DS3_v2",
            "request_settings": {"request_timeout": "PT60S"},
            **inputs,
        }
        return self.stack.up(ONLINE_DEPLOYMENT, color, **given)

    def route(self, **shares: Any) -> Any:
        endpoint = self.stack.made["endpoint"][1]
        return self.stack.up(TRAFFIC, "live", endpoint=endpoint.id, **shares)

    def endpoint(self) -> dict[str, Any]:
        body: dict[str, Any] = self.stack.client.request("GET", self.stack.made["endpoint"][1].id).body
        return body

    def answer(self, deployment: str = "") -> str:
        """What a caller gets."""
        endpoint = self.stack.made["endpoint"][1]
        keys: Any = self.stack.client.request("POST", f"{endpoint.id}/listKeys").body
        headers = {"Authorization": f"Bearer {keys['primaryKey']}"}
        if deployment:
            headers["azureml-model-deployment"] = deployment
        answer = requests.post(endpoint.outputs["scoringUri"], json={}, headers=headers, verify=self.verify, timeout=60)
        return str(answer.json()) if answer.ok else f"{answer.status_code}"


@pytest.fixture(scope="module")
def program(azureml: RunningEmulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Blue and green are up, and blue has the traffic."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in azureml.environment.items():
            patch.setenv(name, value)
        client = connect(azureml)
        source = tmp_path_factory.mktemp("src")
        (source / "score.py").write_text(SCRIPT)
        made = Program(Stack(client, "online"), source, azureml.environment["REQUESTS_CA_BUNDLE"])
        made.deploy("blue")
        made.deploy("green")
        made.route(traffic={"blue": 100})
        yield made
        made.stack.destroy()


def test_what_was_made_reads_without_difference(program: Program) -> None:
    for logical in ("endpoint", "blue", "live"):
        _, before = program.stack.made[logical]
        read = program.stack.refresh(logical)
        assert read is not None
        assert (read.inputs, read.outputs) == (before.inputs, before.outputs)
    assert program.answer() == "blue"


def test_no_key_is_in_the_state(program: Program) -> None:
    keys: Any = program.stack.client.request("POST", f"{program.stack.made['endpoint'][1].id}/listKeys").body
    assert not any(key in str(program.stack.made) for key in keys.values())


def test_traffic_moves_in_place_and_is_mirrored(azureml: RunningEmulator, program: Program) -> None:
    azureml.control("POST", "/_emulator/requests/reset")
    program.route(traffic={"blue": 90, "green": 10}, mirror_traffic=None)
    written = {
        name: count
        for name, count in azureml.control("GET", "/_emulator/requests")["by"].items()
        if name.startswith("PUT")
    }
    assert written == {"PUT onlineEndpoints": 1}
    program.route(traffic={"green": 100}, mirror_traffic={"blue": 20})
    assert program.endpoint()["properties"]["mirrorTraffic"] == {"blue": 20}
    assert program.answer() == "green"
    program.route(traffic={"blue": 100})
    assert program.endpoint()["properties"]["mirrorTraffic"] == {}
    assert program.answer() == "blue"


def test_an_update_of_the_endpoint_leaves_the_traffic_alone(program: Program) -> None:
    program.stack.up(ONLINE_ENDPOINT, "endpoint", description="new", auth_mode="AMLToken")
    assert program.endpoint()["properties"]["traffic"] == {"blue": 100}
    program.stack.up(ONLINE_ENDPOINT, "endpoint")
    assert program.answer() == "blue"


def test_traffic_that_was_moved_behind_the_back_is_found_and_moved_back(program: Program) -> None:
    elsewhere = Stack(program.stack.client, "online", made=dict(program.stack.made))
    endpoint = program.stack.made["endpoint"][1].id
    elsewhere.up(TRAFFIC, "live", endpoint=endpoint, traffic={"blue": 50, "green": 50})
    found = program.stack.refresh("live")
    assert found is not None
    assert found.inputs["traffic"] == {"blue": 50, "green": 50}
    assert program.stack.changes(TRAFFIC, "live", endpoint=endpoint, traffic={"blue": 100}) == ("traffic",)
    program.route(traffic={"blue": 100})
    assert program.endpoint()["properties"]["traffic"] == {"blue": 100}


def test_traffic_to_a_deployment_that_does_not_exist_is_refused_and_nothing_moves(program: Program) -> None:
    with pytest.raises(BadRequestError, match="do not exist: purple"):
        program.route(traffic={"purple": 100})
    assert program.answer() == "blue"


class Wait:
    """A clock of which a wait takes no time; the third one is over when `then` is done."""

    def __init__(self, then: Callable[[], object] = lambda: None) -> None:
        self.waits = 0
        self._then = then

    def now(self) -> float:
        return float(self.waits)

    def sleep(self, seconds: float) -> None:
        self.waits += round(seconds)
        if self.waits == 3:
            self._then()


def test_a_deployment_with_traffic_is_not_deleted(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, green = program.stack.made["green"]
    program.route(traffic={"green": 100})
    context = program.stack.context("green")
    monkeypatch.setattr(context.client, "clock", wait := Wait())
    with pytest.raises(BadRequestError, match="non-zero traffic weight"):
        lifecycle_of(kind).delete(green.id, green.outputs, context)
    assert wait.waits == 60
    assert program.answer("green") == "green"


def test_a_deployment_is_deleted_once_the_traffic_has_moved_away(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.route(traffic={"green": 100})
    wait = Wait(lambda: program.route(traffic={"blue": 100}))
    with monkeypatch.context() as patched:
        patched.setattr(program.stack.client, "clock", wait)
        program.stack.delete("green")
    assert wait.waits >= 3
    assert any("100 percent of the endpoint's traffic" in text for text in program.stack.shown)
    assert program.answer("green") == "404"
    program.deploy("green")


def test_a_change_of_code_or_count_is_made_in_place(program: Program) -> None:
    before = program.stack.made["green"][1]
    changed = program.deploy("green", environment_variables={"COLOR": "lime"}, tags={"stage": "two"})
    assert (changed.id, changed.outputs["mark"]) == (before.id, before.outputs["mark"])
    assert program.answer("green") == "lime"
    program.stack.refresh("green")
    assert program.stack.made["green"][1].inputs["tags"] == {"stage": "two"}


def test_a_create_that_is_run_again_takes_over_what_the_first_left(program: Program) -> None:
    lost = program.stack.forget("green")
    assert program.deploy("green").id == lost.id
    stranger = Stack(program.stack.client, "stranger")
    news = stranger.check(
        ONLINE_DEPLOYMENT, "green", endpoint=program.stack.made["endpoint"][1].id, instance_type="Standard_DS3_v2"
    )
    with pytest.raises(ConflictError, match="adopt=True"):
        lifecycle_of(ONLINE_DEPLOYMENT).create(news, stranger.context("green"))


def test_a_script_that_does_not_start_is_told_with_its_traceback(program: Program) -> None:
    broken = program.source.parent / "broken"
    broken.mkdir(exist_ok=True)
    (broken / "score.py").write_text("import no_such_module\n")
    code = program.stack.up(CODE, "broken-code", path=str(broken))
    with pytest.raises(OperationFailedError) as caught:
        program.deploy("broken", code=code.id)
    text = str(caught.value)
    assert "No module named 'no_such_module'" in text
    assert "running the command again takes it over" in text
    # The next run repairs what the failed one has left.
    assert program.deploy("broken").outputs["provisioningState"] == "Succeeded"
    program.stack.delete("broken")
