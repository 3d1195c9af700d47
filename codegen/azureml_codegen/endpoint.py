"""What a client is written for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["real-time", "batch", "pipeline"]
Auth = Literal["key", "aml-token", "entra"]

KINDS: tuple[Kind, ...] = ("real-time", "batch", "pipeline")
AUTH_MODES: Mapping[str, Auth] = {"key": "key", "amltoken": "aml-token", "aadtoken": "entra"}
"""Azure ML's ``authMode``, in lower case, and what it is called here."""


@dataclass(frozen=True)
class Workspace:
    """Where an endpoint belongs, and the addresses that a client needs besides the endpoint's own.

    ``id`` is the ARM id; ``arm`` the ARM endpoint; ``api`` the region's API, below which run history is;
    ``arm_audience`` and ``ml_audience`` are what tokens are asked for, ``datastore`` where results are written.
    """

    id: str
    arm: str = "https://management.azure.com"
    api: str = ""
    arm_audience: str = "https://management.azure.com"
    ml_audience: str = "https://ml.azure.com"
    api_version: str = "2024-04-01"
    datastore: str = "workspaceblobstore"


@dataclass(frozen=True)
class Endpoint:
    """An endpoint as a client sees it.

    Attributes:
        name: the endpoint's name.
        kind: real-time, batch (a model behind it), or pipeline (a pipeline component behind it).
        url: its scoring URI.
        auth: how callers prove who they are.
        workspace: where it belongs.
        document: its OpenAPI document, of version 2 or 3; a batch endpoint may be without one.
        deployment: the deployment that requests are pinned to; ``None`` leaves it to the endpoint.
    """

    name: str
    kind: Kind
    url: str
    auth: Auth
    workspace: Workspace
    document: Mapping[str, Any] | None = field(repr=False)
    deployment: str | None = None
