"""The proxy: which names lead to the emulator, which are refused, and which lead outside."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import ssl
from pathlib import Path

import psutil
import pytest
import requests
from arm_client import API_VERSION, Arm
from tunnels import connect, request, send, tls_server, upstream_proxy

from azureml_emulator.proxy.upstream import Dialer, DialError
from azureml_emulator.testing import emulator

NAMES = (
    "management.azure.com",
    "login.microsoftonline.com",
    "amlemulator.blob.core.windows.net",
    "an-endpoint.westeurope.inference.ml.azure.com",
    "eastus.api.azureml.ms",
    "0f1a.workspace.eastus.api.azureml.ms",
)
AZURE = (
    "graph.microsoft.com",
    "vault.azure.net",
    "my-vault.vault.azure.net",
    "amlemulator.file.core.windows.net",
    "amlemulator.dfs.core.windows.net",
    "ml.azure.com",
    "an-endpoint.eastus.inference.ml.azure.us",
    "management.usgovcloudapi.net",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "management.core.windows.net",
    "myregistry.azurecr.io",
    "eastus-8.in.applicationinsights.azure.com",
    "portal.azure.com",
)
HERE = (
    "127.0.0.1", "localhost", "LOCALHOST.", "a.localhost", "127.1", "2130706433", "0x7f.0.0.1", "0.0.0.0",
    "[::1]", "[::ffff:127.0.0.1]", "[::]", "169.254.169.254", "[fe80::1]",
)  # fmt: skip


@pytest.fixture(scope="module")
def proxy(arm: Arm) -> str:
    return str(arm.emulator.real_names["HTTPS_PROXY"])


def tunnels(arm: Arm) -> dict[str, dict[str, int]]:
    return arm.emulator.control("GET", "/_emulator/requests")["tunnels"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_azure_leads_to_the_emulator_with_a_certificate_for_it(arm: Arm, proxy: str, name: str) -> None:
    connection, status, _ = connect(proxy, f"{name}:443")
    assert status.startswith("HTTP/1.1 200 ")
    answer, certificate = request(connection, name, arm.emulator.home / "tls" / "ca.pem", "/nothing?api-version=1")
    assert re.match(rb"HTTP/1.1 40[0134] ", answer)
    assert certificate["subjectAltName"] == (("DNS", name),)


def test_the_certificates_are_not_trusted_by_clients_that_were_not_told(proxy: str) -> None:
    connection, _, _ = connect(proxy, "management.azure.com:443")
    with pytest.raises(ssl.SSLCertVerificationError):
        ssl.create_default_context().wrap_socket(connection, server_hostname="management.azure.com")


def test_a_tunnel_to_one_name_has_no_certificate_for_another(arm: Arm, proxy: str) -> None:
    connection, _, _ = connect(proxy, "management.azure.com:443")
    with pytest.raises(ssl.SSLCertVerificationError, match=r"login\.microsoftonline\.com"):
        request(connection, "login.microsoftonline.com", arm.emulator.home / "tls" / "ca.pem")


@pytest.mark.parametrize("target", ["Management.Azure.COM:443", "management.azure.com.:443"])
def test_names_match_in_every_spelling(proxy: str, target: str) -> None:
    assert connect(proxy, target)[1].startswith("HTTP/1.1 200 ")


@pytest.mark.parametrize("name", [*AZURE, "GRAPH.Microsoft.com", "graph.microsoft.com."])
def test_other_hosts_of_azure_are_refused_by_name(arm: Arm, proxy: str, name: str) -> None:
    plain = name.lower().rstrip(".")
    before = tunnels(arm).get("refused", {}).get(plain, 0)
    _, status, body = connect(proxy, f"{name}:443")
    assert status == f"HTTP/1.1 403 {plain} is a host of Azure that the emulator does not have"
    assert plain in body
    assert "management.azure.com, login.microsoftonline.com, *.blob.core.windows.net" in body
    assert "NO_PROXY" in body
    assert tunnels(arm)["refused"][plain] == before + 1
    assert f"refused a tunnel: {plain} is a host of Azure" in (arm.emulator.home / "emulator.log").read_text()


def test_clients_show_why_they_were_refused(arm: Arm, proxy: str) -> None:
    with pytest.raises(requests.exceptions.ProxyError, match=r"graph\.microsoft\.com is a host of Azure that"):
        requests.get("https://graph.microsoft.com/v1.0/me", proxies={"https": proxy}, timeout=60)


@pytest.mark.parametrize("target", ["management.azure.com:8443", "amlemulator.blob.core.windows.net:80"])
def test_names_of_the_emulator_have_port_443_only(proxy: str, target: str) -> None:
    _, status, body = connect(proxy, target)
    assert status.startswith("HTTP/1.1 403 the emulator serves")
    assert "on port 443 only" in body


@pytest.mark.parametrize("host", HERE)
def test_the_machine_s_own_services_are_not_reached_through_it(arm: Arm, proxy: str, host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as service:
        service.settimeout(0)
        _, status, body = connect(proxy, f"{host}:{service.getsockname()[1]}")
        assert (status[:13], "this machine itself" in body) == ("HTTP/1.1 403 ", True)
        with pytest.raises(BlockingIOError):
            service.accept()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\n\r\n", 501),
        (b"CONNECT example.com HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT example.com:0 HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT exa mple.com:443 HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT user@management.azure.com:443 HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT m%61nagement.azure.com:443 HTTP/1.1\r\n\r\n", 400),
        ("CONNECT ｍanagement.azure.com:443 HTTP/1.1\r\n\r\n".encode(), 400),
        (b"CONNECT [::1:443 HTTP/1.1\r\n\r\n", 400),
        (b"\x16\x03\x01\r\n\r\n", 400),
        (b"CONNECT management.azure.com:443 HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT management.azure.com:443 HTTP/1.1\r\nx: " + b"y" * 20000, 400),
    ],
)
def test_what_is_no_request_for_a_tunnel_is_answered_clearly(proxy: str, sent: bytes, status: int) -> None:
    _, line, body = send(proxy, sent)
    assert line.startswith(f"HTTP/1.1 {status} ")
    assert body.startswith("azureml-emulator: ")


def test_it_listens_on_this_machine_only(arm: Arm, proxy: str) -> None:
    listening = psutil.Process(arm.emulator.running.pid).net_connections()
    port = int(proxy.rpartition(":")[2])
    assert {entry.laddr.ip for entry in listening if entry.laddr.port == port} == {"127.0.0.1"}


def test_a_token_is_needed_by_the_real_names_too(arm: Arm, proxy: str) -> None:
    session = requests.Session()
    session.trust_env = False
    session.proxies, session.verify = {"https": proxy}, arm.emulator.real_names["REQUESTS_CA_BUNDLE"]
    url = f"https://management.azure.com{arm.workspace}?api-version={API_VERSION}"
    assert session.get(url).status_code == 401
    assert session.get(url, headers={"Authorization": arm.session.headers["Authorization"]}).status_code == 200
    scoring = "https://name.eastus.inference.ml.azure.com/jobs"
    answer = session.post(scoring, json={}, headers={"Authorization": arm.session.headers["Authorization"]})
    assert (answer.status_code, answer.json()["code"]) == (401, "InvalidAuthenticationTokenAudience")
    assert session.get("https://management.azure.com/_emulator/health").status_code == 404


def test_faults_strike_connections_through_it(arm: Arm, proxy: str) -> None:
    arm.emulator.control("POST", "/_emulator/faults", {"fault": "reset", "path": "/discovery"})
    bundle = arm.emulator.real_names["REQUESTS_CA_BUNDLE"]
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get("https://eastus.api.azureml.ms/discovery", proxies={"https": proxy}, verify=bundle, timeout=60)
    assert arm.emulator.control("GET", "/_emulator/faults") == []


class _Names(Dialer):
    """A dialer that knows the addresses of names itself."""

    def __init__(self, *addresses: str) -> None:
        super().__init__(None)
        self._addresses = addresses

    async def resolve(self, host: str, port: int) -> dict[str, None]:
        return dict.fromkeys(self._addresses)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "169.254.169.254", "::ffff:127.0.0.1", "fe80::1%eth0"])
def test_a_name_for_this_machine_is_no_way_in(address: str) -> None:
    with pytest.raises(DialError, match=r"packages.example is this machine itself") as caught:
        asyncio.run(_Names(address).open("packages.example", 443))
    assert caught.value.status == 403


def test_a_host_that_does_not_answer_is_named() -> None:
    async def closed() -> tuple[int, str]:
        with pytest.raises(DialError) as caught:
            await Dialer(None).open("packages.invalid", 443)
        return caught.value.status, str(caught.value)

    status, text = asyncio.run(closed())
    assert (status, text.partition(":")[0]) == (502, "packages.invalid has no address")


@pytest.fixture
def behind_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_emulator):
    """An emulator on a machine that has a proxy of its own, behind which is packages.example."""
    with tls_server(tmp_path / "tls", "packages.example") as (port, certificates), upstream_proxy(port) as upstream:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:pass%20word@127.0.0.1:{upstream.port}")
        monkeypatch.delenv("https_proxy", raising=False)
        monkeypatch.setenv("no_proxy", "inside.example")
        yield own_emulator(tmp_path / "home", blobs=False), upstream, certificates.authority


def test_other_hosts_are_reached_untouched_through_the_proxy_of_the_machine(behind_another) -> None:
    running, upstream, authority = behind_another
    proxy = running.real_names["HTTPS_PROXY"]
    connection, status, _ = connect(proxy, "packages.example:443")
    assert status.startswith("HTTP/1.1 200 ")
    answer, certificate = request(connection, "packages.example", authority)
    assert answer.endswith(b"\r\n\r\nhello")
    assert certificate["subjectAltName"] == (("DNS", "packages.example"),)
    assert upstream.heads[0].startswith("CONNECT packages.example:443 HTTP/1.1\r\n")
    assert "Proxy-Authorization: Basic bWU6cGFzcyB3b3Jk" in upstream.heads[0]
    for name in ("graph.microsoft.com", "127.0.0.1", "management.azure.com", "inside.example"):
        connect(proxy, f"{name}:443")
    assert len(upstream.heads) == 1
    log = (running.home / "emulator.log").read_text()
    assert "pass" not in log


def test_a_refusal_of_the_machine_s_proxy_is_told(behind_another) -> None:
    running, upstream, _ = behind_another
    upstream.refuses = True
    _, status, body = connect(running.real_names["HTTPS_PROXY"], "packages.example:443")
    assert status.startswith("HTTP/1.1 502 ")
    assert f"the proxy http://127.0.0.1:{upstream.port} of the emulator's environment refused packages.example" in body
    assert "407 Who are you" in body
    assert "pass" not in body


def test_an_open_tunnel_does_not_keep_the_emulator_from_stopping(behind_another) -> None:
    running, _, _ = behind_another
    connection, _, _ = connect(running.real_names["HTTPS_PROXY"], "packages.example:443")
    running.process.terminate()
    assert connection.recv(1) == b""
    assert running.process.wait(60) == 0


def test_a_restart_keeps_the_port_and_the_machine_s_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tls_server(tmp_path / "tls", "packages.example") as (port, certificates), upstream_proxy(port) as upstream:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{upstream.port}")
        with emulator(tmp_path / "home", blobs=False) as first:
            variables = first.real_names
        for name, value in variables.items():  # as in a shell that has evaluated them
            monkeypatch.setenv(name, value)
        with emulator(tmp_path / "home", blobs=False) as second:
            assert second.real_names == variables
            connection, _, _ = connect(variables["HTTPS_PROXY"], "packages.example:443")
            assert request(connection, "packages.example", certificates.authority)[0].endswith(b"hello")
        assert len(upstream.heads) == 1
        assert (tmp_path / "home" / "proxy.json").stat().st_mode & 0o777 == 0o600


def test_a_port_that_is_taken_meanwhile_is_given_up(tmp_path: Path) -> None:
    with emulator(tmp_path, blobs=False) as first:
        before = int(first.running.proxy.rpartition(":")[2])
    with socket.create_server(("127.0.0.1", before)), emulator(tmp_path, blobs=False) as second:
        now = int(second.running.proxy.rpartition(":")[2])
        assert now != before
    assert json.loads((tmp_path / "proxy.json").read_text())["port"] == now
