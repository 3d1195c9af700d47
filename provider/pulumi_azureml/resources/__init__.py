"""The resource kinds, one short declaration a file, each imported when it is asked for."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..engine import Kind
    from .batch_deployment import BATCH_DEPLOYMENT
    from .batch_endpoint import BATCH_ENDPOINT
    from .code import CODE
    from .component import COMPONENT
    from .compute import COMPUTE
    from .data import DATA
    from .data_factory_linked_service import DATA_FACTORY_LINKED_SERVICE
    from .data_factory_pipeline import DATA_FACTORY_PIPELINE
    from .datastore import DATASTORE
    from .default_deployment import DEFAULT_DEPLOYMENT
    from .environment import ENVIRONMENT
    from .model import MODEL
    from .online_deployment import ONLINE_DEPLOYMENT
    from .online_endpoint import ONLINE_ENDPOINT
    from .registry import REGISTRY
    from .scoring_gate import SCORING_GATE
    from .traffic import TRAFFIC
    from .workspace import WORKSPACE

    KINDS: tuple[Kind, ...]

__all__ = [
    "BATCH_DEPLOYMENT",
    "BATCH_ENDPOINT",
    "CODE",
    "COMPONENT",
    "COMPUTE",
    "DATA",
    "DATASTORE",
    "DATA_FACTORY_LINKED_SERVICE",
    "DATA_FACTORY_PIPELINE",
    "DEFAULT_DEPLOYMENT",
    "ENVIRONMENT",
    "KINDS",
    "MODEL",
    "ONLINE_DEPLOYMENT",
    "ONLINE_ENDPOINT",
    "REGISTRY",
    "SCORING_GATE",
    "TRAFFIC",
    "WORKSPACE",
    "kind_named",
]

_CONSTANTS = frozenset(name for name in __all__ if name.isupper() and name != "KINDS")


def kind_named(name: str) -> Kind:
    """The kind of a class name such as `BatchEndpoint`."""
    return _kind(re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper())


def __getattr__(name: str) -> Any:
    # A stack that has four kinds pays for the declarations of four.
    if name == "KINDS":
        return tuple(_kind(constant) for constant in sorted(_CONSTANTS))
    if name in _CONSTANTS:
        return _kind(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _kind(constant: str) -> Kind:
    kind: Kind = getattr(import_module(f".{constant.lower()}", __name__), constant)
    return kind
