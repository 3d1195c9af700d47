"""Who may score: an online endpoint's keys and tokens, given out over ARM and checked on every request.

Keys are kept beside the endpoint's document, never in it. The texts of refusals are the service's where they
are known (``key_auth_access_denied``).
"""

from __future__ import annotations

import hmac
import secrets
import string
from typing import TYPE_CHECKING, Annotated, Any

from azureml_emulator.arm import errors
from azureml_emulator.arm.schema import Body, choice
from azureml_emulator.http import Call, Reply, ServiceError
from azureml_emulator.identity import TOKEN_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azureml_emulator.arm.kind import Target
    from azureml_emulator.emulator import Emulator
    from azureml_emulator.store import Document

_KIND = "endpointKeys"
_KEY_LENGTH = 32
_ALPHABET = string.ascii_letters + string.digits
_NAMES = ("primaryKey", "secondaryKey")


class RegenerateBody(Body):
    """The body of ``regenerateKeys``."""

    key_type: Annotated[str, choice("Primary", "Secondary")]
    key_value: str | None = None


def make_keys(target: Target, given: Mapping[str, str | None]) -> None:
    """Give a new endpoint its keys: those that it is created with, else new ones."""
    keys = {name: given.get(name) or _new_key() for name in _NAMES}
    target.emulator.store.put(_keys_id(target.id), _KIND, "", keys)


def keys_of(emulator: Emulator, endpoint_id: str) -> Document:
    """The keys of an endpoint: ``primaryKey`` and ``secondaryKey``."""
    return emulator.store.get(_keys_id(endpoint_id)) or {}


def list_keys(call: Call, target: Target) -> Reply:
    """``POST listKeys``: the keys of an endpoint whose callers sign in with one."""
    _check_mode(target, "Key", "keys")
    return Reply(keys_of(call.emulator, target.id))


def regenerate_keys(call: Call, target: Target) -> Reply:
    """``POST regenerateKeys``: put another key in the place of one.

    The official client sends the present key as ``keyValue``: that asks for a new one, as without a value.
    """
    _check_mode(target, "Key", "keys")
    asked = RegenerateBody.read(call.body)
    keys = keys_of(call.emulator, target.id)
    name = "primaryKey" if asked.key_type == "Primary" else "secondaryKey"
    changed = asked.key_value if asked.key_value not in {None, "", keys[name]} else _new_key()
    call.emulator.store.put(_keys_id(target.id), _KIND, "", {**keys, name: changed})
    call.emulator.online.forget(target.id)
    return Reply(None, 200)


def token(call: Call, target: Target) -> Reply:
    """``POST token``: a token for an endpoint whose callers sign in with Azure Machine Learning's own tokens."""
    _check_mode(target, "AMLToken", "Azure Machine Learning tokens")
    now = int(call.emulator.clock.now())
    return Reply(
        {
            "accessToken": call.emulator.identity.issue(_audience(target.id)),
            "tokenType": "Bearer",
            "expiryTimeUtc": now + TOKEN_SECONDS,
            "refreshAfterTimeUtc": now + TOKEN_SECONDS // 2,
        }
    )


def check(emulator: Emulator, endpoint: Document, keys: Mapping[str, Any], authorization: str) -> None:
    """Refuse a request that does not hold what the endpoint asks for.

    Raises:
        ServiceError: 401; its message is the body of the answer.
    """
    mode = endpoint["properties"]["authMode"]
    if mode == "AADToken":
        emulator.identity.check(authorization, "ml")
    elif mode == "AMLToken":
        emulator.identity.check_audience(authorization, (_audience(endpoint["id"]),))
    else:
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise ServiceError(401, "Unauthorized", "key_auth_bad_header_forbidden")
        # Both are compared, whatever the first one gives: the time that it takes must not tell which.
        fits = [hmac.compare_digest(key.strip().encode(), str(keys[name]).encode()) for name in _NAMES]
        if not any(fits):
            raise ServiceError(401, "Unauthorized", "key_auth_access_denied")


def bearer(emulator: Emulator, endpoint: Document) -> str:
    """What a caller of an endpoint signs in with: its primary key, or a new token, as its ``authMode`` asks."""
    mode = endpoint["properties"]["authMode"]
    if mode == "AADToken":
        return emulator.identity.issue("https://ml.azure.com")
    if mode == "AMLToken":
        return emulator.identity.issue(_audience(endpoint["id"]))
    return str(keys_of(emulator, endpoint["id"])["primaryKey"])


def _check_mode(target: Target, mode: str, what: str) -> None:
    have = (target.old or {})["properties"]["authMode"]
    if have != mode:
        raise errors.user_error(
            f"The endpoint '{target.name}' does not use {what} for authentication: its authMode is {have}.",
            "properties.authMode",
        )


def _audience(endpoint_id: str) -> str:
    return f"https://ml.azure.com{endpoint_id.lower()}"


def _keys_id(endpoint_id: str) -> str:
    return f"{endpoint_id}/keys"


def _new_key() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_KEY_LENGTH))
