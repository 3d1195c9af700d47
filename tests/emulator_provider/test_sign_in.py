"""Every way to sign in, by the real azure-identity: management, data plane and uploads work with each."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import jwt
import pytest

from azureml_emulator.settings import CLIENT_ID, MANAGED_ID, TENANT_ID
from azureml_emulator.sign_in import VARIABLES, WAYS
from azureml_emulator.testing import RunningEmulator
from conformance.official import azure_cli
from pulumi_azureml.arm import ArmClient, AuthenticationError, Settings
from pulumi_azureml.arm.credentials import AzureIdentity
from pulumi_azureml.assets import upload_folder


def enter(monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str]) -> None:
    """Have this environment, and nothing of another way to sign in."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def connect(azureml: RunningEmulator, endpoint: str = "") -> ArmClient:
    _, subscription, _, group, *_ = azureml.workspace_id.strip("/").split("/")
    settings = Settings(subscription, group, "local", azureml.location, endpoint or azureml.origin)
    return ArmClient.from_settings(settings)


def who(client: ArmClient, audience: str) -> tuple[str, str]:
    """The identity that a token is for, and how it was proved."""
    claims = jwt.decode(AzureIdentity(client.settings).token(audience), options={"verify_signature": False})
    return claims["appid"], claims["appidacr"]


@pytest.mark.parametrize("way", WAYS)
def test_each_way_opens_management_data_plane_and_storage(
    azureml: RunningEmulator, monkeypatch: pytest.MonkeyPatch, source: Path, way: str
) -> None:
    enter(monkeypatch, azureml.signed_in_by(way))
    client = connect(azureml)
    identity = MANAGED_ID if way == "managed-identity" else CLIENT_ID
    proof = "1" if way == "secret" else "2"
    assert {who(client, audience) for audience in ("arm", "ml")} == {(identity, proof)}
    assert client.request("GET", client.settings.workspace_id).body["name"] == "local"
    (source / "way.txt").write_text(way)
    assert upload_folder(client, source).endswith("/src")


def test_the_azure_cli_signs_in_as_it_does_to_azure(
    azureml: RunningEmulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment = azureml.real_names
    enter(monkeypatch, {name: value for name, value in environment.items() if name not in VARIABLES})
    monkeypatch.setenv("PATH", f"{azure_cli()}:{os.environ['PATH']}")
    monkeypatch.setenv("AZURE_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("AZURE_CORE_COLLECT_TELEMETRY", "false")
    client = connect(azureml, "https://management.azure.com")
    with pytest.raises(AuthenticationError, match=r"AzureCliCredential: .*az login"):
        client.request("GET", client.settings.workspace_id)
    az("login", "--service-principal", "--username", CLIENT_ID, "--password", environment["AZURE_CLIENT_SECRET"],
       "--tenant", TENANT_ID)  # fmt: skip
    assert client.request("GET", client.settings.workspace_id).body["name"] == "local"
    assert who(client, "ml") == (CLIENT_ID, "1")


def az(*arguments: str) -> None:
    done = subprocess.run(["az", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
