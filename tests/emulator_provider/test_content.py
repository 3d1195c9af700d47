"""Content decides the version: what is uploaded, what is not, and what becomes of the old one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.testing import RunningEmulator
from pulumi_azureml.arm import ArmClient, NotFoundError
from pulumi_azureml.assets import datastore_container, upload_folder
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
