"""The ways to sign in to an emulator: what each needs is made in the home folder, and told as environment variables.

azure-identity's ``DefaultAzureCredential`` reads these variables, as it does on a developer's machine, in CI, in
Kubernetes and in App Service.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from azureml_emulator.files import read_or_create, write_atomic
from azureml_emulator.settings import (
    CERTIFICATES,
    CLIENT_ID,
    EXCHANGE_AUDIENCE,
    FEDERATED,
    MANAGED_ENDPOINT,
    MANAGED_HEADER,
    TENANT_ID,
)

_OWN = "own"
_DAYS = 397
_TOKEN_SECONDS = 24 * 3600
_ISSUER = "https://issuer.azureml-emulator.local"
_SUBJECT = "system:serviceaccount:default:azureml"


def variables(way: str, home: Path, origin: str) -> dict[str, str]:
    """The environment of one of :data:`WAYS`; makes and registers what it needs.

    ``origin`` is the emulator's address. Raises ``KeyError`` for a way that there is not.
    """
    return WAYS[way](home, origin)


def _secret(home: Path, _origin: str) -> dict[str, str]:
    return {**_principal(), "AZURE_CLIENT_SECRET": (home / "client.secret").read_text().strip()}


def _certificate(home: Path, _origin: str) -> dict[str, str]:
    """A certificate with its private key; the emulator registers the certificate alone."""
    place = home / "sign-in" / "client.pem"
    pem = read_or_create(place, new_certificate)
    certificate = x509.load_pem_x509_certificate(pem.encode())
    write_atomic(home / CERTIFICATES / f"{_OWN}.pem", certificate.public_bytes(serialization.Encoding.PEM))
    return {**_principal(), "AZURE_CLIENT_CERTIFICATE_PATH": str(place)}


def _workload(home: Path, _origin: str) -> dict[str, str]:
    """A token such as Kubernetes projects into a pod, good for a day, of an issuer made for it and trusted."""
    import jwt  # noqa: PLC0415 - the other ways need neither

    from azureml_emulator.application import FederatedCredential  # noqa: PLC0415

    key = _key(read_or_create(home / "sign-in" / "issuer.key", lambda: _private_pem(_new_key())))
    jwk = {**jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": _OWN, "use": "sig"}
    trusted = FederatedCredential(issuer=_ISSUER, subject=_SUBJECT, keys={"keys": [jwk]})
    write_atomic(home / FEDERATED / f"{_OWN}.json", trusted.model_dump_json(indent=2).encode())
    now = int(time.time())
    claims = {"iss": _ISSUER, "sub": _SUBJECT, "aud": [EXCHANGE_AUDIENCE], "iat": now, "exp": now + _TOKEN_SECONDS}
    place = home / "sign-in" / "federated.token"
    write_atomic(place, jwt.encode(claims, key, algorithm="RS256", headers={"kid": _OWN}).encode())
    return {**_principal(), "AZURE_FEDERATED_TOKEN_FILE": str(place)}


def _managed_identity(home: Path, origin: str) -> dict[str, str]:
    """What App Service gives to its processes."""
    secret = (home / MANAGED_HEADER).read_text().strip()
    return {"IDENTITY_ENDPOINT": f"{origin}{MANAGED_ENDPOINT}", "IDENTITY_HEADER": secret}


WAYS: Mapping[str, Callable[[Path, str], dict[str, str]]] = {
    "secret": _secret,
    "certificate": _certificate,
    "workload": _workload,
    "managed-identity": _managed_identity,
}
"""The ways by the names that ``azureml-emulator env --sign-in`` takes."""

VARIABLES = (
    "AZURE_TENANT_ID",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_FEDERATED_TOKEN_FILE",
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
)
"""What any of the ways sets: those of another way must not be set beside it."""


def _principal() -> dict[str, str]:
    return {"AZURE_TENANT_ID": TENANT_ID, "AZURE_CLIENT_ID": CLIENT_ID}


def new_certificate() -> str:
    """A private key and the certificate that it signed for itself, one PEM text."""
    key = _new_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Azure ML emulator: client")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=_DAYS))
        .sign(key, hashes.SHA256())
    )
    return _private_pem(key) + certificate.public_bytes(serialization.Encoding.PEM).decode()


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _key(pem: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)  # noqa: S101 - this module wrote it
    return key


def _private_pem(key: rsa.RSAPrivateKey) -> str:
    pem, pkcs8, plain = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(pem, pkcs8, plain).decode()
