"""What an import refuses to do."""

from __future__ import annotations

from ..arm.errors import AzureMLError


class ImportRefusedError(AzureMLError):
    """Something asked for cannot be imported, or a file would be overwritten; nothing was written."""
