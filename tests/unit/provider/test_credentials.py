"""Tokens are asked for once, whoever needs them, until shortly before they end."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from azure.core.credentials import AccessToken

from pulumi_azureml.arm import Settings
from pulumi_azureml.arm.credentials import AzureIdentity

SETTINGS = Settings("00000000-0000-0000-0000-000000000001", "group", "workspace", "eastus", "https://arm.test")
STORAGE = "https://storage.azure.com/.default"
LIFE = 3600


class SignIn:
    """A credential that keeps no token, as that of the Azure CLI."""

    def __init__(self) -> None:
        self.time = 1_000_000
        self.asked: Counter[str] = Counter()
        self.made = 0

    def default_credential(self, _settings: Settings) -> SignIn:
        self.made += 1
        return self

    def get_token(self, scope: str, **_options: Any) -> AccessToken:
        self.asked[scope] += 1
        return AccessToken(f"{scope} {self.asked[scope]}", self.time + LIFE)


@pytest.fixture
def sign_in(monkeypatch: pytest.MonkeyPatch) -> SignIn:
    sign_in = SignIn()
    monkeypatch.setattr("pulumi_azureml.arm.credentials.default_credential", sign_in.default_credential)
    return sign_in


@pytest.fixture
def identity(sign_in: SignIn) -> AzureIdentity:
    return AzureIdentity(SETTINGS, now=lambda: sign_in.time)


def test_threads_that_begin_at_once_sign_in_once(identity: AzureIdentity, sign_in: SignIn) -> None:
    together = threading.Barrier(8)

    def ask(audience: str) -> str:
        together.wait(10)
        return identity.token(audience)

    with ThreadPoolExecutor(8) as threads:
        given = set(threads.map(ask, ["arm", "storage"] * 4))
    assert len(given) == 2
    assert (sign_in.made, set(sign_in.asked.values())) == (1, {1})


def test_azures_own_clients_get_the_same_token(identity: AzureIdentity, sign_in: SignIn) -> None:
    assert identity.get_token(STORAGE).token == identity.token("storage")
    assert sign_in.asked == {STORAGE: 1}
    assert identity.get_token(STORAGE, claims="more").token == f"{STORAGE} 2", "what is kept may lack the claims"


def test_a_token_is_renewed_shortly_before_it_ends(identity: AzureIdentity, sign_in: SignIn) -> None:
    first = identity.token("arm")
    sign_in.time += LIFE - 301
    assert identity.token("arm") == first
    sign_in.time += 2
    assert identity.token("arm") != first


def test_a_token_that_was_refused_is_not_used_again(identity: AzureIdentity, sign_in: SignIn) -> None:
    first = identity.token("arm")
    identity.renew()
    assert identity.token("arm") != first
    assert sign_in.made == 2
