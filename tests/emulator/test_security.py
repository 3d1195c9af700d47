"""Names that try to escape, and doors that stay shut."""

from __future__ import annotations

import http.client
import ssl

import pytest
from arm_client import Arm


def raw(arm: Arm, method: str, target: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
    """A request whose target is sent as it is, without the tidying that clients do."""
    context = ssl.create_default_context(cafile=arm.environment["REQUESTS_CA_BUNDLE"])
    connection = http.client.HTTPSConnection("127.0.0.1", arm.emulator.running.port, context=context, timeout=20)
    sent = {"Authorization": str(arm.session.headers["Authorization"]), **(headers or {})}
    connection.request(method, target, headers=sent)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


@pytest.mark.parametrize(
    "segment",
    ["..", ".", "%2e%2e", "a%2Fb", "a%5Cb", "a%00b", "a%0Ab", "%ff", "x" * 2000, "..%2f..%2fetc%2fpasswd"],
)
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_names_cannot_escape(arm: Arm, method: str, segment: str) -> None:
    status, text = raw(arm, method, f"{arm.workspace}/models/{segment}/versions/1?api-version=2024-04-01")
    assert status == 400
    assert '"code":"InvalidResourceName"' in text
    assert "Traceback" not in text


@pytest.mark.parametrize("path", ["/_emulator/requests", "/_emulator/resources"])
def test_switches_need_the_key(arm: Arm, path: str) -> None:
    for key in ("", "wrong"):
        assert raw(arm, "GET", path, {"x-emulator-key": key})[0] == 403
    assert "total" in arm.emulator.control("GET", "/_emulator/requests")


def test_unknown_addresses_below_arm_need_a_token_too(arm: Arm) -> None:
    assert raw(arm, "GET", "/subscriptions/x/nonsense?api-version=2024-04-01", {"Authorization": ""})[0] == 401


def test_it_listens_on_this_machine_only(arm: Arm) -> None:
    import psutil

    process = psutil.Process(arm.emulator.running.pid)
    listening = [c for p in (process, *process.children()) for c in p.net_connections() if c.status == "LISTEN"]
    assert len(listening) >= 1
    assert {connection.laddr.ip for connection in listening} == {"127.0.0.1"}


def test_requests_are_counted_by_kind(arm: Arm, name: str) -> None:
    arm.asset_uri()
    arm.emulator.control("POST", "/_emulator/requests/reset")
    arm.make_model(name)
    arm.call("GET", f"models/{name}")
    arm.token("https://ml.azure.com")
    report = arm.emulator.control("GET", "/_emulator/requests")
    assert report == {
        "total": 3,
        "arm": 2,
        "dataplane": 0,
        "token": 1,
        "blob": 0,
        "uploaded_blobs": 0,
        "uploaded_bytes": 0,
        "downloaded_bytes": 0,
        "by": {"GET models": 1, "POST token": 1, "PUT models/versions": 1},
        "tunnels": {},
    }
