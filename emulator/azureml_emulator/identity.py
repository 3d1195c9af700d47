"""Microsoft Entra ID on this machine: one tenant, one application, one managed identity; tokens and their checks.

The documents and error codes follow Microsoft's identity platform: OpenID Connect discovery, the OAuth 2.0
client credentials flow, and the managed identity endpoint of App Service.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from azureml_emulator.application import Application
from azureml_emulator.clock import Clock
from azureml_emulator.files import read_or_create
from azureml_emulator.http import OAuthError, ServiceError
from azureml_emulator.settings import CLIENT_ID, MANAGED_HEADER, MANAGED_ID, STORAGE_ACCOUNT, TENANT_ID
from azureml_emulator.urls import Urls

TOKEN_SECONDS = 3600
_CACHE = 4096

_AUDIENCES = {
    "arm": (
        "https://management.azure.com",
        "https://management.azure.com/",
        "https://management.core.windows.net",
        "https://management.core.windows.net/",
    ),
    "ml": ("https://ml.azure.com", "https://ml.azure.com/"),
    "storage": (
        "https://storage.azure.com",
        "https://storage.azure.com/",
        f"https://{STORAGE_ACCOUNT}.blob.core.windows.net",
    ),
}
"""Audiences that each side of the service takes, as it names them in its errors."""


class Identity:
    """Issues tokens to the emulator's application and managed identity, and checks them."""

    def __init__(self, home: Path, urls: Urls, clock: Clock) -> None:
        self._urls = urls
        self._clock = clock
        self.tenant_id = TENANT_ID
        self.client_id = CLIENT_ID
        self._application = Application(home, CLIENT_ID, TENANT_ID)
        self._managed_secret = read_or_create(home / MANAGED_HEADER, lambda: secrets.token_urlsafe(32))
        pem = read_or_create(home / "signing.key", _new_key)
        key = serialization.load_pem_private_key(pem.encode(), password=None)
        assert isinstance(key, rsa.RSAPrivateKey)  # noqa: S101 - this module wrote it
        self._key = key
        self._public = key.public_key()
        numbers = self._public.public_numbers()
        self._modulus = numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")
        self._exponent = numbers.e.to_bytes((numbers.e.bit_length() + 7) // 8, "big")
        self._key_id = hashlib.sha256(self._modulus).hexdigest()[:32]
        self._checked: dict[str, dict[str, Any]] = {}

    def __repr__(self) -> str:
        return f"Identity(tenant={self.tenant_id}, {self._application})"

    def configuration(self, tenant: str) -> dict[str, Any]:
        """The OpenID Connect discovery document of a tenant."""
        self._check_tenant(tenant)
        authority = self._urls.tenant(self.tenant_id)
        return {
            "token_endpoint": f"{authority}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": f"{authority}/discovery/v2.0/keys",
            "response_modes_supported": ["query"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["token"],
            "scopes_supported": [f"{side[0]}/.default" for side in _AUDIENCES.values()],
            "issuer": f"{authority}/v2.0",
            "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{authority}/oauth2/v2.0/devicecode",
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "appid", "tid", "oid", "ver"],
            "tenant_region_scope": None,
        }

    def instance(self, host: str) -> dict[str, Any]:
        """The instance discovery document, for clients that know the authority as ``host``."""
        tenant = self._urls.tenant(self.tenant_id)
        return {
            "tenant_discovery_endpoint": f"{tenant}/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
        }

    def keys(self) -> dict[str, Any]:
        """The public signing key as a JSON web key set."""
        return {
            "keys": [
                {
                    "kty": "RSA",
                    "use": "sig",
                    "alg": "RS256",
                    "kid": self._key_id,
                    "n": _base64url(self._modulus),
                    "e": _base64url(self._exponent),
                }
            ]
        }

    def token(
        self, tenant: str, form: Mapping[str, str], origin: str, basic: tuple[str, str] | None = None
    ) -> dict[str, Any]:
        """Answer a request of the client credentials flow that came to ``origin``; raises :class:`OAuthError`."""
        self._check_tenant(tenant)
        grant = form.get("grant_type", "")
        if grant != "client_credentials":
            raise OAuthError(
                400,
                "unsupported_grant_type",
                70003,
                f"The app requested an unsupported grant type '{grant}'. The emulator knows 'client_credentials'.",
            )
        how = self._application.prove(form, basic, audience=origin, now=self._clock.now())
        audience = _audience(form.get("scope", ""), form.get("resource", ""))
        answer = {"token_type": "Bearer", "expires_in": TOKEN_SECONDS, "ext_expires_in": TOKEN_SECONDS}
        return {**answer, "access_token": self.issue(audience, proved_by=how)}

    def managed_token(self, secret: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Answer a process that runs as the managed identity; raises :class:`OAuthError`.

        ``secret`` is the request's header ``X-IDENTITY-HEADER``, by which App Service knows its own processes.
        """
        if not hmac.compare_digest(secret.encode(), self._managed_secret.encode()):
            raise OAuthError(401, "unauthorized", 0, "The header X-IDENTITY-HEADER is not this process's secret.")
        asked = query.get("client_id", MANAGED_ID)
        if asked.lower() != MANAGED_ID:
            raise OAuthError(400, "invalid_client", 0, f"No managed identity has the client id '{asked}'.")
        audience = _audience("", query.get("resource", ""))
        token = self.issue(audience, client=MANAGED_ID, proved_by="2")
        ends = int(self._clock.now()) + TOKEN_SECONDS
        return {
            "access_token": token,
            "expires_on": str(ends),
            "resource": query["resource"],
            "token_type": "Bearer",
            "client_id": MANAGED_ID,
        }

    def issue(self, audience: str, *, client: str = CLIENT_ID, proved_by: str = "1") -> str:
        """Sign a token for an audience; ``proved_by`` is its claim ``appidacr``."""
        now = int(self._clock.now())
        claims = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{self.tenant_id}/",
            "iat": now,
            "nbf": now - 300,
            "exp": now + TOKEN_SECONDS,
            "appid": client,
            "appidacr": proved_by,
            "idtyp": "app",
            "oid": client,
            "sub": client,
            "tid": self.tenant_id,
            "uti": _base64url(uuid.uuid4().bytes),
            "ver": "1.0",
        }
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self._key_id})

    def check(self, authorization: str, side: str) -> Mapping[str, Any]:
        """The claims of an ``Authorization`` header for one side, ``arm``, ``ml`` or ``storage``.

        Raises :class:`ServiceError` 401 in the service's wording.
        """
        return self.check_audience(authorization, _AUDIENCES[side])

    def check_audience(self, authorization: str, allowed: tuple[str, ...]) -> Mapping[str, Any]:
        """The claims of an ``Authorization`` header whose token is for one of the allowed audiences; else 401."""
        scheme, _, token = authorization.partition(" ")
        if not authorization:
            raise self._refuse("AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
        if scheme.lower() != "bearer" or not token.strip():
            raise self._refuse(
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is provided in an invalid format.",
            )
        claims = self._claims(token.strip())
        if claims["aud"] not in allowed:
            names = ",".join(f"'{name}'" for name in allowed)
            raise self._refuse(
                "InvalidAuthenticationTokenAudience",
                f"The access token has been obtained for wrong audience or resource '{claims['aud']}'. It "
                f"should exactly match with one of the allowed audiences {names}.",
            )
        if claims["tid"] != self.tenant_id:
            raise self._refuse(
                "InvalidAuthenticationTokenTenant",
                f"The access token is from the wrong issuer '{claims['iss']}'. It must match the tenant "
                f"'https://sts.windows.net/{self.tenant_id}/' associated with this subscription.",
            )
        now = self._clock.now()
        if claims["exp"] <= now:
            raise self._refuse(
                "ExpiredAuthenticationToken",
                f"The access token expiry UTC time '{_utc(claims['exp'])}' is earlier than current UTC time "
                f"'{_utc(now)}'.",
            )
        return claims

    def _claims(self, token: str) -> dict[str, Any]:
        known = self._checked.get(token)
        if known is not None:
            return known
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._public,
                algorithms=["RS256"],
                options={"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
            if not all(name in claims for name in ("aud", "tid", "iss", "exp")):
                raise jwt.InvalidTokenError
        except jwt.InvalidTokenError:
            raise self._refuse(
                "InvalidAuthenticationToken",
                "The access token is invalid: it was not signed by this emulator. Get one from "
                f"{self._urls.tenant(self.tenant_id)}/oauth2/v2.0/token (see 'azureml-emulator env').",
            ) from None
        if len(self._checked) >= _CACHE:
            self._checked.clear()
        self._checked[token] = claims
        return claims

    def _refuse(self, code: str, message: str) -> ServiceError:
        challenge = (
            f'Bearer authorization_uri="{self._urls.tenant(self.tenant_id)}", error="invalid_token", '
            f'error_description="{message.splitlines()[0]}"'
        )
        return ServiceError(401, code, message, headers={"WWW-Authenticate": challenge})

    def _check_tenant(self, tenant: str) -> None:
        if tenant.lower() != self.tenant_id:
            raise OAuthError(
                400,
                "invalid_tenant",
                90002,
                f"Tenant '{tenant}' not found. The emulator has the tenant '{self.tenant_id}'.",
            )


def _audience(scope: str, resource: str) -> str:
    """The audience that a v2 ``scope`` (``{resource}/.default``) or a v1 ``resource`` asks for."""
    wanted = resource
    for item in scope.split():
        if item.endswith("/.default"):
            wanted = item.removesuffix("/.default")
    if not wanted:
        raise OAuthError(
            400,
            "invalid_scope",
            1002012,
            f"The provided value for scope '{scope}' is not valid; it ends in '/.default'.",
        )
    plain = wanted.rstrip("/")
    for side in _AUDIENCES.values():
        if plain in side:
            return side[0]
    raise OAuthError(
        400,
        "invalid_resource",
        500011,
        f"The resource principal named '{wanted}' was not found in the tenant. The emulator has "
        f"{', '.join(side[0] for side in _AUDIENCES.values())}.",
    )


def _new_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = serialization.Encoding.PEM
    return key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%m/%d/%Y %I:%M:%S %p")
