"""Blobs: Microsoft's client through the emulator's HTTPS address, with shared access signatures."""

from __future__ import annotations

import hashlib
import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from arm_client import Arm
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from azure.storage.blob import ContainerClient

from azureml_emulator.contents import Contents

NO_CREDENTIALS = {"credentialsType": "None"}


@pytest.fixture(scope="module")
def datastore(arm: Arm) -> str:
    """The default container's address with a signature, built as clients build it."""
    found = arm.get("datastores/workspaceblobstore")["properties"]
    secrets = arm.call("POST", "datastores/workspaceblobstore/listSecrets").json()
    assert secrets["secretsType"] == "Sas"
    host = f"{found['protocol']}://{found['accountName']}.blob.{found['endpoint']}"
    return f"{host}/{found['containerName']}?{secrets['sasToken']}"


def open_container(arm: Arm, url: str) -> ContainerClient:
    return ContainerClient.from_container_url(url, connection_verify=arm.environment["REQUESTS_CA_BUNDLE"])


@pytest.fixture(scope="module")
def container(arm: Arm, datastore: str) -> ContainerClient:
    return open_container(arm, datastore)


def test_blobs_are_written_listed_read_and_deleted(container: ContainerClient, name: str) -> None:
    path = f"{name}/a b/ü+%.txt"
    container.upload_blob(path, b"text", metadata={"upload_status": "completed"})
    assert [blob.name for blob in container.list_blobs(name_starts_with=f"{name}/")] == [path]
    blob = container.get_blob_client(path)
    assert blob.get_blob_properties().metadata == {"upload_status": "completed"}
    assert blob.download_blob().readall() == b"text"
    blob.delete_blob()
    assert not blob.exists()


def test_a_large_blob_goes_in_blocks_both_ways(container: ContainerClient, name: str) -> None:
    content = os.urandom(40 * 1024 * 1024)
    container.upload_blob(name, content, max_concurrency=4)
    assert container.download_blob(name, max_concurrency=4).readall() == content
    assert container.download_blob(name, offset=5, length=7).readall() == content[5:12]


def test_a_body_of_unknown_length_is_passed_on(container: ContainerClient, name: str) -> None:
    container.upload_blob(name, iter([b"one,", b"two,", b"three"]))
    assert container.download_blob(name).readall() == b"one,two,three"


def test_many_small_blobs_from_many_threads(arm: Arm, container: ContainerClient, name: str) -> None:
    before = arm.emulator.control("GET", "/_emulator/requests")["uploaded_blobs"]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: container.upload_blob(f"{name}/{number}", b"x" * number), range(150)))
    sizes = {blob.name: blob.size for blob in container.list_blobs(name_starts_with=f"{name}/")}
    assert sizes == {f"{name}/{number}": number for number in range(150)}
    assert arm.emulator.control("GET", "/_emulator/requests")["uploaded_blobs"] - before == 150


def test_a_blob_is_copied_on_the_server(container: ContainerClient, datastore: str, name: str) -> None:
    container.upload_blob(f"{name}/from", b"content")
    base, _, signature = datastore.partition("?")
    copy = container.get_blob_client(f"{name}/to")
    copy.start_copy_from_url(f"{base}/{name}/from?{signature}")
    assert copy.download_blob().readall() == b"content"


def test_errors_of_the_blob_service_arrive_as_they_are(container: ContainerClient) -> None:
    with pytest.raises(HttpResponseError) as caught:
        container.download_blob("absent")
    assert (caught.value.status_code, caught.value.error_code) == (404, "BlobNotFound")


def test_code_is_uploaded_to_a_place_of_its_own(arm: Arm, name: str) -> None:
    path = f"codes/{name}/versions/1/startPendingUpload"
    asked = arm.call("POST", path, {"pendingUploadType": "TemporaryBlobReference"}).json()
    reference = asked["blobReferenceForConsumption"]
    assert reference["credential"]["credentialType"] == "SAS"
    assert reference["storageAccountArmId"] == arm.get(arm.workspace)["properties"]["storageAccount"]
    upload = open_container(arm, reference["credential"]["sasUri"])
    upload.upload_blob("score.py", b"def run(batch): ...")
    again = arm.call("POST", path, {}).json()
    assert again["blobReferenceForConsumption"]["blobUri"] == reference["blobUri"]
    arm.put(f"codes/{name}/versions/1", {"properties": {"codeUri": reference["blobUri"]}})


def test_a_signature_opens_its_own_container_only(arm: Arm, datastore: str, name: str) -> None:
    asked = arm.call("POST", f"codes/{name}/versions/1/startPendingUpload", {}).json()
    other = asked["blobReferenceForConsumption"]["blobUri"]
    signature = datastore.partition("?")[2]
    with pytest.raises((ClientAuthenticationError, HttpResponseError)) as caught:
        open_container(arm, f"{other}?{signature}").upload_blob("x", b"x")
    assert caught.value.status_code == 403


@pytest.mark.parametrize("signature", ["", "se=2099-01-01T00%3A00%3A00Z&sp=racwdl&sv=2024-05-04&sr=c&sig=AAAA"])
def test_without_a_good_signature_nothing_opens(arm: Arm, datastore: str, signature: str) -> None:
    base = datastore.partition("?")[0]
    answer = arm.session.get(f"{base}?restype=container&comp=list&{signature}", headers={"Authorization": ""})
    assert answer.status_code in {403, 404}


