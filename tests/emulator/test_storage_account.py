"""The storage account's keys: over Resource Manager, and blobs by a connection string, by both names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from arm_client import Arm
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.storage.blob import BlobServiceClient, ContainerClient, ContainerSasPermissions, generate_container_sas

GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/local"
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/amlemulator"


def keys(arm: Arm) -> list[str]:
    return [key["value"] for key in arm.call("POST", f"{ACCOUNT}/listKeys", version="2021-04-01").json()["keys"]]


def service(arm: Arm, way: str, key: str) -> BlobServiceClient:
    """A client from a connection string, as the portal or the az CLI shows it."""
    text = f"DefaultEndpointsProtocol=https;AccountName=amlemulator;AccountKey={key}"
    options: dict[str, Any] = {"connection_verify": arm.environment["REQUESTS_CA_BUNDLE"], "retry_total": 0}
    if way == "own":
        endpoint = arm.get(ACCOUNT)["properties"]["primaryEndpoints"]["blob"]
        return BlobServiceClient.from_connection_string(f"{text};BlobEndpoint={endpoint}", **options)
    proxies = {"https": arm.emulator.real_names["HTTPS_PROXY"]}
    return BlobServiceClient.from_connection_string(
        f"{text};EndpointSuffix=core.windows.net", proxies=proxies, **options
    )


def test_the_account_of_a_workspace_is_found(arm: Arm) -> None:
    assert arm.get(arm.workspace)["properties"]["storageAccount"] == ACCOUNT
    found = arm.get(ACCOUNT)
    assert (found["name"], found["kind"], found["location"]) == ("amlemulator", "StorageV2", "eastus")
    assert arm.get(ACCOUNT.rpartition("/")[0])["value"] == [found]
    assert len({*keys(arm)}) == 2


def test_there_is_no_other_account(arm: Arm) -> None:
    other = ACCOUNT.replace("amlemulator", "otheraccount")
    status, code, message = arm.refused("POST", f"{other}/listKeys")
    assert (status, code) == (404, "ResourceNotFound")
    assert "'amlemulator'" in message
    assert arm.refused("GET", ACCOUNT.replace("/local/", "/nogroup/"))[1] == "ResourceGroupNotFound"


def test_keys_are_given_to_management_tokens_only(arm: Arm) -> None:
    for token in ("", f"Bearer {arm.token('https://ml.azure.com')}"):
        assert arm.call("POST", f"{ACCOUNT}/listKeys", headers={"Authorization": token}).status_code == 401


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("way", ["own", "real"])
def test_blobs_go_by_a_connection_string(arm: Arm, way: str, number: int) -> None:
    container = service(arm, way, keys(arm)[number]).get_container_client(f"by-key-{way}-{number}")
    container.create_container()
    path = "a b/ü+%/x.txt"
    container.upload_blob(path, b"text", metadata={"a_b": "1", "ab": "2", "a1": "3"}, tags={"x": "y z"})
    blob = container.get_blob_client(path)
    assert blob.download_blob().readall() == b"text"
    assert blob.download_blob(offset=1, length=2).readall() == b"ex"
    assert blob.get_blob_properties().metadata == {"a_b": "1", "ab": "2", "a1": "3"}
    assert [found.name for found in container.list_blobs(name_starts_with="a b/")] == [path]
    copy = container.get_blob_client("copy")
    copy.start_copy_from_url(blob.url)
    assert copy.download_blob().readall() == b"text"
    container.upload_blob("blocks", iter([b"one,", b"two"]))
    assert container.download_blob("blocks").readall() == b"one,two"
    container.delete_container()


@pytest.mark.parametrize("way", ["own", "real"])
def test_another_key_opens_nothing(arm: Arm, way: str) -> None:
    with pytest.raises((ClientAuthenticationError, HttpResponseError)) as caught:
        service(arm, way, "bm90IHRoZSBrZXk=").create_container("never")
    assert (caught.value.status_code, caught.value.error_code) == (403, "AuthenticationFailed")


def test_what_was_signed_cannot_be_changed(arm: Arm) -> None:
    container = service(arm, "own", keys(arm)[0]).create_container("signed-1")
    seen: dict[str, Any] = {}
    container.upload_blob("x", b"x", raw_response_hook=lambda got: seen.update(got.http_request.headers))
    url = container.get_blob_client("x").url
    assert seen["Authorization"].startswith("SharedKey amlemulator:")
    for address, more in ((f"{url}2", {}), (f"{url}?comp=metadata", {}), (url, {"x-ms-blob-type": "AppendBlob"})):
        answer = arm.session.put(address, data=b"x", headers={**seen, **more})
        assert (answer.status_code, answer.headers["x-ms-error-code"]) == (403, "AuthenticationFailed")
    container.delete_container()


@pytest.mark.parametrize("way", ["own", "real"])
def test_a_datastore_by_key_gives_the_account_s_key(arm: Arm, way: str) -> None:
    secrets = {"secretsType": "AccountKey", "key": keys(arm)[0]}
    credentials = {"credentialsType": "AccountKey", "secrets": secrets}
    properties = {"datastoreType": "AzureBlob", "containerName": "by-key", "credentials": credentials}
    made = arm.put("datastores/by_key", {"properties": properties})["properties"]
    assert made["credentials"] == {"credentialsType": "AccountKey"}
    given = arm.call("POST", "datastores/by_key/listSecrets").json()
    assert given == secrets
    host = made["accountName"] if way == "own" else "amlemulator"
    container = ContainerClient(
        f"https://{host}.blob.{made['endpoint']}", "by-key", given["key"],
        connection_verify=arm.environment["REQUESTS_CA_BUNDLE"],
        **({"proxies": {"https": arm.emulator.real_names["HTTPS_PROXY"]}} if way == "real" else {}),
    )  # fmt: skip
    container.upload_blob("x", b"x", overwrite=True)
    assert container.download_blob("x").readall() == b"x"


@pytest.mark.parametrize(("from_now", "opens"), [(timedelta(hours=1), True), (timedelta(minutes=-1), False)])
def test_a_signature_opens_until_it_expires(arm: Arm, name: str, from_now: timedelta, opens: bool) -> None:
    key = keys(arm)[0]
    owned = service(arm, "own", key).get_container_client(name)
    owned.create_container()
    permission, expiry = ContainerSasPermissions(read=True, write=True), datetime.now(UTC) + from_now
    sas = generate_container_sas("amlemulator", name, account_key=key, permission=permission, expiry=expiry)
    lent = ContainerClient.from_container_url(
        f"{owned.url}?{sas}", connection_verify=arm.environment["REQUESTS_CA_BUNDLE"], retry_total=0
    )
    if opens:
        lent.upload_blob("x", b"x")
    else:
        with pytest.raises((ClientAuthenticationError, HttpResponseError)) as caught:
            lent.upload_blob("x", b"x")
        assert caught.value.status_code == 403
