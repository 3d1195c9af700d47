"""What an environment makes of a program: its stack's settings, its mode, its release."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest
from release.releases import DEPLOYMENT, RELEASE

import pulumi_azureml as azureml
from pulumi_azureml import resource
from pulumi_azureml.arm import ConfigError, Settings
from pulumi_azureml.engine import UNKNOWN, Checked, Kind, check, diff
from pulumi_azureml.release.lock import write_release
from pulumi_azureml.resources import (
    BATCH_DEPLOYMENT,
    BATCH_ENDPOINT,
    COMPUTE,
    DATA,
    DATASTORE,
    ENVIRONMENT,
    KINDS,
    MODEL,
)

from .test_arm import GOOD
from .test_check import ENDPOINT, SETTINGS, WORKSPACE, reasons

ADA = replace(SETTINGS, mode="development", user="ada")
PRODUCTION = replace(SETTINGS, mode="production")


def run(kind: Kind, settings: Settings, logical: str = "thing", **inputs: Any) -> Checked:
    return check(kind, inputs, settings, owner=f"shop/prod/{logical}")


def deployment(settings: Settings, logical: str = "svm", **inputs: Any) -> Checked:
    given = {"endpoint": ENDPOINT, "model": "azureml:m:1", "compute": "cpu"}
    return run(BATCH_DEPLOYMENT, settings, logical, **{**given, **inputs})


def overridden(overrides: Any, settings: Settings = SETTINGS) -> Settings:
    return replace(settings, overrides=json.dumps(overrides))


@pytest.fixture
def released(tmp_path: Path) -> Settings:
    """Settings of a stack that deploys a release."""
    path = tmp_path / "v1.json"
    write_release(RELEASE, path)
    return replace(SETTINGS, release=str(path))


def test_the_stacks_file_wins_over_the_program_and_one_resource_over_its_kind() -> None:
    settings = overridden(
        {
            "Compute": {"vmSize": "STANDARD_D4_V2", "scale_settings": {"max_node_count": 8}, "tags": {"off": "night"}},
            "Compute/small": {"vmSize": "STANDARD_D1_V2"},
        }
    )
    program = {"vmSize": "STANDARD_D2_V2", "scaleSettings": {"min_node_count": 1}, "tags": {"team": "a"}}
    found = run(COMPUTE, settings, "big", **program).inputs
    assert found["vmSize"] == "STANDARD_D4_V2"
    assert (found["scaleSettings"]["minNodeCount"], found["scaleSettings"]["maxNodeCount"]) == (1, 8)
    assert found["tags"] == {"team": "a", "off": "night"}
    assert run(COMPUTE, settings, "small", **program).inputs["vmSize"] == "STANDARD_D1_V2"


@pytest.mark.parametrize("spelling", ["max_node_count", "maxNodeCount"])
@pytest.mark.parametrize("other", ["max_node_count", "maxNodeCount"])
def test_a_nested_setting_wins_in_whichever_spelling_it_and_the_programs_are(spelling: str, other: str) -> None:
    settings = overridden({"Compute": {"scaleSettings": {spelling: 8}}})
    found = run(COMPUTE, settings, vmSize="STANDARD_D2_V2", scaleSettings={other: 1, "min_node_count": 1})
    assert not found.failures
    assert (found.inputs["scaleSettings"]["minNodeCount"], found.inputs["scaleSettings"]["maxNodeCount"]) == (1, 8)


def test_size_instances_schedule_and_retention_are_each_environments_own() -> None:
    settings = overridden(
        {
            "Compute": {"vmSize": "STANDARD_D4_V2", "tags": {"schedule": "nightly"}},
            "BatchDeployment": {"instanceCount": 4, "tags": {"schedule": "nightly"}},
            "Model": {"onDelete": "archive"},
        }
    )
    assert run(COMPUTE, settings, vmSize="STANDARD_D1_V2").inputs["vmSize"] == "STANDARD_D4_V2"
    found = deployment(settings, instanceCount=1).inputs
    assert (found["instanceCount"], found["tags"]) == (4, {"schedule": "nightly"})
    assert run(MODEL, settings, path="azureml://datastores/d/paths/m").inputs["onDelete"] == "archive"


def test_what_the_stacks_file_says_is_held_to_the_same_rules() -> None:
    settings = overridden({"Compute": {"scaleSettings": {"maxNodeCount": -1}, "vmsize": "x"}})
    found = reasons(run(COMPUTE, settings, vmSize="STANDARD_D2_V2"))
    assert "greater than or equal to 0" in found["scaleSettings.maxNodeCount"]
    assert "azureml:settings has Compute.vmsize" in found["vmsize"]
    assert "vm_size" in found["vmsize"]


@pytest.mark.parametrize(
    ("kind", "name"), [("BatchDeployment", "model"), ("BatchDeployment", "scoring_script"), ("BatchDeployment", "name")]
)
def test_what_was_tested_cannot_differ_between_environments(kind: str, name: str) -> None:
    found = deployment(overridden({kind: {name: "other"}}))
    assert [failure.reason for failure in found.failures] == [
        f"cannot differ between environments: azureml:settings has {kind}.{name}"
    ]


def test_names_are_the_users_in_development() -> None:
    assert run(COMPUTE, ADA, "cpu", vmSize="STANDARD_D2_V2").inputs["name"] == "ada-cpu"
    assert run(COMPUTE, ADA, "cpu", vmSize="STANDARD_D2_V2", name="gpu").inputs["name"] == "ada-gpu"
    assert run(DATASTORE, ADA, "store", accountName="a", containerName="abc").inputs["name"] == "ada_store"
    endpoint = run(BATCH_ENDPOINT, ADA, "a-rather-long-logical-name-of-an-endpoint")
    assert not endpoint.failures
    assert endpoint.inputs["name"].startswith("ada-a-rather-long")
    assert deployment(ADA).inputs["name"] == "svm"  # its endpoint is the user's already
    assert run(COMPUTE, ADA, "cpu", vmSize="STANDARD_D2_V2", name="ada-gpu").inputs["name"] == "ada-gpu"


def test_a_name_that_the_user_makes_too_long_is_told() -> None:
    assert "name" in reasons(run(COMPUTE, ADA, vmSize="STANDARD_D2_V2", name="a" * 32))


def test_the_user_is_who_is_signed_in_unless_the_stack_says_so() -> None:
    development = {**GOOD, "mode": "development"}
    assert Settings.from_mapping(development, {"USER": "Ada.Lovelace@example.com"}).user == "adalovelace"
    assert Settings.from_mapping({**development, "user": "grace"}, {"USER": "ada"}).user == "grace"
    assert Settings.from_mapping(GOOD, {"USER": "ada"}).user == ""
    with pytest.raises(ConfigError, match="set azureml:user"):
        Settings.from_mapping(development, {})


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("mode", "prod", "use one of development, production"),
        ("settings", "[]", "must map kinds"),
        ("settings", '{"Compute": 3}', "must map kinds"),
        ("settings", "vmSize: big", "must map kinds"),
    ],
)
def test_a_mode_or_settings_that_are_none_are_told(key: str, value: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Settings.from_mapping({**GOOD, key: value}, {})


def test_the_environment_of_the_process_does_not_choose_a_release() -> None:
    assert Settings.from_mapping(GOOD, {"AZUREML_RELEASE": "v1", "AZUREML_MODE": "production"}).release == ""


def test_production_refuses_local_content_and_adoption(tmp_path: Path) -> None:
    found = reasons(run(MODEL, PRODUCTION, path=str(tmp_path), adopt=True))
    assert "production deploys releases only" in found["path"]
    assert "refused in production" in found["adopt"]
    assert "releases only" in reasons(run(ENVIRONMENT, PRODUCTION, image="mcr.microsoft.com/base:1"))["image"]
    assert not run(DATA, PRODUCTION, path="azureml://datastores/d/paths/shared").failures


def test_production_retains_versions_unless_it_is_told_otherwise() -> None:
    remote = {"path": "azureml://datastores/d/paths/m"}
    assert run(MODEL, PRODUCTION, **remote).inputs["onDelete"] == "retain"
    assert run(MODEL, PRODUCTION, **remote, onDelete="archive").inputs["onDelete"] == "archive"
    assert run(MODEL, SETTINGS, **remote).inputs["onDelete"] == "delete"


def test_production_protects_endpoints_and_nothing_else() -> None:
    assert {kind.name for kind in KINDS if kind.protected} == {"BatchEndpoint", "OnlineEndpoint"}


@pytest.mark.parametrize(
    ("mode", "opts", "protected"),
    [
        ("production", None, True),
        ("production", pulumi.ResourceOptions(protect=False), False),  # what the program says outright
        ("development", None, None),
        (None, None, None),
    ],
)
def test_an_endpoint_is_protected_in_production_alone(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mode: str | None,
    opts: pulumi.ResourceOptions | None,
    protected: bool | None,
) -> None:
    monkeypatch.chdir(tmp_path)  # outside of git: production refuses a tree with changes
    registered: list[pulumi.ResourceOptions | None] = []
    monkeypatch.setattr(resource.Resource, "__init__", lambda *arguments: registered.append(arguments[4]))
    monkeypatch.setattr(pulumi.Config, "get", lambda _, key: mode if key == "mode" else None)
    monkeypatch.setattr(pulumi, "create_urn", lambda *_: pulumi.Output.from_input("urn"))

    async def declare() -> None:  # outputs need a running loop
        azureml.BatchEndpoint("endpoint", opts=opts)
        azureml.Compute("compute", vm_size="STANDARD_D2_V2")

    asyncio.run(declare())
    assert [each and each.protect for each in registered] == [protected, None]


def test_in_production_new_content_for_a_version_is_refused() -> None:
    old = {"armId": f"{WORKSPACE}/models/m/versions/1", "contentDigest": "a"}
    with pytest.raises(ConfigError, match="a version never changes in production"):
        diff(MODEL, old, {**old, "contentDigest": "b"}, mode="production")


def test_in_development_new_content_for_a_version_is_an_update_in_place() -> None:
    old = {"armId": f"{WORKSPACE}/models/m/versions/1", "contentDigest": "a"}
    found = diff(MODEL, old, {**old, "contentDigest": "b"}, mode="development")
    assert (found.changes, found.replaces) == (("contentDigest",), ())
    other = {"armId": f"{WORKSPACE}/models/m/versions/2", "contentDigest": "b"}
    assert diff(MODEL, old, other, mode="development").replaces


def test_an_asset_of_the_release_needs_no_local_files(released: Settings) -> None:
    found = run(MODEL, released, "model", path="gone", modelType="mlflow_model", tags={"team": "a"})
    assert not found.failures
    assert found.inputs["version"] == "0123456789abcdef"
    assert found.inputs["contentDigest"] == "a" * 64
    assert found.inputs["modelType"] == "custom_model"
    assert found.inputs["armId"] == f"{WORKSPACE}/models/model/versions/0123456789abcdef"
    assert found.inputs["tags"]["release"] == "v1"
    assert found.inputs["tags"]["team"] == "a"
    environment = run(ENVIRONMENT, released, "env", image="other", condaFile="gone.yaml").inputs
    assert (environment["image"], environment["condaFile"]) == ("mcr.microsoft.com/base:1", "name: größe\n")


def test_the_release_decides_what_was_tested_and_the_program_the_machinery(released: Settings) -> None:
    given = {"scoringScript": "new.py", "code": "azureml:c:1", "miniBatchSize": 5, "outputFileName": "new.csv"}
    found = deployment(released, **given, instanceCount=4)
    assert not found.failures
    assert found.inputs["scoringScript"] == "score.py"
    assert found.inputs["miniBatchSize"] == 30
    assert found.inputs["environmentVariables"] == {"OMP_NUM_THREADS": "1"}
    assert "outputFileName" not in found.inputs
    assert found.inputs["instanceCount"] == 4


def test_the_stacks_file_wins_over_the_release(released: Settings) -> None:
    settings = overridden({"BatchDeployment": {"miniBatchSize": 7}}, released)
    given = {"scoringScript": "score.py", "code": "azureml:c:1"}
    assert deployment(settings, **given).inputs["miniBatchSize"] == 7


def test_a_setting_that_was_secret_in_the_source_is_the_programs(tmp_path: Path) -> None:
    settings = {key: value for key, value in DEPLOYMENT.settings.items() if key != "environmentVariables"}
    path = tmp_path / "v1.json"
    write_release(replace(RELEASE, deployments=(replace(DEPLOYMENT, settings=settings),)), path)
    given = {"scoringScript": "score.py", "code": "azureml:c:1", "environmentVariables": {"KEY": "own"}}
    found = deployment(replace(SETTINGS, release=str(path)), **given)
    assert found.inputs["environmentVariables"] == {"KEY": "own"}


def test_a_versioned_deployment_is_named_after_its_content() -> None:
    first = deployment(SETTINGS, versioned=True).inputs["name"]
    assert first.startswith("svm-")
    assert deployment(SETTINGS, versioned=True, miniBatchSize=5).inputs["name"] == first
    assert deployment(SETTINGS, versioned=True, model="azureml:m:2").inputs["name"] != first
    elsewhere = replace(SETTINGS, workspace="prod")
    there = deployment(elsewhere, versioned=True, endpoint=ENDPOINT).inputs["name"]
    assert there == first  # the same content has the same name in every environment
    assert deployment(SETTINGS, versioned=True, model=UNKNOWN).inputs["name"] is UNKNOWN
    long = deployment(SETTINGS, versioned=True, name="a" * 32)
    assert not long.failures
    assert len(long.inputs["name"]) == 32


def test_deployments_are_versioned_in_production_unless_they_say_otherwise() -> None:
    assert deployment(PRODUCTION).inputs["name"].startswith("svm-")
    assert deployment(PRODUCTION, versioned=False).inputs["name"] == "svm"
    assert deployment(SETTINGS).inputs["name"] == "svm"
