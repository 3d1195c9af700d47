"""Assets in a registry: made once, deployed from several workspaces, compared with the release and never made again."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.testing import RunningEmulator
from pulumi_azureml.arm import ArmClient, ArmError, NotFoundError
from pulumi_azureml.assets.stored import open_stored
from pulumi_azureml.engine import ResourceState
from pulumi_azureml.release.create import make_release
from pulumi_azureml.release.errors import ContentError
from pulumi_azureml.release.lock import Origin, Release, write_release
from pulumi_azureml.release.state import StackResource
from pulumi_azureml.release.verify import verify
from pulumi_azureml.resources import (
    BATCH_DEPLOYMENT,
    BATCH_ENDPOINT,
    CODE,
    COMPONENT,
    COMPUTE,
    DATA,
    ENVIRONMENT,
    MODEL,
    REGISTRY,
)

from .stack import Stack

NUMBERS = itertools.count()
ASSETS = ((CODE, "code"), (MODEL, "model"), (ENVIRONMENT, "env"), (DATA, "data"))
IMAGE = {"image": "mcr.microsoft.com/base:1", "conda_file": "name: e\ndependencies: [python=3.11]\n"}


def quiet(_text: str) -> None:
    return None


@pytest.fixture
def registry(azureml: RunningEmulator) -> str:
    """The name of a registry that no other test uses."""
    name = f"shared-{next(NUMBERS)}"
    azureml.add_registry(name)
    return name


@pytest.fixture
def files(tmp_path: Path, source: Path) -> dict[str, dict[str, Any]]:
    """The inputs of one asset of each kind; the storage outlives the test, so the model is of its own."""
    model = tmp_path / "model.bin"
    model.write_bytes(str(tmp_path).encode())
    return {"code": {"path": str(source)}, "model": {"path": str(model)}, "env": IMAGE, "data": {"path": str(source)}}


@pytest.fixture
def workspace(azureml: RunningEmulator, client: ArmClient) -> Iterator[Callable[..., Stack]]:
    """Stacks in workspaces of their own; destroyed in the order of making, the maker last."""
    made: list[Stack] = []

    def stack(name: str, **settings: Any) -> Stack:
        own = replace(client.settings.for_workspace(azureml.add_workspace(f"{name}-workspace")), **settings)
        made.append(Stack(ArmClient(own), name))
        return made[-1]

    yield stack
    for each in reversed(made):
        each.destroy()


def make(stack: Stack, registry: str, files: dict[str, dict[str, Any]]) -> dict[str, ResourceState]:
    return {logical: stack.up(kind, logical, registry=registry, **files[logical]) for kind, logical in ASSETS}


def deploy(stack: Stack, made: dict[str, ResourceState], **inputs: Any) -> ResourceState:
    endpoint = stack.up(BATCH_ENDPOINT, "endpoint")
    compute = stack.up(COMPUTE, "cpu", vm_size="STANDARD_D2_V2", scale_settings={"max_node_count": 1})
    given = {"model": made["model"].id, "code": made["code"].id, "environment": made["env"].id, **inputs}
    return stack.up(
        BATCH_DEPLOYMENT, "scorer", endpoint=endpoint.id, compute=compute.id, scoring_script="score.py", **given
    )


def test_assets_are_made_in_the_registry_and_a_second_run_changes_nothing(
    workspace: Callable[..., Stack], registry: str, files: dict[str, dict[str, Any]]
) -> None:
    dev = workspace("dev")
    for (kind, logical), state in zip(ASSETS, make(dev, registry, files).values(), strict=True):
        assert f"/registries/{registry}/" in state.id
        assert dev.changes(kind, logical, registry=registry, **files[logical]) == ()
        assert dev.refresh(logical) == state
    stored = open_stored(dev.client, dev.made["model"][1].id, dev.made["model"][1].outputs["modelUri"])
    (blob,) = stored.blobs()
    assert stored.container.download_blob(blob.name).readall() == Path(files["model"]["path"]).read_bytes()


def test_a_deployment_names_what_is_in_a_registry_by_its_reference(
    workspace: Callable[..., Stack], registry: str, files: dict[str, dict[str, Any]]
) -> None:
    dev = workspace("dev")
    made = make(dev, registry, files)
    state = deploy(dev, made)
    there = dev.client.request("GET", state.id).body["properties"]
    version = made["model"].outputs["version"]
    assert there["model"]["assetId"] == f"azureml://registries/{registry}/models/model/versions/{version}"
    assert there["environmentId"].startswith(f"azureml://registries/{registry}/environments/env/")
    refreshed = dev.refresh("scorer")
    assert refreshed is not None
    assert refreshed.inputs == state.inputs


def test_a_component_of_a_registry_has_its_code_and_environment_there(
    workspace: Callable[..., Stack], registry: str, files: dict[str, dict[str, Any]]
) -> None:
    dev = workspace("dev")
    made = make(dev, registry, files)
    given = {"command": "true", "code": made["code"].id, "environment": made["env"].id, "registry": registry}
    component = dev.up(COMPONENT, "step", **given)
    spec = dev.client.request("GET", component.id).body["properties"]["componentSpec"]
    assert spec["code"].startswith(f"azureml://registries/{registry}/codes/")
    assert dev.changes(COMPONENT, "step", **given) == ()


def test_a_registry_can_be_given_as_a_resource(
    workspace: Callable[..., Stack], registry: str, files: dict[str, dict[str, Any]]
) -> None:
    dev = workspace("dev")
    found = dev.up(REGISTRY, registry)
    assert found.outputs["location"] == "eastus"
    assert dev.up(MODEL, "model", registry=found.id, **files["model"]).id.startswith(f"{found.id}/models/")


# -- releases ------------------------------------------------------------------------------------------------


def release(dev: Stack, lock: Path) -> Release:
    resources = [StackResource(kind.name, logical, dict(s.outputs)) for logical, (kind, s) in dev.made.items()]
    own = dev.client.settings
    origin = Origin(own.workspace_id, own.location, "tests", "dev", "c0ffee", "2025-01-01T00:00:00Z", "ada")
    made = make_release(dev.client, resources, "v1", origin, quiet).release
    write_release(made, lock, force=True)
    return made


def gone(logical: str) -> dict[str, str]:
    """The program's inputs where a release decides: paths that need not exist."""
    return {"image": "none"} if logical == "env" else {"path": f"gone/{logical}"}