def test_another_account_is_not_served(arm: Arm, datastore: str) -> None:
    url = datastore.replace("amlemulator", "otheraccount")
    with pytest.raises(AzureError, match=r"ResourceNotFound|no storage account"):
        open_container(arm, url).upload_blob("x", b"x")


def test_containers_of_the_account_can_be_datastores(arm: Arm) -> None:
    body = {
        "properties": {"datastoreType": "AzureBlob", "containerName": "my-container", "credentials": NO_CREDENTIALS}
    }
    arm.put("datastores/mine", body)
    found = arm.get("datastores/mine")["properties"]
    assert (found["containerName"], found["isDefault"]) == ("my-container", False)
    sas = arm.call("POST", "datastores/mine/listSecrets").json()["sasToken"]
    url = f"https://{found['accountName']}.blob.{found['endpoint']}/my-container?{sas}"
    open_container(arm, url).upload_blob("x", b"x")
    assert arm.call("DELETE", "datastores/mine").status_code == 200
    assert arm.call("POST", "datastores/mine/listSecrets").status_code == 404


@pytest.mark.parametrize(
    "properties",
    [
        {"datastoreType": "AzureFile", "containerName": "c"},
        {"datastoreType": "AzureBlob", "containerName": "c", "accountName": "elsewhere"},
    ],
)
def test_storage_elsewhere_is_refused_by_name(arm: Arm, properties: dict) -> None:
    status, _, message = arm.refused(
        "PUT", "datastores/elsewhere", {"properties": {**properties, "credentials": NO_CREDENTIALS}}
    )
    assert status == 501
    assert "AzureFile" in message or "'elsewhere'" in message


def test_secrets_of_a_datastore_are_never_in_its_answer(arm: Arm) -> None:
    secret = "bm90LXRvLWJlLXNlZW4="
    credentials = {"credentialsType": "AccountKey", "secrets": {"secretsType": "AccountKey", "key": secret}}
    body = {"properties": {"datastoreType": "AzureBlob", "containerName": "cc-1", "credentials": credentials}}
    assert secret not in arm.call("PUT", "datastores/with_key", body).text
    assert secret not in arm.call("GET", "datastores/with_key").text


@pytest.mark.parametrize(
    ("credentials", "words"),
    [
        (None, "credentials"),
        ({}, "credentialsType' is required"),
        ({"credentialsType": "Password"}, "AccountKey, Certificate, None, Sas, ServicePrincipal"),
        ({"credentialsType": "AccountKey"}, "of the type AccountKey need secrets"),
        ({"credentialsType": "ServicePrincipal", "secrets": {}}, "need clientId and tenantId"),
    ],
)
def test_credentials_of_a_datastore_are_checked(arm: Arm, credentials: dict | None, words: str) -> None:
    properties = {"datastoreType": "AzureBlob", "containerName": "some-container", "credentials": credentials}
    status, _, message = arm.refused("PUT", "datastores/checked", {"properties": properties})
    assert status == 400
    assert words in message


def test_the_default_datastore_cannot_be_deleted(arm: Arm) -> None:
    status, code, message = arm.refused("DELETE", "datastores/workspaceblobstore")
    assert (status, code) == (400, "UserError")
    assert "default datastore" in message
    assert arm.call("GET", "datastores/workspaceblobstore").status_code == 200


def test_datastores_are_listed_by_name_and_as_the_default(arm: Arm) -> None:
    for name in ("listed_one", "listed_two"):
        properties = {"datastoreType": "AzureBlob", "containerName": "some-container", "credentials": NO_CREDENTIALS}
        arm.put(f"datastores/{name}", {"properties": properties})

    def listed(**query: str) -> list[str]:
        return [item["name"] for item in arm.get("datastores", query=query)["value"]]

    assert listed(isDefault="true") == ["workspaceblobstore"]
    assert "workspaceblobstore" not in listed(isDefault="false")
    assert listed(names="listed_two,listed_one,absent") == ["listed_one", "listed_two"]
    assert listed(searchText="ISTED_T") == ["listed_two"]
    assert listed(searchText="listed", orderBy="name", orderByAsc="false") == ["listed_two", "listed_one"]


def kept(arm: Arm, content: bytes) -> bytes | None:
    return Contents(arm.emulator.home / "contents").get(hashlib.md5(content).hexdigest())


def test_the_content_of_a_small_blob_is_kept_for_jobs(arm: Arm, container: ContainerClient, name: str) -> None:
    small, large, refused = (f"{name} {kind}".encode() * times for kind, times in (("s", 9), ("l", 1 << 20), ("r", 9)))
    container.upload_blob(f"{name}/refused", b"first")
    with pytest.raises(AzureError):
        container.upload_blob(f"{name}/refused", refused, overwrite=False)
    container.upload_blob(f"{name}/large", large)
    container.upload_blob(f"{name}/small", small)
    end = time.monotonic() + 10
    while kept(arm, small) is None and time.monotonic() < end:
        time.sleep(0.02)
    assert kept(arm, small) == small
    assert kept(arm, large) is None
    assert kept(arm, refused) is None
