"""Releases to test with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pulumi_azureml.release.lock import Asset, Deployment, Gate, Origin, Release

WORKSPACE = (
    "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/g"
    "/providers/Microsoft.MachineLearningServices/workspaces/dev"
)
ORIGIN = Origin(WORKSPACE, "westeurope", "digits", "dev", "c0ffee", "2025-06-01T12:00:00Z", "ada@example.com")
MODEL = Asset(
    kind="Model",
    logical_name="model",
    name="digits-model",
    version="0123456789abcdef",
    digest="a" * 64,
    id=f"{WORKSPACE}/models/digits-model/versions/0123456789abcdef",
    uri="azureml://datastores/workspaceblobstore/paths/LocalUpload/a/model",
    manifest="b" * 64,
    files=2,
    size=1200,
    settings={"modelType": "custom_model"},
)
ENVIRONMENT = Asset(
    kind="Environment",
    logical_name="env",
    name="digits-env",
    version="1",
    digest="c" * 64,
    id=f"{WORKSPACE}/environments/digits-env/versions/1",
    settings={"image": "mcr.microsoft.com/base:1", "condaFile": "name: größe\n", "osType": "Linux"},
)
DEPLOYMENT = Deployment(
    "BatchDeployment",
    "svm",
    {
        "scoringScript": "score.py",
        "environmentVariables": {"OMP_NUM_THREADS": "1"},
        "miniBatchSize": 30,
        "errorThreshold": 0,
        "outputFileName": None,
        "instanceCount": 2,
    },
)
RELEASE = Release(
    "v1", ORIGIN, (MODEL, ENVIRONMENT), (DEPLOYMENT,), (Gate("gate", "accuracy", 0.97, "svm-1", "job-1"),)
)


def release(**changes: Any) -> Release:
    """A release that differs from `RELEASE` in some attributes."""
    return replace(RELEASE, **changes)
