"""Waiting for ARM's long-running operations: the one place of the provider that waits for the service.

Source of the rules: "Track asynchronous Azure operations" in the Azure Resource Manager documentation.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .answer import Answer
from .client import ArmClient
from .clock import Status, silent
from .errors import ArmError, NotFoundError, OperationFailedError, OperationTimeoutError, read_error

_ACCEPTED = 202
_NO_CONTENT = 204
_FAILED = frozenset({"failed", "canceled", "cancelled"})
_DONE = frozenset({"succeeded", "completed"}) | _FAILED
# Without a Retry-After, wait a little longer each time: quick services answer quickly, slow ones are not pestered.
_FIRST_DELAY, _GROWTH, _LONGEST_DELAY = 0.1, 1.6, 15.0


@dataclass
class Wait:
    """How long and how to wait.

    Attributes:
        timeout: seconds until giving up.
        status: told what is being waited for, once for each round.
        cancelled: asked before each round; True ends the wait with OperationTimeoutError.
    """

    timeout: float = 3600.0
    status: Status = silent
    cancelled: Callable[[], bool] = lambda: False


def wait_for_operation(
    client: ArmClient, answer: Answer, resource: str, *, operation: str, wait: Wait | None = None
) -> None:
    """Wait until the operation that `answer` (of a PUT, PATCH or POST) started has ended.

    Follows, in ARM's order of preference, `Azure-AsyncOperation`, `Location`, and the
    `provisioningState` of the resource itself.

    Raises:
        OperationFailedError: it ended Failed or Canceled; carries the service's code and message.
        OperationTimeoutError: it did not end within `wait.timeout` seconds, or was cancelled.
    """
    wait = wait or Wait()
    if url := answer.headers.get("Azure-AsyncOperation"):
        _poll(client, url, resource, answer, wait, operation, _state_of_operation)
    elif answer.status == _ACCEPTED and (url := answer.headers.get("Location")):
        _poll(client, url, resource, answer, wait, operation, _state_of_location)
    elif state := provisioning_state(answer.body):
        if state.lower() not in _DONE:
            _poll_resource(client, resource, answer, wait, operation)
        elif state.lower() in _FAILED:
            raise _failed(operation, resource, answer)


def wait_for_result(
    client: ArmClient,
    answer: Answer,
    resource: str,
    *,
    is_result: Callable[[Any], bool] | None = None,
    operation: str,
    wait: Wait | None = None,
) -> Any:
    """Wait until the operation that `answer` (of a PUT) started has ended; return the resource as it is then.

    Where `is_result` can tell by a document that it is what the PUT made, the resource itself is looked at, which
    shows both whether it is done and what came of it. The operation is asked where there is no telling, and where
    the resource shows no success: it has failed, is not there yet, or is not what was sent.

    Raises:
        OperationFailedError, OperationTimeoutError: as `wait_for_operation`.
    """
    wait = wait or Wait()
    if not answer.headers.get("Azure-AsyncOperation") and answer.status != _ACCEPTED:
        wait_for_operation(client, answer, resource, operation=operation, wait=wait)
        if isinstance(answer.body, dict) and (provisioning_state(answer.body) or "Succeeded").lower() in _DONE:
            return answer.body
    else:
        with contextlib.suppress(NotFoundError, OperationFailedError):
            if is_result and is_result((found := _poll_resource(client, resource, answer, wait, operation)).body):
                return found.body
        wait_for_operation(client, answer, resource, operation=operation, wait=wait)
    return client.request("GET", resource, operation=operation).body


def wait_for_deletion(
    client: ArmClient, answer: Answer, resource: str, *, operation: str, wait: Wait | None = None
) -> None:
    """Wait until the deletion that `answer` started has ended; a resource that is gone counts as deleted."""
    if answer.status == _NO_CONTENT:
        return
    try:
        wait_for_operation(client, answer, resource, operation=operation, wait=wait)
    except NotFoundError:
        return


def _poll_resource(client: ArmClient, resource: str, first: Answer, wait: Wait, operation: str) -> Answer:
    return _poll(client, resource, resource, first, wait, operation, _state_of_resource)


def _poll(
    client: ArmClient,
    url: str,
    resource: str,
    first: Answer,
    wait: Wait,
    operation: str,
    state_of: Callable[[Answer], str],
) -> Answer:
    started = client.clock.now()
    delay = _FIRST_DELAY
    answer = first
    while True:
        answer = client.request("GET", url, operation=operation)
        state = state_of(answer)
        if state.lower() in _FAILED:
            raise _failed(operation, resource, answer)
        if state.lower() in _DONE:
            return answer
        elapsed = client.clock.now() - started
        if wait.cancelled() or elapsed >= wait.timeout:
            why = "the wait was cancelled" if wait.cancelled() else f"it did not end within {wait.timeout:.0f} s"
            raise OperationTimeoutError(operation, resource, message=f"{why}; its last state was {state}")
        wait.status(f"{operation}: {state} ({elapsed:.0f} s)")
        delay = min(delay * _GROWTH, _LONGEST_DELAY)
        client.clock.sleep(min(_retry_after(answer.headers, delay), max(wait.timeout - elapsed, 0.05)))


def _retry_after(headers: Mapping[str, str], otherwise: float) -> float:
    """What the service asks for, but no more often than our own pace when it asks for 0 or nothing."""
    try:
        told = float(headers.get("Retry-After") or 0)
    except ValueError:
        told = 0.0
    return told or otherwise


def _state_of_operation(answer: Answer) -> str:
    body = answer.body if isinstance(answer.body, Mapping) else {}
    return str(body.get("status") or "InProgress")


def _state_of_location(answer: Answer) -> str:
    if answer.status == _ACCEPTED:
        return "InProgress"
    body = answer.body if isinstance(answer.body, Mapping) else {}
    return str(body.get("status") or provisioning_state(body) or "Succeeded")


def _state_of_resource(answer: Answer) -> str:
    return provisioning_state(answer.body) or "Succeeded"


def provisioning_state(body: Any) -> str:
    """`properties.provisioningState` of an ARM document; empty when it has none."""
    properties = body.get("properties") if isinstance(body, Mapping) else None
    return str(properties.get("provisioningState") or "") if isinstance(properties, Mapping) else ""


def _failed(operation: str, resource: str, answer: Answer) -> ArmError:
    body = answer.body if isinstance(answer.body, Mapping) else {}
    code, message = read_error(body.get("error") or {})
    if not message and isinstance(body.get("properties"), Mapping):
        # Computes tell their failure in properties.provisioningErrors.
        told = [read_error(error) for error in body["properties"].get("provisioningErrors") or []]
        code, message = (told[0][0], "; ".join(text for _, text in told)) if told else ("", "")
    return OperationFailedError(
        operation,
        resource,
        status=answer.status,
        code=code,
        message=message or "the operation ended without success and without a reason",
        request_id=answer.headers.get("x-ms-request-id", ""),
        hint="the resource may exist in a failed state; mend the cause and run the command again: it is taken over.",
    )
