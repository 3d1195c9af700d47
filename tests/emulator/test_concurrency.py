"""Many clients at once: nothing is lost, and what was written is what is read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from arm_client import Arm

from azureml_emulator.testing import emulator

CLIENTS, EACH = 50, 40


def body(arm: Arm, description: str) -> dict[str, Any]:
    return {"properties": {"dataType": "uri_folder", "dataUri": arm.asset_uri(), "description": description}}


def live(arm: Arm, number: int) -> None:
    """Create, update and read resources of one client's own; delete every other one."""
    for step in range(EACH):
        path = f"data/many-{number}-{step}/versions/1"
        arm.put(path, body(arm, "first"))
        arm.put(path, body(arm, "second"))
        assert arm.get(path)["properties"]["description"] == "second"
        if step % 2:
            assert arm.call("DELETE", path).status_code == 200
            assert arm.call("GET", path).status_code == 404


def test_fifty_clients_lose_nothing_and_read_what_they_wrote() -> None:
    with emulator(blobs=False) as running:
        clients = [Arm(running) for _ in range(CLIENTS)]
        with ThreadPoolExecutor(CLIENTS) as threads:
            list(threads.map(live, clients, range(CLIENTS)))
        left: list[str] = []
        url = "data"
        while url:
            page = clients[0].get(url)
            left += [item["name"] for item in page["value"]]
            url = page.get("nextLink")
    assert sorted(left) == sorted(f"many-{client}-{step}" for client in range(CLIENTS) for step in range(0, EACH, 2))
