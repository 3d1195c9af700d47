"""Check: all errors at once, each at its path; unknown values skipped; names and ids computed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pulumi_azureml.arm import Settings
from pulumi_azureml.engine import UNKNOWN, Checked, Kind, check
from pulumi_azureml.resources import (
    BATCH_DEPLOYMENT,
    BATCH_ENDPOINT,
    CODE,
    COMPUTE,
    DEFAULT_DEPLOYMENT,
    ENVIRONMENT,
    MODEL,
    ONLINE_DEPLOYMENT,
    ONLINE_ENDPOINT,
    TRAFFIC,
)

SETTINGS = Settings("00000000-0000-0000-0000-000000000001", "rg", "ws", "westeurope", "https://arm.example")
WORKSPACE = SETTINGS.workspace_id
ENDPOINT = f"{WORKSPACE}/batchEndpoints/digits"
ONLINE = f"{WORKSPACE}/onlineEndpoints/digits"


def run(kind: Kind, owner: str = "shop/dev/thing", **inputs: Any) -> Checked:
    return check(kind, inputs, SETTINGS, owner=owner)


def reasons(checked: Checked) -> dict[str, str]:
    return {failure.path: failure.reason for failure in checked.failures}


def deployment(**inputs: Any) -> Checked:
    return run(BATCH_DEPLOYMENT, **{"endpoint": ENDPOINT, "model": "azureml:m:1", "compute": "cpu", **inputs})


def test_every_error_of_a_resource_is_told_at_once_and_at_its_path() -> None:
    found = reasons(
        run(
            COMPUTE,
            name="1x",
            vm_size="huge",
            vm_priority="Cheap",
            scale_settings={"min_node_count": -1, "max_node_count": 4, "node_idle_time_before_scale_down": "2 minutes"},
            tags={"team": ""},
        )
    )
    assert set(found) == {
        "name",
        "vmSize",
        "vmPriority",
        "scaleSettings.minNodeCount",
        "scaleSettings.nodeIdleTimeBeforeScaleDown",
        "tags",
    }
    assert "'Dedicated' or 'LowPriority'" in found["vmPriority"]
    assert "greater than or equal to 0" in found["scaleSettings.minNodeCount"]
    assert "PT30S" in found["scaleSettings.nodeIdleTimeBeforeScaleDown"]


def test_a_misspelt_key_is_answered_with_the_right_one() -> None:
    found = reasons(run(COMPUTE, vm_size="STANDARD_D2_V2", scale_settings={"max_nodes_count": 4}))
    assert found == {
        "scaleSettings.max_nodes_count": '"max_nodes_count" is not expected here. Do you mean "max_node_count"?'
    }


def test_missing_inputs_are_told_with_what_they_are() -> None:
    found = reasons(run(BATCH_DEPLOYMENT, endpoint=ENDPOINT))
    assert set(found) == {"model", "compute"}
    assert found["model"].startswith("is required: the model")


def test_unknown_values_are_skipped_at_any_depth_and_handed_on() -> None:
    checked = deployment(model=UNKNOWN, retry_settings={"max_retries": UNKNOWN}, mini_batch_size=0)
    assert set(reasons(checked)) == {"miniBatchSize"}
    assert checked.inputs["model"] is UNKNOWN
    assert checked.inputs["retrySettings"] == {"maxRetries": UNKNOWN, "timeout": "PT30S"}


def test_the_arm_id_is_known_when_its_parts_are_and_unknown_otherwise() -> None:
    assert deployment(name="blue").inputs["armId"] == f"{ENDPOINT}/deployments/blue"
    assert deployment(endpoint=UNKNOWN, name="blue").inputs["armId"] is UNKNOWN


def test_short_references_become_arm_ids_and_registry_references_stay() -> None:
    registry = "azureml://registries/azureml/environments/sklearn/versions/3"
    checked = deployment(environment=registry)
    assert checked.inputs["model"] == f"{WORKSPACE}/models/m/versions/1"
    assert checked.inputs["compute"] == f"{WORKSPACE}/computes/cpu"
    assert checked.inputs["environment"] == registry


def test_numbers_and_enumerations_are_taken_as_the_host_and_users_write_them() -> None:
    checked = deployment(mini_batch_size=4.0, instance_count="2", output_action="appendrow", logging_level="debug")
    assert not checked.failures
    inputs = checked.inputs
    assert (inputs["miniBatchSize"], inputs["instanceCount"]) == (4, 2)
    assert isinstance(inputs["miniBatchSize"], int)
    assert (inputs["outputAction"], inputs["loggingLevel"]) == ("AppendRow", "Debug")


def test_a_number_out_of_range_says_the_range() -> None:
    assert "greater than or equal to -1" in reasons(deployment(error_threshold=-2))["errorThreshold"]


def test_summary_only_takes_no_file_name() -> None:
    found = reasons(deployment(output_action="SummaryOnly", output_file_name="rows.csv"))
    assert "AppendRow only" in found["outputFileName"]


@pytest.mark.parametrize("name", ["a/b.csv", "what?.csv", "{x}.csv"])
def test_an_output_file_name_has_none_of_the_characters_that_the_service_refuses(name: str) -> None:
    assert "outputFileName" in reasons(deployment(output_file_name=name))


def test_a_scoring_script_must_be_in_the_code_folder(tmp_path: Path) -> None:
    (tmp_path / "score.py").write_text("def run(batch): return []")
    code = f"{WORKSPACE}/codes/c/versions/1"
    good = deployment(code=code, scoring_script="score.py", code_path=str(tmp_path))
    bad = deployment(code=code, scoring_script="scroe.py", code_path=str(tmp_path))
    assert not good.failures
    assert "it holds score.py" in reasons(bad)["scoringScript"]


def test_code_and_script_belong_together() -> None:
    assert "scoringScript" in reasons(deployment(code=f"{WORKSPACE}/codes/c/versions/1"))
    assert "code" in reasons(deployment(scoring_script="score.py"))
    assert not deployment(code=UNKNOWN, scoring_script="score.py").failures


def test_batch_endpoints_take_entra_tokens_only() -> None:
    assert "AADToken" in reasons(run(BATCH_ENDPOINT, auth_mode="Key"))["authMode"]
    assert run(BATCH_ENDPOINT, auth_mode="aadToken").inputs["authMode"] == "AADToken"


def test_an_endpoint_without_a_name_gets_one_that_is_stable_and_its_own() -> None:
    first = run(BATCH_ENDPOINT, owner="shop/dev/digits").inputs["name"]
    assert first.startswith("digits-")
    assert first == run(BATCH_ENDPOINT, owner="shop/dev/digits").inputs["name"]
    assert first != run(BATCH_ENDPOINT, owner="shop/prod/digits").inputs["name"]
    other = Settings(SETTINGS.subscription_id, "rg", "other", "westeurope", SETTINGS.arm_endpoint)
    assert first != check(BATCH_ENDPOINT, {}, other, owner="shop/dev/digits").inputs["name"]


def test_a_long_logical_name_still_makes_a_valid_endpoint_name() -> None:
    checked = run(BATCH_ENDPOINT, owner="shop/dev/a-very-long-logical-name-for-an-endpoint_of_mine")
    assert not checked.failures
    assert len(checked.inputs["name"]) <= 32


def test_a_logical_name_that_makes_no_valid_name_is_an_error_at_name() -> None:
    assert "name" in reasons(run(COMPUTE, owner="shop/dev/1", vm_size="STANDARD_D2_V2"))


def test_new_content_makes_a_new_version_and_the_same_content_the_same(tmp_path: Path) -> None:
    script = tmp_path / "score.py"
    script.write_text("one")
    first = run(CODE, path=str(tmp_path)).inputs
    assert first == run(CODE, path=str(tmp_path)).inputs
    script.write_text("two")
    second = run(CODE, path=str(tmp_path)).inputs
    assert first["version"] != second["version"]
    assert second["armId"].endswith(f"/codes/thing/versions/{second['version']}")


def test_a_given_version_stays_while_the_digest_tells_the_content(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"one")
    first = run(MODEL, path=str(tmp_path), version="7").inputs
    (tmp_path / "model.bin").write_bytes(b"two")
    second = run(MODEL, path=str(tmp_path), version="7").inputs
    assert first["version"] == second["version"] == "7"
    assert first["contentDigest"] != second["contentDigest"]


def test_a_missing_or_empty_model_is_told_at_its_path(tmp_path: Path) -> None:
    assert "no file or folder" in reasons(run(MODEL, path=str(tmp_path / "nowhere")))["path"]
    assert "holds no file" in reasons(run(MODEL, path=str(tmp_path)))["path"]


def test_a_model_in_storage_is_not_looked_for_on_disk() -> None:
    checked = run(MODEL, path="azureml://datastores/workspaceblobstore/paths/models/digits")
    assert not checked.failures
    assert checked.inputs["version"]


def test_a_conda_file_is_taken_as_path_text_or_mapping(tmp_path: Path) -> None:
    text = "name: e\ndependencies:\n- python=3.11\n"
    (tmp_path / "conda.yaml").write_text(text)
    by_path = run(ENVIRONMENT, image="ubuntu:22.04", conda_file=str(tmp_path / "conda.yaml")).inputs
    by_text = run(ENVIRONMENT, image="ubuntu:22.04", conda_file=text).inputs
    by_mapping = run(
        ENVIRONMENT, image="ubuntu:22.04", conda_file={"name": "e", "dependencies": ["python=3.11"]}
    ).inputs
    assert by_path["condaFile"] == by_text["condaFile"] == by_mapping["condaFile"] == text
    assert by_path["version"] == by_text["version"] == by_mapping["version"]


@pytest.mark.parametrize("text", ["a: [1\nb: 2", "- just\n- a list\n", "dependencies: none\nname: x\n"])
def test_a_conda_file_that_is_none_is_refused(text: str) -> None:
    assert "condaFile" in reasons(run(ENVIRONMENT, image="ubuntu:22.04", conda_file=text))


def test_a_default_deployment_given_by_id_must_be_one_of_the_endpoint() -> None:
    good = run(DEFAULT_DEPLOYMENT, endpoint=ENDPOINT, deployment=f"{ENDPOINT}/deployments/blue")
    assert good.inputs["deployment"] == "blue"
    bad = run(DEFAULT_DEPLOYMENT, endpoint=ENDPOINT, deployment=f"{WORKSPACE}/batchEndpoints/x/deployments/blue")
    assert "deployment of the endpoint" in reasons(bad)["deployment"]


def test_the_location_follows_the_stack_unless_given() -> None:
    assert run(BATCH_ENDPOINT).inputs["location"] == "westeurope"
    assert run(BATCH_ENDPOINT, location="eastus").inputs["location"] == "eastus"


def test_traffic_goes_to_deployments_of_its_endpoint_by_name() -> None:
    ids = {f"{ONLINE}/deployments/blue": 90, "green": 10, f"{ONLINE.upper()}/deployments/old": 0}
    checked = run(TRAFFIC, endpoint=ONLINE, traffic=ids, mirror_traffic={f"{ONLINE}/deployments/next": 5})
    assert not checked.failures
    assert checked.inputs["traffic"] == {"blue": 90, "green": 10}
    assert checked.inputs["mirrorTraffic"] == {"next": 5}
    assert checked.inputs["armId"] == f"{ONLINE}/traffic"
    assert run(TRAFFIC, endpoint=ONLINE, traffic=UNKNOWN).inputs["traffic"] is UNKNOWN
    assert not run(TRAFFIC, endpoint=ONLINE, traffic={"blue": UNKNOWN}, mirror_traffic=UNKNOWN).failures


@pytest.mark.parametrize(
    ("traffic", "mirror", "path", "words"),
    [
        ({"blue": 90}, {}, "traffic", "add up to 100, not 90"),
        ({}, {}, "traffic", "leave the resource out"),
        ({"blue": 101}, {}, "traffic.blue", "less than or equal to 100"),
        ({f"{ONLINE}-2/deployments/blue": 100}, {}, "traffic", "should name deployments of the endpoint"),
        ({"blue": 100}, {"green": 51}, "mirrorTraffic", "at most 50"),
        ({"blue": 100}, {"green": 1, "red": 1}, "mirrorTraffic", "one deployment, not green, red"),
        ({f"{ONLINE}/deployments/blue": 100}, {"blue": 1}, "mirrorTraffic", "without live traffic, not blue"),
    ],
)
def test_traffic_that_the_service_would_refuse_is_refused(
    traffic: dict[str, int], mirror: dict[str, int], path: str, words: str
) -> None:
    found = reasons(run(TRAFFIC, endpoint=ONLINE, traffic=traffic, mirror_traffic=mirror))
    assert words in found[path]


@pytest.mark.parametrize(
    ("inputs", "path", "words"),
    [
        ({"request_settings": {"request_timeout": "PT4M"}}, "requestSettings.requestTimeout", "at most PT3M"),
        ({"request_settings": {"request_timeout": "PT0S"}}, "requestSettings.requestTimeout", "more than nothing"),
        ({"liveness_probe": {"period": "PT0.5S"}}, "livenessProbe.period", "at least PT1S"),
        ({"liveness_probe": {"success_threshold": 2}}, "livenessProbe.successThreshold", "should be 1"),
        ({"readiness_probe": {"initial_delay": "PT0S"}}, "readinessProbe.initialDelay", "at least PT1S"),
        ({"instance_type": "big"}, "instanceType", "pattern"),
        ({"instance_count": 0}, "instanceCount", "greater than or equal to 1"),
        ({"scale_settings": {"scale_type": "TargetUtilization"}}, "scaleSettings.scaleType", "'Default'"),
        ({"code": "azureml:c:1"}, "scoringScript", "run(raw_data)"),
    ],
)
def test_an_online_deployment_is_held_to_the_services_limits(inputs: dict[str, Any], path: str, words: str) -> None:
    found = reasons(run(ONLINE_DEPLOYMENT, **{"endpoint": ONLINE, "instance_type": "Standard_F4s_v2", **inputs}))
    assert words in found[path]


def test_identities_are_told_by_id_alone_whatever_the_service_says_of_them() -> None:
    given = {"type": "userAssigned", "user_assigned_identities": ["/subscriptions/s/i/one"]}
    identity = run(ONLINE_ENDPOINT, identity=given).inputs["identity"]
    assert identity == {"type": "UserAssigned", "userAssignedIdentities": {"/subscriptions/s/i/one": {}}}
    answered = {"type": "UserAssigned", "userAssignedIdentities": {"/subscriptions/s/i/one": {"clientId": "c"}}}
    assert run(ONLINE_ENDPOINT, identity=answered).inputs["identity"] == identity
