"""Clouds, proxies and private certificate authorities, by configuration and environment alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from azureml_emulator.sign_in import VARIABLES
from azureml_emulator.testing import RunningEmulator
from pulumi_azureml.arm import ArmClient, Settings, TransportError
from pulumi_azureml.assets import upload_folder

from .network import cloud, connect_proxy

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
BUNDLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")
NOBODY = ("127.0.0.1", 9)
CONFIGURATION = {
    "subscriptionId": "00000000-0000-0000-0000-000000000001",
    "resourceGroup": "local",
    "workspace": "local",
    "location": "eastus",
}

# The service's own names (Azure's cloud metadata, and azure-ai-ml's table of clouds for machine learning).
CLOUDS = {
    "public": ("login.microsoftonline.com", "management.azure.com", "https://ml.azure.com", "core.windows.net"),
    "usgovernment": (
        "login.microsoftonline.us",
        "management.usgovcloudapi.net",
        "https://ml.azure.us",
        "core.usgovcloudapi.net",
    ),
    "china": (
        "login.chinacloudapi.cn",
        "management.chinacloudapi.cn",
        "https://ml.azure.cn",
        "core.chinacloudapi.cn",
    ),
}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXIES, *(name.upper() for name in PROXIES), *BUNDLES, *VARIABLES, "AZURE_AUTHORITY_HOST"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", CLOUDS)
@pytest.mark.parametrize("arm_endpoint", ["", "https://arm.my-stamp.test"])
def test_each_cloud_has_its_own_hosts_audiences_and_authority(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: Path, name: str, arm_endpoint: str
) -> None:
    login, arm, ml_audience, suffix = CLOUDS[name]
    answering = arm_endpoint.removeprefix("https://") or arm
    blobs = f"store.blob.{suffix}"
    with (
        cloud([login, answering, blobs], suffix, tmp_path / "tls") as (address, authority, asked),
        connect_proxy(lambda _asked: address) as (proxy, _),
    ):
        for variable, value in {
            "HTTPS_PROXY": proxy,
            "REQUESTS_CA_BUNDLE": str(authority),
            "AZURE_TENANT_ID": "11111111-1111-1111-1111-111111111111",
            "AZURE_CLIENT_ID": "22222222-2222-2222-2222-222222222222",
            "AZURE_CLIENT_SECRET": "secret",
        }.items():
            monkeypatch.setenv(variable, value)
        settings = Settings.from_mapping({**CONFIGURATION, "cloud": name, "armEndpoint": arm_endpoint})
        client = ArmClient.from_settings(settings)
        upload_folder(client, source)
        client.request("GET", f"https://{answering}/anything", audience="ml")
    assert {host for host, _ in asked} == {login, answering, blobs}
    scopes = {what for host, what in asked if host == login and "/.well-known/" not in what}
    audiences = {f"https://{arm}/.default", f"{ml_audience}/.default", "https://storage.azure.com/.default"}
    assert scopes - {"/common/discovery/instance"} == audiences
    assert (answering, f"{settings.workspace_id}/datastores/workspaceblobstore") in asked
    assert any(host == blobs and path.endswith("/src/score.py") for host, path in asked)


def test_everything_goes_through_the_proxy(
    azureml: RunningEmulator, monkeypatch: pytest.MonkeyPatch, source: Path
) -> None:
    port = azureml.running.port
    # An address that only the proxy can reach: what went past it would fail.
    hidden = f"https://{NOBODY[0]}:{NOBODY[1]}"
    with connect_proxy(lambda _asked: ("127.0.0.1", port)) as (proxy, asked):
        for variable, value in {**azureml.environment, "HTTPS_PROXY": proxy, "AZURE_AUTHORITY_HOST": hidden}.items():
            monkeypatch.setenv(variable, value)
        monkeypatch.delenv("NO_PROXY", raising=False)
        client = ArmClient.from_settings(Settings.from_mapping({**CONFIGURATION, "armEndpoint": hidden}))
        (source / "proxied.txt").write_text("by a proxy")
        azureml.control("POST", "/_emulator/requests/reset")
        upload_folder(client, source)
        counted = azureml.control("GET", "/_emulator/requests")
    assert set(asked) == {NOBODY, ("127.0.0.1", port)}  # tokens and ARM; storage, whose address the service tells
    assert (counted["arm"], counted["token"], counted["uploaded_blobs"]) == (1, 2, 2)


def test_a_proxy_that_is_not_there_is_told(azureml: RunningEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in {**azureml.environment, "HTTPS_PROXY": "http://127.0.0.1:9"}.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.delenv("NO_PROXY", raising=False)
    client = ArmClient.from_settings(Settings.from_mapping({**CONFIGURATION, "armEndpoint": azureml.origin}))
    with pytest.raises(TransportError, match="proxy"):
        client.request("GET", client.settings.workspace_id)


def test_a_private_authority_is_not_trusted_until_it_is_named(
    azureml: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in azureml.environment.items():
        if variable not in BUNDLES:
            monkeypatch.setenv(variable, value)
    settings = Settings.from_mapping({**CONFIGURATION, "armEndpoint": azureml.origin})
    with pytest.raises(TransportError, match="REQUESTS_CA_BUNDLE"):
        ArmClient.from_settings(settings).request("GET", settings.workspace_id)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(azureml.home / "tls" / "ca.pem"))
    assert ArmClient.from_settings(settings).request("GET", settings.workspace_id).status == 200
