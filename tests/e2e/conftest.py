"""One emulator and one prepared example for all end-to-end tests."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .local import ROOT, LocalAzure, base_environment, local_azure, run
from .stack import Stack, configuration, project_copy


@pytest.fixture(scope="session")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAzure]:
    """A running local Azure ML."""
    with local_azure(tmp_path_factory.mktemp("emulator")) as running:
        yield running


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digits' images, labels and model, made once."""
    folder = tmp_path_factory.mktemp("prepared")
    done = run([sys.executable, ROOT / "examples/01-digits/prepare.py", folder], base_environment())
    assert done.returncode == 0, done.stdout
    return folder


@pytest.fixture
def digits(azure: LocalAzure, prepared: Path, tmp_path: Path) -> Iterator[Stack]:
    """A stack of the digits program on the local Azure ML, not yet up; destroyed afterwards."""
    project_copy(tmp_path / "project", prepared)
    stack = Stack(tmp_path / "project", tmp_path / "state", azure.env)
    stack.configure(configuration(azure))
    stack.init()
    yield stack
    stack.configure(configuration(azure))
    stack.attempt("destroy", "--yes", "--skip-preview")
