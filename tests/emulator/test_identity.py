"""Tokens: how clients get them, and which of them open which door."""

from __future__ import annotations

import base64
import json

import jwt
import pytest
from arm_client import MANAGEMENT, SCORING, Arm
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential, DefaultAzureCredential

from azureml_emulator.settings import CLIENT_ID, TENANT_ID

WORKSPACE_VERSION = {"api-version": "2024-04-01"}


def credential(arm: Arm, secret: str | None = None) -> ClientSecretCredential:
    return ClientSecretCredential(
        TENANT_ID,
        CLIENT_ID,
        secret or arm.environment["AZURE_CLIENT_SECRET"],
        authority=arm.emulator.origin,
        disable_instance_discovery=True,
        connection_verify=arm.environment["REQUESTS_CA_BUNDLE"],
    )


def ask(arm: Arm, authorization: str | None) -> tuple[int, str, str]:
    headers = {"Authorization": authorization} if authorization is not None else {"Authorization": ""}
    return arm.refused("GET", arm.workspace, headers=headers)


def test_azure_identity_gets_a_token_that_opens_arm(arm: Arm) -> None:
    token = credential(arm).get_token("https://management.azure.com/.default")
    answer = arm.call("GET", arm.workspace, headers={"Authorization": f"Bearer {token.token}"})
    assert answer.status_code == 200


def test_default_azure_credential_works_with_the_printed_environment(arm: Arm, monkeypatch) -> None:
    for variable, value in arm.environment.items():
        monkeypatch.setenv(variable, value)
    token = DefaultAzureCredential(disable_instance_discovery=True).get_token(f"{SCORING}/.default")
    assert jwt.decode(token.token, options={"verify_signature": False})["aud"] == SCORING


def test_a_wrong_secret_is_refused_by_name(arm: Arm) -> None:
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215: Invalid client secret"):
        credential(arm, "wrong").get_token(f"{MANAGEMENT}/.default")


@pytest.mark.parametrize(
    ("form", "status", "error", "number"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"client_id": "11111111-1111-1111-1111-111111111111"}, 400, "unauthorized_client", 700016),
        ({"client_secret": ""}, 401, "invalid_client", 7000216),
        ({"scope": ""}, 400, "invalid_scope", 1002012),
        ({"scope": "https://vault.azure.net/.default"}, 400, "invalid_resource", 500011),
    ],
)
def test_the_token_endpoint_refuses_in_oauth_form(arm: Arm, form, status, error, number) -> None:
    answer = arm.ask_token({"scope": f"{MANAGEMENT}/.default", **form})
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_codes"]) == (status, error, [number])
    assert body["error_description"].startswith(f"AADSTS{number}: ")
    assert arm.environment["AZURE_CLIENT_SECRET"] not in answer.text


def test_another_tenant_has_no_tokens(arm: Arm) -> None:
    answer = arm.ask_token({"scope": f"{MANAGEMENT}/.default"}, tenant="11111111-1111-1111-1111-111111111111")
    assert answer.json()["error_codes"] == [90002]


def test_basic_authorization_of_the_client_is_taken(arm: Arm) -> None:
    pair = f"{CLIENT_ID}:{arm.environment['AZURE_CLIENT_SECRET']}".encode()
    answer = arm.session.post(
        f"{arm.emulator.origin}/{TENANT_ID}/oauth2/v2.0/token",
        data={"grant_type": "client_credentials", "scope": f"{MANAGEMENT}/.default"},
        headers={"Authorization": "Basic " + base64.b64encode(pair).decode()},
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "resource",
    [
        "https://management.azure.com/",
        "https://management.core.windows.net/",
        "https://management.core.windows.net",
    ],
)
def test_every_name_of_the_management_audience_opens_arm(arm: Arm, resource: str) -> None:
    for form in ({"scope": f"{resource}/.default"}, {"resource": resource}):
        token = arm.ask_token(form).json()["access_token"]
        answer = arm.call("GET", arm.workspace, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200


def test_tokens_verify_against_the_published_keys(arm: Arm) -> None:
    tenant = f"{arm.emulator.origin}/{TENANT_ID}"
    configuration = arm.session.get(f"{tenant}/v2.0/.well-known/openid-configuration").json()
    keys = jwt.PyJWKSet.from_dict(arm.session.get(configuration["jwks_uri"]).json())
    token = arm.token(MANAGEMENT)
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["RS256"], audience=MANAGEMENT)
    assert claims["tid"] == TENANT_ID
    assert claims["appid"] == CLIENT_ID


def test_a_request_without_a_token_is_refused(arm: Arm) -> None:
    status, code, message = ask(arm, None)
    assert (status, code) == (401, "AuthenticationFailed")
    assert "'Authorization' header is missing" in message


def test_a_refusal_tells_where_tokens_come_from(arm: Arm) -> None:
    answer = arm.call("GET", arm.workspace, headers={"Authorization": "Bearer x"})
    assert f'authorization_uri="{arm.emulator.origin}/{TENANT_ID}"' in answer.headers["www-authenticate"]


def test_scoring_tokens_do_not_manage(arm: Arm) -> None:
    status, code, message = ask(arm, f"Bearer {arm.token(SCORING)}")
    assert (status, code) == (401, "InvalidAuthenticationTokenAudience")
    assert "'https://ml.azure.com'" in message


def test_management_tokens_do_not_score(arm: Arm) -> None:
    answer = arm.call("GET", f"{arm.emulator.origin}/inference/none.eastus/jobs", version=None)
    assert answer.status_code == 401
    assert answer.json()["code"] == "InvalidAuthenticationTokenAudience"


def test_a_token_of_another_issuer_is_refused(arm: Arm) -> None:
    header, payload, _ = arm.token(MANAGEMENT).split(".")
    forged = jwt.encode({"aud": MANAGEMENT, "tid": TENANT_ID, "iss": "x", "exp": 9e9}, "k" * 64, algorithm="HS256")
    unsigned = jwt.encode({"aud": MANAGEMENT, "tid": TENANT_ID, "iss": "x", "exp": 9e9}, None, algorithm="none")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    changed = base64.urlsafe_b64encode(json.dumps({**claims, "aud": SCORING}).encode()).rstrip(b"=").decode()
    for token in (forged, unsigned, f"{header}.{changed}.AAAA", "x.y.z", ""):
        status, code, _ = ask(arm, f"Bearer {token}")
        assert status == 401
        assert code in {"InvalidAuthenticationToken", "AuthenticationFailed"}


def test_tokens_expire(own_emulator) -> None:
    arm = Arm(own_emulator(blobs=False))
    assert arm.call("GET", arm.workspace).status_code == 200
    arm.emulator.control("POST", "/_emulator/clock", {"advance": 3601})
    status, code, message = arm.refused("GET", arm.workspace)
    assert (status, code) == (401, "ExpiredAuthenticationToken")
    assert "is earlier than current UTC time" in message
