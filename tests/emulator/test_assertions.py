"""Client assertions, federated tokens and managed identity: what is refused, and in which words."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from arm_client import MANAGEMENT, Arm
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from azureml_emulator.settings import CLIENT_ID, EXCHANGE_AUDIENCE, TENANT_ID

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture(scope="module")
def certificate(arm: Arm) -> tuple[Any, x509.Certificate]:
    """The registered certificate and its private key."""
    pem = Path(arm.emulator.signed_in_by("certificate")["AZURE_CLIENT_CERTIFICATE_PATH"]).read_bytes()
    return serialization.load_pem_private_key(pem, None), x509.load_pem_x509_certificate(pem)


@pytest.fixture(scope="module")
def token(arm: Arm) -> str:
    """A federated token that the emulator trusts."""
    return Path(arm.emulator.signed_in_by("workload")["AZURE_FEDERATED_TOKEN_FILE"]).read_text()


def signed(arm: Arm, certificate: tuple[Any, x509.Certificate], **changes: Any) -> str:
    """An assertion as Microsoft's libraries write it, with some claims changed."""
    import base64

    from cryptography.hazmat.primitives.hashes import SHA256

    key, public = certificate
    now = int(time.time())
    claims = {
        "iss": CLIENT_ID,
        "sub": CLIENT_ID,
        "aud": f"{arm.emulator.origin}/{TENANT_ID}/oauth2/v2.0/token",
        "nbf": now,
        "exp": now + 600,
        "jti": "1",
        **changes,
    }
    thumbprint = base64.urlsafe_b64encode(public.fingerprint(SHA256())).decode()
    return jwt.encode(claims, key, algorithm="PS256", headers={"x5t#S256": thumbprint})


def ask(arm: Arm, assertion: str, kind: str = TYPE) -> Any:
    form = {"client_secret": "", "client_assertion": assertion, "client_assertion_type": kind}
    return arm.ask_token({"scope": f"{MANAGEMENT}/.default", **form}).json()


def test_an_assertion_by_the_certificate_is_taken(arm: Arm, certificate: tuple[Any, x509.Certificate]) -> None:
    answer = ask(arm, signed(arm, certificate))
    assert jwt.decode(answer["access_token"], options={"verify_signature": False})["appidacr"] == "2"


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"sub": "somebody"}, 700021),
        ({"aud": "https://login.microsoftonline.com/common/oauth2/v2.0/token"}, 700023),
        ({"exp": 1_600_000_000}, 700024),
        ({"nbf": 4_000_000_000}, 700024),
        ({"exp": None}, 700024),
    ],
)
def test_a_wrong_assertion_is_refused_by_name(
    arm: Arm, certificate: tuple[Any, x509.Certificate], changes: dict[str, Any], number: int
) -> None:
    assert ask(arm, signed(arm, certificate, **changes))["error_codes"] == [number]


def test_a_certificate_that_is_not_registered_is_refused(arm: Arm) -> None:
    from azureml_emulator.sign_in import new_certificate

    pem = new_certificate().encode()
    other = serialization.load_pem_private_key(pem, None), x509.load_pem_x509_certificate(pem)
    assert ask(arm, signed(arm, other))["error_codes"] == [700027]


def test_a_forged_signature_is_refused(arm: Arm, certificate: tuple[Any, x509.Certificate], token: str) -> None:
    for genuine in (signed(arm, certificate), token):
        head, body, signature = genuine.split(".")
        assert ask(arm, ".".join((head, body, "A" * len(signature))))["error_codes"] == [50013]


def test_nonsense_and_an_unknown_kind_of_assertion_are_refused(arm: Arm) -> None:
    assert ask(arm, "nonsense")["error_codes"] == [50027]
    assert ask(arm, "a.b.c", kind="saml")["error_codes"] == [900144]


@pytest.mark.parametrize(
    ("claim", "value", "number"),
    [
        ("iss", "https://token.actions.githubusercontent.com", 700211),
        ("sub", "system:serviceaccount:default:other", 700213),
        ("aud", ["https://kubernetes.default.svc"], 700212),
        ("exp", 1_600_000_000, 700024),
    ],
)
def test_a_federated_token_must_match_what_is_registered(
    arm: Arm, token: str, claim: str, value: Any, number: int
) -> None:
    key = serialization.load_pem_private_key((arm.emulator.home / "sign-in/issuer.key").read_bytes(), None)
    claims = {**jwt.decode(token, options={"verify_signature": False}), claim: value}
    answer = ask(arm, jwt.encode(claims, key, algorithm="RS256", headers={"kid": "own"}))  # type: ignore[arg-type]
    assert answer["error_codes"] == [number]


def test_an_issuer_of_ones_own_can_be_registered(arm: Arm, certificate: tuple[Any, x509.Certificate]) -> None:
    key, _ = certificate
    jwk = {**jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": "mine"}
    registered = {"issuer": "https://ci.test", "subject": "repo:me/it", "keys": {"keys": [jwk]}}
    place = arm.emulator.home / "federated" / "ci.json"
    place.parent.mkdir(exist_ok=True)
    place.write_text(json.dumps(registered))
    claims = {"iss": "https://ci.test", "sub": "repo:me/it", "aud": EXCHANGE_AUDIENCE, "exp": time.time() + 60}
    assert "access_token" in ask(arm, jwt.encode(claims, key, algorithm="RS256", headers={"kid": "mine"}))


@pytest.mark.parametrize(
    ("header", "query", "status"),
    [
        ({}, {}, 401),
        ({"X-IDENTITY-HEADER": "guess"}, {}, 401),
        (None, {"client_id": "11111111-1111-1111-1111-111111111111"}, 400),
        (None, {"resource": "https://vault.azure.net"}, 400),
        (None, {}, 200),
    ],
)
def test_a_managed_identity_is_of_processes_that_know_the_secret(
    arm: Arm, header: dict[str, str] | None, query: dict[str, str], status: int
) -> None:
    own = arm.emulator.signed_in_by("managed-identity")
    headers = {"X-IDENTITY-HEADER": own["IDENTITY_HEADER"]} if header is None else header
    params = {"api-version": "2019-08-01", "resource": MANAGEMENT, **query}
    answer = arm.session.get(own["IDENTITY_ENDPOINT"], params=params, headers=headers)
    assert answer.status_code == status
    assert ("access_token" in answer.json()) is (status == 200)


def test_what_is_private_is_readable_by_its_owner_only(arm: Arm) -> None:
    for way in ("certificate", "workload", "managed-identity"):
        arm.emulator.signed_in_by(way)
    private = [*(arm.emulator.home / "sign-in").iterdir(), arm.emulator.home / "identity.header"]
    assert len(private) == 4
    assert {oct(path.stat().st_mode & 0o777) for path in private} == {"0o600"}


def test_the_azure_clis_questions_about_subscriptions_are_answered(arm: Arm) -> None:
    (own,) = arm.get("/subscriptions")["value"]
    assert (own["subscriptionId"], own["state"], own["tenantId"]) == (arm.workspace.split("/")[2], "Enabled", TENANT_ID)
    assert arm.get(own["id"])["displayName"] == own["displayName"]
    assert arm.refused("GET", "/subscriptions/11111111-0000-0000-0000-000000000000")[:2] == (
        404,
        "SubscriptionNotFound",
    )
    assert arm.get("/tenants")["value"][0]["tenantId"] == TENANT_ID
