from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from pulumi_azureml.arm import ArmClient
from pulumi_azureml.consume import BatchClient

from .fake import ORIGIN, SETTINGS, WORKSPACE, Clock, Service, Tokens


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service() -> Service:
    service = Service()
    service.on("GET", f"{WORKSPACE}$", {"properties": {"discoveryUrl": f"{ORIGIN}/discovery/workspaces/w"}})
    service.on("GET", "/discovery/workspaces/w$", {"api": ORIGIN})
    service.on("GET", "/children$", {"value": []})
    return service


@pytest.fixture
def arm(service: Service, clock: Clock) -> ArmClient:
    session = requests.Session()
    session.mount("https://", service)
    return ArmClient(SETTINGS, Tokens(), clock=clock, session=session)


@pytest.fixture
def uploads() -> list[str]:
    return []


@pytest.fixture
def batch(arm: ArmClient, uploads: list[str]) -> BatchClient:
    def upload(_client: ArmClient, path: Any, status: Callable[[str], None]) -> str:
        status("uploading 1 of 1 files")
        uploads.append(str(path))
        return f"azureml://datastores/workspaceblobstore/paths/LocalUpload/hash/{path.name}"

    return BatchClient(arm, upload=upload)
