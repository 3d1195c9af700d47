"""Real-time endpoints asked by the command and by the client, against the local Azure ML that serves a model."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from emulator.batch_service import Service as Rest
from emulator.online_service import OnlineEndpoint
from pulumi_azureml import cli
from pulumi_azureml.arm import ArmClient, NotFoundError, ThrottledError
from pulumi_azureml.consume import InputError, ModelError, OnlineClient

from .conftest import Service

SCRIPT = """
import os
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema, output_schema

def init():
    pass

@input_schema("data", StandardPythonParameterType([{"length": 5.5}]))
@input_schema("times", StandardPythonParameterType(2))
@output_schema(StandardPythonParameterType([11.0]))
def run(data, times):
    if times < 0:
        raise ValueError("cannot count backwards")
    return [os.environ["COLOR"], *(each["length"] * times for each in data)]
"""
BODY = {"data": [{"length": 1.5}], "times": 4}


@pytest.fixture(scope="module")
def online(service: Service) -> Iterator[OnlineEndpoint]:
    """Blue has the traffic, green has none."""
    with Rest(service.emulator) as rest:
        made = OnlineEndpoint(rest)
        for name in ("blue", "green"):
            assert made.deploy(name, SCRIPT) == "Succeeded"
        made.route(blue=100)
        yield made
        made.delete()


@pytest.fixture
def client(service: Service) -> OnlineClient:
    return OnlineClient(service.arm)


def auth_mode(online: OnlineEndpoint, mode: str) -> None:
    """Change how callers prove who they are."""
    properties = {"authMode": mode, "traffic": {"blue": 100}}
    online.service.put(f"onlineEndpoints/{online.name}", properties, location="eastus")


@pytest.fixture(params=["Key", "AMLToken", "AADToken"])
def mode(request: pytest.FixtureRequest, online: OnlineEndpoint) -> Iterator[str]:
    """Every way to sign in, one after the other."""
    auth_mode(online, request.param)
    yield request.param
    auth_mode(online, "Key")


def test_a_request_is_answered_whatever_the_endpoint_asks_its_callers_for(
    online: OnlineEndpoint, client: OnlineClient, mode: str
) -> None:
    answer = client.score(online.name, BODY)
    assert (answer.body, answer.deployment) == (["blue", 6.0], "blue")
    assert client.score(client.find(online.name).scoring_uri, BODY, deployment="green").body == ["green", 6.0]


@pytest.mark.parametrize("way", ["file", "standard input", "literal"])
def test_the_command_takes_json_from_a_file_from_standard_input_and_as_it_is(
    online: OnlineEndpoint, project: Any, way: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = json.dumps(BODY)
    (project / "body.json").write_text(text)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    given = {"file": "body.json", "standard input": "-", "literal": text}[way]
    assert cli.main(["score", "--endpoint", online.name, "--input", given]) == 0
    assert json.loads(capsys.readouterr().out) == ["blue", 6.0]


def test_json_tells_who_answered(online: OnlineEndpoint, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["score", "--endpoint", online.name, "--input", json.dumps(BODY), "--deployment", "green", "--json"]
    assert cli.main(command) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"event": "scored", "endpoint": online.name, "deployment": "green", "answer": ["green", 6.0]}


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_endpoint_is_asked_again(online: OnlineEndpoint, service: Service, status: int) -> None:
    fault = {"fault": "status", "path": "/score", "status": status, "retryAfter": 0}
    service.emulator.control("POST", "/_emulator/faults", fault)
    assert OnlineClient(service.arm).score(online.name, BODY).deployment == "blue"


def test_an_endpoint_that_stays_busy_is_told_with_what_to_do(online: OnlineEndpoint, service: Service) -> None:
    fault = {"fault": "status", "path": "/score", "status": 429, "retryAfter": 0, "times": 6}
    service.emulator.control("POST", "/_emulator/faults", fault)
    with pytest.raises(ThrottledError, match="max_concurrent_requests_per_instance"):
        OnlineClient(service.arm).score(online.name, BODY)


def test_a_failure_of_the_models_code_is_told_with_its_status_and_reason(
    online: OnlineEndpoint, client: OnlineClient, capsys: pytest.CaptureFixture[str]
) -> None:
    body = {**BODY, "times": -1}
    with pytest.raises(ModelError) as failed:
        client.score(online.name, body)
    assert (failed.value.status, failed.value.reason, failed.value.deployment) == (500, "model_error", "blue")
    assert cli.main(["score", "--endpoint", online.name, "--input", json.dumps(body)]) == 1
    told = capsys.readouterr().err
    assert "424" in told
    assert "500 (model_error)" in told
    assert "ValueError: cannot count backwards" in client.logs(online.name, "blue", lines=50)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"data": [], "times": 1.5}, "body.times must be of the type integer, not 1.5"),
        ({"data": [{"length": "x"}], "times": -1}, "body.data[0].length must be of the type number"),
        ([1], "body must be of the type object, not [1]"),
    ],
)
def test_a_body_that_does_not_fit_is_told_by_its_field(
    online: OnlineEndpoint, body: Any, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["score", "--endpoint", online.name, "--input", json.dumps(body)]) == 2
    assert told in capsys.readouterr().err


def test_what_the_server_misses_is_told_in_its_words(online: OnlineEndpoint, client: OnlineClient) -> None:
    with pytest.raises(ModelError, match="A value is not provided for the 'data' parameter"):
        client.score(online.name, {"times": 1})


def test_a_key_that_was_regenerated_in_mid_run_is_read_again(online: OnlineEndpoint, client: OnlineClient) -> None:
    assert client.score(online.name, BODY).deployment == "blue"
    before = client.keys(online.name)
    client.regenerate_key(online.name, "primary")
    after = client.keys(online.name)
    assert after.primary != before.primary
    assert after.secondary == before.secondary
    assert client.score(online.name, BODY).deployment == "blue"
    assert before.primary not in f"{before!r}"


def test_an_endpoint_without_traffic_is_told_with_what_to_do(online: OnlineEndpoint, client: OnlineClient) -> None:
    bare = OnlineEndpoint(online.service)
    with pytest.raises(NotFoundError, match="resource Traffic"):
        client.score(bare.name, BODY)
    bare.delete()


def test_the_command_shows_keys_with_a_warning(online: OnlineEndpoint, capsys: pytest.CaptureFixture[str]) -> None:
    keys = online.service.call("POST", f"{online.id}/listKeys").json()
    assert cli.main(["keys", "--endpoint", online.name]) == 0
    shown = capsys.readouterr()
    assert [line.split()[1] for line in shown.out.splitlines()] == [keys["primaryKey"], keys["secondaryKey"]]
    assert "these are secrets" in shown.err
    assert cli.main(["keys", "--endpoint", online.name, "--only", "secondary", "--quiet"]) == 0
    assert capsys.readouterr().out == f"{keys['secondaryKey']}\n"


def test_a_key_is_regenerated_only_by_who_is_sure(online: OnlineEndpoint, capsys: pytest.CaptureFixture[str]) -> None:
    def secondary() -> str:
        return str(online.service.call("POST", f"{online.id}/listKeys").json()["secondaryKey"])

    before = secondary()
    command = [
        sys.executable,
        "-m",
        "pulumi_azureml.cli",
        "keys",
        "--endpoint",
        online.name,
        "--regenerate",
        "secondary",
    ]
    refused = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    assert refused.returncode == 2
    assert "is refused (401)" in refused.stderr
    assert "--yes" in refused.stderr
    assert secondary() == before
    assert cli.main([*command[3:], "--yes"]) == 0
    after = secondary()
    assert after != before
    shown = capsys.readouterr()
    assert after not in shown.out + shown.err


def test_an_endpoint_with_tokens_shows_one_and_one_with_entra_says_how(
    online: OnlineEndpoint, mode: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = cli.main(["keys", "--endpoint", online.name, "--json"])
    told = json.loads(capsys.readouterr().out)
    if mode == "AADToken":
        assert code == 2
        assert "az account get-access-token --resource https://ml.azure.com" in told["message"]
    else:
        assert told["event"] == {"Key": "keys", "AMLToken": "token"}[mode]


def test_a_batch_endpoint_is_not_scored_in_real_time(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["score", "--endpoint", "rows", "--input", "{}"]) == 2
    assert "is a batch endpoint" in capsys.readouterr().err


def test_an_endpoint_that_is_not_there_is_told_with_those_that_are(
    online: OnlineEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["score", "--endpoint", "gone", "--input", "{}"]) == 2
    assert f"It has: {online.name}" in capsys.readouterr().err
    assert cli.main(["score", "--scoring-uri", "https://evil.test/score", "--input", "{}"]) == 2
    assert "no real-time endpoint at https://evil.test/score" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("{not json", "line 1, column 2"),
        ("nowhere.json", "There is no file nowhere.json"),
        ("picture.png", "is no text"),
    ],
)
def test_what_is_no_json_is_told_before_anything_is_asked(
    project: Any, given: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "picture.png").write_bytes(b"\xff\xfe\x00\x80\xd8")
    assert cli.main(["score", "--endpoint", "gone", "--input", given]) == 2
    assert told in capsys.readouterr().err


def test_a_body_that_json_cannot_hold_is_refused(service: Service) -> None:
    with pytest.raises(InputError, match="cannot be sent as JSON"):
        OnlineClient(service.arm).score("any", {"values": {1, 2}})
    assert isinstance(service.arm, ArmClient)
