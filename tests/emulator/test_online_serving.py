"""Real-time endpoints: scripts run in Microsoft's inference server behind the emulator's router."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import psutil
import pytest
from batch_service import Service
from online_service import OnlineEndpoint, wait_for
from openapi_spec_validator import OpenAPIV2SpecValidator, OpenAPIV30SpecValidator

from azureml_emulator.testing import RunningEmulator


@pytest.fixture(scope="module")
def service(azureml_emulator: RunningEmulator) -> Iterator[Service]:
    with Service(azureml_emulator) as made:
        yield made


@pytest.fixture(scope="module")
def shared(service: Service) -> OnlineEndpoint:
    """An endpoint with the deployments blue, which has the traffic, and green."""
    endpoint = OnlineEndpoint(service)
    settings = {"requestTimeout": "PT2S"}
    started = [endpoint.start_deploying(color, requestSettings=settings) for color in ("blue", "green")]
    assert [endpoint.ended(answer)["status"] for answer in started] == ["Succeeded"] * 2
    return endpoint


@pytest.fixture(scope="module")
def steady(service: Service) -> OnlineEndpoint:
    """An endpoint whose requests have much time, for what happens to the instances behind it."""
    endpoint = OnlineEndpoint(service)
    assert endpoint.deploy("blue", requestSettings={"requestTimeout": "PT60S"}) == "Succeeded"
    endpoint.route(blue=100)
    return endpoint


@pytest.fixture
def endpoint(shared: OnlineEndpoint) -> OnlineEndpoint:
    shared.route(blue=100)
    return shared


@pytest.fixture
def own(service: Service) -> Iterator[OnlineEndpoint]:
    """An endpoint of one test's own."""
    made = OnlineEndpoint(service)
    yield made
    made.delete()


def test_the_deployment_with_the_traffic_answers_and_is_named(endpoint: OnlineEndpoint) -> None:
    answer = endpoint.ask(id=1)
    assert (answer.status_code, answer.json()["color"]) == (200, "blue")
    assert answer.headers["azureml-model-deployment"] == "blue"
    assert answer.headers["x-ms-server-version"].startswith("azmlinfsrv/")


def test_a_request_can_name_its_deployment(endpoint: OnlineEndpoint) -> None:
    assert endpoint.answer("green")["color"] == "green"
    refused = endpoint.ask(deployment="purple")
    assert refused.status_code == 404
    assert "No valid deployments to route to" in refused.text


def test_requests_are_shared_out_by_weight(endpoint: OnlineEndpoint) -> None:
    endpoint.route(blue=80, green=20)
    colors = Counter(endpoint.answer()["color"] for _ in range(20))
    assert colors == {"blue": 16, "green": 4}


def test_without_traffic_nothing_answers(endpoint: OnlineEndpoint) -> None:
    endpoint.route()
    refused = endpoint.ask()
    assert refused.status_code == 404
    assert "at least one deployment with positive weight values" in refused.text


def test_mirrored_requests_are_answered_by_the_live_deployment_alone(endpoint: OnlineEndpoint) -> None:
    endpoint.route(mirror={"green": 50}, blue=100)
    colors = [endpoint.answer(id=f"mirrored-{number}")["color"] for number in range(10)]
    assert set(colors) == {"blue"}
    assert endpoint.answer("blue", id="pinned")["color"] == "blue"
    wait_for(lambda: endpoint.logs("green").count("asked mirrored-") == 5)
    assert "asked pinned" not in endpoint.logs("green")


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "Basic abc", "Bearer"])
def test_who_has_no_key_is_refused(endpoint: OnlineEndpoint, authorization: str) -> None:
    http = endpoint.service.http
    headers = {"authorization": authorization} if authorization else {}
    for method, path in (("POST", "score"), ("GET", "swagger.json")):
        answer = http.request(method, f"{endpoint.url}/{path}", headers=headers)
        assert answer.status_code == 401
        assert answer.text.startswith("key_auth_")


def test_the_secondary_key_opens_too_and_no_script_sees_it(endpoint: OnlineEndpoint) -> None:
    key = endpoint.keys["secondaryKey"]
    headers = {"authorization": f"Bearer {key}"}
    assert endpoint.service.http.post(f"{endpoint.url}/score", json={}, headers=headers).status_code == 200
    assert key not in endpoint.logs("blue")


