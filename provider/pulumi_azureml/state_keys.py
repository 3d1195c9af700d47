"""Keys that every resource has in a stack's state beside its declared inputs and outputs. They are for ever.

A module of its own, because a stack's program needs them without the engine.
"""

from __future__ import annotations

ARM_ID = "armId"
URN = "resourceUrn"
CONTENT = "contentDigest"
MARK = "mark"
"""The output under which a state keeps its mark: see `engine.shape.MARK_TAG`."""
RESERVED = frozenset({ARM_ID, URN, CONTENT})
"""Inputs that the engine keeps beside the declared ones."""
