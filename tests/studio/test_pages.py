"""What pages say of a workspace, over HTTP: long lists, endpoints with nothing behind them, assets of others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import httpx
import pytest

from azureml_emulator.testing import emulator
from emulator.batch_service import ENVIRONMENT, Service
from studio.visitor import LOCAL, guest_of, send


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with emulator(blobs=False) as running, Service(running) as opened:
        yield opened


@pytest.fixture(scope="module")
def guest(service: Service) -> Iterator[httpx.Client]:
    with guest_of(service.emulator) as opened:
        yield opened


def put_online(service: Service, name: str, mode: str = "Key") -> None:
    service.put(f"onlineEndpoints/{name}", {"authMode": mode}, location="eastus")


def test_a_long_list_comes_in_pages(service: Service, guest: httpx.Client):
    for number in range(53):
        service.put(f"environments/env-{number:02}/versions/1", ENVIRONMENT)
    seen, path = [], f"{LOCAL}/environments"
    for _ in range(3):
        text = guest.get(path).text
        seen.append(re.findall(r'/environments/(env-\d\d)"', text))
        following = re.search(r'href="(\?before=\d+)"', text)
        if following is None:
            break
        path = f"{LOCAL}/environments{following[1]}"
    assert [len(each) for each in seen] == [50, 3]
    assert sorted(each for page in seen for each in page) == [f"env-{number:02}" for number in range(53)]


def test_the_newest_version_is_first_and_marked(service: Service, guest: httpx.Client):
    for version in ("1", "2", "3"):
        service.put(f"environments/grown/versions/{version}", ENVIRONMENT)
    text = guest.get(f"{LOCAL}/environments/grown").text
    assert re.findall(r'/environments/grown/(\d)"', text) == ["3", "2", "1"]
    assert re.search(r"3</a>\s*<span[^>]*>latest", text)


@pytest.mark.parametrize("mode", ["Key", "AMLToken", "AADToken"])
def test_the_test_tab_signs_in_whatever_the_endpoint_asks_for(service: Service, guest: httpx.Client, mode: str):
    name = f"asks-{mode.lower()}"
    put_online(service, name, mode)
    answer = send(guest, f"{LOCAL}/endpoints/real-time/{name}/test", body="{}").text
    assert "No valid deployments to route to" in answer  # the router's words, to whom it has let in
    assert ">404</span>" in answer


def test_the_test_tab_sends_only_json_and_only_to_a_deployment_that_there_is(service: Service, guest: httpx.Client):
    put_online(service, "careful")
    path = f"{LOCAL}/endpoints/real-time/careful/test"
    refused = send(guest, path, body="{")
    assert refused.status_code == 400
    assert "This is not JSON" in refused.text
    refused = send(guest, path, body="{}", deployment="<none>")
    assert refused.status_code == 400
    assert "no deployment “&lt;none&gt;”" in refused.text


def test_a_batch_endpoint_has_no_test_tab(service: Service, guest: httpx.Client):
    service.put("batchEndpoints/batch", {"authMode": "AADToken"}, location="eastus")
    answer = guest.get(f"{LOCAL}/endpoints/batch/batch/test")
    assert answer.status_code == 404
    assert "Test tab for the batch endpoint" in answer.text


@pytest.mark.parametrize("kind", ["real-time", "batch"])
def test_an_endpoint_with_nothing_behind_it_says_so(service: Service, guest: httpx.Client, kind: str):
    plural = "onlineEndpoints" if kind == "real-time" else "batchEndpoints"
    mode = "Key" if kind == "real-time" else "AADToken"
    service.put(f"{plural}/empty-{kind}", {"authMode": mode}, location="eastus")
    for page in ("consume", "swagger.json"):
        answer = guest.get(f"{LOCAL}/endpoints/{kind}/empty-{kind}/{page}")
        assert "No valid deployments to route to" in answer.text
    assert guest.get(f"{LOCAL}/endpoints/{kind}/empty-{kind}/swagger.json").status_code == 404


def test_no_page_shows_a_key(service: Service, guest: httpx.Client):
    put_online(service, "guarded")
    keys = service.call("POST", f"{service.workspace}/onlineEndpoints/guarded/listKeys").json()
    for page in ("", "/consume", "/test", "/consume?language=curl"):
        text = guest.get(f"{LOCAL}/endpoints/real-time/guarded{page}").text
        assert [name for name, key in keys.items() if key in text] == []


def test_a_swagger_version_that_there_is_not_is_refused(service: Service, guest: httpx.Client):
    component = {
        "type": "command",
        "command": "true",
        "environment": service.put("environments/e/versions/1", ENVIRONMENT)["id"],
    }
    run = service.put("components/run/versions/1", {"componentSpec": component})["id"]
    jobs = {"only": {"type": "command", "componentId": run, "inputs": {}}}
    pipeline = service.put("components/all/versions/1", {"componentSpec": {"type": "pipeline", "jobs": jobs}})["id"]
    cluster = {"vmSize": "STANDARD_D2_V2", "scaleSettings": {"minNodeCount": 0, "maxNodeCount": 1}}
    compute = service.put("computes/cluster", {"computeType": "AmlCompute", "properties": cluster}, location="eastus")[
        "id"
    ]
    service.put("batchEndpoints/versions", {"authMode": "AADToken"}, location="eastus")
    configuration = {
        "deploymentConfigurationType": "PipelineComponent",
        "componentId": {"referenceType": "Id", "assetId": pipeline},
        "settings": {"default_compute": compute},
    }
    service.put(
        "batchEndpoints/versions/deployments/run", {"deploymentConfiguration": configuration}, location="eastus"
    )
    defaults = {"authMode": "AADToken", "defaults": {"deploymentName": "run"}}
    service.put("batchEndpoints/versions", defaults, location="eastus")
    page = f"{LOCAL}/endpoints/batch/versions"
    assert json.loads(guest.get(f"{page}/swagger.json?version=3").text)["openapi"].startswith("3")
    refused = guest.get(f"{page}/swagger.json?version=7")
    assert refused.status_code == 400
    assert "Supported versions: [2, 3]" in refused.text
    assert "versions / run" in guest.get(f"{LOCAL}/components/all").text
    assert "all</a>" in guest.get(f"{LOCAL}/components/run").text


def test_one_workspace_is_opened_at_once_and_several_are_chosen_from(service: Service, guest: httpx.Client):
    assert guest.get("/studio").headers["location"] == LOCAL
    service.emulator.add_workspace("second")
    assert 'href="/studio/w/second"' in guest.get("/studio").text
    for name in ("local", "second"):
        page = guest.get(f"/studio/w/{name}").text
        assert f"<h1>{name}</h1>" in page
        assert 'href="/studio/w/local"' in page
        assert 'href="/studio/w/second"' in page


def test_workspaces_of_one_name_are_told_apart(service: Service, guest: httpx.Client):
    group = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/other"
    for path in (group, f"{group}/providers/Microsoft.MachineLearningServices/workspaces/local"):
        assert service.call("PUT", path, {"location": "westeurope", "properties": {}}).status_code < 300
    found = re.findall(r'href="(/studio/w/local~[0-9a-f]{8})"', guest.get("/studio").text.replace("%7E", "~"))
    assert len(set(found)) == 1
    assert "westeurope" in guest.get(found[0]).text
    assert "eastus" in guest.get(LOCAL).text
