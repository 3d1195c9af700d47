"""What can go wrong with a release.

ReleaseError                a release cannot be made, read or deployed
├── LockError               the lock file is not there, not one, or not as it was written
├── ContentError            what is found is not what the release holds
└── GateError               a gate was not passed, or could not be evaluated
"""

from __future__ import annotations

from ..arm.errors import AzureMLError


class ReleaseError(AzureMLError):
    """A release cannot be made, read or deployed; the text says which asset, and what to do."""


class LockError(ReleaseError):
    """The lock file is not there, is not one, or is not as it was written."""


class ContentError(ReleaseError):
    """An asset is not there, or its content is not the release's."""


class GateError(ReleaseError):
    """A gate was not passed, or could not be evaluated: the default deployment has not moved."""
