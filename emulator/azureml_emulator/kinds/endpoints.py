"""What batch and online endpoints have in common: their names, which are host names of a region."""

from __future__ import annotations

from azureml_emulator.arm import errors
from azureml_emulator.arm.kind import NameRule, Target

BATCH_REGION, ONLINE_REGION = "batchEndpoint.region", "onlineEndpoint.region"
"""Scopes of the marks by which an address finds its endpoint."""

ENDPOINT_NAMES = NameRule.of(
    r"(?=.{3,32}$)[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?",
    "3 to 32 letters, digits and '-', starting with a letter and ending with a letter or digit",
)


def check_unique(target: Target) -> None:
    """Refuse a name that another endpoint of the region has, batch or online."""
    name = region_name(target)
    if any(target.emulator.store.find(scope, name) for scope in (BATCH_REGION, ONLINE_REGION)):
        raise errors.user_error(
            f"The specified endpoint name '{target.name}' is not available. Endpoint names must be unique within "
            "the region. Please choose a different name and try again.",
            "name",
        )


def region_name(target: Target) -> str:
    """The endpoint's region and name: the value of its mark."""
    return f"{target.region}/{target.name.lower()}"
