"""Long-running operations: what a PUT, PATCH or DELETE started, and how it ends.

An operation is a stored document. It ends at once, after some time, or at a certain poll
(:class:`azureml_emulator.settings.LongRunning`), and not before the kind's own work for it is done, such as the start
of servers. Its effect on the resource and its own new status are one write. Operations that a killed emulator left
behind go on when it starts again.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Literal

from azureml_emulator.arm import documents
from azureml_emulator.arm.kind import Kind, Target
from azureml_emulator.clock import timestamp
from azureml_emulator.faults import FAILED, STUCK, strikes_operation
from azureml_emulator.http import PROVIDER, Call, Reply, Route, ServiceError
from azureml_emulator.store import Document

if TYPE_CHECKING:
    from azureml_emulator.emulator import Emulator

_LOG = logging.getLogger(__name__)

KIND = "operations"
_TIMEOUT = "PT1H"
_PENDING = {"put": "Updating", "patch": "Updating", "delete": "Deleting"}

Action = Literal["put", "patch", "delete"]
Work = Coroutine[Any, Any, None]


class Operations:
    """The long-running operations of one emulator."""

    def __init__(self, emulator: Emulator, kinds: Mapping[str, Kind]) -> None:
        self._emulator = emulator
        self._kinds = kinds
        self._running: dict[str, str] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._working: dict[str, asyncio.Task[None]] = {}
        self.mode = emulator.settings.long_running

    def recover(self, *, forget_before: float) -> None:
        """Take up the unfinished operations of an earlier process; forget those that began long ago."""
        store = self._emulator.store
        with store.transaction():
            for operation in store.list(KIND, ""):
                if operation["status"] == "InProgress":
                    self._running[operation["target"].lower()] = operation["id"]
                    self._resume(operation)
                    self._schedule(operation)
                elif operation["began"] < forget_before:
                    store.delete(operation["id"])

    async def stop(self) -> None:
        """Stop the timers and the work; unfinished operations stay as they are for the next start."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        working = list(self._working.values())
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)

    def accept(self, target: Target, action: Action, document: Document, work: Work | None = None) -> Reply:
        """Start an operation on a resource and word the answer; within the caller's transaction.

        ``document`` is the resource as it will be when all goes well; for a delete, as it is. The operation
        ends when ``work`` has: as Failed when that raises :class:`ServiceError`.
        """
        operation = self._new(target, action)
        status_url, result_url = self._urls(target, operation)
        properties = document["properties"]
        if action == "put" and target.kind.operation_in_properties:
            properties["properties"] = {**properties["properties"], "AzureAsyncOperationUri": status_url}
        state = "Creating" if target.old is None else _PENDING[action]
        pending = {**document, "properties": {**properties, "provisioningState": state}}
        if self.mode.mode == "instant" and operation["fate"] != STUCK and work is None:
            self._end(operation, target, document)
        else:
            documents.save(target, pending)
            self._running[target.id.lower()] = operation["id"]
            self._begin(operation, work)
            self._schedule(operation)
        self._save(operation)
        headers = {"x-ms-async-operation-timeout": _TIMEOUT}
        if self.mode.mode != "instant":
            headers["Retry-After"] = "1"
        if action == "put":
            headers["Azure-AsyncOperation"] = status_url
            return Reply(pending, 201 if target.old is None else 200, headers)
        headers["Location"] = result_url
        if target.kind.operations == "computeOperations":
            headers["Azure-AsyncOperation"] = status_url
        return Reply(None if action == "delete" else pending, 202, headers)

    def touch(self, resource_id: str) -> None:
        """A client looks at a resource: that counts as a poll of the operation on it."""
        operation_id = self._running.get(resource_id.lower())
        if operation_id is not None:
            self.poll(operation_id)

    def poll(self, operation_id: str) -> Document | None:
        """The operation as it is now; ends it when this is the poll to do so."""
        operation = self._emulator.store.get(operation_id)
        if operation is None or operation["status"] != "InProgress" or operation["fate"] == STUCK:
            return operation
        operation["polls"] -= 1
        if self._can_end(operation):
            self._complete(operation)
        elif operation["polls"] >= 0:
            self._save(operation)
        return operation

    def settle(self) -> None:
        """End the operations whose time has come, after the clock was moved."""
        for operation_id in list(self._timers):
            operation = self._emulator.store.get(operation_id)
            if operation is not None and operation["due"] <= self._emulator.clock.now():
                self._on_time(operation_id)

    def release(self) -> None:
        """Let the operations that a fault has stuck go on."""
        for operation_id in list(self._running.values()):
            operation = self._emulator.store.get(operation_id)
            if operation is not None and operation["fate"] == STUCK:
                operation["fate"] = ""
                self._save(operation)
                self._schedule(operation)

    def _new(self, target: Target, action: Action) -> Document:
        now = self._emulator.clock.now()
        name = str(uuid.uuid4())
        subscription, location = target.id.split("/")[2], self._location(target)
        return {
            "id": (
                f"/subscriptions/{subscription}/providers/{PROVIDER}/locations/{location}"
                f"/{target.kind.operations}Status/{name}"
            ),
            "name": name,
            "kind": target.kind.name,
            "target": target.id,
            "action": action,
            "status": "InProgress",
            "startTime": timestamp(now),
            "began": now,
            "due": now + (self.mode.seconds if self.mode.mode == "timed" else 0.0),
            "polls": self.mode.polls if self.mode.mode == "polls" else 0,
            "error": None,
            "fate": strikes_operation(self._emulator, action.upper(), target.id),
        }

    def _location(self, target: Target) -> str:
        if target.kind.name in {"workspaces", "registries"}:
            return str((target.old or {}).get("location") or "global")
        return target.region

    def _urls(self, target: Target, operation: Document) -> tuple[str, str]:
        status = self._emulator.urls.arm(operation["id"])
        result = status.replace(f"/{target.kind.operations}Status/", f"/{target.kind.operations}Results/")
        version = f"?api-version={target.api_version}"
        return status + version, result + version

    def _schedule(self, operation: Document) -> None:
        if operation["polls"] > 0 or operation["fate"] == STUCK:
            return
        delay = max(0.0, operation["due"] - self._emulator.clock.now())
        timer = asyncio.get_running_loop().call_later(delay, self._on_time, operation["id"])
        self._timers[operation["id"]] = timer

    def _on_time(self, operation_id: str) -> None:
        operation = self._emulator.store.get(operation_id)
        if operation is not None and operation["status"] == "InProgress" and not operation.get("working"):
            self._complete(operation)

    def _can_end(self, operation: Document) -> bool:
        due = operation["due"] <= self._emulator.clock.now()
        return due and operation["polls"] <= 0 and operation["fate"] != STUCK and not operation.get("working")

    def _begin(self, operation: Document, work: Work | None) -> None:
        """Let the kind's work begin, once the caller's transaction is through."""
        operation["working"] = work is not None
        if work is not None:
            task = asyncio.get_running_loop().create_task(self._carry(operation["id"], work))
            self._working[operation["id"]] = task

    def _resume(self, operation: Document) -> None:
        """Begin the work anew that an earlier process did not finish."""
        if operation.get("working"):
            target = documents.target_of(self._emulator, self._kinds[operation["kind"]], operation["target"])
            self._begin(operation, target.kind.work(target, operation["action"], target.old) if target.old else None)
            self._save(operation)

    async def _carry(self, operation_id: str, work: Work) -> None:
        """Do the work, note how it ended, and end the operation if nothing else is waited for."""
        error = None
        try:
            await work
        except ServiceError as failure:
            error = {"code": failure.code, "message": failure.message}
        except Exception as failure:  # noqa: BLE001 - an operation must never stay under way because of a fault here
            _LOG.exception("operation %s", operation_id)
            error = {"code": "InternalServerError", "message": f"{type(failure).__name__}: {failure}"}
        finally:
            del self._working[operation_id]
        operation = self._emulator.store.get(operation_id)
        if operation is None or operation["status"] != "InProgress":
            return
        operation.update(working=False, error=error)
        self._save(operation)
        if self._can_end(operation):
            self._complete(operation)

    def _complete(self, operation: Document) -> None:
        """End an operation that was under way: the resource and the operation change in one write."""
        timer = self._timers.pop(operation["id"], None)
        if timer is not None:
            timer.cancel()
        target = documents.target_of(self._emulator, self._kinds[operation["kind"]], operation["target"])
        with self._emulator.store.transaction():
            if target.old is None:
                operation.update(status="Canceled", endTime=self._emulator.clock.timestamp())
            else:
                properties = {**target.old["properties"], "provisioningState": "Succeeded"}
                self._end(operation, target, {**target.old, "properties": properties})
            self._save(operation)
        self._running.pop(operation["target"].lower(), None)

    def _end(self, operation: Document, target: Target, final: Document) -> None:
        error = operation["error"]
        if operation["fate"] == FAILED:
            error = {"code": "InternalServerError", "message": "This failure was asked for."}
        if error is not None:
            documents.save(target, {**final, "properties": {**final["properties"], "provisioningState": "Failed"}})
            operation.update(status="Failed", endTime=self._emulator.clock.timestamp(), error=error)
            return
        if operation["action"] == "delete":
            documents.remove(target, final)
        else:
            documents.finish(target, final)
        operation.update(status="Succeeded", endTime=self._emulator.clock.timestamp())

    def _save(self, operation: Document) -> None:
        self._emulator.store.put(operation["id"], KIND, "", operation)


