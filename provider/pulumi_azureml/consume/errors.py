"""What can go wrong while consuming an endpoint.

    ConsumeError
    ├── InputError          the input data or an option of the invocation cannot be used
    ├── StackError          the stack's outputs or configuration cannot be read
    ├── RowsError           the predictions do not have the expected columns
    ├── OutputError         the job has no output that could be downloaded
    ├── StorageError        the workspace's storage refused or did not answer
    ├── WatchTimeoutError   the job did not finish within the time given to ``watch``
    ├── WatchCancelledError ``watch`` was told to stop; the job goes on
    ├── WatchInterruptedError  Ctrl-C while a job was watched; the job goes on
    ├── ModelError          a real-time endpoint's model failed, or refused the request
    ├── JobFailedError      the job failed; ``failure`` says why
    └── JobCanceledError    the job was canceled

Refusals by the service itself are the ``ArmError`` tree of :mod:`pulumi_azureml.arm`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulumi_azureml.arm.errors import AzureMLError

if TYPE_CHECKING:
    from .failure import JobFailure
    from .jobs import BatchJob


class ConsumeError(AzureMLError):
    """Base of every error of this package; its text is complete alone."""


class InputError(ConsumeError):
    """The input data or an option of the invocation cannot be used. Nothing was submitted."""


class StackError(ConsumeError):
    """The stack's outputs or configuration cannot be read."""


class RowsError(ConsumeError):
    """The predictions do not have the expected columns. The file is left as the service wrote it."""


class OutputError(ConsumeError):
    """The job has no output that could be downloaded."""


class StorageError(ConsumeError):
    """The workspace's storage refused, or did not answer."""


class WatchError(ConsumeError):
    """Watching ended before the job did; the job goes on. ``job`` is its last known state."""

    def __init__(self, message: str, job: BatchJob) -> None:
        super().__init__(message)
        self.job = job


class WatchTimeoutError(WatchError):
    """The job did not finish within the time given to ``watch``."""


class WatchCancelledError(WatchError):
    """``watch`` was told to stop by its ``cancelled`` function."""


class WatchInterruptedError(ConsumeError):
    """The user pressed Ctrl-C while a job was watched; the job goes on."""

    def __init__(self, job: str) -> None:
        super().__init__(
            f"Stopped watching; job '{job}' goes on.\n"
            f"  watch it again: azureml-stack watch {job}\n"
            f"  stop it:        azureml-stack cancel {job}"
        )


class ModelError(ConsumeError):
    """The model behind a real-time endpoint failed, or refused the request; the service answered 424.

    Attributes:
        endpoint: the endpoint's name.
        deployment: the deployment that answered; empty when it is not known.
        status: what the model's own server answered; 0 when it is not known.
        reason: why the service gives up on it, such as ``model_error``.
        message: what the model's server said.
        request_id: the service's id of the request, which the deployment's log has too.
    """

    def __init__(
        self, *, endpoint: str, deployment: str, status: int, reason: str, message: str, request_id: str = ""
    ) -> None:
        self.endpoint, self.deployment, self.status = endpoint, deployment, status
        self.reason, self.message, self.request_id = reason, message, request_id
        log = f"az ml online-deployment get-logs --endpoint-name {endpoint} --name {deployment or 'DEPLOYMENT'}"
        lines = [
            f"The model of the endpoint '{endpoint}' failed: 424, and its own server answered "
            f"{status or 'nothing'} ({reason or 'no reason told'}): {message or 'no message'}",
            f"  deployment: {deployment or 'not told'}",
            *([f"  request id: {request_id}"] if request_id else []),
            f"  what to do: read the deployment's log for the traceback: {log}",
        ]
        super().__init__("\n".join(lines))

    def as_json(self) -> dict[str, Any]:
        """The facts, as ``--json`` shows them."""
        return {
            "endpoint": self.endpoint,
            "deployment": self.deployment,
            "model_status": self.status,
            "reason": self.reason,
            "model_message": self.message,
            "request_id": self.request_id,
        }


class JobCanceledError(ConsumeError):
    """The job was canceled before it completed."""

    def __init__(self, job: BatchJob) -> None:
        super().__init__(f"Job '{job.name}' was canceled; its output, if any, is not complete.")
        self.job = job


class JobFailedError(ConsumeError):
    """The job failed. ``failure`` has cause, file, line, traceback and the log; the text is its screen."""

    def __init__(self, job: BatchJob, failure: JobFailure) -> None:
        super().__init__(failure.screen())
        self.job = job
        self.failure = failure