def test_a_script_that_raises_is_a_model_error(endpoint: OnlineEndpoint) -> None:
    answer = endpoint.ask(**{"raise": "no such digit"})
    assert answer.status_code == 424
    assert answer.headers["ms-azureml-model-error-statuscode"] == "500"
    assert answer.headers["ms-azureml-model-error-reason"] == "model_error"
    assert "ValueError: no such digit" in endpoint.logs("blue")


def test_a_status_of_the_scripts_own_is_a_model_error_with_its_body(endpoint: OnlineEndpoint) -> None:
    answer = endpoint.ask(status=418)
    assert (answer.status_code, answer.json()) == (424, {"mine": True})
    assert answer.headers["ms-azureml-model-error-statuscode"] == "418"


def test_a_request_over_its_time_is_given_up_and_the_next_one_is_answered(endpoint: OnlineEndpoint) -> None:
    answer = endpoint.ask(sleep=30)
    assert answer.status_code == 408
    assert "request timeout of 2 s" in answer.text
    assert endpoint.answer()["color"] == "blue"


def test_more_requests_than_the_deployment_allows_are_refused(endpoint: OnlineEndpoint) -> None:
    answers = endpoint.ask_many(6, sleep=0.6)
    counted = Counter(answer.status_code for answer in answers)
    assert counted == {200: 2, 429: 4}, "one at work, one that waits"
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.headers["ms-azureml-model-error-reason"] == "too_many_pending_request"


@pytest.mark.parametrize("version", ["2", "3"])
def test_the_swagger_document_has_the_endpoints_address(endpoint: OnlineEndpoint, version: str) -> None:
    headers = {"authorization": f"Bearer {endpoint.keys['primaryKey']}"}
    answer = endpoint.service.http.get(f"{endpoint.url}/swagger.json?version={version}", headers=headers)
    document = answer.json()
    assert "/score" in document["paths"]
    if version == "2":
        assert document["swagger"] == "2.0"
        address = f"{document['schemes'][0]}://{document['host']}{document['basePath']}"
    else:
        assert document["openapi"].startswith("3.0")
        address = document["servers"][0]["url"]
    (OpenAPIV2SpecValidator if version == "2" else OpenAPIV30SpecValidator)(document).validate()
    assert address == endpoint.service.emulator.origin + endpoint.url
    plain = endpoint.service.http.get(f"{endpoint.url}/swagger.json", headers=headers)
    assert plain.json()["swagger"] == "2.0"


def test_a_script_sees_its_own_variables_and_none_of_the_emulators(endpoint: OnlineEndpoint) -> None:
    names = ["COLOR", "AZUREML_MODEL_DIR", "AZUREML_ARM_WORKSPACE_NAME", "PYTHONPATH", "AZURE_CLIENT_SECRET"]
    seen = endpoint.answer(variables=names)["variables"]
    assert seen["COLOR"] == "blue"
    assert seen["AZUREML_MODEL_DIR"]
    assert seen["AZUREML_ARM_WORKSPACE_NAME"] == "local"
    assert (seen["PYTHONPATH"], seen["AZURE_CLIENT_SECRET"]) == (None, None)
    assert "model: ['toy']" in endpoint.logs("blue"), "AZUREML_MODEL_DIR is the parent of the registered folder"


def test_logs_can_be_cut_to_their_end(endpoint: OnlineEndpoint) -> None:
    endpoint.answer(id="the-last-one")
    tail = endpoint.logs("blue", containerType="InferenceServer", tail=3).splitlines()
    assert len(tail) == 3
    assert "asked the-last-one" in "\n".join(tail)
    assert "Fetching the model." in endpoint.logs("blue", containerType="StorageInitializer")


def test_a_worker_or_a_server_that_dies_is_started_again_and_requests_wait_for_it(steady: OnlineEndpoint) -> None:
    first = steady.answer()["pid"]
    broken = steady.ask(die=True)
    assert (broken.status_code, broken.headers["ms-azureml-model-error-statuscode"]) == (424, "503")
    second = steady.answer()["pid"]
    assert second != first
    server = psutil.Process(second).parent()
    assert server is not None
    server.kill()
    wait_for(lambda: "is started again" in steady.logs("blue"))
    assert steady.answer()["pid"] not in {first, second}


