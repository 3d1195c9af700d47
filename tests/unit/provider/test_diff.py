"""Diff: over every input of every kind, unchanged means no change, and each change means what is declared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pulumi_azureml.engine import UNKNOWN, Kind, check, diff
from pulumi_azureml.resources import KINDS

from .test_check import ENDPOINT, ONLINE, SETTINGS, WORKSPACE

MUTABLE, REPLACE, NONE = "update", "replace", "nothing"

OF_A_PIPELINE = {"endpoint": ENDPOINT, "name": "blue", "component": "azureml:p:1", "settings": {"force_rerun": False}}
PIPELINE = {
    "name": "p",
    "inputs": {"data": {"type": "uri_folder"}},
    "jobs": {"only": {"component": "azureml:c:1", "inputs": {"data": "${{parent.inputs.data}}"}}},
}
COUNTING = {
    "deployment": f"{ENDPOINT}/deployments/blue",
    "data": "azureml:images:1",
    "metric": "row_count",
    "threshold": 2,
    "columns": ["file", "prediction"],
}
GUID = "0f1a2b3c-0000-4000-8000-00000000abcd"
V1 = {"factory": "adf", "pipeline_endpoint_id": GUID, "linked_service": "AzureML"}
# For every kind: inputs that are right, and for every input another value with what its change must mean; where the
# input does not fit with the first inputs, others follow.
TABLE: dict[str, tuple[dict[str, Any], dict[str, tuple[Any, ...]]]] = {
    "Code": (
        {"path": "{src}", "name": "c", "version": "1", "description": "d", "tags": {"a": "1"}},
        {
            "path": ("{other}", REPLACE),
            "name": ("c2", REPLACE),
            "registry": ("shared", REPLACE),
            "version": ("2", REPLACE),
            "description": ("e", MUTABLE),
            "tags": ({"a": "2"}, MUTABLE),
            "on_delete": ("retain", MUTABLE),
            "adopt": (True, NONE),
        },
    ),
    "Model": (
        {"path": "{src}", "name": "m", "version": "1"},
        {
            "path": ("{other}", REPLACE),
            "name": ("m2", REPLACE),
            "registry": ("shared", REPLACE),
            "version": ("2", REPLACE),
            "model_type": ("mlflow_model", REPLACE),
            "description": ("e", MUTABLE),
            "tags": ({"a": "2"}, MUTABLE),
            "on_delete": ("archive", MUTABLE),
            "adopt": (True, NONE),
        },
    ),
    "Environment": (
        {"image": "ubuntu:22.04", "conda_file": "name: a\ndependencies: []\n", "name": "e"},
        {
            "image": ("ubuntu:24.04", REPLACE),
            "conda_file": ("name: b\ndependencies: []\n", REPLACE),
            "name": ("e2", REPLACE),
            "registry": ("shared", REPLACE),
            "version": ("2", REPLACE),
            "os_type": ("Windows", REPLACE),
            "description": ("e", MUTABLE),
            "tags": ({"a": "2"}, MUTABLE),
            "on_delete": ("retain", MUTABLE),
            "adopt": (True, NONE),
        },
    ),
    "Compute": (
        {"vm_size": "STANDARD_D2_V2", "name": "cpu"},
        {
            "vm_size": ("STANDARD_D3_V2", REPLACE),
            "name": ("cpu2", REPLACE),
            "scale_settings": ({"max_node_count": 8}, MUTABLE),
            "vm_priority": ("LowPriority", REPLACE),
            "os_type": ("Windows", REPLACE),
            "description": ("e", REPLACE),
            "location": ("eastus", REPLACE),
            "tags": ({"a": "2"}, MUTABLE),
            "adopt": (True, NONE),
        },
    ),
    "BatchEndpoint": (
        {"name": "digits"},
        {
            "name": ("digits2", REPLACE),
            "auth_mode": ("aadToken", NONE),
            "description": ("e", MUTABLE),
            "properties": ({"a": "2"}, MUTABLE),
            "identity": ({"type": "SystemAssigned"}, MUTABLE),
            "location": ("eastus", REPLACE),
            "tags": ({"a": "2"}, MUTABLE),
            "adopt": (True, NONE),
        },
    ),
    "BatchDeployment": (
        {
            "endpoint": ENDPOINT,
            "name": "blue",
            "model": "azureml:m:1",
            "compute": "cpu",
            "code": "azureml:c:1",
            "scoring_script": "score.py",
        },
        {
            "endpoint": ("other", REPLACE),
            "name": ("green", REPLACE),
            "model": ("azureml:m:2", MUTABLE),
            "compute": ("gpu", MUTABLE),
            "code": ("azureml:c:2", MUTABLE),
            "scoring_script": ("other.py", MUTABLE),
            "code_path": ("{src}", NONE),
            "environment": ("azureml:e:1", MUTABLE),
            "environment_variables": ({"A": "1"}, MUTABLE),
            "instance_count": (3, MUTABLE),
            "mini_batch_size": (3, MUTABLE),
            "max_concurrency_per_instance": (3, MUTABLE),
            "error_threshold": (3, MUTABLE),
            "retry_settings": ({"max_retries": 1}, MUTABLE),
            "output_action": ("SummaryOnly", MUTABLE),
            "output_file_name": ("rows.csv", MUTABLE),
            "logging_level": ("Debug", MUTABLE),
            "description": ("e", MUTABLE),
            "properties": ({"a": "2"}, MUTABLE),
            "location": ("eastus", REPLACE),
            "tags": ({"a": "2"}, MUTABLE),
            "versioned": (True, REPLACE),
            "component": ("azureml:p:2", MUTABLE, OF_A_PIPELINE),
            "settings": ({"default_compute": "cpu"}, MUTABLE, OF_A_PIPELINE),
            "scoring_digest": ("x", NONE),
            "adopt": (True, NONE),
        },
    ),
    "Component": (
        {
            "command": "true ${{inputs.n}}",
            "environment": "azureml:e:1",
            "name": "c",
            "inputs": {"n": {"type": "integer"}},
        },
        {
            "command": ("false ${{inputs.n}}", REPLACE),
            "environment": ("azureml:e:2", REPLACE),
            "code": ("azureml:c:1", REPLACE),
            "inputs": ({"n": {"type": "number", "default": 1.0}}, REPLACE),
            "outputs": ({"out": {"type": "uri_file"}}, REPLACE),
            "instance_count": (2, REPLACE),
            "is_deterministic": (False, REPLACE),
            "display_name": ("C", REPLACE),
            "type": ("COMMAND", NONE),
            "jobs": (
                {"only": {"component": "azureml:c:2", "inputs": {"data": "${{parent.inputs.data}}"}}},
                REPLACE,
                PIPELINE,
            ),
            "job_inputs": ({"only": {"component": {"data": {"type": "uri_folder"}}}}, NONE, PIPELINE),
            "job_outputs": ({"only": {"component": {}}}, NONE, PIPELINE),
            "job_types": ({"only": {"component": "command"}}, NONE, PIPELINE),
            "name": ("c2", REPLACE),
            "version": ("2", REPLACE),
            "description": ("e", MUTABLE),
            "tags": ({"a": "2"}, MUTABLE),
            "on_delete": ("archive", MUTABLE),
            "registry": ("shared", REPLACE),
            "adopt": (True, NONE),
        },
    ),
    "Data": (
        {"path": "{src}", "name": "d", "version": "1"},
        {
            "path": ("{other}", REPLACE),
            "name": ("d2", REPLACE),
            "registry": ("shared", REPLACE),
            "version": ("2", REPLACE),
            "data_type": ("mltable", REPLACE),
            "description": ("e", MUTABLE),
            "tags": ({"a": "2"}, MUTABLE),
            "on_delete": ("archive", MUTABLE),
            "adopt": (True, NONE),
        },
    ),
    "Datastore": (
        {"account_name": "a", "container_name": "images", "name": "images"},
        {
            "account_name": ("b", REPLACE),
            "container_name": ("other", REPLACE),
            "name": ("other", REPLACE),
            "endpoint": ("core.chinacloudapi.cn", REPLACE),
            "account_key_variable": ("STORAGE_KEY", MUTABLE),
            "description": ("e", MUTABLE),
            "tags": ({"a": "2"}, MUTABLE),
            "adopt": (True, NONE),
        },
    ),
    "OnlineEndpoint": (
        {"name": "digits"},
        {
            "name": ("digits2", REPLACE),
            "auth_mode": ("aadToken", MUTABLE),
            "public_network_access": ("disabled", MUTABLE),
            "description": ("e", MUTABLE),
            "properties": ({"a": "2"}, MUTABLE),
            "identity": ({"type": "systemAssigned"}, MUTABLE),
            "location": ("eastus", REPLACE),
            "tags": ({"a": "2"}, MUTABLE),
            "adopt": (True, NONE),
        },
    ),
    "OnlineDeployment": (
        {
            "endpoint": ONLINE,
            "name": "blue",
            "instance_type": "Standard_F4s_v2",
            "model": "azureml:m:1",
            "code": "azureml:c:1",
            "scoring_script": "score.py",
        },
        {
            "endpoint": ("other", REPLACE),
            "name": ("green", REPLACE),
            "instance_type": ("Standard_F8s_v2", REPLACE),
            "model": ("azureml:m:2", MUTABLE),
            "versioned": (True, REPLACE),
            "code": ("azureml:c:2", MUTABLE),
            "scoring_script": ("other.py", MUTABLE),
            "code_path": ("{src}", NONE),
            "environment": ("azureml:e:1", MUTABLE),
            "environment_variables": ({"A": "1"}, MUTABLE),
            "instance_count": (3, MUTABLE),
            "request_settings": ({"max_concurrent_requests_per_instance": 2}, MUTABLE),
            "liveness_probe": ({"period": "PT5S"}, MUTABLE),
            "readiness_probe": ({"failure_threshold": 3}, MUTABLE),
            "scale_settings": ({"scale_type": "default"}, NONE),
            "app_insights_enabled": (True, MUTABLE),
            "egress_public_network_access": ("disabled", MUTABLE),
            "description": ("e", MUTABLE),
            "properties": ({"a": "2"}, MUTABLE),
            "location": ("eastus", REPLACE),
            "tags": ({"a": "2"}, MUTABLE),
            "adopt": (True, NONE),
        },
    ),
    "Traffic": (
        {
            "endpoint": ONLINE,
            "traffic": {"blue": 100},
            "instance_types": {"blue": "Standard_F4s_v2"},
            "mirror_instance_types": {"green": "Standard_F4s_v2"},
        },
        {
            "endpoint": ("other", REPLACE),
            "traffic": ({"blue": 90, "green": 10}, MUTABLE),
            "mirror_traffic": ({"green": 10}, MUTABLE),
            "instance_types": ({"blue": "Standard_F8s_v2"}, REPLACE),
            "mirror_instance_types": ({"green": "Standard_F8s_v2"}, REPLACE),
        },
    ),
    "Registry": ({"name": "shared"}, {"name": ("other", REPLACE)}),
    "DataFactoryPipeline": (
        {"factory": "adf", "endpoint": "digits", "name": "nightly"},
        {
            "factory": ("adf2", REPLACE),
            "endpoint": ("letters", MUTABLE),
            "deployment": ("blue", MUTABLE),
            "inputs": ({"rate": 0.5}, MUTABLE),
            "outputs": ({"model": {"type": "custom_model"}}, MUTABLE),
            "experiment": ("e", MUTABLE),
            "poll_seconds": (60, MUTABLE),
            "timeout": ("PT1H", MUTABLE),
            "pipeline_endpoint_id": ("0f1a2b3c-0000-4000-8000-00000000abce", MUTABLE, V1),
            "pipeline_version": ("2", MUTABLE, V1),
            "pipeline_id": (
                "0f1a2b3c-0000-4000-8000-00000000abce",
                MUTABLE,
                {**V1, "pipeline_endpoint_id": None, "pipeline_id": GUID},
            ),
            "linked_service": ("other", MUTABLE, V1),
            "continue_on_step_failure": (True, MUTABLE, V1),
            "name": ("daily", REPLACE),
            "description": ("e", MUTABLE),
            "folder": ("ml", MUTABLE),
            "adopt": (True, NONE),
        },
    ),
    "DataFactoryLinkedService": (
        {"factory": "adf", "name": "AzureML"},
        {
            "factory": ("adf2", REPLACE),
            "name": ("other", REPLACE),
            "subscription_id": ("00000000-0000-0000-0000-00000000000f", MUTABLE),
            "resource_group_name": ("other", MUTABLE),
            "workspace_name": ("other", MUTABLE),
            "description": ("e", MUTABLE),
            "adopt": (True, NONE),
        },
    ),
    "Workspace": ({}, {}),
    "DefaultDeployment": (
        {"endpoint": ENDPOINT, "deployment": "blue"},
        {
            "endpoint": ("other", REPLACE),
            "deployment": ("green", MUTABLE),
            "gate": ("quality", MUTABLE),
            "gated_deployment": (f"{ENDPOINT}/deployments/blue", NONE),
        },
    ),
    "ScoringGate": (
        COUNTING,
        {
            "deployment": (f"{ENDPOINT}/deployments/green", MUTABLE),
            "data": ("azureml:images:2", MUTABLE),
            "metric": ("error_rate", MUTABLE),
            "threshold": (3, MUTABLE),
            "greater_is_better": (False, MUTABLE),
            "labels": ("azureml:truth:2", MUTABLE, {**COUNTING, "metric": "accuracy", "labels": "azureml:truth:1"}),
            "columns": (["file", "digit"], MUTABLE),
            "rows_file": ("rows.csv", MUTABLE),
            "name": ("other", REPLACE),
            "timeouts": ({"create": "PT5M"}, NONE),
            "scoring_digest": ("b", MUTABLE),
            "evidence_digest": ("b", MUTABLE),
        },
    ),
}
for _, changes in TABLE.values():
    if "adopt" in changes:
        changes["timeouts"] = ({"create": "PT5M"}, MUTABLE)
ROWS = [(kind, name) for kind in KINDS for name in TABLE[kind.name][1]]


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, str]:
    for name in ("src", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "score.py").write_text(f"# {name}")
        (tmp_path / name / "other.py").write_text("# there too")
    return {"src": str(tmp_path / "src"), "other": str(tmp_path / "other")}


def checked(kind: Kind, inputs: dict[str, Any], folders: dict[str, str]) -> dict[str, Any]:
    filled = {k: v.format(**folders) if isinstance(v, str) and v.startswith("{") else v for k, v in inputs.items()}
    found = check(kind, filled, SETTINGS, owner="shop/dev/thing")
    assert not found.failures
    return found.inputs


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_input_stands_in_the_table(kind: Kind) -> None:
    assert {item.name for item in kind.fields} == set(TABLE[kind.name][1])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_unchanged_inputs_are_no_change(kind: Kind, folders: dict[str, str]) -> None:
    inputs = checked(kind, TABLE[kind.name][0], folders)
    found = diff(kind, inputs, checked(kind, TABLE[kind.name][0], folders))
    assert found.changes == ()


@pytest.mark.parametrize(("kind", "name"), ROWS, ids=lambda value: getattr(value, "name", value))
def test_a_changed_input_means_what_the_table_says(kind: Kind, name: str, folders: dict[str, str]) -> None:
    first, changes = TABLE[kind.name]
    value, meaning, *others = changes[name]
    base = others[0] if others else first
    found = diff(kind, checked(kind, base, folders), checked(kind, {**base, name: value}, folders))
    assert (bool(found.changes), bool(found.replaces)) == (meaning != NONE, meaning == REPLACE)


def test_a_replacement_of_the_same_arm_id_deletes_first(folders: dict[str, str]) -> None:
    compute = next(kind for kind in KINDS if kind.name == "Compute")
    base = TABLE["Compute"][0]
    old = checked(compute, base, folders)
    assert diff(compute, old, checked(compute, {**base, "vm_size": "STANDARD_D3_V2"}, folders)).delete_before_replace
    assert not diff(compute, old, checked(compute, {**base, "name": "cpu2"}, folders)).delete_before_replace


@pytest.mark.parametrize("moved", [{"green": "Standard_F8s_v2"}, {}, {"blue": "Standard_F4s_v2", "green": "any"}])
def test_traffic_that_moves_to_other_machines_is_no_replacement(moved: dict[str, str], folders: dict[str, str]) -> None:
    traffic = next(kind for kind in KINDS if kind.name == "Traffic")
    base = TABLE["Traffic"][0]
    old = checked(traffic, base, folders)
    assert diff(traffic, old, checked(traffic, {**base, "instance_types": moved}, folders)).changes == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"retry_settings": {"timeout": "PT30S"}}, {"retry_settings": {"timeout": "PT0M30S"}}),
        ({"mini_batch_size": 10}, {"mini_batch_size": "10"}),
        ({"mini_batch_size": 10}, {"mini_batch_size": 10.0}),
        ({"output_action": "AppendRow"}, {"output_action": "appendRow"}),
        ({"tags": {"a": "1", "b": "2"}}, {"tags": {"b": "2", "a": "1"}}),
        (
            {"compute": f"{WORKSPACE}/computes/cpu"},
            {"compute": f"{WORKSPACE.upper().replace('/SUB', '/sub')}/computes/CPU"},
        ),
        ({}, {"error_threshold": -1, "retry_settings": {"max_retries": 3}}),
    ],
    ids=["duration", "number as text", "float", "letter case", "key order", "id in another case", "defaults spelt out"],
)
def test_what_means_the_same_is_no_change(
    before: dict[str, Any], after: dict[str, Any], folders: dict[str, str]
) -> None:
    kind = next(kind for kind in KINDS if kind.name == "BatchDeployment")
    base = TABLE["BatchDeployment"][0]
    assert (
        diff(kind, checked(kind, {**base, **before}, folders), checked(kind, {**base, **after}, folders)).changes == ()
    )


def test_an_unknown_value_may_be_a_change(folders: dict[str, str]) -> None:
    kind = next(kind for kind in KINDS if kind.name == "BatchDeployment")
    base = TABLE["BatchDeployment"][0]
    found = diff(kind, checked(kind, base, folders), checked(kind, {**base, "model": UNKNOWN}, folders))
    assert found.changes == ("model",)
    assert found.replaces == ()
