"""The steps of a life with the official client, one after the other, and what each of them saw."""

import json
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

STEPS: list[Callable[[], Any]] = []


def step(function: Callable[[], Any]) -> Callable[[], Any]:
    """Make a function the next step; what it returns is what it saw."""
    STEPS.append(function)
    return function


def live(folder: Path) -> None:
    """Take every step; `seen.json` in the folder holds what they saw, or the traceback of the first that failed."""
    seen: dict[str, Any] = {}
    for action in STEPS:
        try:
            seen[action.__name__] = action()
        except Exception:  # noqa: BLE001 - the test shows it
            seen["failed"] = f"{action.__name__}: {traceback.format_exc()}"
            break
    (folder / "seen.json").write_text(json.dumps(seen, indent=1, default=str))
