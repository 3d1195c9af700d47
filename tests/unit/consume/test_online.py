"""Requests to a real-time endpoint against a scripted service: what is sent again, and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_azureml.arm import ArmClient, AuthenticationError, BadRequestError, ServiceUnavailableError
from pulumi_azureml.consume import ModelError, OnlineClient

from .fake import ORIGIN, WORKSPACE, Clock, Service

SCORE = "/inference/digits.eastus/score$"
ANSWER = (200, {"digit": 7}, {"azureml-model-deployment": "blue"})


@pytest.fixture
def online(arm: ArmClient, service: Service) -> OnlineClient:
    endpoint(service, "AMLToken")
    service.on("POST", "/onlineEndpoints/digits/token$", token("first"), token("second"))
    return OnlineClient(arm)


def endpoint(service: Service, mode: str) -> None:
    properties = {"authMode": mode, "scoringUri": f"{ORIGIN}/inference/digits.eastus/score"}
    document = {"id": f"{WORKSPACE}/onlineEndpoints/digits", "name": "digits", "properties": properties}
    service.on("GET", f"{WORKSPACE}/onlineEndpoints/digits$", document)


def token(text: str) -> dict[str, Any]:
    return {"accessToken": text, "tokenType": "Bearer", "expiryTimeUtc": 3600, "refreshAfterTimeUtc": 1800}


def sent_with(service: Service) -> list[str]:
    return [sent.headers["Authorization"] for sent in service.sent if sent.path.endswith("/score")]


def test_a_token_that_has_expired_is_got_once_more(online: OnlineClient, service: Service) -> None:
    service.on("POST", SCORE, ANSWER, (401, "expired"), ANSWER)
    for _ in range(2):
        assert online.score("digits", {}).body == {"digit": 7}
    assert sent_with(service) == ["Bearer first", "Bearer first", "Bearer second"]


def test_a_caller_who_is_refused_twice_is_told_how_callers_sign_in(online: OnlineClient, service: Service) -> None:
    service.on("POST", SCORE, (401, "key_auth_access_denied"))
    with pytest.raises(AuthenticationError, match="auth_mode, amltoken") as refused:
        online.score("digits", {})
    assert len(sent_with(service)) == 2
    assert not any(secret in str(refused.value) for secret in ("first", "second"))


def test_a_busy_service_sets_the_pace(online: OnlineClient, service: Service, clock: Clock) -> None:
    service.on("POST", SCORE, (429, "", {"Retry-After": "7"}), (503, "", {"Retry-After": "11"}), ANSWER)
    assert online.score("digits", {}).deployment == "blue"
    assert clock.slept == [7, 11]


@pytest.mark.parametrize(
    ("status", "error", "told"),
    [(408, BadRequestError, "request_timeout"), (500, ServiceUnavailableError, "500"), (424, ModelError, "424")],
)
def test_what_would_fail_again_is_not_sent_again(
    online: OnlineClient, service: Service, status: int, error: type[Exception], told: str
) -> None:
    service.on("POST", SCORE, (status, "no"))
    with pytest.raises(error, match=told):
        online.score("digits", {})
    assert len(sent_with(service)) == 1


def test_a_models_failure_has_its_status_its_reason_and_who_answered(online: OnlineClient, service: Service) -> None:
    told = {
        "ms-azureml-model-error-statuscode": "500",
        "ms-azureml-model-error-reason": "model_error",
        "azureml-model-deployment": "green",
        "x-ms-request-id": "r-1",
    }
    service.on("POST", SCORE, (424, "division by zero", told))
    with pytest.raises(ModelError) as failed:
        online.score("digits", {}, deployment="green")
    assert failed.value.as_json() == {
        "endpoint": "digits",
        "deployment": "green",
        "model_status": 500,
        "reason": "model_error",
        "model_message": "division by zero",
        "request_id": "r-1",
    }


def test_a_token_of_entra_goes_as_it_is_and_no_key_is_asked_for(arm: ArmClient, service: Service) -> None:
    endpoint(service, "AADToken")
    service.on("POST", SCORE, ANSWER)
    OnlineClient(arm).score("digits", {})
    assert sent_with(service) == ["Bearer token-for-ml"]
    assert service.count("POST", "/onlineEndpoints/") == 0
