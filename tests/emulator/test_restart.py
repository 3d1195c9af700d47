"""What an emulator keeps when it stops, however it stops."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
from arm_client import Arm
from azure.storage.blob import ContainerClient

from azureml_emulator.lifecycle import Running
from azureml_emulator.testing import emulator


def container(arm: Arm) -> ContainerClient:
    found = arm.get("datastores/workspaceblobstore")["properties"]
    sas = arm.call("POST", "datastores/workspaceblobstore/listSecrets").json()["sasToken"]
    url = f"https://{found['accountName']}.blob.{found['endpoint']}/{found['containerName']}?{sas}"
    return ContainerClient.from_container_url(url, connection_verify=arm.environment["REQUESTS_CA_BUNDLE"])


def kill(arm: Arm) -> None:
    os.kill(arm.emulator.running.pid, signal.SIGKILL)
    arm.emulator.process.wait(10)


def test_everything_is_there_after_a_kill(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with emulator(home, lro="polls=2") as running:
        arm = Arm(running)
        container(arm).upload_blob("folder/kept.txt", b"kept")
        model = arm.make_model("kept")
        done = arm.call("PUT", "batchEndpoints/kept-done", arm.endpoint()).headers["Azure-AsyncOperation"]
        assert [arm.get(done)["status"] for _ in range(2)] == ["InProgress", "Succeeded"]
        started = arm.call("PUT", "batchEndpoints/kept-open", arm.endpoint()).headers["Azure-AsyncOperation"]
        before = arm.get(model)
        kill(arm)
    with emulator(home) as running:
        arm = Arm(running)
        assert arm.get(model) == before
        assert arm.get("batchEndpoints/kept-done")["properties"]["provisioningState"] == "Succeeded"
        moved = started.replace(started.split("/subscriptions")[0], running.origin)
        assert [arm.get(moved)["status"] for _ in range(2)] == ["InProgress", "Succeeded"]
        assert arm.get("batchEndpoints/kept-open")["properties"]["provisioningState"] == "Succeeded"
        assert container(arm).download_blob("folder/kept.txt").readall() == b"kept"


def test_a_timed_operation_goes_on_after_a_kill(tmp_path: Path) -> None:
    with emulator(tmp_path, lro="timed=0.5", blobs=False) as running:
        arm = Arm(running)
        arm.call("PUT", "batchEndpoints/slow-one", arm.endpoint())
        kill(arm)
    with emulator(tmp_path, blobs=False) as running:
        arm = Arm(running)
        deadline = time.monotonic() + 10
        state = "Creating"
        while state == "Creating" and time.monotonic() < deadline:
            state = arm.get("batchEndpoints/slow-one")["properties"]["provisioningState"]
        assert state == "Succeeded"


def test_finished_writes_survive_a_kill_in_the_middle_of_others(tmp_path: Path) -> None:
    with emulator(tmp_path, blobs=False) as running:
        arm = Arm(running)
        script = "import os, signal, sys, time; time.sleep(0.5); os.kill(int(sys.argv[1]), signal.SIGKILL)"
        killer = subprocess.Popen([sys.executable, "-c", script, str(running.running.pid)])
        written = []
        with contextlib.suppress(OSError):
            for number in range(100_000):
                arm.make_model(f"m-{number}")
                written.append(number)
        killer.wait(10)
        running.process.wait(10)
    assert len(written) > 10
    with emulator(tmp_path, blobs=False) as running:
        arm = Arm(running)
        for number in (*written[:3], *written[-20:]):
            assert arm.get(f"models/m-{number}/versions/1")["name"] == "1"
            assert arm.get(f"models/m-{number}")["properties"]["latestVersion"] == "1"


def test_addresses_follow_when_the_port_changes(tmp_path: Path) -> None:
    with emulator(tmp_path, blobs=False) as running:
        arm = Arm(running)
        first = running.origin
        arm.put("batchEndpoints/moved", arm.endpoint())
        uri = f"https://{arm.get('datastores/workspaceblobstore')['properties']['accountName']}.blob.core.windows.net/c"
        arm.make_model("moved", modelUri=uri)
    with emulator(tmp_path, blobs=False) as running:
        arm = Arm(running)
        assert running.origin != first
        assert arm.get("batchEndpoints/moved")["properties"]["scoringUri"].startswith(f"{running.origin}/")
        assert arm.get("models/moved/versions/1")["properties"]["modelUri"].startswith(f"{running.origin}/blob/")
        assert arm.get(arm.workspace)["properties"]["discoveryUrl"].startswith(running.origin)


def test_clients_go_on_with_the_same_secret_and_authority(tmp_path: Path) -> None:
    with emulator(tmp_path, blobs=False) as running:
        first = Arm(running)
    with emulator(tmp_path, blobs=False) as running:
        second = Arm(running)
    for variable in ("AZURE_CLIENT_SECRET", "REQUESTS_CA_BUNDLE"):
        assert first.environment[variable] == second.environment[variable]


def test_two_emulators_do_not_disturb_each_other(tmp_path: Path) -> None:
    with emulator(tmp_path / "a", blobs=False) as one, emulator(tmp_path / "b", blobs=False) as two:
        first, second = Arm(one), Arm(two)
        first.make_model("only-in-one")
        assert second.call("GET", "models/only-in-one").status_code == 404
        foreign = first.session.headers["Authorization"]
        second.session.verify = second.environment["REQUESTS_CA_BUNDLE"]
        assert second.call("GET", second.workspace, headers={"Authorization": foreign}).status_code == 401


def test_nothing_stays_behind_when_the_parent_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time, pathlib\n"
        "from azureml_emulator.testing import emulator\n"
        "with emulator(pathlib.Path(sys.argv[1])) as running:\n"
        "    while running.running.health()['blobs'] != 'ready': time.sleep(0.05)\n"
        "    print('ready', flush=True); time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ready\n"
    running = Running.read(tmp_path)
    assert running is not None
    family = [psutil.Process(running.pid), *psutil.Process(running.pid).children(recursive=True)]
    assert len(family) == 2
    parent.kill()
    parent.wait(10)
    _, alive = psutil.wait_procs(family, timeout=15)
    assert alive == []


def test_azurite_comes_back_when_it_dies(own_emulator) -> None:
    arm = Arm(own_emulator())
    container(arm).upload_blob("before", b"before")
    (azurite,) = psutil.Process(arm.emulator.running.pid).children()
    azurite.kill()
    azurite.wait(15)
    deadline = time.monotonic() + 20
    while psutil.Process(arm.emulator.running.pid).children() in ([], [azurite]) and time.monotonic() < deadline:
        time.sleep(0.05)
    container(arm).upload_blob("after", b"after", overwrite=True)
    assert container(arm).download_blob("after").readall() == b"after"
