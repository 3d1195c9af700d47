"""The two names that the emulator has: Azure's own host names, and its address on this machine."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from arm_client import API_VERSION, Arm

from azureml_emulator.testing import emulator

BLOBS = "https://amlemulator.blob.core.windows.net"


def by_name(arm: Arm, method: str, url: str, body: Any = None, **headers: str) -> Any:
    """A request by a real host name, as it arrives once a proxy or a resolver has led it here."""
    host, _, path = url.removeprefix("https://").partition("/")
    return arm.session.request(
        method, f"{arm.emulator.origin}/{path}", json=body, params={"api-version": API_VERSION},
        headers={"Host": host, **headers},
    )  # fmt: skip


def test_answers_carry_the_names_that_the_request_came_by(arm: Arm, name: str) -> None:
    path = f"{arm.workspace}/batchEndpoints/{name}"
    real = by_name(arm, "PUT", f"https://management.azure.com{path}", arm.endpoint())
    assert real.json()["properties"]["scoringUri"] == f"https://{name}.eastus.inference.ml.azure.com/jobs"
    operation = real.headers["Azure-AsyncOperation"]
    assert operation.startswith("https://management.azure.com/subscriptions/")
    assert real.json()["properties"]["properties"]["AzureAsyncOperationUri"] == operation
    assert by_name(arm, "GET", operation).json()["status"] == "Succeeded"
    own = arm.get(path)
    assert own["properties"]["scoringUri"] == f"{arm.emulator.origin}/inference/{name}.eastus/jobs"
    assert arm.get(own["properties"]["properties"]["AzureAsyncOperationUri"])["status"] == "Succeeded"


@pytest.mark.parametrize("written", ["own", "real"])
def test_an_asset_is_the_same_whichever_way_it_was_written(arm: Arm, name: str, written: str) -> None:
    own, real = f"{arm.emulator.origin}/blob/amlemulator.blob.core.windows.net/c/x", f"{BLOBS}/c/x"
    path = f"{arm.workspace}/codes/{name}/versions/1"
    body = {"properties": {"codeUri": own if written == "own" else real}}
    for _ in range(2):  # the second time it is there already, and must not have changed
        if written == "own":
            arm.put(path, body)
        else:
            assert by_name(arm, "PUT", f"https://management.azure.com{path}", body).status_code in {200, 201}
        body["properties"]["codeUri"] = real if written == "own" else own
    assert arm.get(path)["properties"]["codeUri"] == own
    assert by_name(arm, "GET", f"https://management.azure.com{path}").json()["properties"]["codeUri"] == real


def test_what_users_wrote_is_theirs(arm: Arm, name: str) -> None:
    said = f"kept at {BLOBS}/c"
    body = arm.endpoint(description=f"{arm.emulator.origin}/blob/amlemulator.blob.core.windows.net/c")
    body["tags"] = {"source": f"{BLOBS}/c", "note": said}
    elsewhere = "https://otheraccount.blob.core.windows.net/public/data"
    made = arm.put(f"batchEndpoints/{name}", body)
    assert made["tags"] == body["tags"]
    assert made["properties"]["description"] == body["properties"]["description"]
    assert arm.put(f"data/{name}/versions/1", {"properties": {"dataType": "uri_folder", "dataUri": elsewhere}})[
        "properties"
    ]["dataUri"] == elsewhere  # fmt: skip


def test_datastores_name_the_account_as_their_client_reaches_it(arm: Arm) -> None:
    path = f"{arm.workspace}/datastores/workspaceblobstore"
    real = by_name(arm, "GET", f"https://management.azure.com{path}").json()["properties"]
    assert (real["accountName"], real["endpoint"], real["protocol"]) == ("amlemulator", "core.windows.net", "https")
    own = arm.get(path)["properties"]
    assert own["accountName"] == f"{arm.emulator.origin.removeprefix('https://')}/blob/amlemulator"
    for number, account in enumerate((own["accountName"], "amlemulator")):
        body = {"properties": {"datastoreType": "AzureBlob", "containerName": "c-1", "accountName": account}}
        made = arm.put(
            f"datastores/both_{number}",
            {"properties": {**body["properties"], "credentials": {"credentialsType": "None"}}},
        )
        assert made["properties"]["accountName"] == own["accountName"]


def test_pages_go_on_by_the_same_name(arm: Arm, name: str) -> None:
    for version in ("1", "2", "3"):
        arm.make_code(name, version)
    url, found = f"https://management.azure.com{arm.workspace}/codes/{name}/versions?$top=2", []
    while url:
        page = by_name(arm, "GET", url).json()
        found += [code["name"] for code in page["value"]]
        url = page.get("nextLink", "")
        assert not url or url.startswith("https://management.azure.com/subscriptions/")
    assert found == ["1", "2", "3"]
    assert arm.get(f"codes/{name}/versions?$top=2")["nextLink"].startswith(f"{arm.emulator.origin}/subscriptions/")


def test_discovery_leads_to_the_region_s_services(arm: Arm) -> None:
    real = by_name(arm, "GET", f"https://management.azure.com{arm.workspace}").json()["properties"]["discoveryUrl"]
    assert real == "https://eastus.api.azureml.ms/discovery"
    assert by_name(arm, "GET", real, Authorization="").json()["api"] == "https://eastus.api.azureml.ms"
    own = arm.get(arm.workspace)["properties"]["discoveryUrl"]
    assert arm.session.get(own).json()["api"] == arm.emulator.origin


def test_the_identity_platform_names_itself_as_it_was_asked(arm: Arm) -> None:
    tenant = arm.environment["AZURE_TENANT_ID"]
    for base in ("https://login.microsoftonline.com", arm.emulator.origin):
        configuration = by_name(arm, "GET", f"{base}/{tenant}/v2.0/.well-known/openid-configuration").json()
        assert configuration["token_endpoint"] == f"{base}/{tenant}/oauth2/v2.0/token"
        (cloud,) = by_name(arm, "GET", f"{base}/common/discovery/instance").json()["metadata"]
        assert cloud["preferred_network"] == base.removeprefix("https://")
    refused = by_name(arm, "GET", f"https://management.azure.com{arm.workspace}", Authorization="")
    assert f'"https://login.microsoftonline.com/{tenant}"' in refused.headers["WWW-Authenticate"]
    assert f'"{arm.emulator.origin}/{tenant}"' in arm.call("GET", "", headers={"Authorization": ""}).headers[
        "WWW-Authenticate"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "url",
    [
        "https://management.azure.com/blob/amlemulator.blob.core.windows.net/c",
        "https://management.azure.com/inference/name.eastus/jobs",
        "https://management.azure.com/_emulator/health",
        "https://login.microsoftonline.com/subscriptions",
        "https://eastus.api.azureml.ms/subscriptions",
        "https://amlemulator.blob.core.windows.net/../_emulator/health",
        "https://name.eastus.inference.ml.azure.com/../../_emulator/health",
    ],
)
def test_each_name_serves_its_own_paths_only(arm: Arm, url: str) -> None:
    assert by_name(arm, "GET", url).status_code in {400, 401, 403, 404}


def test_a_state_from_before_real_names_is_taken_over(tmp_path: Path) -> None:
    with emulator(tmp_path, blobs=False) as running:
        arm = Arm(running)
        arm.put("batchEndpoints/older", arm.endpoint())
        arm.make_code("older", codeUri=f"{BLOBS}/c/x")
        old = running.origin
    with sqlite3.connect(tmp_path / "state.db") as state:
        for real, own in (
            (f"{BLOBS}/", f"{old}/blob/amlemulator.blob.core.windows.net/"),
            ('"accountName":"amlemulator"', f'"accountName":"{old.removeprefix("https://")}/blob/amlemulator"'),
            ("https://older.eastus.inference.ml.azure.com/", f"{old}/inference/older.eastus/"),
            ("https://eastus.api.azureml.ms/discovery", f"{old}/discovery/workspaces/1"),
            ("https://management.azure.com/", f"{old}/"),
        ):
            state.execute("UPDATE documents SET body = CAST(replace(CAST(body AS TEXT), ?, ?) AS BLOB)", (real, own))
        state.execute("""UPDATE documents SET body = '{"authority": "x"}' WHERE key = '/emulator'""")
    with emulator(tmp_path, blobs=False) as running:
        arm = Arm(running)
        paths = {
            "batchEndpoints/older": ("scoringUri", "https://older.eastus.inference.ml.azure.com/jobs"),
            "codes/older/versions/1": ("codeUri", f"{BLOBS}/c/x"),
            "datastores/workspaceblobstore": ("accountName", "amlemulator"),
            "": ("discoveryUrl", "https://eastus.api.azureml.ms/discovery"),
        }
        for path, (key, value) in paths.items():
            url = f"https://management.azure.com{arm.workspace}/{path}"
            assert by_name(arm, "GET", url).json()["properties"][key] == value
            assert arm.get(path)["properties"][key].removeprefix("https://").startswith(
                running.origin.removeprefix("https://")
            )  # fmt: skip
