"""The demo's program without the engine: its resources in the order of their dependencies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from azureml_emulator.testing import RunningEmulator
from emulator_provider.stack import Stack
from pulumi_azureml.arm import ArmClient, Settings
from pulumi_azureml.resources import (
    BATCH_DEPLOYMENT,
    BATCH_ENDPOINT,
    CODE,
    COMPUTE,
    DEFAULT_DEPLOYMENT,
    ENVIRONMENT,
    MODEL,
)

COLLECTIONS = ("codes", "models", "environments", "computes", "batchEndpoints")


class HastyClock:
    """Time that passes by being waited for, so that no test waits."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def connect(azureml: RunningEmulator, *, patience: float = 30.0) -> ArmClient:
    """A client that waits for an answer for `patience` seconds, and for nothing else."""
    _, subscription, _, group, *_ = azureml.workspace_id.strip("/").split("/")
    settings = Settings(subscription, group, "local", azureml.location, azureml.origin)
    return ArmClient(settings, clock=HastyClock(), timeouts=(5.0, patience))


def up(stack: Stack, source: Path, model_files: Path | None = None) -> None:
    """Bring the program's resources about; what is there already stays. The model is the code, if there is no other."""
    code = stack.up(CODE, "code", path=str(source))
    model = stack.up(MODEL, "model", path=str(model_files or source))
    environment = stack.up(ENVIRONMENT, "env", image="ubuntu:22.04")
    compute = stack.up(COMPUTE, "cpu", vm_size="STANDARD_D2_V2")
    endpoint = stack.up(BATCH_ENDPOINT, "endpoint")
    deployment = stack.up(
        BATCH_DEPLOYMENT,
        "blue",
        endpoint=endpoint.id,
        model=model.id,
        code=code.id,
        scoring_script="score.py",
        environment=environment.id,
        compute=compute.id,
    )
    stack.up(DEFAULT_DEPLOYMENT, "default", endpoint=endpoint.id, deployment=deployment.id)


def refresh(stack: Stack) -> None:
    for logical in list(stack.made):
        stack.refresh(logical)


def held(client: ArmClient) -> dict[str, list[str]]:
    """What the workspace holds of the collections that the program fills."""
    found: dict[str, list[str]] = {}
    for collection in COLLECTIONS:
        items: Any = client.request("GET", f"{client.settings.workspace_id}/{collection}").body["value"]
        found[collection] = sorted(item["name"] for item in items)
    return found
