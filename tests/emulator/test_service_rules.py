"""Rules that hold for several kinds at once: verbs and their answers, waiting, tags, names, what is in use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from arm_client import Arm
from batch_service import ECHO, Service

from azureml_emulator.testing import RunningEmulator

Switch = Callable[[str], None]

MODES = ("instant", "timed=0.3", "polls=2")


@pytest.fixture(scope="module")
def service(azureml_emulator: RunningEmulator) -> Iterator[Service]:
    """Of the emulator that the other tests here use: nothing in this module scores."""
    with Service(azureml_emulator) as made:
        yield made


def bodies(arm: Arm, name: str) -> dict[str, Any]:
    """A new resource of each kind whose PUT is an operation, by its path."""
    for kind, body in (("batchEndpoints", arm.endpoint()), ("onlineEndpoints", arm.online_endpoint())):
        arm.put(f"{kind}/{name}-{kind[:2]}", body)
    return {
        f"computes/{name}-new": arm.cluster(),
        f"batchEndpoints/{name}-new-b": arm.endpoint(),
        f"batchEndpoints/{name}-ba/deployments/d": arm.deployment(name),
        f"onlineEndpoints/{name}-new-o": arm.online_endpoint(),
        f"onlineEndpoints/{name}-on/deployments/blue": arm.online_deployment(name),
    }


def settle(arm: Arm, path: str) -> None:
    while arm.get(path)["properties"]["provisioningState"] in {"Creating", "Updating"}:
        pass


@pytest.mark.parametrize("mode", MODES)
def test_a_put_is_answered_with_201_or_200_and_an_operation_never_with_202(
    arm: Arm, name: str, long_running: Switch, mode: str
) -> None:
    for path, body in bodies(arm, name).items():
        long_running(mode)
        made = arm.call("PUT", path, body)
        assert (made.status_code, "Azure-AsyncOperation" in made.headers) == (201, True), path
        settle(arm, path)
        again = arm.call("PUT", path, body)
        assert (again.status_code, "Azure-AsyncOperation" in again.headers) == (200, True), path
        settle(arm, path)
        long_running("instant")


@pytest.mark.parametrize("mode", MODES)
def test_a_put_of_an_asset_is_done_when_it_is_answered(arm: Arm, name: str, long_running: Switch, mode: str) -> None:
    uri = arm.asset_uri()
    long_running(mode)
    for kind, content in (
        ("models", {"modelUri": uri}),
        ("codes", {"codeUri": uri}),
        ("data", {"dataType": "uri_folder", "dataUri": uri}),
        ("environments", {"image": "ubuntu:22.04"}),
    ):
        made = arm.call("PUT", f"{kind}/{name}/versions/1", {"properties": content})
        assert (made.status_code, "Azure-AsyncOperation" in made.headers) == (201, False), kind
        assert made.json()["properties"]["provisioningState"] == "Succeeded"


@pytest.mark.parametrize("mode", MODES)
def test_retry_after_is_a_whole_number_of_seconds_and_never_zero(
    arm: Arm, name: str, long_running: Switch, mode: str
) -> None:
    """The official client takes 0 for its 30 s, and fails on a fraction."""
    path = f"batchEndpoints/{name}"
    arm.put(path, arm.endpoint())
    long_running(mode)
    answers = []
    for method, body in (("PUT", arm.endpoint()), ("PATCH", {"tags": {"a": "b"}}), ("DELETE", None)):
        answers.append(arm.call(method, path, body))
        address = answers[-1].headers.get("Azure-AsyncOperation") or answers[-1].headers.get("Location")
        while address:
            answers.append(arm.call("GET", address))
            status = answers[-1].json().get("status", "") if answers[-1].content else ""
            if answers[-1].status_code != 202 and status != "InProgress":
                break
    given = [answer.headers["Retry-After"] for answer in answers if "Retry-After" in answer.headers]
    assert all(value.isdigit() and int(value) >= 1 for value in given)
    assert bool(given) == (mode != "instant") or all(value == "1" for value in given)


def test_patch_changes_the_identity_of_a_batch_endpoint(arm: Arm, name: str) -> None:
    arm.put(f"batchEndpoints/{name}", arm.endpoint())
    patched = arm.call("PATCH", f"batchEndpoints/{name}", {"identity": {"type": "SystemAssigned"}})
    assert patched.status_code == 200
    assert arm.get(f"batchEndpoints/{name}")["identity"]["principalId"]
    wrong = {"identity": {"type": "UserAssigned", "userAssignedIdentities": {"x": {}}}}
    assert "SystemAssigned only" in arm.refused("PATCH", f"batchEndpoints/{name}", wrong)[2]


@pytest.mark.parametrize("value", ["", None, {}, []])
def test_tag_values_are_non_empty_strings(arm: Arm, name: str, value: Any) -> None:
    paths = {**bodies(arm, name), f"models/{name}/versions/2": None}
    for path, body in paths.items():
        tags = {"tags": {"team": value}}
        sent = {"properties": {"modelUri": arm.asset_uri(), **tags}} if body is None else {**body, **tags}
        status, _, message = arm.refused("PUT", path, sent)
        assert (status, "tags" in message) == (400, True), path
    status, _, message = arm.refused("PATCH", f"batchEndpoints/{name}-ba", {"tags": {"team": value}})
    assert (status, "tags" in message) == (400, True)


@pytest.mark.parametrize("character", '~"#%&*:<>?/\\{|}')
def test_an_output_file_name_takes_no_special_character(arm: Arm, name: str, character: str) -> None:
    arm.put(f"batchEndpoints/{name}", arm.endpoint())
    body = arm.deployment("ruled", outputFileName=f"rows{character}csv")
    status, code, message = arm.refused("PUT", f"batchEndpoints/{name}/deployments/d", body)
    assert (status, code) == (400, "UserError")
    assert f"output file name 'rows{character}csv'" in message


@pytest.mark.parametrize(
    ("path", "properties", "words"),
    [
        ("computes/{}", {"computeType": "Abacus"}, "properties.computeType"),
        ("batchEndpoints/{}", {"authMode": "Password"}, "properties.authMode"),
        ("onlineEndpoints/{}", {"authMode": "Password"}, "properties.authMode"),
        ("data/{}/versions/1", {"dataType": "table", "dataUri": "x"}, "properties.dataType"),
        ("models/{}/versions/1", {"modelUri": "x", "modelType": "pickle"}, "properties.modelType"),
        (
            "datastores/{}",
            {"datastoreType": "Tape", "credentials": {"credentialsType": "None"}},
            "properties.datastoreType",
        ),
        ("environments/{}/versions/1", {"image": "i", "osType": "Amiga"}, "properties.osType"),
        ("batchEndpoints/shared-rules/deployments/{}", {"outputAction": "Print"}, "properties.outputAction"),
        ("batchEndpoints/shared-rules/deployments/{}", {"loggingLevel": "Loud"}, "properties.loggingLevel"),
        ("batchEndpoints/shared-rules/deployments/{}", {"model": {"referenceType": "Name"}}, "referenceType"),
        (
            "batchEndpoints/shared-rules/deployments/{}",
            {"deploymentConfiguration": {"deploymentConfigurationType": "Magic"}},
            "deploymentConfigurationType",
        ),
        ("onlineEndpoints/shared-online/deployments/{}", {"endpointComputeType": "Cloud"}, "endpointComputeType"),
        (
            "onlineEndpoints/shared-online/deployments/{}",
            {"endpointComputeType": "Managed", "scaleSettings": {"scaleType": "Wild"}},
            "scaleType",
        ),
    ],
)
def test_an_unknown_discriminator_is_refused_with_what_there_is(
    arm: Arm, name: str, path: str, properties: dict[str, Any], words: str
) -> None:
    arm.put("batchEndpoints/shared-rules", arm.endpoint())
    arm.put("onlineEndpoints/shared-online", arm.online_endpoint())
    place = path.format(name.replace("-", "_") if path.startswith("datastores") else name)
    status, _, message = arm.refused("PUT", place, {"location": "eastus", "properties": properties})
    assert status == 400
    assert words in message
    assert "one of" in message
    assert arm.call("GET", place).status_code == 404


def test_an_endpoint_is_made_again_once_its_delete_has_finished(arm: Arm, name: str, long_running: Switch) -> None:
    arm.put(f"batchEndpoints/{name}", arm.endpoint())
    long_running("polls=2")
    deleting = arm.call("DELETE", f"batchEndpoints/{name}").headers["Location"]
    assert arm.refused("PUT", f"batchEndpoints/{name}", arm.endpoint())[:2] == (409, "Conflict")
    while arm.call("GET", deleting).status_code == 202:
        pass
    assert arm.call("PUT", f"batchEndpoints/{name}", arm.endpoint()).status_code == 201


@pytest.mark.parametrize("what", ["model", "code", "environment", "compute", "deployment"])
def test_what_is_in_use_can_be_deleted_and_an_invocation_names_what_is_missing(service: Service, what: str) -> None:
    """As in the service, but for online deployments with traffic and default datastores, which are kept."""
    endpoint = service.deploy(ECHO)
    path = f"{service.workspace}/batchEndpoints/{endpoint.name}/deployments/{endpoint.deployment}"
    uses = service.call("GET", path).json()["properties"]
    gone = {
        "model": uses["model"]["assetId"],
        "code": uses["codeConfiguration"]["codeId"],
        "environment": uses["environmentId"],
        "compute": uses["compute"],
        "deployment": path,
    }[what]
    deleted = service.call("DELETE", f"{gone}?underlyingResourceAction=Delete")
    assert deleted.status_code in {200, 202}
    assert service.call("GET", gone).status_code == 404
    data = service.upload("data/rules", {"a.txt": "a"})
    answer = endpoint.post({"inputData": {"x": {"jobInputType": "UriFolder", "uri": data}}})
    assert answer.status_code in {400, 404}, answer.text
    name = gone.split("/")[10] if "/versions/" in gone else gone.rpartition("/")[2]
    assert name in answer.json()["message"]


def test_a_signature_that_is_handed_out_is_for_a_day_and_one_container(arm: Arm) -> None:
    from datetime import UTC, datetime, timedelta
    from urllib.parse import parse_qs

    sas = parse_qs(arm.call("POST", "datastores/workspaceblobstore/listSecrets").json()["sasToken"])
    ends = datetime.strptime(sas["se"][0], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert timedelta(hours=23) < ends - datetime.now(UTC) <= timedelta(hours=24)
    assert sas["sr"] == ["c"]
    assert "ss" not in sas
