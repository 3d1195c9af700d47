"""The emulator's own routes, ``/_emulator/*``: health for everyone, switches for holders of the key.

The key is in ``control.key`` of the home folder, readable by its owner only.
"""

from __future__ import annotations

import hmac
import os
from typing import TYPE_CHECKING, Any

from azureml_emulator.http import Call, Reply, Route, ServiceError
from azureml_emulator.kinds import add_registry, add_workspace
from azureml_emulator.settings import LOCATION, LongRunning

if TYPE_CHECKING:
    from collections.abc import Callable

    from azureml_emulator.emulator import Emulator


def check_key(emulator: Emulator, key: str) -> None:
    """Refuse a request that does not hold the control key."""
    if not hmac.compare_digest(key.encode(), emulator.control_key.encode()):
        raise ServiceError(
            403, "Forbidden", "The header 'x-emulator-key' does not hold this emulator's control key (control.key)."
        )


def _health(call: Call) -> Reply:
    storage = call.emulator.storage
    body: dict[str, Any] = {"status": "ready", "pid": os.getpid(), "blobs": storage.state}
    if storage.state == "failed":
        body["reason"] = storage.reason
    return Reply(body)


def _requests(call: Call) -> Reply:
    return Reply(call.emulator.counters.report())


def _reset_requests(call: Call) -> Reply:
    call.emulator.counters.reset()
    return Reply(call.emulator.counters.report())


def _resources(call: Call) -> Reply:
    store = call.emulator.store
    return Reply({kind.name: store.count(kind.name) for kind in call.emulator.kinds})


def _long_running(call: Call) -> Reply:
    mode = call.body.get("mode") if isinstance(call.body, dict) else None
    if not isinstance(mode, str):
        raise ServiceError(400, "BadRequest", "The body is an object with 'mode': instant, timed=SECONDS or polls=N.")
    try:
        call.emulator.operations.mode = LongRunning.parse(mode)
    except ValueError as error:
        raise ServiceError(400, "BadRequest", str(error)) from None
    return Reply({"mode": str(call.emulator.operations.mode)})


def _clock(call: Call) -> Reply:
    seconds = call.body.get("advance") if isinstance(call.body, dict) else None
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds < 0:
        raise ServiceError(400, "BadRequest", "The body is an object with 'advance': a number of seconds, 0 or more.")
    call.emulator.clock.advance(seconds)
    call.emulator.operations.settle()
    call.emulator.jobs.nodes.settle()
    return Reply({"now": call.emulator.clock.timestamp()})


def _workspaces(call: Call) -> Reply:
    return _added(call, add_workspace)


def _registries(call: Call) -> Reply:
    return _added(call, add_registry)


def _added(call: Call, add: Callable[[Emulator, str, str], str]) -> Reply:
    body = call.body if isinstance(call.body, dict) else {}
    name, location = body.get("name"), body.get("location") or LOCATION
    if not isinstance(name, str) or not isinstance(location, str):
        raise ServiceError(400, "BadRequest", "The body is an object with 'name' and, if it is to be, 'location'.")
    return Reply({"id": add(call.emulator, name, location)})


def _studio(call: Call) -> Reply:
    """An address that signs a browser in, once."""
    emulator = call.emulator
    return Reply({"url": f"{emulator.own.origin}/studio/sign-in?ticket={emulator.sessions.ticket()}"})


ROUTES = (
    Route("GET", "/_emulator/health", _health, "open", "health"),
    Route("GET", "/_emulator/requests", _requests, "control", "requests"),
    Route("POST", "/_emulator/requests/reset", _reset_requests, "control", "requests"),
    Route("GET", "/_emulator/resources", _resources, "control", "resources"),
    Route("POST", "/_emulator/workspaces", _workspaces, "control", "workspaces"),
    Route("POST", "/_emulator/registries", _registries, "control", "registries"),
    Route("POST", "/_emulator/studio", _studio, "control", "studio"),
    Route("POST", "/_emulator/lro", _long_running, "control", "lro"),
    Route("POST", "/_emulator/clock", _clock, "control", "clock"),
)
