from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from azureml_emulator.testing import RunningEmulator, emulator


@pytest.fixture(scope="package")
def azureml() -> Iterator[RunningEmulator]:
    with emulator() as running:
        yield running


@pytest.fixture(autouse=True)
def signed_in(azureml: RunningEmulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in azureml.environment.items():
        monkeypatch.setenv(name, value)
    yield
    azureml.control("DELETE", "/_emulator/faults")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "src"
    folder.mkdir()
    (folder / "score.py").write_text("def run(mini_batch):\n    return mini_batch\n")
    return folder
