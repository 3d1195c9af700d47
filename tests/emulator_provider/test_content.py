"""Content decides the version: what is uploaded, what is not, and what becomes of the old one."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.testing import RunningEmulator
from pulumi_azureml.arm import ArmClient, ArmError, NotFoundError
from pulumi_azureml.assets import datastore_container, upload_folder
from pulumi_azureml.assets.stored import open_stored
from pulumi_azureml.resources import CODE, MODEL

from .stack import Stack


def uploaded(azureml: RunningEmulator) -> int:
    count: Any = azureml.control("GET", "/_emulator/requests")["uploaded_blobs"]
    return int(count)


def test_new_content_is_a_new_version_and_the_old_one_goes(stack: Stack, source: Path) -> None:
    first = stack.up(CODE, "code", path=str(source))
    (source / "score.py").write_text("def run(mini_batch):\n    return []\n")
    second = stack.up(CODE, "code", path=str(source))
    assert first.id != second.id
    with pytest.raises(NotFoundError):
        stack.client.request("GET", first.id)
    assert stack.client.request("GET", second.id).body["name"] == second.outputs["version"]


@pytest.mark.parametrize(("policy", "archived"), [("archive", True), ("retain", False)])
def test_an_old_version_can_be_archived_or_retained(stack: Stack, source: Path, policy: str, *, archived: bool) -> None:
    first = stack.up(MODEL, "model", path=str(source), on_delete=policy, name=f"kept-{policy}")
    (source / "score.py").write_text("# new\n")
    stack.up(MODEL, "model", path=str(source), on_delete=policy, name=f"kept-{policy}")
    assert bool(stack.client.request("GET", first.id).body["properties"].get("isArchived")) is archived


def test_a_changed_policy_holds_without_a_new_version(stack: Stack, source: Path) -> None:
    made = stack.up(MODEL, "model", path=str(source), name="kept-later")
    stack.up(MODEL, "model", path=str(source), name="kept-later", on_delete="retain")
    stack.delete("model")
    assert stack.client.request("GET", made.id).status == 200


def test_the_same_content_is_not_sent_again(
    azureml: RunningEmulator, client: ArmClient, stack: Stack, source: Path
) -> None:
    for number in range(20):
        (source / f"data-{number}.txt").write_text(f"same content {number}")
    before = uploaded(azureml)
    upload_folder(client, source)
    assert uploaded(azureml) - before == 21
    upload_folder(client, source)
    stack.up(MODEL, "model", path=str(source))
    assert uploaded(azureml) - before == 21


@pytest.mark.parametrize("fault", [{"fault": "status", "status": 503}, {"fault": "reset"}, {"fault": "truncate"}])
def test_of_many_small_files_the_one_that_was_refused_is_sent_again(
    azureml: RunningEmulator, client: ArmClient, tmp_path: Path, fault: dict[str, Any]
) -> None:
    folder = tmp_path / "many ü"
    folder.mkdir()
    for number in range(30):
        (folder / f"größe {number}.txt").write_text(f"{fault} {number}")
    azureml.control("POST", "/_emulator/faults", {"method": "PUT", "path": "many .*/gr.*.txt", "skip": 9, **fault})
    prefix = upload_folder(client, folder).split("/paths/")[1]
    assert azureml.control("GET", "/_emulator/faults") == []
    container = datastore_container(client)
    held = {blob.name.rpartition("/")[2]: blob.name for blob in container.list_blobs(name_starts_with=f"{prefix}/")}
    assert set(held) == {path.name for path in folder.iterdir()}
    for path in folder.iterdir():
        assert container.download_blob(held[path.name]).readall() == path.read_bytes()


def test_an_upload_that_was_interrupted_goes_on_where_it_stopped(
    azureml: RunningEmulator, client: ArmClient, source: Path
) -> None:
    for number in range(10):
        (source / f"part-{number}.txt").write_text(f"interrupted {number}")
    uri = upload_folder(client, source)
    prefix = uri.split("/paths/")[1]
    container = datastore_container(client)
    container.get_blob_client(f"{prefix}/part-0.txt").set_blob_metadata({})  # the mark of a whole upload
    container.delete_blob(f"{prefix}/part-7.txt")
    before = uploaded(azureml)
    upload_folder(client, source)
    assert uploaded(azureml) - before == 1
    assert container.download_blob(f"{prefix}/part-7.txt").readall() == b"interrupted 7"


def test_one_file_unicode_names_and_depth_arrive_as_they_are(client: ArmClient, tmp_path: Path) -> None:
    folder = tmp_path / "mödel"
    (folder / "a/b/c/d").mkdir(parents=True)
    (folder / "a/b/c/d/größe 1.bin").write_bytes(bytes(range(256)))
    (folder / "empty.txt").write_bytes(b"")
    container = datastore_container(client)
    prefix = upload_folder(client, folder).split("/paths/")[1]
    names = {blob.name.removeprefix(f"{prefix}/") for blob in container.list_blobs(name_starts_with=prefix)}
    assert names == {"a/b/c/d/größe 1.bin", "empty.txt"}
    assert container.download_blob(f"{prefix}/a/b/c/d/größe 1.bin").readall() == bytes(range(256))
    single = upload_folder(client, folder / "empty.txt").split("/paths/")[1]
    assert container.get_blob_client(single).get_blob_properties().size == 0


def test_progress_counts_the_files(client: ArmClient, source: Path) -> None:
    (source / "more.txt").write_text("progress")
    shown: list[str] = []
    upload_folder(client, source, status=shown.append)
    assert shown[0] == "uploading 0 of 2 files"
    assert shown[-1] == "uploading 2 of 2 files"


def test_one_changed_file_of_many_is_the_only_one_whose_bytes_are_sent(
    azureml: RunningEmulator, stack: Stack, tmp_path: Path
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(60):
        (folder / f"part-{number:02}.txt").write_text(f"part {number}")
    (folder / "large.bin").write_bytes(bytes(9 << 20))  # goes in blocks, whose MD5 the service does not compute
    first = stack.up(MODEL, "model", path=str(folder))
    (folder / "part-07.txt").write_text("changed")
    azureml.control("POST", "/_emulator/requests/reset")
    second = stack.up(MODEL, "model", path=str(folder))
    counted = azureml.control("GET", "/_emulator/requests")
    assert counted["uploaded_bytes"] < 1000
    prefix = second.outputs["modelUri"].split("/paths/")[1]
    assert prefix != first.outputs["modelUri"].split("/paths/")[1]
    container = datastore_container(stack.client)
    assert container.download_blob(f"{prefix}/part-07.txt").readall() == b"changed"
    assert container.download_blob(f"{prefix}/part-08.txt").readall() == b"part 8"
    assert container.get_blob_client(f"{prefix}/large.bin").get_blob_properties().size == 9 << 20


def test_code_of_many_files_is_sent_but_for_what_did_not_change(
    azureml: RunningEmulator, stack: Stack, tmp_path: Path
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(40):
        (folder / f"module_{number:02}.py").write_text(f"# module {number}\n")
    stack.up(CODE, "code", path=str(folder))
    (folder / "module_07.py").write_text("# changed\n")
    azureml.control("POST", "/_emulator/requests/reset")
    second = stack.up(CODE, "code", path=str(folder))
    assert azureml.control("GET", "/_emulator/requests")["uploaded_bytes"] == len("# changed\n")
    stored = open_stored(stack.client, second.id, second.outputs["codeUri"])
    held = {stored.relative(blob.name): stored.container.download_blob(blob.name).readall() for blob in stored.blobs()}
    assert held == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_large_file_that_was_interrupted_goes_on_in_its_middle(
    azureml: RunningEmulator, client: ArmClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    block = 1 << 20
    for module in ("blobs", "transfer"):
        monkeypatch.setattr(f"pulumi_azureml.assets.{module}.BLOCK", block)
    monkeypatch.setattr("pulumi_azureml.assets.transfer.THREADS", 1)  # the first blocks are the ones that arrive
    large = tmp_path / "large.bin"
    large.write_bytes(b"".join(number.to_bytes(4, "big") * (block // 4) for number in range(20)) + b"end")
    fault = {"fault": "status", "status": 400, "method": "PUT", "path": "large.bin", "skip": 15, "times": 50}
    azureml.control("POST", "/_emulator/faults", fault)
    with pytest.raises(ArmError, match="upload 1 files"):
        upload_folder(client, large)
    azureml.control("DELETE", "/_emulator/faults")
    azureml.control("POST", "/_emulator/requests/reset")
    shown: list[str] = []
    prefix = upload_folder(client, large, status=shown.append).split("/paths/")[1]
    # What is left of the blocks, and the short list of all of them.
    assert 5 * block < azureml.control("GET", "/_emulator/requests")["uploaded_bytes"] < 6 * block
    assert (shown[1], shown[-1]) == ("uploading 0 of 1 files, 15 of 20 MB", "uploading 1 of 1 files, 20 of 20 MB")
    blob = datastore_container(client).get_blob_client(prefix)
    assert blob.download_blob().readall() == large.read_bytes()
    assert blob.get_blob_properties().content_settings.content_md5 == hashlib.md5(large.read_bytes()).digest()


def test_memory_does_not_grow_with_the_file(azureml: RunningEmulator, tmp_path: Path) -> None:
    program = tmp_path / "upload.py"
    program.write_text(
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from pulumi_azureml.arm import ArmClient, Settings\n"
        "from pulumi_azureml.assets import upload_folder\n"
        "_, subscription, _, group, *_ = sys.argv[1].strip('/').split('/')\n"
        "settings = Settings(subscription, group, 'local', 'eastus', sys.argv[2])\n"
        "upload_folder(ArmClient.from_settings(settings), Path(sys.argv[3]))\n"
        "status = Path('/proc/self/status')  # getrusage would tell the peak of the test's own process, if larger\n"
        "peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "lines = status.read_text().splitlines() if status.exists() else []\n"
        "print(next((line.split()[1] for line in lines if line.startswith('VmHWM')), peak))\n"
    )
    peaks = []
    for mebibytes in (16, 256):
        file = tmp_path / f"{mebibytes}.bin"
        with file.open("wb") as sparse:
            sparse.truncate(mebibytes << 20)
        command = [sys.executable, program, azureml.workspace_id, azureml.origin, file]
        done = subprocess.run(command, env={**os.environ, **azureml.environment}, stdout=subprocess.PIPE, check=True)
        peaks.append(int(done.stdout) * (1 if sys.platform == "darwin" else 1024) >> 20)
    assert peaks[1] - peaks[0] < 128, "what is held at once is some blocks, not the file"
    assert peaks[1] < 300
