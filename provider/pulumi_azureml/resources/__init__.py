"""The resource kinds, one short declaration a file."""

from __future__ import annotations

from ..engine import Kind
from .batch_deployment import BATCH_DEPLOYMENT
from .batch_endpoint import BATCH_ENDPOINT
from .code import CODE
from .compute import COMPUTE
from .data import DATA
from .datastore import DATASTORE
from .default_deployment import DEFAULT_DEPLOYMENT
from .environment import ENVIRONMENT
from .model import MODEL
from .workspace import WORKSPACE

KINDS: tuple[Kind, ...] = (
    CODE,
    MODEL,
    ENVIRONMENT,
    COMPUTE,
    BATCH_ENDPOINT,
    BATCH_DEPLOYMENT,
    DEFAULT_DEPLOYMENT,
    DATA,
    DATASTORE,
    WORKSPACE,
)

__all__ = [
    "BATCH_DEPLOYMENT",
    "BATCH_ENDPOINT",
    "CODE",
    "COMPUTE",
    "DATA",
    "DATASTORE",
    "DEFAULT_DEPLOYMENT",
    "ENVIRONMENT",
    "KINDS",
    "MODEL",
    "WORKSPACE",
]
