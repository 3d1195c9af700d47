"""Blobs by a token of Microsoft Entra ID: Microsoft's client by Azure's own host names, and who is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
import pytest
import requests
from arm_client import MANAGEMENT, SCORING, Arm
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.identity import DefaultAzureCredential
from azure.storage.blob import (
    BlobServiceClient,
    ContainerSasPermissions,
    UserDelegationKey,
    generate_container_sas,
)

STORAGE = "https://storage.azure.com"
ACCOUNT = "https://amlemulator.blob.core.windows.net"


@pytest.fixture
def blobs(arm: Arm, monkeypatch: pytest.MonkeyPatch) -> BlobServiceClient:
    """The client as its documentation has it, in a shell that has evaluated `azureml-emulator env`."""
    for variable, value in arm.emulator.real_names.items():
        monkeypatch.setenv(variable, value)
    return BlobServiceClient(ACCOUNT, credential=DefaultAzureCredential(), retry_total=0)


def ask(arm: Arm, token: str, **headers: str) -> requests.Response:
    """List the account's containers by the emulator's own address."""
    sent = {"Authorization": f"Bearer {token}", "x-ms-version": "2021-08-06", **headers}
    url = f"{arm.emulator.origin}/blob/amlemulator.blob.core.windows.net/?comp=list"
    return requests.get(url, headers=sent, verify=arm.session.verify, timeout=60)


def test_blobs_go_by_the_credential_of_azure_identity(blobs: BlobServiceClient, name: str) -> None:
    container = blobs.create_container(name)
    path = "a b/ü+%/x.txt"
    container.upload_blob(path, b"text", metadata={"a_b": "1", "ab": "2"}, tags={"x": "y z"})
    blob = container.get_blob_client(path)
    assert blob.url.startswith(f"{ACCOUNT}/")
    assert blob.download_blob(offset=1, length=2).readall() == b"ex"
    assert [found.name for found in container.list_blobs(name_starts_with="a b/")] == [path]
    container.upload_blob("blocks", iter([b"one,", b"two"]))
    assert container.download_blob("blocks").readall() == b"one,two"
    copy = container.get_blob_client("copy")
    copy.start_copy_from_url(blob.url)
    assert copy.download_blob().readall() == b"text"
    assert name in [found.name for found in blobs.list_containers(name_starts_with=name)]
    container.delete_container()


def test_a_workspace_comes_with_its_container(arm: Arm, blobs: BlobServiceClient, name: str) -> None:
    made = [arm.get(arm.emulator.add_workspace(f"{name}-{number}")) for number in range(2)]
    names = {f"azureml-blobstore-{workspace['properties']['workspaceId']}" for workspace in made}
    first = blobs.get_container_client(min(names))
    first.upload_blob("text", b"text")
    assert names <= {found.name for found in blobs.list_containers(name_starts_with="azureml-blobstore-")}
    with pytest.raises(HttpResponseError, match="ContainerNotFound"):
        blobs.get_container_client(f"azureml-blobstore-{uuid.UUID(int=0)}").upload_blob("text", b"text")


@pytest.mark.parametrize("audience", [STORAGE, f"{STORAGE}/", ACCOUNT])
def test_a_token_for_storage_opens_blobs_and_nothing_else(arm: Arm, audience: str) -> None:
    token = arm.token(audience)
    assert ask(arm, token).status_code == 200
    status, code, _ = arm.refused("GET", arm.workspace, headers={"Authorization": f"Bearer {token}"})
    assert (status, code) == (401, "InvalidAuthenticationTokenAudience")


@pytest.mark.parametrize("audience", [MANAGEMENT, SCORING])
def test_a_token_for_something_else_opens_no_blob(arm: Arm, audience: str) -> None:
    answer = ask(arm, arm.token(audience))
    assert (answer.status_code, answer.headers["x-ms-error-code"]) == (401, "InvalidAuthenticationInfo")
    assert f"wrong audience or resource '{audience}'" in answer.text.replace("&apos;", "'")
    assert f"resource_id={STORAGE}" in answer.headers["www-authenticate"]
    assert arm.environment["AZURE_TENANT_ID"] in answer.headers["www-authenticate"]


@pytest.mark.parametrize("token", ["", "x.y.z"])
def test_what_is_no_token_opens_no_blob(arm: Arm, token: str) -> None:
    assert ask(arm, token).status_code == 401


def test_versions_of_the_service_from_before_tokens_are_refused(arm: Arm) -> None:
    answer = ask(arm, arm.token(STORAGE), **{"x-ms-version": "2016-05-31"})
    assert (answer.status_code, answer.headers["x-ms-error-code"]) == (403, "AuthenticationFailed")
    assert "x-ms-version" in answer.text


def test_a_token_for_storage_expires(own_emulator) -> None:
    arm = Arm(own_emulator())
    token = arm.token(STORAGE)
    assert ask(arm, token).status_code == 200
    arm.emulator.control("POST", "/_emulator/clock", {"advance": 3601})
    answer = ask(arm, token)
    assert answer.status_code == 401
    assert "is earlier than current UTC time" in answer.text


def test_user_delegation_keys_are_refused_by_name(blobs: BlobServiceClient) -> None:
    now = datetime.now(UTC)
    with pytest.raises((ClientAuthenticationError, HttpResponseError)) as caught:
        blobs.get_user_delegation_key(now, now + timedelta(hours=1))
    assert (caught.value.status_code, caught.value.error_code) == (501, "NotImplemented")
    assert "user delegation keys" in caught.value.message


def test_a_signature_by_the_blob_service_s_published_key_opens_nothing(arm: Arm) -> None:
    """Azurite makes user delegation keys from a seed in its source, by which anybody could sign for any container."""
    now = datetime.now(UTC)
    key: Any = UserDelegationKey()
    key.signed_oid = key.signed_tid = "00000000-0000-0000-0000-000000000009"
    key.signed_start, key.signed_expiry = (f"{now + timedelta(hours=n):%Y-%m-%dT%H:%M:%SZ}" for n in (-1, 1))
    key.signed_service, key.signed_version = "b", "2024-11-04"
    words = (key.signed_oid, key.signed_tid, key.signed_start, key.signed_expiry, "b", key.signed_version)
    seed = b"azurite-user-delegation-signing-seed-v1"
    key.value = base64.b64encode(hmac.digest(seed, "\n".join(words).encode(), hashlib.sha256)).decode()
    arm.asset_uri("forged")
    found = arm.get("datastores/workspaceblobstore")["properties"]
    container = found["containerName"]
    sas = generate_container_sas(
        "amlemulator",
        container,
        user_delegation_key=key,
        permission=ContainerSasPermissions(list=True),
        expiry=now + timedelta(hours=1),
    )
    [azurite] = [p for p in psutil.Process(arm.emulator.running.pid).children() if "azurite" in " ".join(p.cmdline())]
    [port] = [c.laddr.port for c in azurite.net_connections() if c.status == psutil.CONN_LISTEN]
    door = f"https://{found['accountName']}.blob.{found['endpoint']}"
    for root, signature, refusal in (
        (door, sas, 501),
        (door, sas.replace("skoid=", "%73koid="), 501),
        (f"http://127.0.0.1:{port}/amlemulator", sas, 403),
    ):
        url = f"{root}/{container}?restype=container&comp=list&{signature}"
        answer = requests.get(url, verify=arm.session.verify, timeout=60)
        assert answer.status_code == refusal, answer.text