def _status_id(call: Call) -> str:
    return call.path.replace("Results/", "Status/").replace("results/", "status/")


def _found(call: Call) -> Document:
    operation = call.emulator.operations.poll(_status_id(call))
    if operation is None:
        raise ServiceError(
            404, "OperationNotFound", f"There is no operation '{call.params['operation']}' in this location."
        )
    return operation


def _retry(operation: Document) -> dict[str, str]:
    return {"Retry-After": "1"} if operation["status"] == "InProgress" else {}


def _status(call: Call) -> Reply:
    operation = _found(call)
    shown: dict[str, Any] = {name: operation[name] for name in ("id", "name", "status", "startTime")}
    shown["endTime"] = operation.get("endTime")
    shown["percentComplete"] = 0.0 if operation["status"] == "InProgress" else 100.0
    if operation["error"]:
        shown["error"] = operation["error"]
    return Reply(shown, headers=_retry(operation))


def _result(call: Call) -> Reply:
    operation = _found(call)
    if operation["status"] == "InProgress":
        location = call.emulator.urls.arm(call.path) + f"?api-version={call.query['api-version']}"
        return Reply(None, 202, {**_retry(operation), "Location": location})
    if operation["error"]:
        raise ServiceError(400, operation["error"]["code"], operation["error"]["message"])
    resource = call.emulator.store.get(operation["target"])
    return Reply(None, 204) if operation["action"] == "delete" or resource is None else Reply(resource)


_LOCATION = f"/subscriptions/{{subscription}}/providers/{PROVIDER}/locations/{{location}}"

ROUTES = tuple(
    Route("GET", f"{_LOCATION}/{prefix}{suffix}/{{operation}}", handler, "arm", "operations")
    for prefix in ("mfeOperations", "computeOperations", "workspaceOperations")
    for suffix, handler in (("Status", _status), ("Results", _result))
)
