"""What this project has uploaded the official client recognises, and the other way round: no blob is sent twice."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.settings import SUBSCRIPTION_ID
from azureml_emulator.testing import RunningEmulator, emulator
from emulator_provider.stack import Stack
from pulumi_azureml.arm import ArmClient, Settings
from pulumi_azureml.assets.stored import open_stored
from pulumi_azureml.resources import kind_named

from .official import HERE, official_python


@pytest.fixture(scope="module")
def azure() -> Iterator[RunningEmulator]:
    with emulator() as running:
        yield running


@pytest.fixture
def folders(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[Path, Path]:
    """A model and code, different for each test; in theirs the first file differs with the letters' case."""
    model, code = tmp_path / "mödel", tmp_path / "src"
    for name in ("Zebra.bin", "ant.bin", "deep/er/größe 1.bin", "skipped.log", "empty/none"):
        (model / name).parent.mkdir(parents=True, exist_ok=True)
        (model / name).write_text(f"{name} of {request.node.name}")
    (model / "empty/none").unlink()
    (model / ".amlignore").write_text("*.log\n")
    code.mkdir()
    for number in range(20):  # enough to be worth a look for the same elsewhere
        (code / f"module_{number}.py").write_text(f"# {number} {request.node.name}\n")
    return model, code


def by_official(azure: RunningEmulator, model: Path, code: Path) -> dict[str, str]:
    command = [
        official_python(),
        HERE / "upload_assets.py",
        azure.origin,
        SUBSCRIPTION_ID,
        code.parent.name,
        model,
        code,
    ]
    done = subprocess.run(command, env={**os.environ, **azure.environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


def by_us(azure: RunningEmulator, name: str, model: Path, code: Path) -> dict[str, Any]:
    client = ArmClient.from_settings(Settings(SUBSCRIPTION_ID, "local", "local", "eastus", azure.origin))
    stack = Stack(client, name)
    return {
        "model": stack.up(kind_named("Model"), name, path=str(model)).outputs["modelUri"],
        "data": stack.up(kind_named("Data"), name, path=str(model), data_type="uri_folder").outputs["dataUri"],
        "code": stack.up(kind_named("Code"), name, path=str(code)),
    }


def sent(azure: RunningEmulator) -> int:
    """Bytes of content that crossed the wire."""
    return int(azure.control("GET", "/_emulator/requests")["uploaded_bytes"])


def place(uri: str) -> str:
    return uri.partition("/paths/")[2].strip("/")


def test_the_official_client_recognises_ours(
    azure: RunningEmulator, folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in azure.environment.items():
        monkeypatch.setenv(name, value)
    ours = by_us(azure, "first", *folders)
    before = sent(azure)
    assert before > 0
    theirs = by_official(azure, *folders)
    assert sent(azure) == before
    assert place(theirs["model"]) == place(theirs["data"]) == place(ours["model"]) == place(ours["data"])
    assert theirs["code"].lower() == ours["code"].id.lower()


def test_we_recognise_what_the_official_client_has_uploaded(
    azure: RunningEmulator, folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in azure.environment.items():
        monkeypatch.setenv(name, value)
    start = sent(azure)
    theirs = by_official(azure, *folders)
    before = sent(azure)
    assert before > start
    ours = by_us(azure, "second", *folders)
    assert sent(azure) == before
    assert place(ours["model"]) == place(ours["data"]) == place(theirs["model"])
    client = ArmClient.from_settings(Settings(SUBSCRIPTION_ID, "local", "local", "eastus", azure.origin))
    code = open_stored(client, ours["code"].id, ours["code"].outputs["codeUri"])
    assert {code.relative(blob.name) for blob in code.blobs()} == {path.name for path in folders[1].iterdir()}
