"""The one check, diff, create, read, update and delete that every resource kind shares.

Free of any host's types: a host (today `pulumi_azureml.dynamic`) hands in plain values, with `UNKNOWN`
for what a preview does not know yet, and a `Context` for everything else.
"""

from __future__ import annotations

from .action import ActionLifecycle
from .check import Checked, Failure, check
from .context import Context
from .declaration import (
    Facet,
    InputError,
    Inputs,
    Kind,
    Output,
    arm,
    computed,
    local,
    reference,
)
from .diff import Difference, diff
from .facet import FacetLifecycle
from .lifecycle import Lifecycle, ResourceState
from .lookup import LookupLifecycle
from .shape import version_of
from .unknown import UNKNOWN

Operations = Lifecycle | FacetLifecycle | LookupLifecycle | ActionLifecycle


def lifecycle_of(kind: Kind) -> Operations:
    """The operations that fit a kind: of a resource, of a facet of one, of a lookup, or of an action."""
    if kind.lookup:
        return LookupLifecycle(kind)
    if kind.perform:
        return ActionLifecycle(kind)
    return FacetLifecycle(kind) if kind.facet else Lifecycle(kind)


__all__ = [
    "UNKNOWN",
    "Checked",
    "Context",
    "Difference",
    "Facet",
    "Failure",
    "InputError",
    "Inputs",
    "Kind",
    "Operations",
    "Output",
    "ResourceState",
    "arm",
    "check",
    "computed",
    "diff",
    "lifecycle_of",
    "local",
    "reference",
    "version_of",
]
