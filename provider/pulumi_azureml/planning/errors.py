"""What can go wrong with a plan."""

from __future__ import annotations

from ..arm.errors import AzureMLError


class PlanError(AzureMLError):
    """The preview failed; the text is all that it said."""
