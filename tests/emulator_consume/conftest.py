from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.testing import RunningEmulator, emulator
from pulumi_azureml.arm import ArmClient, Settings
from pulumi_azureml.consume import BatchClient

from .deployment import deploy, make_shared

WORKSPACE = {
    "AZURE_SUBSCRIPTION_ID": "00000000-0000-0000-0000-000000000001",
    "AZUREML_RESOURCE_GROUP": "local",
    "AZUREML_WORKSPACE": "local",
    "AZUREML_LOCATION": "eastus",
}

# Rows of file name (with a space in it), length and share; a file that says "slow" takes its time,
# one that says "bad" raises.
SCRIPT = """
import os
import time

import pandas as pd


def init():
    print("scoring with", os.environ["AZUREML_MODEL_DIR"])


def read(path):
    with open(path) as file:
        text = file.read()
    if text == "bad":
        raise ValueError(f"cannot score {os.path.basename(path)}")
    time.sleep(0.5 * (text == "slow"))
    return text


def run(mini_batch):
    return pd.DataFrame([[os.path.basename(path), len(read(path)), 0.5] for path in mini_batch])
"""

SUMMARY = """
import os


def init():
    pass


def run(mini_batch):
    for path in mini_batch:
        name = os.path.basename(path)
        with open(os.path.join(os.environ["AZUREML_BI_OUTPUT_PATH"], name + ".out"), "w") as file:
            file.write(name.upper())
    return mini_batch
"""


@dataclass(frozen=True)
class Service:
    """The local Azure ML with two endpoints: `rows` appends rows, `summary` writes its own files."""

    emulator: RunningEmulator
    arm: ArmClient
    batch: BatchClient
    rows: str
    summary: str


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with emulator() as running, pytest.MonkeyPatch.context() as patch:
        for name, value in {**running.environment, **WORKSPACE}.items():
            patch.setenv(name, value)
        arm = ArmClient.from_settings(Settings.from_mapping({}))
        folder = tmp_path_factory.mktemp("assets")
        shared = make_shared(arm, folder)
        strict: dict[str, Any] = {"errorThreshold": 0, "retrySettings": {"maxRetries": 0, "timeout": "PT30S"}}
        rows = deploy(arm, shared, folder, "rows", SCRIPT, miniBatchSize=2, **strict)
        summary = deploy(arm, shared, folder, "summary", SUMMARY, outputAction="SummaryOnly", **strict)
        yield Service(running, arm, BatchClient(arm), rows, summary)


@pytest.fixture
def project(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with five small files to score in `in/`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for number in range(1, 5):
        (tmp_path / "in" / f"file {number}.txt").write_text("x" * number)
    (tmp_path / "in" / "deep" / "file 5.txt").write_text("x" * 5)
    return tmp_path
