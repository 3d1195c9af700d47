"""Nested objects that several kinds have.

Generated from `pulumi_azureml.resources._types` by `make sdk`; do not edit.
"""

from __future__ import annotations

from typing import TypedDict

import pulumi


class TimeoutsArgs(TypedDict, total=False):
    """How long an operation may take before it is given up, each an ISO 8601 duration."""

    create: pulumi.Input[str]
    """For a create."""

    update: pulumi.Input[str]
    """For an update in place."""

    delete: pulumi.Input[str]
    """For a delete."""
