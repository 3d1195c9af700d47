"""The environment variables that lead clients to a running emulator, by either of its names."""

from __future__ import annotations

import os
from collections.abc import Mapping

from azureml_emulator.lifecycle import Running
from azureml_emulator.sign_in import variables as signed_in_by
from azureml_emulator.tls import write_bundle
from azureml_emulator.urls import ARM_HOST, LOGIN_HOST, place

_PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
_SAMPLES = (ARM_HOST, LOGIN_HOST, "a.blob.core.windows.net", "r.api.azureml.ms", "e.r.inference.ml.azure.com")
_LOOPBACK = ("127.0.0.1", "localhost")


def direct(running: Running, base: Mapping[str, str] = os.environ, *, sign_in: str = "secret") -> dict[str, str]:
    """The variables for clients that can be told other addresses than Azure's.

    Contains what ``azure-identity`` signs in with (one of :data:`azureml_emulator.sign_in.WAYS`), the certificate
    bundle for requests, httpx and curl (what ``base`` trusts, and the emulator), and the endpoint for Azure
    Resource Manager.
    """
    variables = {
        **_common(running, base, sign_in),
        "AZURE_AUTHORITY_HOST": running.origin,
        "AZUREML_ARM_ENDPOINT": running.origin,
    }
    if any(base.get(name) for name in _PROXIES):
        variables["NO_PROXY"] = variables["no_proxy"] = _no_proxy(_direct_hosts(base), _LOOPBACK)
    return variables


def real_names(running: Running, base: Mapping[str, str] = os.environ, *, sign_in: str = "secret") -> dict[str, str]:
    """The variables for every client, with no argument: Azure's own host names lead to the emulator.

    As :func:`direct`, with Azure's own endpoints, the emulator's proxy, and the bundle for Node too. Hosts that
    ``base`` has in NO_PROXY stay there, unless Azure's would be among them (:func:`dangerous`).
    """
    variables = {
        **_common(running, base, sign_in),
        "AZURE_AUTHORITY_HOST": f"https://{LOGIN_HOST}",
        "AZUREML_ARM_ENDPOINT": f"https://{ARM_HOST}",
        "HTTPS_PROXY": running.proxy,
        "https_proxy": running.proxy,
    }
    variables["NODE_EXTRA_CA_CERTS"] = variables["SSL_CERT_FILE"]
    kept = [name for name in _direct_hosts(base) if name not in dangerous(base)]
    variables["NO_PROXY"] = variables["no_proxy"] = _no_proxy(kept, (*_LOOPBACK, "::1"))
    return variables


def dangerous(base: Mapping[str, str] = os.environ) -> list[str]:
    """What NO_PROXY names that the emulator serves: clients would go to the real Azure for it."""
    return [name for name in _direct_hosts(base) if _covers_azure(name.lower().lstrip("*").lstrip("."))]


def _common(running: Running, base: Mapping[str, str], sign_in: str) -> dict[str, str]:
    tls = running.home / "tls"
    bundle = str(write_bundle(tls, tls / "ca.pem", base))
    return {
        **signed_in_by(sign_in, running.home, running.origin),
        "REQUESTS_CA_BUNDLE": bundle,
        "SSL_CERT_FILE": bundle,
        "CURL_CA_BUNDLE": bundle,
    }


def _direct_hosts(base: Mapping[str, str]) -> list[str]:
    names = base.get("NO_PROXY", base.get("no_proxy", "")).split(",")
    return [name.strip() for name in names if name.strip()]


def _no_proxy(names: list[str], more: tuple[str, ...]) -> str:
    return ",".join(dict.fromkeys([*names, *more]))


def _covers_azure(name: str) -> bool:
    return not name or place(name) is not None or any(f".{sample}".endswith(f".{name}") for sample in _SAMPLES)
