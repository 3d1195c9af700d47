"""Routes of the identity endpoint: discovery documents, signing keys, tokens."""

from __future__ import annotations

import base64
import binascii
import uuid
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

from azureml_emulator.http import Call, OAuthError, Reply, Route
from azureml_emulator.settings import MANAGED_ENDPOINT
from azureml_emulator.urls import LOGIN_HOST


def _refusal(call: Call, error: OAuthError) -> Reply:
    trace, correlation = str(uuid.uuid4()), call.headers.get("client-request-id") or str(uuid.uuid4())
    now = datetime.fromtimestamp(call.emulator.clock.now(), UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    body = {
        "error": error.error,
        "error_description": f"{error} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}",
        "error_codes": [error.number],
        "timestamp": now,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"https://{LOGIN_HOST}/error?code={error.number}",
    }
    return Reply(body, error.status)


def _configuration(call: Call) -> Reply:
    try:
        return Reply(call.emulator.identity.configuration(call.params["tenant"]))
    except OAuthError as error:
        return _refusal(call, error)


def _instance(call: Call) -> Reply:
    return Reply(call.emulator.identity.instance(urlsplit(call.address).netloc))


def _keys(call: Call) -> Reply:
    return Reply(call.emulator.identity.keys())


def _token(call: Call) -> Reply:
    form = call.body if isinstance(call.body, dict) else {}
    try:
        basic = _basic(call.headers.get("authorization", ""))
        origin = f"https://{urlsplit(call.address).netloc}"
        answer = call.emulator.identity.token(call.params["tenant"], form, origin, basic)
    except OAuthError as error:
        return _refusal(call, error)
    return Reply(answer, headers={"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"})


def _managed(call: Call) -> Reply:
    try:
        answer = call.emulator.identity.managed_token(call.headers.get("x-identity-header", ""), call.query)
    except OAuthError as error:
        return Reply({"statusCode": error.status, "message": str(error)}, error.status)
    return Reply(answer, headers={"Cache-Control": "no-store"})


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, separator, secret = base64.b64decode(value).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        separator = ""
    if not separator:
        raise OAuthError(400, "invalid_request", 9002313, "The 'Authorization' header is malformed.")
    return unquote(name), unquote(secret)


ROUTES = (
    Route("GET", "/{tenant}/v2.0/.well-known/openid-configuration", _configuration, "open", "openid"),
    Route("GET", "/{tenant}/.well-known/openid-configuration", _configuration, "open", "openid"),
    Route("GET", "/common/discovery/instance", _instance, "open", "openid"),
    Route("GET", "/{tenant}/discovery/v2.0/keys", _keys, "open", "openid"),
    Route("GET", "/{tenant}/discovery/keys", _keys, "open", "openid"),
    Route("POST", "/{tenant}/oauth2/v2.0/token", _token, "open", "token"),
    Route("POST", "/{tenant}/oauth2/token", _token, "open", "token"),
    Route("GET", MANAGED_ENDPOINT, _managed, "open", "token"),
)
