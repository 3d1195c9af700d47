"""The emulator's certificate authority, its servers' certificates, and the bundle that makes clients trust it."""

from __future__ import annotations

import ipaddress
import os
import ssl
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from azureml_emulator.files import write_atomic

_CA_DAYS = 3650
_SERVER_DAYS = 397
_RENEW_DAYS = 30
_BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")
_BUNDLE_MARK = b"\n\n# Azure ML emulator\n"
_HOSTS = 256
_PEM = serialization.Encoding.PEM


@dataclass(frozen=True)
class Certificates:
    """Paths of the PEM files: the authority's certificate, the server's chain and its private key."""

    authority: Path
    chain: Path
    key: Path


def ensure_certificates(folder: Path, names: Sequence[str], *, now: datetime | None = None) -> Certificates:
    """Certificates for these host names and addresses, made or renewed when needed.

    The authority stays the same while it is valid, so that clients which trust it go on doing so. Private
    keys have mode 0600.
    """
    now = now or datetime.now(UTC)
    files = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    authority_key = _key_of(files.authority)
    if not (authority_key.is_file() and _valid(files.authority, now)):
        _make_authority(files.authority, authority_key, now)
        files.chain.unlink(missing_ok=True)
    if not (files.key.is_file() and _valid(files.chain, now) and _covers(files.chain, names)):
        key = ec.generate_private_key(ec.SECP256R1())
        write_atomic(files.key, _private(key))
        write_atomic(files.chain, _issue(files.authority, key, names, now), mode=0o644)
    return files


def write_bundle(folder: Path, authority: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """Write ``ca-bundle.pem``: what the environment trusts already, and the emulator's authority.

    What is trusted already is the bundle that the environment names, else certifi's; in an environment that
    names this bundle, what it was made of before.
    """
    bundle = folder / "ca-bundle.pem"
    candidates = [Path(environment[name]) for name in _BUNDLE_VARIABLES if environment.get(name)]
    base = next((path for path in candidates if path.is_file()), Path(certifi.where()))
    trusted = base.read_bytes()
    if base == bundle:
        trusted = trusted.rpartition(_BUNDLE_MARK)[0]
    text = trusted.rstrip() + _BUNDLE_MARK + authority.read_bytes()
    if not bundle.is_file() or bundle.read_bytes() != text:
        write_atomic(bundle, text, mode=0o644)
    return bundle


class HostContexts:
    """TLS contexts for servers of any host name, each with a certificate that is made when it is first asked for.

    They share the server's private key; only its certificate differs.
    """

    def __init__(self, files: Certificates) -> None:
        self._files = files
        self.context = lru_cache(maxsize=_HOSTS)(self._make)
        """The context of a host name."""

    def _make(self, host: str) -> ssl.SSLContext:
        key = serialization.load_pem_private_key(self._files.key.read_bytes(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101 - this module wrote it
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        with tempfile.NamedTemporaryFile(dir=self._files.chain.parent, suffix=".pem") as chain:
            chain.write(_issue(self._files.authority, key, [host], datetime.now(UTC)))
            chain.flush()
            context.load_cert_chain(chain.name, self._files.key)
        return context


def _valid(path: Path, now: datetime) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        return False
    return certificate.not_valid_after_utc - timedelta(days=_RENEW_DAYS) > now


def _covers(path: Path, names: Sequence[str]) -> bool:
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return {_general_name(name) for name in names} <= set(extension.value)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _builder(subject: x509.Name, now: datetime, days: int) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=days))
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _make_authority(certificate_path: Path, key_path: Path, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Azure ML emulator (this machine only)")])
    certificate = (
        _builder(name, now, _CA_DAYS)
        .issuer_name(name)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    write_atomic(key_path, _private(key))
    write_atomic(certificate_path, certificate.public_bytes(_PEM), mode=0o644)


def _key_of(authority: Path) -> Path:
    return authority.with_suffix(".key")


def _issue(authority: Path, key: ec.EllipticCurvePrivateKey, names: Sequence[str], now: datetime) -> bytes:
    """The chain, in PEM, of a server's certificate that the authority signs."""
    issuer_key = serialization.load_pem_private_key(_key_of(authority).read_bytes(), password=None)
    assert isinstance(issuer_key, ec.EllipticCurvePrivateKey)  # noqa: S101 - this module wrote it
    issuer = x509.load_pem_x509_certificate(authority.read_bytes())
    issuer_id = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Azure ML emulator")])
    certificate = (
        _builder(subject, now, _SERVER_DAYS)
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_id), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    return certificate.public_bytes(_PEM) + issuer.public_bytes(_PEM)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
