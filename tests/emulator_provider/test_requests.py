"""What a cold deploy asks of the service, and what it need not ask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.testing import RunningEmulator
from faults.program import up
from pulumi_azureml.arm import ArmClient, AuthenticationError, ConflictError
from pulumi_azureml.assets import datastore_container, upload_folder
from pulumi_azureml.assets.datastore import own_container
from pulumi_azureml.engine import Kind
from pulumi_azureml.resources import CODE, MODEL

from .stack import Stack


@pytest.fixture
def model(tmp_path: Path, source: Path) -> Path:
    """A model; neither it nor the code has any other test's content."""
    (source / "own.txt").write_text(str(tmp_path))
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "weights.bin").write_text(str(folder))
    return folder


def asked_by(azureml: RunningEmulator) -> dict[str, int]:
    """What was asked of Azure ML since the last reset, and how often."""
    counted = azureml.control("GET", "/_emulator/requests")["by"]
    return {name: count for name, count in counted.items() if not name.endswith(("blobs", "token", "openid"))}


def test_a_cold_deploy_asks_for_each_thing_once(
    azureml: RunningEmulator, stack: Stack, source: Path, model: Path
) -> None:
    azureml.control("POST", "/_emulator/requests/reset")
    up(stack, source, model)
    asked = asked_by(azureml)
    assert asked == {
        "GET datastores": 1,  # where to upload; the own token opens it
        "PUT codes/versions": 1,
        "PUT models/versions": 1,
        "GET environments/versions": 1,
        "PUT environments/versions": 1,
        "GET computes": 2,  # before, and after
        "PUT computes": 1,
        "GET batchEndpoints": 3,  # before, after, and once the default is set
        "PUT batchEndpoints": 2,
        "PUT batchEndpoints/deployments": 1,
        "GET batchEndpoints/deployments": 1,
    }
    assert sum(asked.values()) == 15


@pytest.mark.parametrize("kind", [CODE, MODEL], ids=lambda kind: kind.name)
def test_a_version_is_looked_for_where_its_content_was_there(
    azureml: RunningEmulator, stack: Stack, model: Path, kind: Kind
) -> None:
    made = stack.up(kind, "first", path=str(model), name="looked-for")
    stack.forget("first")
    azureml.control("POST", "/_emulator/requests/reset")
    assert stack.up(kind, "first", path=str(model), name="looked-for").id == made.id
    assert asked_by(azureml)[f"GET {kind.path.split('/')[0]}/versions"] == 1
    other = Stack(stack.client, "another-stack")
    with pytest.raises(ConflictError, match="belongs to tests/"):
        other.up(kind, "first", path=str(model), name="looked-for")


@pytest.mark.parametrize("kind", [CODE, MODEL], ids=lambda kind: kind.name)
def test_what_is_registered_of_content_that_is_gone_is_not_taken_over(
    azureml: RunningEmulator, stack: Stack, model: Path, source: Path, kind: Kind
) -> None:
    """Its files seem new, so it is not looked for: the service refuses other content, and then it is."""
    key = "codeUri" if kind is CODE else "modelUri"
    elsewhere = upload_folder(stack.client, source)
    if kind is CODE:
        container = own_container(stack.client)
        elsewhere = f"{container.url}/{elsewhere.split('/paths/')[1]}"
    news = stack.check(kind, "first", path=str(model), name="registered")
    stack.client.request("PUT", news["armId"], json={"properties": {key: elsewhere, "tags": {"by": "somebody"}}})
    with pytest.raises(ConflictError, match="made outside Pulumi"):
        stack.up(kind, "first", path=str(model), name="registered")
    left = stack.client.request("GET", news["armId"]).body["properties"]
    assert (left["tags"], left[key]) == ({"by": "somebody"}, elsewhere)
    adopted = stack.up(kind, "first", path=str(model), name="registered", adopt=True)
    assert adopted.outputs[key] == elsewhere


@pytest.mark.parametrize("skip", [0, 1, 2, 5], ids=["at the first look", "at the list", "at a file", "at a later file"])
def test_an_upload_that_the_own_identity_may_not_make_goes_by_what_the_service_lends(
    azureml: RunningEmulator, client: ArmClient, model: Path, skip: int
) -> None:
    for number in range(5):
        (model / f"part-{number}.txt").write_text(f"{model} {number}")
    refused = {"fault": "status", "status": 403, "path": "/blob/", "skip": skip, "times": 1}
    azureml.control("POST", "/_emulator/faults", refused)
    azureml.control("POST", "/_emulator/requests/reset")
    prefix = upload_folder(client, model).split("/paths/")[1]
    assert azureml.control("GET", "/_emulator/faults") == []
    assert asked_by(azureml) == {"GET datastores": 1, "POST datastores": 1}
    container = datastore_container(client)
    held = {blob.name: container.download_blob(blob.name).readall() for blob in container.list_blobs(prefix)}
    assert held == {f"{prefix}/{path.name}": path.read_bytes() for path in model.iterdir()}
    (model / "more.txt").write_text("more")
    upload_folder(client, model)
    assert asked_by(azureml) == {"GET datastores": 1, "POST datastores": 1}


def test_a_token_that_is_not_to_be_had_for_the_storage_is_no_obstacle(
    azureml: RunningEmulator, client: ArmClient, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = client.token

    def token(audience: Any) -> str:
        if audience != "storage":
            return others(audience)
        raise AuthenticationError("get a token", audience, message="consent is missing")

    monkeypatch.setattr(client, "token", token)
    prefix = upload_folder(client, model).split("/paths/")[1]
    assert datastore_container(client).get_blob_client(f"{prefix}/weights.bin").exists()


def test_a_deployment_that_was_lost_is_looked_for_in_the_same_process_too(
    azureml: RunningEmulator, stack: Stack, source: Path
) -> None:
    up(stack, source)
    _, state = stack.made["blue"]
    stack.forget("blue")
    azureml.control("POST", "/_emulator/requests/reset")
    up(stack, source)
    assert stack.made["blue"][1].id == state.id
    assert azureml.control("GET", "/_emulator/requests")["by"]["GET batchEndpoints/deployments"] == 2
