"""The resource kinds, one short declaration a file."""

from __future__ import annotations

from ..engine import Kind
from .batch_deployment import BATCH_DEPLOYMENT
from .batch_endpoint import BATCH_ENDPOINT
from .code import CODE
from .compute import COMPUTE
from .default_deployment import DEFAULT_DEPLOYMENT
from .environment import ENVIRONMENT
from .model import MODEL

KINDS: tuple[Kind, ...] = (
    CODE,
    MODEL,
    ENVIRONMENT,
    COMPUTE,
    BATCH_ENDPOINT,
    BATCH_DEPLOYMENT,
    DEFAULT_DEPLOYMENT,
)

__all__ = [
    "BATCH_DEPLOYMENT",
    "BATCH_ENDPOINT",
    "CODE",
    "COMPUTE",
    "DEFAULT_DEPLOYMENT",
    "ENVIRONMENT",
    "KINDS",
    "MODEL",
]
