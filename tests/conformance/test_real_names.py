"""Clients that nobody here wrote, with no argument: Azure's own host names lead them to the emulator."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from azureml_emulator.settings import RESOURCE_GROUP, SUBSCRIPTION_ID, WORKSPACE_NAME
from azureml_emulator.testing import RunningEmulator

from .official import HERE, official_python


def run(azure: RunningEmulator, *command: str | Path, **more: str) -> str:
    """What a program prints in a shell that has evaluated `azureml-emulator env`."""
    variables = {**os.environ, **azure.real_names, **more}
    done = subprocess.run(
        command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def tunnels(azure: RunningEmulator) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = azure.control("GET", "/_emulator/requests")["tunnels"]
    return found


@pytest.mark.parametrize(
    "credential",
    [
        "DefaultAzureCredential()",
        "EnvironmentCredential()",
        "ClientSecretCredential(os.environ['AZURE_TENANT_ID'], os.environ['AZURE_CLIENT_ID'], "
        "os.environ['AZURE_CLIENT_SECRET'])",
    ],
)
def test_azure_identity_takes_tokens_with_no_flag(azure: RunningEmulator, credential: str) -> None:
    program = (
        "import os, requests\n"
        "from azure.identity import *\n"
        f"credential = {credential}\n"
        "for scope, url in (\n"
        f"    ('https://management.azure.com', '{azure.workspace_id}/models?api-version=2024-04-01'),\n"
        "    ('https://ml.azure.com', '/subscriptions?api-version=2024-04-01'),\n"
        "):\n"
        "    token = credential.get_token(f'{scope}/.default').token\n"
        "    headers = {'Authorization': f'Bearer {token}'}\n"
        "    print(requests.get(f'https://management.azure.com{url}', headers=headers).status_code)\n"
    )
    assert run(azure, sys.executable, "-c", program).split() == ["200", "401"]


def test_the_official_client_needs_no_argument(azure: RunningEmulator, tmp_path: Path) -> None:
    code, out = tmp_path / "code", tmp_path / "seen.json"
    code.mkdir()
    (code / "score.py").write_text("def run(batch): return batch\n")
    run(azure, official_python(), HERE / "with_no_argument.py", code, out)
    seen = json.loads(out.read_text())
    assert seen.pop("code").startswith("https://amlemulator.blob.core.windows.net/")
    assert seen == {
        "discovery": "https://eastus.api.azureml.ms/discovery",
        "scoring": "https://by-name.eastus.inference.ml.azure.com/jobs",
        "description": "By name",
        "jobs": 0,
        "account": "amlemulator",
    }
    assert (tmp_path / "by-name" / "code" / "score.py").read_text() == (code / "score.py").read_text()
    used = tunnels(azure)
    assert {"amlemulator.blob.core.windows.net", "eastus.api.azureml.ms"} <= set(used["emulated"])
    assert set(used) == {"emulated"}


def test_this_project_s_own_client_needs_no_address(azure: RunningEmulator) -> None:
    program = (
        "from pulumi_azureml.arm import ArmClient, Settings\n"
        "client = ArmClient.from_settings(Settings.from_mapping({}))\n"
        "print(client.request('GET', client.settings.workspace_id).body['properties']['discoveryUrl'])\n"
    )
    variables = {
        "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION_ID,
        "AZUREML_RESOURCE_GROUP": RESOURCE_GROUP,
        "AZUREML_WORKSPACE": WORKSPACE_NAME,
        "AZUREML_LOCATION": azure.location,
    }
    found = run(azure, sys.executable, "-c", program, **variables)
    assert found.strip() == "https://eastus.api.azureml.ms/discovery"