def test_a_release_is_deployed_from_the_registry_compared_and_not_copied(
    workspace: Callable[..., Stack],
    registry: str,
    files: dict[str, dict[str, Any]],
    tmp_path: Path,
    azureml: RunningEmulator,
) -> None:
    dev = workspace("dev")
    made = make(dev, registry, files)
    locked = release(dev, tmp_path / "v1.json")
    azureml.control("POST", "/_emulator/requests/reset")
    prod = workspace("prod", release=str(tmp_path / "v1.json"), mode="production")
    there = {
        logical: prod.up(kind, logical, registry=registry, tags={"env": "prod"}, **gone(logical))
        for kind, logical in ASSETS
    }
    assert {logical: state.id for logical, state in there.items()} == {k: state.id for k, state in made.items()}
    assert azureml.control("GET", "/_emulator/requests")["uploaded_bytes"] == 0
    assert not [name for name in azureml.control("GET", "/_emulator/requests")["by"] if name.startswith("PUT")]
    resources = [StackResource(kind.name, logical, dict(s.outputs)) for logical, (kind, s) in prod.made.items()]
    assert not [v for v in verify(prod.client, locked, resources, quiet) if v.problem]
    deployment = deploy(prod, there)
    assert "/workspaces/prod-workspace/" in deployment.id
    for kind, logical in ASSETS:
        given = {"registry": registry, "tags": {"env": "prod"}, **gone(logical)}
        assert prod.changes(kind, logical, **given) == ()
        refreshed = prod.refresh(logical)
        assert refreshed is not None
        assert prod.changes(kind, logical, **given) == ()


