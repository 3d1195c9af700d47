"""A release: what one workspace has tested is deployed in another one, byte by byte, or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.testing import RunningEmulator
from pulumi_azureml.arm import ArmClient, ArmError
from pulumi_azureml.assets import datastore_container
from pulumi_azureml.assets.stored import open_stored
from pulumi_azureml.engine import Kind, check
from pulumi_azureml.release.create import make_release
from pulumi_azureml.release.errors import ContentError
from pulumi_azureml.release.lock import Origin, Release, write_release
from pulumi_azureml.release.state import StackResource
from pulumi_azureml.release.verify import verify
from pulumi_azureml.resources import CODE, DATA, ENVIRONMENT, MODEL

from .stack import Stack

ASSETS: tuple[tuple[Kind, str], ...] = ((CODE, "code"), (MODEL, "model"), (ENVIRONMENT, "env"), (DATA, "data"))
SIZE = 2560
CONDA = "name: e\ndependencies: [python=3.11]\n"


def quiet(_text: str) -> None:
    return None


@dataclass
class Promotion:
    """Two workspaces of one storage: a development stack with one asset of each kind, and a production stack."""

    azureml: RunningEmulator
    dev: Stack
    prod_client: ArmClient
    lock: Path
    stacks: list[Stack]

    def release(self, name: str = "v1") -> Release:
        """Make a release of what the development stack has; write it where the production stack reads it."""
        resources = [StackResource(kind.name, logical, dict(s.outputs)) for logical, (kind, s) in self.dev.made.items()]
        own = self.dev.client.settings
        origin = Origin(own.workspace_id, own.location, "tests", "dev", "c0ffee", "2025-01-01T00:00:00Z", "ada")
        made = make_release(self.dev.client, resources, name, origin, quiet).release
        self.lock.unlink(missing_ok=True)
        write_release(made, self.lock)
        return made

    def prod(self, **settings: Any) -> Stack:
        """The production stack, which deploys the release."""
        own = replace(self.prod_client.settings, release=str(self.lock), **settings)
        stack = Stack(ArmClient(own), "prod")
        self.stacks.append(stack)
        return stack


@pytest.fixture
def promotion(azureml: RunningEmulator, client: ArmClient, tmp_path: Path, source: Path) -> Iterator[Promotion]:
    names = ("dev-workspace", "prod-workspace")
    dev, prod = (ArmClient(client.settings.for_workspace(azureml.add_workspace(name))) for name in names)
    made = Promotion(azureml, Stack(dev, "dev"), prod, tmp_path / "v1.json", [])
    model = tmp_path / "model.bin"
    model.write_bytes(str(tmp_path).encode().ljust(SIZE))  # the storage outlives the test: content of its own
    made.dev.up(CODE, "code", path=str(source))
    made.dev.up(MODEL, "model", path=str(model), model_type="custom_model", name="classifier")
    made.dev.up(ENVIRONMENT, "env", image="mcr.microsoft.com/base:1", conda_file=CONDA)
    made.dev.up(DATA, "data", path=str(source))
    yield made
    for stack in (*made.stacks, made.dev):
        stack.destroy()


def up(stack: Stack, kind: Kind, logical: str, **inputs: Any) -> Any:
    """Deploy an asset as the program at hand declares it: with paths that need not exist any more."""
    given: dict[str, Any] = {"image": "none"} if kind is ENVIRONMENT else {"path": f"gone/{logical}"}
    return stack.up(kind, logical, **{**given, **inputs})


def refusals(stack: Stack, kind: Kind, logical: str, **inputs: Any) -> str:
    checked = check(kind, inputs, stack.client.settings, owner=f"{stack.project}/{stack.name}/{logical}")
    return "\n".join(f"{failure.path} {failure.reason}" for failure in checked.failures)


def blobs(client: ArmClient, asset_id: str, uri: str) -> dict[str, bytes]:
    stored = open_stored(client, asset_id, uri)
    return {stored.relative(blob.name): stored.container.download_blob(blob.name).readall() for blob in stored.blobs()}


def test_the_other_workspace_gets_the_very_bytes_and_none_of_them_comes_by(promotion: Promotion) -> None:
    release = promotion.release()
    promotion.azureml.control("POST", "/_emulator/requests/reset")
    prod = promotion.prod()
    made = {logical: up(prod, kind, logical) for kind, logical in ASSETS}
    counted = promotion.azureml.control("GET", "/_emulator/requests")
    assert (counted["uploaded_bytes"], counted["downloaded_bytes"]) == (0, 0)
    for logical, uri in (("code", "codeUri"), ("model", "modelUri"), ("data", "dataUri")):
        there = promotion.dev.made[logical][1]
        assert made[logical].outputs["version"] == there.outputs["version"]
        copied = blobs(prod.client, made[logical].id, made[logical].outputs[uri])
        assert copied == blobs(promotion.dev.client, there.id, there.outputs[uri])
        assert "prod-workspace" in made[logical].id
    assert made["env"].outputs["condaFile"] == CONDA
    assert not [v for v in verify(prod.client, release, resources(prod), quiet) if v.problem]


def resources(stack: Stack) -> list[StackResource]:
    return [StackResource(kind.name, logical, dict(s.outputs)) for logical, (kind, s) in stack.made.items()]


def test_where_an_asset_comes_from_is_on_it_as_tags(promotion: Promotion) -> None:
    promotion.release()
    prod = promotion.prod()
    tags = prod.client.request("GET", up(prod, MODEL, "model", tags={"team": "vision"}).id).body["properties"]["tags"]
    assert tags["release"] == "v1"
    assert tags["release-stack"] == "tests/dev"
    assert tags["release-workspace"].endswith("/workspaces/dev-workspace")
    assert (tags["release-commit"], tags["release-by"], tags["team"]) == ("c0ffee", "ada", "vision")


def test_a_second_run_changes_nothing_and_copies_nothing(promotion: Promotion) -> None:
    promotion.release()
    prod = promotion.prod()
    for kind, logical in ASSETS:
        state = up(prod, kind, logical)
        given = {"image": "none"} if kind is ENVIRONMENT else {"path": "gone"}
        assert prod.changes(kind, logical, **given) == ()
        assert prod.refresh(logical) is not None
        assert prod.made[logical][1].outputs == state.outputs


def test_a_storage_that_refuses_copies_is_streamed_to(promotion: Promotion) -> None:
    promotion.release()
    promotion.azureml.control(
        "POST", "/_emulator/faults", {"fault": "status", "status": 403, "method": "PUT", "path": "model.bin"}
    )
    promotion.azureml.control("POST", "/_emulator/requests/reset")
    prod = promotion.prod()
    made = up(prod, MODEL, "model")
    counted = promotion.azureml.control("GET", "/_emulator/requests")
    assert (counted["uploaded_bytes"], counted["downloaded_bytes"]) == (SIZE, SIZE)
    there = promotion.dev.made["model"][1]
    expected = blobs(promotion.dev.client, there.id, there.outputs["modelUri"])
    assert blobs(prod.client, made.id, made.outputs["modelUri"]) == expected


def test_an_asset_that_is_gone_from_the_source_is_named_and_nothing_is_made(promotion: Promotion) -> None:
    promotion.release()
    gone = promotion.dev.made["model"][1].id
    promotion.dev.client.request("DELETE", gone)
    prod = promotion.prod()
    with pytest.raises(ContentError, match=r"Model 'model' \(classifier:.*\) is gone from its source"):
        up(prod, MODEL, "model")
    assert prod.client.request("GET", f"{prod.client.settings.workspace_id}/models").body["value"] == []


def test_an_asset_that_is_deployed_already_does_not_need_its_source(promotion: Promotion) -> None:
    promotion.release()
    prod = promotion.prod()
    first = up(prod, MODEL, "model")
    promotion.dev.client.request("DELETE", promotion.dev.made["model"][1].id)
    prod.forget("model")
    assert up(prod, MODEL, "model").outputs["modelUri"] == first.outputs["modelUri"]


def test_content_that_was_changed_in_the_source_is_refused(promotion: Promotion) -> None:
    promotion.release()
    container = datastore_container(promotion.dev.client)
    uri = promotion.dev.made["model"][1].outputs["modelUri"]
    container.upload_blob(uri.split("/paths/")[1], b"something else", overwrite=True)
    prod = promotion.prod()
    with pytest.raises(ContentError, match=r"Model 'model' .* is not what its source .* has now"):
        up(prod, MODEL, "model")
    assert prod.client.request("GET", f"{prod.client.settings.workspace_id}/models").body["value"] == []


def test_a_version_that_is_there_with_other_content_is_refused(promotion: Promotion) -> None:
    release = promotion.release()
    asset = release.asset("Model", "model")
    assert asset is not None
    prod = promotion.prod()
    other = Stack(promotion.prod_client, "prod")  # the same stack, when it had no release yet
    file = promotion.lock.with_name("other.bin")
    file.write_bytes(b"other")
    other.up(MODEL, "model", path=str(file), name="classifier", version=asset.version)
    with pytest.raises(ContentError, match=r"Model 'model' .* which is there already"):
        up(prod, MODEL, "model", name="classifier")
    other.destroy()


def test_a_workspace_that_cannot_be_reached_is_named_with_what_is_left(promotion: Promotion) -> None:
    release = promotion.release()
    elsewhere = replace(release.origin, workspace=release.origin.workspace.replace("dev-workspace", "nowhere"))
    promotion.lock.unlink()
    write_release(replace(release, origin=elsewhere), promotion.lock)
    gone = replace(release.assets[1], id=release.assets[1].id.replace("dev-workspace", "nowhere"))
    promotion.lock.unlink()
    write_release(replace(release, origin=elsewhere, assets=(gone,)), promotion.lock)
    with pytest.raises((ContentError, ArmError), match="nowhere"):
        up(promotion.prod(), MODEL, "model")


def test_local_content_that_the_release_does_not_have_is_refused(promotion: Promotion) -> None:
    promotion.release()
    said = refusals(promotion.prod(), MODEL, "other", path="model")
    assert "path is local" in said
    assert "release v1, which has no Model 'other' (of this kind: 'model')" in said


def test_a_lock_file_that_was_edited_is_refused(promotion: Promotion) -> None:
    promotion.release()
    document = json.loads(promotion.lock.read_text())
    document["assets"][1]["digest"] = "0" * 64
    promotion.lock.write_text(json.dumps(document))
    said = refusals(promotion.prod(), MODEL, "model", path="model")
    assert "was changed after it was made" in said
    assert "git checkout" in said


def test_data_that_lies_in_storage_already_is_each_environments_own(promotion: Promotion) -> None:
    address = "azureml://datastores/workspaceblobstore/paths/shared"
    promotion.dev.up(DATA, "shared", path=address)
    assert promotion.release().asset("Data", "shared") is None
    made = promotion.prod().up(DATA, "shared", path=address)
    assert made.outputs["dataUri"].endswith("paths/shared")


def test_a_model_that_was_registered_where_it_lay_is_released_by_its_content(promotion: Promotion) -> None:
    there = promotion.dev.made["model"][1]
    promotion.dev.up(MODEL, "trained", path=there.outputs["modelUri"])
    release = promotion.release()
    trained, model = release.asset("Model", "trained"), release.asset("Model", "model")
    assert trained is not None
    assert model is not None
    assert trained.digest == model.digest
    prod = promotion.prod()
    made = up(prod, MODEL, "trained")
    assert "workspaces/prod-workspace/" in made.outputs["modelUri"]


@pytest.mark.parametrize("damage", ["delete", "change"])
def test_verify_reads_every_byte_and_names_what_differs(promotion: Promotion, damage: str) -> None:
    release = promotion.release()
    uri = promotion.dev.made["model"][1].outputs["modelUri"].split("/paths/")[1]
    container = datastore_container(promotion.dev.client)
    md5 = container.get_blob_client(uri).get_blob_properties().content_settings
    if damage == "delete":
        promotion.dev.client.request("DELETE", promotion.dev.made["model"][1].id)
    else:  # the same size, and an MD5 that lies: only the bytes tell
        container.upload_blob(uri, bytes(SIZE), overwrite=True)
        container.get_blob_client(uri).set_http_headers(md5)
    verdicts = {v.asset.logical_name: v.problem for v in verify(promotion.dev.client, release, None, quiet)}
    assert verdicts.pop("model").endswith({"delete": "does not exist", "change": release.assets[1].digest[:12]}[damage])
    assert not any(verdicts.values())


def test_a_release_of_nothing_is_refused(promotion: Promotion) -> None:
    from pulumi_azureml.release.errors import ReleaseError

    own = promotion.dev.client.settings
    origin = Origin(own.workspace_id, own.location, "tests", "empty", "", "2025-01-01T00:00:00Z", "ada")
    with pytest.raises(ReleaseError, match="nothing to release"):
        make_release(promotion.dev.client, [], "v1", origin, quiet)