def test_a_script_that_cannot_start_fails_the_deployment_with_its_traceback(own: OnlineEndpoint) -> None:
    script = "def init():\n    raise RuntimeError('no licence')\n\ndef run(raw_data):\n    return raw_data\n"
    operation = own.ended(own.start_deploying("blue", script))
    assert (operation["status"], operation["error"]["code"]) == ("Failed", "ResourceNotReady")
    assert "User container has crashed or terminated" in operation["error"]["message"]
    assert "RuntimeError: no licence" in operation["error"]["message"]
    assert "RuntimeError: no licence" in own.logs("blue")


def test_an_environment_that_cannot_be_built_fails_the_deployment(own: OnlineEndpoint) -> None:
    conda = "dependencies:\n- pip:\n  - numpy==0.0.0.1\n"
    environment = own.service.put("environments/broken/versions/1", {"image": "x", "condaFile": conda})["id"]
    operation = own.ended(own.start_deploying("blue", environmentId=environment))
    assert operation["error"]["code"] == "ImageBuildFailure"
    assert "numpy==0.0.0.1" in operation["error"]["message"]


def test_an_update_that_fails_leaves_what_served_before(steady: OnlineEndpoint) -> None:
    first = steady.answer()["pid"]
    operation = steady.ended(steady.start_deploying("blue", "import nothing_like_this\n"))
    assert operation["status"] == "Failed"
    assert "No module named 'nothing_like_this'" in operation["error"]["message"]
    assert steady.answer()["pid"] == first


def test_instances_are_added_and_taken_away_without_a_restart(steady: OnlineEndpoint) -> None:
    assert steady.deploy("green", requestSettings={"requestTimeout": "PT60S"}) == "Succeeded"
    first = steady.answer("green")["pid"]
    assert steady.update("green", capacity=2)["status"] == "Succeeded"
    pids = {answer.json()["pid"] for answer in steady.ask_many(2, "green", sleep=0.5)}
    assert len(pids) == 2
    assert first in pids
    patched = steady.service.call("PATCH", f"{steady.id}/deployments/green", {"sku": {"capacity": 1}})
    assert patched.status_code == 202
    wait_for(lambda: steady.document("green")["properties"]["provisioningState"] == "Succeeded")
    assert sum(psutil.pid_exists(pid) for pid in pids) == 1
    left = steady.answer("green")["pid"]
    family = {left, psutil.Process(left).ppid()}
    steady.delete("green")
    wait_for(lambda: not any(psutil.pid_exists(pid) for pid in family))
    assert steady.ask(deployment="green").status_code == 404


def test_an_instance_that_fails_its_liveness_probe_is_started_again(own: OnlineEndpoint) -> None:
    quick = {"initialDelay": "PT1S", "period": "PT1S", "timeout": "PT1S", "failureThreshold": 1}
    settings = {"requestSettings": {"requestTimeout": "PT60S"}, "livenessProbe": quick}
    assert own.deploy("blue", **settings) == "Succeeded"
    first = own.answer("blue")["pid"]
    # Its one worker is busy for longer than the probe waits.
    broken = own.ask(deployment="blue", sleep=30)
    assert (broken.status_code, broken.headers["ms-azureml-model-error-statuscode"]) == (424, "503")
    assert "The liveness probe failed 1 times" in own.logs("blue")
    assert own.answer("blue")["pid"] != first


def test_an_instance_that_fails_its_readiness_probe_gets_no_requests_until_it_succeeds(own: OnlineEndpoint) -> None:
    quick = {"initialDelay": "PT60S", "period": "PT1S", "timeout": "PT1S", "failureThreshold": 1}
    settings = {"requestSettings": {"requestTimeout": "PT60S"}, "readinessProbe": quick}
    assert own.deploy("green", **settings) == "Succeeded"
    first = own.answer("green")["pid"]
    assert own.ask(deployment="green", sleep=6).status_code == 200
    assert "requests go elsewhere" in own.logs("green")
    assert own.answer("green")["pid"] == first, "it was not restarted"
