"""Azure Resource Manager: ids, settings, errors, and waiting on a clock that the test moves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from requests.structures import CaseInsensitiveDict

from pulumi_azureml.arm import (
    Answer,
    BadRequestError,
    ConfigError,
    NotFoundError,
    OperationFailedError,
    OperationTimeoutError,
    ResourceId,
    Settings,
    ThrottledError,
    wait_for_deletion,
    wait_for_operation,
    wait_for_result,
)
from pulumi_azureml.arm.errors import error_from_answer
from pulumi_azureml.arm.polling import Wait

WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
GOOD = {
    "subscriptionId": "00000000-0000-0000-0000-000000000001",
    "resourceGroup": "g",
    "workspace": "w",
    "location": "West Europe",
}


@dataclass
class Scripted:
    """A client whose answers are given, on a clock that records how long was waited."""

    answers: list[Any]
    waits: list[float] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    time: float = 0.0

    @property
    def clock(self) -> Scripted:
        return self

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds

    def request(self, _method: str, url: str, **_options: Any) -> Answer:
        self.asked.append(url)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def answer(body: Any = None, status: int = 200, **headers: str) -> Answer:
    return Answer(status, body, CaseInsensitiveDict({key.replace("_", "-"): value for key, value in headers.items()}))


def test_ids_are_parsed_and_compared_without_regard_to_case() -> None:
    found = ResourceId.parse(f"{WORKSPACE}/batchEndpoints/e/deployments/d")
    assert (found.name, found.parent and found.parent.name) == ("d", "e")
    assert found.type.endswith("workspaces/batchEndpoints/deployments")
    assert ResourceId.parse(str(found).upper()) == found
    assert str(ResourceId.parse(WORKSPACE).child("computes", "cpu")) == f"{WORKSPACE}/computes/cpu"


@pytest.mark.parametrize("text", ["", "digits", "/subscriptions/s", f"{WORKSPACE}/computes", f"{WORKSPACE}//x"])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an ARM resource id"):
        ResourceId.parse(text)


def test_settings_tell_everything_that_is_wrong_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        Settings.from_mapping(
            {"subscriptionId": "x", "apiVersion": "latest", "armEndpoint": "http://h", "cloud": "moon"}, {}
        )
    text = str(caught.value)
    for part in ("resourceGroup", "workspace", "location", "GUID", "apiVersion", "https://", "public"):
        assert part in text


def test_settings_fall_back_on_the_environment_and_the_cloud() -> None:
    settings = Settings.from_mapping({**GOOD, "workspace": None, "cloud": "china"}, {"AZUREML_WORKSPACE": "from-env"})
    assert settings.workspace == "from-env"
    assert settings.location == "westeurope"
    assert settings.arm_endpoint == "https://management.chinacloudapi.cn"
    assert settings.scope("ml") == "https://ml.azure.cn/.default"


def test_the_api_version_can_be_set_for_one_collection() -> None:
    settings = Settings.from_mapping({**GOOD, "apiVersions": '{"computes": "2023-08-01-preview"}'}, {})
    workspace = settings.workspace_id
    assert settings.api_version_of(f"{workspace}/computes/cpu") == "2023-08-01-preview"
    assert settings.api_version_of(f"{workspace}/batchEndpoints/computes/deployments/d") == "2024-04-01"
    with pytest.raises(ConfigError, match=r"apiVersions\.computes"):
        Settings.from_mapping({**GOOD, "apiVersions": '{"computes": "new"}'}, {})
    with pytest.raises(ConfigError, match="mapping of names"):
        Settings.from_mapping({**GOOD, "defaultTags": "team=a"}, {})


@pytest.mark.parametrize(("status", "kind"), [(400, BadRequestError), (404, NotFoundError), (429, ThrottledError)])
def test_an_error_says_what_was_tried_on_what_and_what_came_back(status: int, kind: type[Exception]) -> None:
    body = {"error": {"code": "UserError", "message": "No.", "details": [{"code": "x", "message": "Because."}]}}
    found = error_from_answer("create it", f"{WORKSPACE}?sig=secret", status, body, {"x-ms-request-id": "r1"})
    text = str(found)
    assert type(found) is kind
    for part in ("create it", str(status), "UserError", "No.; Because.", WORKSPACE, "r1"):
        assert part in text
    assert "secret" not in text


def missing(what: str, resource: str) -> str:
    """What to do when the service says that a resource is not there."""
    message = f"The Resource '{what}' under resource group 'rg' was not found."
    body = {"error": {"code": "ResourceNotFound", "message": message}}
    return error_from_answer("read it", resource, 404, body, {}).hint


def test_a_workspace_that_is_missing_is_told_by_its_setting_and_a_resource_in_it_is_not() -> None:
    workspace = WORKSPACE.partition("/providers/")[2]
    assert "azureml:workspace" in missing(workspace, f"{WORKSPACE}/datastores/workspaceblobstore")
    assert "azureml:workspace" in missing(workspace.upper(), f"https://host{WORKSPACE}/computes/c")
    assert not missing(f"{workspace}/computes/c", f"{WORKSPACE}/computes/c")
    assert not missing(workspace.removesuffix(workspace[-1]), f"{WORKSPACE}/computes/c")


@pytest.mark.parametrize(
    ("code", "setting"), [("SubscriptionNotFound", "subscriptionId"), ("ResourceGroupNotFound", "resourceGroup")]
)
def test_a_subscription_or_group_that_is_missing_is_told_by_its_setting(code: str, setting: str) -> None:
    body = {"error": {"code": code, "message": "It could not be found."}}
    assert f"azureml:{setting}" in error_from_answer("read it", WORKSPACE, 404, body, {}).hint


def test_the_data_planes_unwrapped_errors_are_read_too() -> None:
    found = error_from_answer("invoke", "https://h/jobs", 400, {"code": "BadRequest", "message": "No input."}, {})
    assert (found.code, found.message) == ("BadRequest", "No input.")


def test_an_operation_is_polled_until_it_ends_at_the_services_pace() -> None:
    client = Scripted([answer({"status": "InProgress"}, Retry_After="7"), answer({"status": "Succeeded"})])
    told: list[str] = []
    wait_for_operation(
        client,
        answer({}, 201, Azure_AsyncOperation="https://h/op"),
        WORKSPACE,
        operation="create",
        wait=Wait(status=told.append),
    )
    assert client.asked == ["https://h/op", "https://h/op"]
    assert client.waits == [7.0]
    assert told == ["create: InProgress (0 s)"]


def test_without_retry_after_the_waits_grow_and_stay_bounded() -> None:
    client = Scripted([answer({"status": "InProgress"}) for _ in range(20)] + [answer({"status": "Succeeded"})])
    wait_for_operation(client, answer({}, 201, Azure_AsyncOperation="https://h/op"), WORKSPACE, operation="create")
    assert client.waits[0] < 0.5
    assert client.waits == sorted(client.waits)
    assert max(client.waits) == 15.0


def test_retry_after_zero_is_no_invitation_to_pester() -> None:
    client = Scripted([answer({"status": "InProgress"}, Retry_After="0"), answer({"status": "Succeeded"})])
    wait_for_operation(client, answer({}, 201, Azure_AsyncOperation="https://h/op"), WORKSPACE, operation="create")
    assert client.waits[0] > 0


@pytest.mark.parametrize("state", ["Failed", "Canceled"])
def test_an_operation_that_fails_tells_the_services_reason(state: str) -> None:
    client = Scripted([answer({"status": state, "error": {"code": "Quota", "message": "No cores left."}})])
    with pytest.raises(OperationFailedError, match="Quota: No cores left"):
        wait_for_operation(client, answer({}, 201, Azure_AsyncOperation="https://h/op"), WORKSPACE, operation="create")


def test_a_put_that_answers_failed_without_an_operation_is_a_failure() -> None:
    done = answer(
        {
            "properties": {
                "provisioningState": "Failed",
                "provisioningErrors": [{"error": {"code": "Q", "message": "m"}}],
            }
        }
    )
    with pytest.raises(OperationFailedError, match="Q: m"):
        wait_for_operation(Scripted([]), done, WORKSPACE, operation="create")


def test_without_any_header_the_resource_itself_is_asked() -> None:
    state = [answer({"properties": {"provisioningState": text}}) for text in ("Creating", "Succeeded")]
    client = Scripted([state[0], state[1]])
    wait_for_operation(client, answer({"properties": {"provisioningState": "Creating"}}), WORKSPACE, operation="create")
    assert client.asked == [WORKSPACE, WORKSPACE]


STARTED = answer({"properties": {"provisioningState": "Creating"}}, 201, Azure_AsyncOperation="https://h/op")


def made(state: str, name: str = "new") -> Answer:
    return answer({"name": name, "properties": {"provisioningState": state}})


def is_new(document: Any) -> bool:
    return bool(document["name"] == "new")


def test_what_a_put_made_is_looked_at_until_it_is_there_and_nothing_else_is_asked() -> None:
    client = Scripted([made("Creating"), made("Succeeded")])
    found = wait_for_result(client, STARTED, WORKSPACE, is_result=is_new, operation="create")
    assert found == made("Succeeded").body
    assert client.asked == [WORKSPACE, WORKSPACE]


@pytest.mark.parametrize("seen", [made("Failed"), NotFoundError("read", WORKSPACE)])
def test_what_does_not_come_about_is_told_by_its_operation(seen: Any) -> None:
    client = Scripted([seen, answer({"status": "Failed", "error": {"code": "Quota", "message": "No cores left."}})])
    with pytest.raises(OperationFailedError, match="Quota: No cores left"):
        wait_for_result(client, STARTED, WORKSPACE, is_result=is_new, operation="create")
    assert client.asked == [WORKSPACE, "https://h/op"]


def test_what_was_there_before_is_not_taken_for_what_a_put_made() -> None:
    client = Scripted([made("Succeeded", "old"), answer({"status": "Succeeded"}), made("Succeeded")])
    found = wait_for_result(client, STARTED, WORKSPACE, is_result=is_new, operation="create")
    assert found["name"] == "new"
    assert client.asked == [WORKSPACE, "https://h/op", WORKSPACE]


def test_where_the_resource_cannot_tell_its_operation_is_asked() -> None:
    client = Scripted([answer({"status": "Succeeded"}), made("Succeeded")])
    assert wait_for_result(client, STARTED, WORKSPACE, operation="update") == made("Succeeded").body
    assert client.asked == ["https://h/op", WORKSPACE]


def test_an_answer_that_is_final_is_taken_as_it_is() -> None:
    assert wait_for_result(Scripted([]), made("Succeeded"), WORKSPACE, operation="create") == made("Succeeded").body


def test_an_operation_that_never_ends_is_given_up_in_time() -> None:
    client = Scripted([answer({"status": "InProgress"}, Retry_After="10") for _ in range(100)])
    with pytest.raises(OperationTimeoutError, match="within 25 s"):
        wait_for_operation(
            client,
            answer({}, 201, Azure_AsyncOperation="https://h/op"),
            WORKSPACE,
            operation="create",
            wait=Wait(timeout=25),
        )
    assert client.time <= 26


def test_a_wait_can_be_cancelled() -> None:
    client = Scripted([answer({"status": "InProgress"})])
    with pytest.raises(OperationTimeoutError, match="cancelled"):
        wait_for_operation(
            client,
            answer({}, 201, Azure_AsyncOperation="https://h/op"),
            WORKSPACE,
            operation="create",
            wait=Wait(cancelled=lambda: True),
        )


def test_a_deletion_ends_when_the_location_says_so_or_the_resource_is_gone() -> None:
    accepted = answer(None, 202, Location="https://h/op")
    client = Scripted([answer(None, 202), answer(None, 204)])
    wait_for_deletion(client, accepted, WORKSPACE, operation="delete")
    assert len(client.asked) == 2
    wait_for_deletion(Scripted([NotFoundError("delete", WORKSPACE)]), accepted, WORKSPACE, operation="delete")
