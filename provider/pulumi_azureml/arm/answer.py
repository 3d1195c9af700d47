"""What a request gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """A successful answer.

    Attributes:
        status: HTTP status, 200 to 299.
        body: parsed JSON, or None when the answer has no body.
        headers: by name, without regard to case.
    """

    status: int
    body: Any
    headers: Mapping[str, str]
