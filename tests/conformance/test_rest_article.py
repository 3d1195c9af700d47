"""The way of the REST article: curl, jq and the storage account's key, by the emulator's own address and by Azure's."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from azureml_emulator.testing import RunningEmulator, emulator

from .official import HERE


@pytest.fixture(scope="module")
def azure() -> Iterator[RunningEmulator]:
    with emulator() as running:
        yield running


@pytest.mark.parametrize("way", ["own", "real"])
@pytest.mark.parametrize(("version", "registered"), [("2021-10-01", "datasets"), ("2022-05-01", "data")])
def test_a_batch_endpoint_is_made_and_scores(azure: RunningEmulator, way: str, version: str, registered: str) -> None:
    name = f"rest-{way}-{version[:4]}"
    variables = {
        **os.environ,
        **(azure.real_names if way == "real" else azure.environment),
        "API_VERSION": version,
        "NAME": name,
        "REGISTERED": registered,
        "UPLOAD": f"{sys.executable} {HERE / 'upload.py'}",
    }
    done = subprocess.run(
        ["bash", HERE / "rest_article.sh"], env=variables, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    *rows, scoring = done.stdout.split()
    assert rows == ["one", "two"] * 2
    own = f"{azure.origin}/inference/{name}.eastus/jobs"
    assert scoring == (own if way == "own" else f"https://{name}.eastus.inference.ml.azure.com/jobs")
