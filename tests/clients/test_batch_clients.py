"""Generated clients of a batch endpoint, run as their users would, against the emulator."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from azureml_emulator.testing import RunningEmulator
from clients.deployed import Clients
from clients.toolchains import Prepared, needed
from emulator.batch_service import Service

GOOD, BAD = (f"azureml://datastores/workspaceblobstore/paths/given/{name}" for name in ("good", "bad"))
SCRIPT = """
    import os
    def run(files):
        names = [os.path.basename(file) for file in files]
        if "bad.txt" in names:
            raise ValueError("cannot read bad.txt")
        return sorted(f"{name} {os.path.getsize(file)}" for name, file in zip(names, files))
"""


@pytest.fixture(scope="module")
def batch(local: RunningEmulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    with Service(local) as service:
        deployed = service.deploy(SCRIPT, endpoint=None, miniBatchSize=10)
        service.upload("given/good", {"a.txt": "1", "b.txt": "22", "more/c d.txt": "333"})
        service.upload("given/bad", {"bad.txt": "?"})
        yield Clients(deployed, "batch", tmp_path_factory.mktemp("clients"))


def test_a_folder_is_scored_and_its_predictions_saved_although_the_service_is_busy(
    batch: Clients, language: str, tmp_path: Path
):
    client = batch.of(language)
    batch.busy(429, 7)
    batch.busy(503, 11)
    done = client.run(batch.environment, GOOD, tmp_path / "out")
    assert done.code == 0, done.err
    assert (tmp_path / "out" / "predictions.csv").read_text().splitlines() == ["a.txt 1", "b.txt 2", "c d.txt 3"]
    assert done.waited[:2] == [7, 11]
    assert "started batchjob-" in done.out
    assert str(tmp_path / "out" / "predictions.csv") in done.out


def test_a_failed_job_is_told_with_its_cause(batch: Clients, language: str, tmp_path: Path):
    done = batch.of(language).run(batch.environment, BAD, tmp_path / "out")
    assert done.code == 1
    assert "is Failed" in done.err
    assert "cannot read bad.txt" in done.err


def test_a_refusal_is_told_with_what_to_do(batch: Clients, language: str, tmp_path: Path):
    client = batch.of(language, "green'\"`$(no)")
    done = client.run(batch.environment, GOOD, tmp_path / "out")
    assert done.code == 1
    assert "404" in done.err
    assert "No valid deployments to route to" in done.err
    assert "its deployment or the job is not there" in done.err


def test_a_wrong_secret_is_told_and_not_shown(batch: Clients, language: str, tmp_path: Path):
    environment = {**batch.environment, "AZURE_CLIENT_SECRET": "s3cret&wrong=\"'"}
    done = batch.of(language).run(environment, GOOD, tmp_path / "out")
    assert done.code == 1
    assert "Invalid client secret" in done.err
    assert "s3cret" not in done.err + done.out


def test_wrong_usage_is_told(batch: Clients, language: str, tmp_path: Path):
    done = batch.of(language).run(batch.environment, GOOD)
    assert done.code != 0
    assert "usage: " in done.err


def test_without_a_secret_the_azure_cli_is_asked(batch: Clients, language: str, tmp_path: Path):
    tokens = batch.deployed.service.tokens
    (tmp_path / "bin").mkdir()
    az = tmp_path / "bin" / "az"
    az.write_text(_AZ.format(ml=tokens["https://ml.azure.com"], arm=tokens["https://management.azure.com"]))
    az.chmod(0o755)
    client = first_on_path(batch.of(language), az.parent)
    environment = {name: text for name, text in batch.environment.items() if name != "AZURE_CLIENT_SECRET"}
    done = client.run(environment, GOOD, tmp_path / "out")
    assert done.code == 0, done.err
    assert (tmp_path / "out" / "predictions.csv").exists()


def first_on_path(client: Prepared, folder: Path) -> Prepared:
    """The client, finding programs in a folder before all others."""
    path = client.variables.get("PATH", os.environ["PATH"])
    return replace(client, variables={**client.variables, "PATH": f"{folder}:{path}"})


_AZ = """#!/bin/sh
case "$*" in *management*) token={arm} ;; *) token={ml} ;; esac
case "$*" in *json*) printf '{{"accessToken": "%s", "expires_on": 4102444800}}' "$token" ;; *) echo "$token" ;; esac
"""


def test_no_list_of_processes_shows_a_token(batch: Clients, tmp_path: Path):
    client = batch.of("curl")
    log, real = tmp_path / "arguments.txt", needed("curl", "curl")
    curl = tmp_path / "bin" / "curl"
    curl.parent.mkdir()
    curl.write_text(f'#!/bin/sh\necho "$*" >> {log}\nexec {real} "$@"\n')
    curl.chmod(0o755)
    done = first_on_path(client, curl.parent).run(batch.environment, GOOD, tmp_path / "out")
    assert done.code == 0, done.err
    shown = log.read_text()
    assert "/jobs" in shown
    assert "Bearer" not in shown
    assert batch.environment["AZURE_CLIENT_SECRET"] not in shown
