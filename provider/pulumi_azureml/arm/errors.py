"""What can go wrong with a request, and one form of message for all of it.

AzureMLError
├── ConfigError                 the configuration does not say enough, or contradicts itself
└── ArmError                    a request or an operation did not succeed
    ├── TransportError          no answer: connection, TLS, time-out
    ├── BadRequestError         400 and other 4xx
    ├── AuthenticationError     401, or no credential could be had
    ├── ForbiddenError          403
    ├── NotFoundError           404
    ├── ConflictError           409, 412
    ├── ThrottledError          429 after all retries
    ├── ServiceUnavailableError 5xx after all retries
    ├── OperationFailedError    a long-running operation ended Failed or Canceled
    └── OperationTimeoutError   a long-running operation did not end in time
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


class AzureMLError(Exception):
    """The root of every error that this package raises on purpose; its text is complete alone."""


class ConfigError(AzureMLError):
    """The stack's configuration or the environment is incomplete or wrong."""


class ArmError(AzureMLError):
    """A request that did not succeed.

    Attributes:
        operation: what was tried, in words, such as `create batch endpoint digits`.
        resource: ARM id or URL, without query (a query may carry a signature).
        status: HTTP status, or None when there was no answer.
        code: the service's error code, such as `UserError`.
        message: the service's message.
        request_id: the service's `x-ms-request-id`, which Microsoft's support asks for.
        hint: what to do next.
        headers: the answer's, by name without regard to case; none when there was no answer.
    """

    hint_default = ""

    def __init__(
        self,
        operation: str,
        resource: str,
        *,
        status: int | None = None,
        code: str = "",
        message: str = "",
        request_id: str = "",
        hint: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.headers = headers or {}
        self.operation = operation
        self.resource = resource.split("?", 1)[0]
        self.status = status
        self.code = code
        self.message = message
        self.request_id = request_id
        self.hint = hint or self.hint_default
        super().__init__(self._text())

    def advise(self, hint: str) -> None:
        """Say what to do next, in place of what the message says of it."""
        _, _, rest = str(self.args[0]).partition(self._text())
        self.hint = hint
        self.args = (self._text() + rest,)

    def add_consequence(self, text: str) -> None:
        """Add what the failure leaves behind to the message."""
        self.args = (f"{self.args[0]}\n  what is left: {text}",)

    def _text(self) -> str:
        answer = " ".join(part for part in (str(self.status or ""), self.code) if part)
        lines = [f"Cannot {self.operation}: {answer + ': ' if answer else ''}{self.message or 'no message'}"]
        lines.append(f"  resource: {self.resource}")
        if self.request_id:
            lines.append(f"  request id: {self.request_id}")
        if self.hint:
            lines.append(f"  what to do: {self.hint}")
        return "\n".join(lines)


class TransportError(ArmError):
    """There was no answer at all."""

    hint_default = (
        "for the local Azure ML, `azureml-emulator start` (`azureml-emulator status` says whether it runs); "
        "for Azure, check azureml:armEndpoint (or AZURE_AUTHORITY_HOST, for tokens) and the network. Where "
        "azureml:armEndpoint was changed since the last up: `pulumi destroy --run-program`, or `pulumi refresh "
        "--run-program`; without it they go to the address of that up."
    )

    @classmethod
    def untrusted(cls, operation: str, resource: str) -> TransportError:
        """Somebody answered whose certificate is from no authority that this machine trusts."""
        return cls(
            operation,
            resource,
            message="the server's certificate is not trusted",
            hint="set REQUESTS_CA_BUNDLE to the file with your authority's certificates; "
            'for the local Azure ML, `eval "$(azureml-emulator env)"` does.',
        )


class BadRequestError(ArmError):
    """The service refused the request as it stands."""


class AuthenticationError(ArmError):
    """No credential, or one that the service does not accept."""

    hint_default = (
        'for the local Azure ML, `eval "$(azureml-emulator env)"`; for Azure, `az login`, '
        "or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET."
    )


class ForbiddenError(ArmError):
    """The identity is known but may not do this."""

    hint_default = "give the identity the role `AzureML Data Scientist` (or Contributor) on the workspace."


class NotFoundError(ArmError):
    """What the request names does not exist."""


class ConflictError(ArmError):
    """The resource is in a state, or in hands, that does not allow this."""


class ThrottledError(ArmError):
    """The service still asked to slow down after every retry."""

    hint_default = "run the command again in a few minutes; what is done already is kept."


class ServiceUnavailableError(ArmError):
    """The service failed on its side, after every retry."""

    hint_default = "run the command again; if it persists, give the request id to the service's support."


class OperationFailedError(ArmError):
    """A long-running operation was accepted and ended in failure."""


class OperationTimeoutError(ArmError):
    """A long-running operation did not end in the time allowed; it may still be going on."""

    hint_default = "run the command again: what exists by then is recognised and taken over."


_BY_STATUS: Mapping[int, type[ArmError]] = {
    401: AuthenticationError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    412: ConflictError,
    429: ThrottledError,
}
_SERVER_ERROR = 500
_MISSING_SETTINGS = {"SubscriptionNotFound": "subscriptionId", "ResourceGroupNotFound": "resourceGroup"}


def error_from_answer(operation: str, resource: str, status: int, body: Any, headers: Mapping[str, str]) -> ArmError:
    """The error for an answer of 400 and above, in ARM's form `{error: {…}}` or the data plane's, unwrapped."""
    kind = _BY_STATUS.get(status, ServiceUnavailableError if status >= _SERVER_ERROR else BadRequestError)
    code, message = read_error(body)
    request_id = headers.get("x-ms-request-id", "") or headers.get("x-request-id", "")
    return kind(
        operation,
        resource,
        status=status,
        code=code,
        message=message,
        request_id=request_id,
        hint=_setting_hint(code, message, resource),
        headers=headers,
    )


def _setting_hint(code: str, message: str, resource: str) -> str:
    """What to do where not the resource is missing but what it lies in, which the stack's settings name.

    Resource Manager says so itself: "The Resource '{type}/{name}' under resource group '{group}' was not found."
    """
    setting = _MISSING_SETTINGS.get(code, "")
    named = re.match(r"The Resource '([^']+)'", message)
    if code == "ResourceNotFound" and named and f"/{named[1]}/".lower() in resource.lower():
        setting = "workspace"
    if not setting:
        return ""
    return f"name one that exists: `pulumi config set azureml:{setting} NAME`; `pulumi config` lists what is set."


def read_error(body: Any) -> tuple[str, str]:
    """Code and message of an error body; details follow the message, for they often hold the true cause."""
    if not isinstance(body, Mapping):
        return "", str(body or "").strip()[:2000]
    error = body.get("error") or body.get("Error") or body
    if not isinstance(error, Mapping):
        return "", str(error)
    fields = {str(key).lower(): value for key, value in error.items()}
    code, message = str(fields.get("code") or ""), str(fields.get("message") or "")
    details = fields.get("details") or []
    told = [text for _, text in map(read_error, details) if text and text not in message]
    return code, "; ".join([message, *told]) if told else message
