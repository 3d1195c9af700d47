"""The steps of a life with the official client, one after the other, and what each of them saw.

A life's arguments: origin of the emulator or nothing, subscription, a folder to work in.
"""

import json
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

STEPS: list[Callable[[], Any]] = []
folder = Path(sys.argv[3])


def step(function: Callable[[], Any]) -> Callable[[], Any]:
    """Make a function the next step; what it returns is what it saw."""
    STEPS.append(function)
    return function


def write(path: str, text: str) -> Path:
    """Write a file below the folder."""
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    return target


def listed(items: Any) -> list[str]:
    """The names of what a client lists."""
    return sorted(item.name for item in items)


def refused(action: Callable[[], Any]) -> dict[str, Any]:
    """How the service refuses something."""
    try:
        action()
    except HttpResponseError as error:
        return {"status": error.status_code, "code": error.error.code if error.error else None, "said": error.message}
    return {"status": 200}


def missing(action: Callable[[], Any]) -> str:
    """Whether something is gone, with the service's code for it."""
    try:
        action()
    except ResourceNotFoundError as error:
        return f"gone: {error.error.code if error.error else ''}"
    return "still there"


def told(action: Callable[[], Any]) -> str:
    """What the client makes of a failure, whatever it raises."""
    try:
        action()
    except Exception as error:  # noqa: BLE001 - see above
        return f"{type(error).__name__}: {error}"
    return "taken"


def live() -> None:
    """Take every step; `seen.json` in the folder holds what they saw, or the traceback of the first that failed."""
    seen: dict[str, Any] = {}
    for action in STEPS:
        try:
            seen[action.__name__] = action()
        except Exception:  # noqa: BLE001 - the test shows it
            seen["failed"] = f"{action.__name__}: {traceback.format_exc()}"
            break
    (folder / "seen.json").write_text(json.dumps(seen, indent=1, default=str))
