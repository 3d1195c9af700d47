"""The main job against a real workspace: run only when the environment names one (docs/live.md)."""

from __future__ import annotations

import os
import sys
import uuid
from pathlib import Path

import pandas as pd
import pytest

from e2e.local import ROOT, base_environment, run
from e2e.stack import Stack, project_copy

NAMED = {
    "subscriptionId": os.environ.get("AZUREML_LIVE_SUBSCRIPTION", ""),
    "resourceGroup": os.environ.get("AZUREML_LIVE_RESOURCE_GROUP", ""),
    "workspace": os.environ.get("AZUREML_LIVE_WORKSPACE", ""),
    "location": os.environ.get("AZUREML_LIVE_LOCATION", ""),
}
OPTIONAL = {"armEndpoint": os.environ.get("AZUREML_LIVE_ARM_ENDPOINT", "")}

pytestmark = [
    pytest.mark.live,
    pytest.mark.timeout(2 * 3600),  # a cluster that starts from zero nodes takes a quarter of an hour and more
    pytest.mark.skipif(not all(NAMED.values()), reason="AZUREML_LIVE_* does not name a workspace"),
]


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    prepared = tmp_path / "prepared"
    done = run([sys.executable, ROOT / "examples/01-digits/prepare.py", prepared], base_environment())
    assert done.returncode == 0, done.stdout
    project_copy(tmp_path / "project", prepared)
    # The credentials and certificates of the caller's own environment, which base_environment leaves out.
    kept = {name: value for name, value in os.environ.items() if name.startswith(("AZURE_", "REQUESTS_CA", "SSL_CERT"))}
    # Endpoint names are unique in a region: a stack of its own name makes one of its own.
    name = f"live-{uuid.uuid4().hex[:8]}"
    made = Stack(tmp_path / "project", tmp_path / "state", {**base_environment(), **kept}, name)
    made.configure({**NAMED, **{key: value for key, value in OPTIONAL.items() if value}})
    made.init()
    return made


def test_the_main_job(stack: Stack, tmp_path: Path) -> None:
    example = stack.folder / "examples" / "01-digits"
    try:
        assert stack.preview().counts == {"to create": 8}
        assert stack.up().counts == {"created": 8}
        assert stack.up().counts == {"unchanged": 8}
        assert stack.refresh().counts == {"unchanged": 8}
        scored = stack.azureml_stack(
            "invoke", "--input", example / "data/images", "--watch", "--download", tmp_path / "out",
            "--columns", "file,prediction,probability",
        )  # fmt: skip
        assert scored.returncode == 0, scored.stdout
        rows = pd.read_csv(tmp_path / "out" / "predictions.csv")
        truth = pd.read_csv(example / "data/labels.csv").merge(rows, on="file")
        assert len(rows) == len(truth) == 899
        assert (truth["label"] == truth["prediction"]).mean() >= 0.93
    finally:
        stack.destroy()
