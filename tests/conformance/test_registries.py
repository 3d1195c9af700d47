"""The official client and a registry: found by its name, filled, and read."""

import json
import os
import subprocess
from pathlib import Path

from azureml_emulator.testing import RunningEmulator

from .official import HERE, official_python


def test_the_official_client_finds_a_registry_by_its_name_and_fills_it(azure: RunningEmulator, tmp_path: Path) -> None:
    registry = azure.add_registry("shared")
    (tmp_path / "model").mkdir()
    (tmp_path / "model/weights.txt").write_text("w")
    out = tmp_path / "seen.json"
    command = [official_python(), HERE / "registry_life.py", tmp_path / "model", out]
    variables = {**os.environ, **azure.real_names}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    seen = json.loads(out.read_text())
    assert registry.endswith("/registries/shared")
    assert seen["id"] == "azureml://registries/shared/models/by-name/versions/1"
    assert seen["environment"] == "ubuntu:22.04"
    assert (seen["versions"], seen["latest"]) == (["1"], "1")
