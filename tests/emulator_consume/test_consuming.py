"""``azureml-stack consume`` against the local Azure ML: what it writes runs, and what it refuses it explains."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pulumi_azureml import cli
from pulumi_azureml.assets import upload_folder
from pulumi_azureml.consume import generate_client

from .conftest import Service
from .deployment import put


def test_the_written_client_scores(service: Service, project: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["consume", "rows", "--language", "python", "--output", str(project)]) == 0
    assert "Wrote" in capsys.readouterr().out
    uri = upload_folder(service.arm, Path("in"))
    command = [sys.executable, "rows_client.py", uri, "out"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    assert len((project / "out" / "predictions.csv").read_text().splitlines()) == 5


def test_the_client_of_a_deployment_with_files_of_its_own_fetches_them(service: Service, project: Path):
    made = generate_client(service.arm, "summary", "curl")
    Path(made.file_name).write_text(made.text)
    uri = upload_folder(service.arm, Path("in"))
    done = subprocess.run(["bash", made.file_name, uri, "out"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(file.name for file in Path("out").rglob("*.out")) == [
        f"file {number}.txt.out" for number in range(1, 6)
    ]


def test_the_code_is_printed_or_told_as_json(service: Service, project: Path, capsys: pytest.CaptureFixture[str]):
    made = generate_client(service.arm, "rows", "javascript")
    assert cli.main(["consume", "rows", "--language", "JavaScript"]) == 0
    assert capsys.readouterr().out == made.text
    assert cli.main(["consume", "rows", "--language", "javascript", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["event"], told["file_name"], told["content"]) == ("client", "rows-client.mjs", made.text)


@pytest.mark.parametrize("language", ["python", "csharp", "r", "curl", "javascript"])
def test_no_secret_is_in_the_code(service: Service, language: str):
    text = generate_client(service.arm, "rows", language).text
    secrets = (os.environ["AZURE_CLIENT_SECRET"], (service.emulator.home / "storage.key").read_text().strip())
    assert not any(secret in text for secret in secrets)
    assert "sig=" not in text


def test_requests_are_pinned_to_the_deployment_that_is_named(service: Service):
    assert 'DEPLOYMENT = "main"' in generate_client(service.arm, "rows", "python", deployment="main").text


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["rows", "--language", "cobol"], 2, "'cobol'. The languages are: python, csharp, r, curl, javascript"),
        (["gone", "--language", "r"], 2, "no endpoint 'gone' in workspace 'local'"),
        (["gone", "--language", "r"], 2, "It has: bare, rows, summary"),
        (["bare", "--language", "r"], 2, "no default deployment, so there is nothing to call. Its deployments: none"),
        (["rows", "--language", "r", "--deployment", "blue"], 2, "no deployment 'blue'. It has: main"),
        (["rows", "--language", "r", "--output", "no/such/folder/x.R"], 1, "no/such/folder/x.R"),
    ],
)
def test_what_cannot_be_written_is_explained(
    service: Service, project: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, told: str
):
    put(service.arm, "batchEndpoints/bare", {"authMode": "AADToken"})
    assert cli.main(["consume", *arguments]) == code
    assert told in capsys.readouterr().err


def test_an_endpoint_without_a_document_gets_a_client_too(service: Service, monkeypatch: pytest.MonkeyPatch):
    request = service.arm.request

    def without(method: str, url: str, **options: object):
        answer = request(method, url, **options)
        if url.endswith("/batchEndpoints/rows"):
            answer.body["properties"]["swaggerUri"] = None
        return answer

    monkeypatch.setattr(service.arm, "request", without)
    assert "miniBatchSize: int" in generate_client(service.arm, "rows", "python").text
