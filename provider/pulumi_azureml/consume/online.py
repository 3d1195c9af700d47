"""Score with a real-time endpoint, and manage the keys that its callers sign in with.

client = OnlineClient.from_settings(settings)
answer = client.score("digits", {"data": [[0.1, 0.2]]})
print(answer.body, "from", answer.deployment)
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pulumi_azureml.arm import ArmClient, ArmError, Patience

from .errors import ConsumeError, InputError, ModelError
from .online_endpoint import OnlineEndpoint, find_endpoint

if TYPE_CHECKING:
    from pulumi_azureml.arm import Answer, Settings

KeyName = Literal["primary", "secondary"]
KEY_NAMES: tuple[KeyName, ...] = ("primary", "secondary")

_KEY, _AML_TOKEN = "key", "amltoken"
_UNAUTHORIZED, _NOT_FOUND, _TIMED_OUT, _MODEL_FAILED, _TOO_MANY, _NOT_THERE = 401, 404, 408, 424, 429, 503
_DEPLOYMENT = "azureml-model-deployment"
_MODEL_STATUS, _MODEL_REASON = "ms-azureml-model-error-statuscode", "ms-azureml-model-error-reason"
# A model may take three minutes (`requestSettings.requestTimeout`). What took too long once would again, and what
# the model's own code refused it would refuse again: only "too many" and "not there just now" are worth another try.
_PATIENCE = Patience(frozenset({_TOO_MANY, _NOT_THERE}), seconds=190.0)


@dataclass(frozen=True)
class EndpointKeys:
    """The two keys of an endpoint, of which either opens it. They are secrets, and left out of the ``repr``."""

    primary: str = field(repr=False)
    secondary: str = field(repr=False)


@dataclass(frozen=True)
class EndpointToken:
    """A token for an endpoint of the auth mode ``AMLToken``, and when it expires (seconds since 1970, UTC)."""

    token: str = field(repr=False)
    expires: float


@dataclass(frozen=True)
class Scored:
    """An answer: parsed JSON (a text where the model answers something else), and the deployment that gave it."""

    body: Any
    deployment: str


class OnlineClient:
    """The real-time endpoints of one workspace. Safe to share between threads.

    Keys and tokens are read from the workspace when they are first needed and kept in memory alone; one that the
    endpoint refuses is read once more, so that a regenerated key or an expired token does not stop a long program.
    """

    def __init__(self, client: ArmClient) -> None:
        self._client = client
        self._found: dict[str, OnlineEndpoint] = {}
        self._secrets: dict[str, str] = {}
        self._lock = threading.Lock()

    @classmethod
    def from_settings(cls, settings: Settings) -> OnlineClient:
        """A client that signs in with azure-identity's ``DefaultAzureCredential``."""
        return cls(ArmClient.from_settings(settings))

    def score(self, endpoint: str, body: Any, *, deployment: str | None = None) -> Scored:
        """Send a request to the model and return its answer.

        Repeated after 429 and 503, at the pace that ``Retry-After`` tells, and after a connection that breaks: so
        a scoring script must not mind to be asked twice.

        Args:
            endpoint: its name, or its scoring URI.
            body: what is sent as JSON.
            deployment: which deployment answers; the endpoint's traffic decides when ``None``.

        Raises:
            InputError: the body is no JSON, or does not fit what the endpoint's OpenAPI document says of it.
            StackError: there is no such endpoint.
            ModelError: the model's own code failed, or refused the body (the service's status 424).
            ArmError: the service refused.
        """
        data = _sendable(body)
        found = self.find(endpoint)
        try:
            answer = self._authorized("POST", found, found.scoring_uri, data, deployment, _PATIENCE)
        except ArmError as error:
            if (better := self._explained(found, body, deployment, error)) is not None:
                raise better from error
            raise
        return Scored(answer.body, answer.headers.get(_DEPLOYMENT, deployment or ""))

    def find(self, endpoint: str) -> OnlineEndpoint:
        """The endpoint of a name or of a scoring URI; asked for once.

        Raises:
            StackError: the workspace has none.
        """
        known = self._found.get(endpoint)
        if known is None:
            known = self._found[endpoint] = find_endpoint(self._client, endpoint)
        return known

    def keys(self, endpoint: str) -> EndpointKeys:
        """The endpoint's keys.

        Raises:
            InputError: its callers do not sign in with keys.
        """
        found = self._with_mode(endpoint, _KEY)
        body = self._client.request("POST", f"{found.id}/listKeys", operation=f"read the keys of {found.name}").body
        return EndpointKeys(str(body["primaryKey"]), str(body["secondaryKey"]))

    def regenerate_key(self, endpoint: str, key: KeyName) -> None:
        """Put a new key in the place of one, which opens nothing from then on.

        Raises:
            InputError: the endpoint's callers do not sign in with keys.
        """
        found = self._with_mode(endpoint, _KEY)
        self._client.request(
            "POST",
            f"{found.id}/regenerateKeys",
            json={"keyType": key.capitalize()},
            operation=f"regenerate the {key} key of {found.name}",
        )

    def token(self, endpoint: str) -> EndpointToken:
        """A token for the endpoint.

        Raises:
            InputError: its callers do not sign in with Azure Machine Learning's tokens.
        """
        found = self._with_mode(endpoint, _AML_TOKEN)
        body = self._client.request("POST", f"{found.id}/token", operation=f"get a token for {found.name}").body
        return EndpointToken(str(body["accessToken"]), float(body["expiryTimeUtc"]))

    def logs(self, endpoint: str, deployment: str, *, lines: int | None = None) -> str:
        """The end of a deployment's log: what its scoring script printed, and the tracebacks of its failures."""
        found = self.find(endpoint)
        body = self._client.request(
            "POST",
            f"{found.id}/deployments/{deployment}/getLogs",
            json={"containerType": "InferenceServer", "tail": lines},
            operation=f"read the logs of deployment {deployment}",
        ).body
        return str((body or {}).get("content") or "")

    # -- signing in ----------------------------------------------------------------------------------------

    def _with_mode(self, endpoint: str, mode: str) -> OnlineEndpoint:
        found = self.find(endpoint)
        if found.auth_mode == mode:
            return found
        ways = {_KEY: "keys", _AML_TOKEN: "tokens of Azure Machine Learning"}
        raise InputError(
            f"Callers of the endpoint '{found.name}' do not sign in with {ways[mode]} but with "
            f"{ways.get(found.auth_mode, 'tokens of Microsoft Entra ID')}: its auth_mode is {found.auth_mode}."
        )

    def _secret(self, found: OnlineEndpoint) -> str:
        with self._lock:
            if found.id not in self._secrets:
                known = self.keys(found.name).primary if found.auth_mode == _KEY else self.token(found.name).token
                self._secrets[found.id] = known
            return self._secrets[found.id]

    def _authorized(
        self, method: str, found: OnlineEndpoint, url: str, body: Any, deployment: str | None, patience: Patience
    ) -> Answer:
        """A request with what the endpoint asks for; a key or a token that it refuses is read once more."""
        headers = {_DEPLOYMENT: deployment} if deployment else {}
        operation = f"score with the endpoint {found.name}" if method == "POST" else f"read {url}"
        if found.auth_mode not in {_KEY, _AML_TOKEN}:
            return self._client.request(
                method, url, json=body, headers=headers, audience="ml", operation=operation, patience=patience
            )
        renewed = False
        while True:
            secret = self._secret(found)
            try:
                return self._client.request(
                    method,
                    url,
                    json=body,
                    headers={**headers, "Authorization": f"Bearer {secret}"},
                    audience="none",
                    operation=operation,
                    patience=patience,
                )
            except ArmError as error:
                if error.status != _UNAUTHORIZED or renewed:
                    raise
            renewed = True
            with self._lock:
                if self._secrets.get(found.id) == secret:
                    del self._secrets[found.id]

    # -- what went wrong -----------------------------------------------------------------------------------

    def _explained(
        self, found: OnlineEndpoint, body: Any, deployment: str | None, error: ArmError
    ) -> ConsumeError | None:
        """What a refusal means, where it means more than it says; else what to do is added to it."""
        if error.status == _MODEL_FAILED:
            if misfits := self._misfits(found, body, deployment):
                return InputError(
                    f"The body does not fit what the endpoint '{found.name}' takes:\n  - " + "\n  - ".join(misfits)
                )
            return _model_error(found, deployment, error)
        hint = {
            _UNAUTHORIZED: "callers sign in by its auth_mode, " + found.auth_mode + "; check that it was not changed "
            "just now, and your role in the workspace.",
            _NOT_FOUND: "give one of its deployments traffic (the resource Traffic), or name one with --deployment.",
            _TIMED_OUT: "send less at a time, or raise request_settings.request_timeout of the deployment.",
            _TOO_MANY: "raise the deployment's instance_count or max_concurrent_requests_per_instance.",
        }.get(error.status or 0)
        if hint is not None:
            error.advise(hint)
        return None

    def _misfits(self, found: OnlineEndpoint, body: Any, deployment: str | None) -> list[str]:
        """What of the body does not fit the endpoint's document; nothing where the document cannot be read."""
        from azureml_codegen import DocumentError, misfits, read_real_time  # noqa: PLC0415 - loads jinja2

        try:
            url = f"{found.swagger_uri}?version=3"
            document = self._authorized("GET", found, url, None, deployment, Patience(frozenset())).body
            return list(misfits(body, read_real_time(document).request))
        except (ArmError, DocumentError, TypeError, AttributeError):
            return []


def _sendable(body: Any) -> Any:
    try:
        json.dumps(body, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputError(f"The body cannot be sent as JSON: {error}.") from None
    return body


def _model_error(found: OnlineEndpoint, deployment: str | None, error: ArmError) -> ModelError:
    headers = error.headers
    status = headers.get(_MODEL_STATUS, "")
    return ModelError(
        endpoint=found.name,
        deployment=headers.get(_DEPLOYMENT) or deployment or "",
        status=int(status) if status.isdecimal() else 0,
        reason=headers.get(_MODEL_REASON, ""),
        message=error.message,
        request_id=error.request_id,
    )
