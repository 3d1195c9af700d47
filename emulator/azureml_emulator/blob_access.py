"""Who may do something with a blob, and the request that Azurite gets for it.

Azurite knows the account by its first key alone. Whoever else has shown that it may - with a signature by either key
over the path that it asked, or with a token of Microsoft Entra ID for Azure Storage - has its request signed anew
with that key, for the path inside. Shared access signatures are Azurite's to check and pass unchanged. Microsoft's
documentation: "Authorize with Shared Key", "Authorize with Microsoft Entra ID (REST API)".
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from starlette.types import Scope

from azureml_emulator import shared_key
from azureml_emulator.front import address_of
from azureml_emulator.http import ServiceError

if TYPE_CHECKING:
    from azureml_emulator.emulator import Emulator

Headers = list[tuple[bytes, bytes]]

STORAGE_RESOURCE = "https://storage.azure.com"
"""The resource that clients of blobs ask tokens for; Azure names it in every challenge."""

_OLDEST = b"2017-11-09"
"""The first version of the blob service that takes tokens."""


_DELEGATION = (
    "user delegation keys, and shared access signatures made with them (the emulator has account keys for these)"
)


def admit(emulator: Emulator, scope: Scope, path: bytes, headers: Headers) -> Headers:
    """The headers for Azurite's ``path``, of a request whose headers are ``headers``.

    Raises :class:`ServiceError` 401 or 403 in the blob service's words, and 501 for user delegation keys. A
    request with neither signature nor token passes as it is: Azurite looks at its shared access signature.
    """
    given = next((value for name, value in headers if name == b"authorization"), b"").decode("latin-1")
    scheme = given.partition(" ")[0].lower()
    storage, query = emulator.storage, scope["query_string"]
    _refuse_delegation(query)
    if scheme == "sharedkey":
        asked = urlsplit(address_of(scope)).path.encode("latin-1")
        request = shared_key.Signed(scope["method"], asked, query, scope["headers"])
        shared_key.check(request, given, storage.account_name, storage.account_keys)
    elif scheme == "bearer":
        _check_token(emulator, scope, given)
    else:
        return headers
    kept = [(name, value) for name, value in headers if name != b"authorization"]
    inside = shared_key.Signed(scope["method"], path, query, kept)
    return [*kept, (b"authorization", shared_key.sign(inside, storage.account_name, storage.account_key).encode())]


def _check_token(emulator: Emulator, scope: Scope, given: str) -> None:
    try:
        emulator.identity.check(given, "storage")
    except ServiceError as error:
        tenant = emulator.urls.tenant(emulator.identity.tenant_id)
        challenge = f"Bearer authorization_uri={tenant}/oauth2/authorize resource_id={STORAGE_RESOURCE}"
        raise ServiceError(
            401,
            "InvalidAuthenticationInfo",
            "Server failed to authenticate the request. Please refer to the information in the www-authenticate "
            f"header. {error.message}",
            headers={"WWW-Authenticate": challenge},
        ) from None
    if dict(scope["headers"]).get(b"x-ms-version", b"") < _OLDEST:
        raise ServiceError(
            403,
            "AuthenticationFailed",
            f"{shared_key.REFUSED} A token needs the header x-ms-version, with {_OLDEST.decode()} or later.",
        )


def _refuse_delegation(query: bytes) -> None:
    """Refuse what Azurite signs with a key that is published: it would open every container to everybody."""
    asked = {name.lower(): value.lower() for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True)}
    if "skoid" in asked or asked.get("comp") == "userdelegationkey":
        raise ServiceError(501, "NotImplemented", f"The emulator does not support {_DELEGATION}.")
