"""Azure Resource Manager: ids, requests, long-running operations and errors. Nothing here is about learning."""

from __future__ import annotations

from .answer import Answer
from .client import ArmClient
from .clock import SYSTEM_CLOCK, Clock
from .errors import (
    ArmError,
    AuthenticationError,
    BadRequestError,
    ConfigError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    OperationFailedError,
    OperationTimeoutError,
    ServiceUnavailableError,
    ThrottledError,
    TransportError,
)
from .patience import Patience
from .polling import wait_for_deletion, wait_for_operation, wait_for_result
from .resource_id import ResourceId
from .settings import Settings

__all__ = [
    "SYSTEM_CLOCK",
    "Answer",
    "ArmClient",
    "ArmError",
    "AuthenticationError",
    "BadRequestError",
    "Clock",
    "ConfigError",
    "ConflictError",
    "ForbiddenError",
    "NotFoundError",
    "OperationFailedError",
    "OperationTimeoutError",
    "Patience",
    "ResourceId",
    "ServiceUnavailableError",
    "Settings",
    "ThrottledError",
    "TransportError",
    "wait_for_deletion",
    "wait_for_operation",
    "wait_for_result",
]
