"""Where a tunnel may lead, by the name of its host. Pure."""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from typing import Literal

from azureml_emulator.urls import place

EMULATED = (
    "management.azure.com, login.microsoftonline.com, *.blob.core.windows.net, *.api.azureml.ms and "
    "*.inference.ml.azure.com"
)
"""The host names that the emulator serves, for messages."""

HTTPS = 443

_CLOUD = (
    "azure.com", "azure.net", "azure.us", "azure.cn", "windows.net", "azureml.ms", "azureml.net", "azureml.us",
    "azurecr.io", "azurecr.us", "azurecr.cn", "azurewebsites.net", "azuredatabricks.net", "azuresynapse.net",
    "azure-api.net", "azure-devices.net", "azurefd.net", "cloudapp.net", "chinacloudapi.cn", "chinacloudapi.net",
    "usgovcloudapi.net", "cloudapi.de", "microsoftazure.de", "microsoftonline.com", "microsoftonline.us",
    "microsoftonline.de", "microsoftonline.cn", "microsoftonline-p.com", "login.windows-ppe.net",
    "login.microsoft.com", "graph.microsoft.com", "graph.microsoft.us", "login.live.com",
    "services.visualstudio.com",
)  # fmt: skip
"""Domains of Azure: what lies below them costs money, keeps data or signs people in. All public and sovereign clouds;
the last one takes the telemetry of Azure's clients."""

_NAME = re.compile(r"[a-z0-9_](?:[-a-z0-9_.]{0,251}[a-z0-9_])?")


@dataclass(frozen=True)
class Verdict:
    """What becomes of a tunnel to ``host``; ``why`` explains a refusal to whoever asked."""

    kind: Literal["emulated", "passed", "refused"]
    host: str
    port: int
    why: str = ""


class BadTargetError(ValueError):
    """The target of a CONNECT request is not ``host:port``."""


def judge(target: str) -> Verdict:
    """The verdict on the target of a CONNECT request, ``host:port``.

    Raises :class:`BadTargetError`.
    """
    host, port = _parse(target)
    if place(host) is not None:
        if port == HTTPS:
            return Verdict("emulated", host, port)
        return _refused(host, port, f"the emulator serves {host} on port {HTTPS} only, not on {port}")
    if any(host == domain or host.endswith(f".{domain}") for domain in _CLOUD):
        return _refused(
            host,
            port,
            f"{host} is a host of Azure that the emulator does not have. It serves {EMULATED}; to the rest of Azure "
            "it opens no way, so that nothing gets there by mistake. To reach this host, add it to NO_PROXY",
        )
    if host == "localhost" or host.endswith(".localhost") or _is_private_to_machine(host):
        return _refused(host, port, private(host))
    return Verdict("passed", host, port)


def private(host: str) -> str:
    """Why a host that is this machine, or only reachable from it, is refused."""
    return (
        f"{host} is this machine itself, or its own link. The proxy opens no way to services that listen on it; "
        "clients of this machine reach them without a proxy, with the host in NO_PROXY"
    )


def allowed(address: str) -> bool:
    """Whether a numeric address may be connected to: not the machine itself, its link, or a group."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return not (ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast)


def _is_private_to_machine(host: str) -> bool:
    """Whether a host is a numeric address that is not allowed, in any of the forms that resolvers take."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return False
    return not all(allowed(str(entry[4][0])) for entry in found)


def _refused(host: str, port: int, why: str) -> Verdict:
    return Verdict("refused", host, port, f"{why}.")


def _parse(target: str) -> tuple[str, int]:
    host, colon, port = target.rpartition(":")
    if not colon or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise BadTargetError(f"'{target}' is not 'host:port'")
    if host.startswith("[") and host.endswith("]"):
        try:
            return str(ipaddress.IPv6Address(host[1:-1])), int(port)
        except ValueError:
            raise BadTargetError(f"'{host}' is not an IPv6 address") from None
    name = host.lower().removesuffix(".")
    if not _NAME.fullmatch(name):
        raise BadTargetError(f"'{host}' is not the name of a host")
    return name, int(port)
