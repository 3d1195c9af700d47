"""The application that clients sign in as, and how they prove it: a secret, a certificate, a federated token.

What proves it is registered in the emulator's home folder, as an application's credentials are in Microsoft
Entra ID:

- ``client.secret``: the secret;
- ``certificates/*.pem``: X.509 certificates whose private key may sign client assertions;
- ``federated/*.json``: trusted issuers of tokens (`FederatedCredential`).

Assertions follow RFC 7523 and Microsoft's "certificate credentials" and "workload identity federation"; refusals
bear Entra's error numbers.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import BaseModel, ConfigDict, Field

from azureml_emulator.files import read_or_create
from azureml_emulator.http import OAuthError
from azureml_emulator.settings import CERTIFICATES, EXCHANGE_AUDIENCE, FEDERATED

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

_ALGORITHMS = ["RS256", "PS256"]
_SKEW = 300.0  # seconds that two clocks may be apart
# Times are checked against the emulator's clock, audiences by their own rules.
_UNCHECKED: jwt.types.Options = {
    "verify_aud": False,
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
}


class FederatedCredential(BaseModel):
    """A trusted issuer of tokens: one file of the folder ``federated``.

    ``keys`` is the issuer's JSON web key set, which Entra fetches from the issuer's own address.
    """

    model_config = ConfigDict(extra="forbid")

    issuer: str
    subject: str
    audiences: list[str] = Field(default=[EXCHANGE_AUDIENCE], min_length=1)
    keys: dict[str, Any]


class Application:
    """One registered application, the emulator's service principal."""

    def __init__(self, home: Path, client_id: str, tenant_id: str) -> None:
        self.client_id = client_id
        self.secret = read_or_create(home / "client.secret", lambda: secrets.token_urlsafe(32))
        self._tenant_id = tenant_id
        self._home = home

    def __repr__(self) -> str:
        return f"Application({self.client_id})"

    def prove(self, form: Mapping[str, str], basic: tuple[str, str] | None, *, audience: str, now: float) -> str:
        """Check that a token request is the application's; how it proved it, as the claim ``appidacr`` tells.

        ``audience`` is the origin of the token endpoint, ``now`` the time in seconds since 1970.
        Raises :class:`OAuthError`.
        """
        client_id, secret = basic or (form.get("client_id", ""), form.get("client_secret", ""))
        if client_id.lower() != self.client_id:
            raise OAuthError(
                400,
                "unauthorized_client",
                700016,
                f"Application with identifier '{client_id}' was not found in the directory "
                f"'{self._tenant_id}'. The emulator has the application '{self.client_id}'.",
            )
        if secret:
            self._check_secret(secret)
            return "1"
        if assertion := form.get("client_assertion", ""):
            self._check_assertion(assertion, form.get("client_assertion_type", ""), audience, now)
            return "2"
        raise _invalid(
            7000216,
            "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
        )

    def _check_secret(self, secret: str) -> None:
        if not hmac.compare_digest(secret.encode(), self.secret.encode()):
            raise _invalid(
                7000215,
                f"Invalid client secret provided for app '{self.client_id}'. 'azureml-emulator env' prints the right "
                "one.",
            )

    def _check_assertion(self, assertion: str, kind: str, audience: str, now: float) -> None:
        if kind != ASSERTION_TYPE:
            raise OAuthError(400, "invalid_request", 900144, f"'client_assertion_type' must be '{ASSERTION_TYPE}'.")
        try:
            header = jwt.get_unverified_header(assertion)
            claims: dict[str, Any] = jwt.decode(assertion, options={"verify_signature": False})
        except jwt.InvalidTokenError:
            raise _invalid(50027, "JWT token is invalid or malformed.") from None
        if claims.get("iss") == self.client_id:
            self._check_own(assertion, header, claims, audience)
        else:
            self._check_federated(assertion, header, claims)
        begins, ends = (claims.get(name) for name in ("nbf", "exp"))
        if not isinstance(ends, int | float) or not (begins or 0) - _SKEW <= now <= ends + _SKEW:
            raise _invalid(700024, f"Client assertion is not within its valid time range. Current time: {now:.0f}.")

    def _check_own(self, assertion: str, header: Mapping[str, Any], claims: Mapping[str, Any], audience: str) -> None:
        """An assertion that the application signed itself, with the key of a registered certificate."""
        if claims.get("sub") != self.client_id:
            raise _invalid(700021, "Client assertion application identifier doesn't match 'client_id' parameter.")
        certificate = next((found for found in self._certificates() if _is_meant(header, found)), None)
        if certificate is None:
            raise _invalid(
                700027,
                "The certificate with identifier used to sign the client assertion is not registered on application. "
                f"[Reason - The key was not found.] The emulator's certificates are in '{self._home / CERTIFICATES}'.",
            )
        _verify(assertion, certificate.public_key())
        # Every address of this tenant's token endpoint is an audience, as in Entra; another host's is not.
        if not str(claims.get("aud", "")).startswith(f"{audience}/"):
            raise _invalid(700023, f"Client assertion audience claim does not match Realm issuer '{audience}'.")

    def _check_federated(self, assertion: str, header: Mapping[str, Any], claims: Mapping[str, Any]) -> None:
        """A token of a trusted issuer about a subject that may sign in as the application."""
        told = claims.get("aud", [])
        audiences = {told} if isinstance(told, str) else set(told)
        trusted = list(self._federated())
        for number, what, fits in (
            (700211, f"issuer '{claims.get('iss')}'", lambda one: one.issuer == claims.get("iss")),
            (700213, f"subject '{claims.get('sub')}'", lambda one: one.subject == claims.get("sub")),
            (700212, f"audience '{', '.join(sorted(audiences))}'", lambda one: audiences & set(one.audiences)),
        ):
            trusted = [one for one in trusted if fits(one)]
            if not trusted:
                raise _invalid(
                    number,
                    f"No matching federated identity record found for presented assertion {what}. Check your federated "
                    "identity credential Subject, Audience and Issuer against the presented assertion. The emulator's "
                    f"are in '{self._home / FEDERATED}'.",
                )
        keys = {key.key_id: key for one in trusted for key in jwt.PyJWKSet.from_dict(one.keys).keys}
        if header.get("kid") not in keys:
            raise _invalid(50027, "JWT token is invalid or malformed: its issuer has no key of its identifier.")
        _verify(assertion, keys[header["kid"]])

    def _certificates(self) -> Iterator[x509.Certificate]:
        for path in sorted((self._home / CERTIFICATES).glob("*.pem")):
            yield x509.load_pem_x509_certificate(path.read_bytes())

    def _federated(self) -> Iterator[FederatedCredential]:
        for path in sorted((self._home / FEDERATED).glob("*.json")):
            yield FederatedCredential.model_validate_json(path.read_bytes())


def _verify(assertion: str, key: Any) -> None:
    try:
        jwt.decode(assertion, key, algorithms=_ALGORITHMS, options=_UNCHECKED)
    except jwt.InvalidTokenError:
        raise _invalid(50013, "Assertion failed signature validation.") from None


def _is_meant(header: Mapping[str, Any], certificate: x509.Certificate) -> bool:
    """Whether an assertion's header names this certificate, by the SHA-256 or the SHA-1 of its DER form."""
    der = certificate.public_bytes(Encoding.DER)
    prints = {"x5t#S256": hashlib.sha256(der), "x5t": hashlib.sha1(der, usedforsecurity=False)}
    return any(str(header.get(name, "")).rstrip("=") == _base64url(value.digest()) for name, value in prints.items())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _invalid(number: int, text: str) -> OAuthError:
    return OAuthError(401, "invalid_client", number, text)
