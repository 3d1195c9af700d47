"""What goes wrong for a user gives one clear message that says what to do, and an exit code."""

import socket
from pathlib import Path

import pytest

from .local import BIN, LocalAzure, base_environment, free_port, run
from .stack import Stack, configuration

pytestmark = pytest.mark.timeout(600)

BROKEN = """
def init():
    pass

def run(mini_batch):
    for path in mini_batch:
        if path.endswith("digit-0905.png"):
            raise ValueError("cannot read this digit")
    return [path for path in mini_batch]
"""


def test_a_port_that_is_taken_is_named_with_the_way_out(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        env = {**base_environment(), "AZUREML_EMULATOR_HOME": str(tmp_path)}
        started = run([BIN / "azureml-emulator", "start", "--port", str(port)], env)
    assert started.returncode != 0
    assert str(port) in started.stdout
    assert "--port" in started.stdout
    assert "Traceback" not in started.stdout


def test_an_emulator_that_is_not_running_is_said_and_nothing_is_made(digits: Stack, azure: LocalAzure) -> None:
    digits.configure({**configuration(azure), "armEndpoint": f"https://127.0.0.1:{free_port()}"})
    report = digits.attempt("up", "--yes", "--skip-preview")
    assert report.code != 0
    assert "azureml-emulator start" in report.output
    assert azure.inventory() == {}


def test_every_missing_configuration_value_is_listed_at_once(digits: Stack, azure: LocalAzure) -> None:
    values = configuration(azure)
    del values["workspace"]
    del values["location"]
    digits.configure(values)
    report = digits.attempt("preview")
    assert report.code != 0
    assert "pulumi config set azureml:workspace" in report.output
    assert "pulumi config set azureml:location" in report.output


def test_a_plain_http_endpoint_is_refused(digits: Stack, azure: LocalAzure) -> None:
    digits.configure({**configuration(azure), "armEndpoint": f"http://127.0.0.1:{azure.port}"})
    report = digits.attempt("preview")
    assert report.code != 0
    assert "azureml:armEndpoint" in report.output
    assert "https" in report.output


def test_a_workspace_that_does_not_exist_is_named(digits: Stack, azure: LocalAzure) -> None:
    digits.configure({**configuration(azure), "workspace": "elsewhere"})
    report = digits.attempt("up", "--yes", "--skip-preview")
    assert report.code != 0
    assert "elsewhere" in report.output
    assert "pulumi config set azureml:workspace" in report.output
    assert "name a datastore" not in report.output
    assert azure.inventory() == {}


def test_a_missing_model_file_fails_the_preview_with_its_path(digits: Stack) -> None:
    model = digits.folder / "examples/01-digits/model"
    model.rename(model.with_name("moved"))
    report = digits.attempt("preview")
    assert report.code != 0
    assert "no file or folder 'model'" in report.output
    assert str(model.parent) in report.output


def test_invoking_before_up_says_that_there_is_no_endpoint_yet(digits: Stack) -> None:
    done = digits.azureml_stack("invoke", "--input", digits.folder / "examples/01-digits/data/images")
    assert done.returncode != 0
    assert "pulumi up" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_script_that_raises_shows_its_own_traceback_the_file_and_the_log(digits: Stack, tmp_path: Path) -> None:
    (digits.folder / "examples/01-digits/src/score.py").write_text(BROKEN)
    digits.up()
    images = digits.folder / "examples/01-digits/data/images"
    done = digits.azureml_stack("invoke", "--input", images, "--watch", "--download", tmp_path / "out")
    assert done.returncode != 0
    for told in ("ValueError: cannot read this digit", "digit-0905.png", "score.py", "line 8", "logs/"):
        assert told in done.stdout, done.stdout
    assert not (tmp_path / "out/predictions.csv").exists()