def test_what_another_stack_has_made_in_the_registry_stays_when_a_stack_goes(
    workspace: Callable[..., Stack], registry: str, files: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    dev = workspace("dev")
    made = make(dev, registry, files)
    release(dev, tmp_path / "v1.json")
    test = workspace("test", release=str(tmp_path / "v1.json"))
    for kind, logical in ASSETS:
        test.up(kind, logical, registry=registry, **gone(logical))
        test.delete(logical)
        assert dev.client.request("GET", made[logical].id).status == 200


def test_a_release_is_copied_from_a_workspace_into_a_registry(
    workspace: Callable[..., Stack], registry: str, files: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    dev = workspace("dev")
    for kind, logical in ASSETS:
        dev.up(kind, logical, **files[logical])
    locked = release(dev, tmp_path / "v1.json")
    prod = workspace("prod", release=str(tmp_path / "v1.json"))
    for kind, logical in ASSETS:
        state = prod.up(kind, logical, registry=registry, **gone(logical))
        assert f"/registries/{registry}/" in state.id
        tags = prod.client.request("GET", state.id).body["properties"]["tags"]
        assert tags["release-workspace"].endswith("/dev-workspace")
    resources = [StackResource(kind.name, logical, dict(s.outputs)) for logical, (kind, s) in prod.made.items()]
    assert not [v for v in verify(prod.client, locked, resources, quiet) if v.problem]


@pytest.mark.parametrize("logical", ["model", "env"])
def test_other_content_in_the_registry_is_refused(
    workspace: Callable[..., Stack], registry: str, files: dict[str, dict[str, Any]], tmp_path: Path, logical: str
) -> None:
    dev = workspace("dev")
    made = make(dev, registry, files)
    release(dev, tmp_path / "v1.json")
    kind = next(kind for kind, name in ASSETS if name == logical)
    other = tmp_path / "other.bin"
    other.write_bytes(b"other")
    version = made[logical].outputs["version"]
    dev.delete(logical)
    changed = {"image": "other:1"} if logical == "env" else {"path": str(other)}
    dev.up(kind, logical, registry=registry, version=version, **changed)
    prod = workspace("prod", release=str(tmp_path / "v1.json"))
    with pytest.raises(ContentError, match=f"Release v1 is refused: .*{logical!r}"):
        prod.up(kind, logical, registry=registry, **gone(logical))


def test_without_a_release_two_stacks_do_not_take_each_others_asset(
    workspace: Callable[..., Stack], registry: str, files: dict[str, dict[str, Any]]
) -> None:
    dev, test = workspace("dev"), workspace("test")
    dev.up(MODEL, "model", registry=registry, **files["model"])
    with pytest.raises(ArmError, match="belongs to tests/dev/model"):
        test.up(MODEL, "model", registry=registry, **files["model"])


# -- registries that cannot be reached -----------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "logical"), ASSETS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_registry_that_does_not_exist_is_named_with_what_to_do(
    workspace: Callable[..., Stack], files: dict[str, dict[str, Any]], kind: Any, logical: str
) -> None:
    dev = workspace("dev")
    with pytest.raises(NotFoundError) as caught:
        dev.up(kind, logical, registry="nowhere", **files[logical])
    told = str(caught.value)
    assert "registries/nowhere' under resource group 'local' was not found" in told
    assert "the asset goes to the registry" in told
    assert "AzureML Registry User" in told


@pytest.mark.parametrize(
    ("kind_of_fault", "said"),
    [({"fault": "status", "status": 403}, "403"), ({"fault": "reset", "times": 100}, "no answer")],
    ids=["refused", "no answer"],
)
def test_a_release_whose_registry_cannot_be_read_changes_nothing(
    workspace: Callable[..., Stack],
    registry: str,
    files: dict[str, dict[str, Any]],
    tmp_path: Path,
    azureml: RunningEmulator,
    kind_of_fault: dict[str, Any],
    said: str,
) -> None:
    dev = workspace("dev")
    dev.up(MODEL, "model", registry=registry, **files["model"])
    release(dev, tmp_path / "v1.json")
    prod = workspace("prod", release=str(tmp_path / "v1.json"))
    fault = {**kind_of_fault, "method": "GET", "path": f"registries/{registry}/"}
    azureml.control("POST", "/_emulator/faults", fault)
    try:
        with pytest.raises(ArmError) as caught:
            prod.up(MODEL, "model", **gone("model"))
    finally:
        azureml.control("DELETE", "/_emulator/faults")
    assert f"registries/{registry}" in str(caught.value)
    assert said in str(caught.value)
    assert "nothing of Model 'model'" in str(caught.value)
    assert prod.client.request("GET", f"{prod.client.settings.workspace_id}/models").body["value"] == []
