"""What production needs of each resource, asked of what `pulumi preview --json` answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pulumi_azureml.arm import ConfigError
from pulumi_azureml.policy.check import Verdict, read_limits, verdicts
from pulumi_azureml.policy.rules import RULES, TYPE

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
OWNED = {"tags": {"owner": "vision"}}


def preview(kind: str, inputs: dict[str, Any], op: str = "create") -> dict[str, Any]:
    urn = f"urn:pulumi:prod::project::{TYPE}{kind}::it"
    return {"steps": [{"op": op, "urn": urn, "newState": {"type": f"{TYPE}{kind}", "inputs": inputs}}]}


def found(kind: str, inputs: dict[str, Any], limits: dict[str, Any] | None = None) -> list[Verdict]:
    return list(verdicts(preview(kind, inputs), limits or {}))


@pytest.mark.parametrize(
    ("rule", "kind", "good", "bad"),
    [
        ("no-local-assets", "Model", {"path": "azureml://datastores/d/paths/m"}, {"path": "model"}),
        ("no-local-assets", "Code", {"path": "https://account.blob.core.windows.net/c/src"}, {"path": "src"}),
        ("no-local-assets", "Data", {"path": "azureml://datastores/d/paths/m"}, {"path": "data"}),
        ("no-local-assets", "Environment", {"image": "i", "tags": {"release": "v1"}}, {"image": "i"}),
        ("no-local-assets", "Environment", {"image": "i", "registry": "/r"}, {"image": "i", "tags": {"a": "b"}}),
        ("gates", "DefaultDeployment", {"deployment": "/d", "gate": "/g"}, {"deployment": "/d"}),
        (
            "bounded-compute",
            "Compute",
            {**OWNED, "scaleSettings": {"maxNodeCount": 10.0, "minNodeCount": 0}},
            {**OWNED, "scaleSettings": {"maxNodeCount": 11.0, "minNodeCount": 0}},
        ),
        (
            "bounded-compute",
            "Compute",
            OWNED,
            {**OWNED, "scaleSettings": {"maxNodeCount": 4, "minNodeCount": 1}},
        ),
        ("bounded-compute", "BatchDeployment", {**OWNED, "instanceCount": 10}, {**OWNED, "instanceCount": 11}),
        ("bounded-compute", "OnlineDeployment", {**OWNED, "instanceCount": 10}, {**OWNED, "instanceCount": 11}),
        ("tags", "BatchEndpoint", OWNED, {"tags": {"team": "vision"}}),
        ("tags", "Compute", OWNED, {}),
    ],
)
def test_each_rule_lets_the_good_pass_and_names_the_bad(
    rule: str, kind: str, good: dict[str, Any], bad: dict[str, Any]
) -> None:
    assert found(kind, good) == []
    (verdict,) = found(kind, bad)
    assert (verdict.rule, verdict.kind, verdict.logical_name, verdict.known) == (rule, kind, "it", True)
    assert ": " in verdict.problem  # what is wrong: what to do


def test_what_is_not_known_yet_is_not_guessed() -> None:
    (verdict,) = found("BatchDeployment", {**OWNED, "instanceCount": UNKNOWN})
    assert (verdict.rule, verdict.known) == ("bounded-compute", False)
    (nested,) = found("Compute", {**OWNED, "scaleSettings": {"maxNodeCount": UNKNOWN}})
    assert not nested.known


def test_what_goes_away_and_what_is_of_others_is_not_asked() -> None:
    assert list(verdicts(preview("Model", {"path": "model"}, op="delete"), {})) == []
    strange = preview("Model", {"path": "model"})
    strange["steps"][0]["newState"]["type"] = "random:index:RandomPet"
    assert list(verdicts(strange, {})) == []


def test_limits_are_those_of_the_configuration(tmp_path: Path) -> None:
    file = tmp_path / "limits.json"
    file.write_text(json.dumps({"bounded-compute": {"maxNodes": 2}, "tags": {"required": ["owner", "cost-center"]}}))
    limits = read_limits(file)
    assert [v.rule for v in found("BatchDeployment", {**OWNED, "instanceCount": 3}, limits)] == [
        "bounded-compute",
        "tags",
    ]
    assert read_limits(None) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "cannot be read"),
        ('{"bounded": {}}', "has 'bounded': rules and limits are no-local-assets (no limits)"),
        ('{"tags": {"requird": []}}', "has requird: rules and limits are"),
        ("[]", "rules and limits are"),
    ],
)
def test_a_configuration_that_names_what_there_is_not_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "limits.json"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_limits(file)
    assert said in str(caught.value)


def test_the_policy_pack_has_the_same_rules() -> None:
    pulumi_policy = pytest.importorskip("pulumi_policy")
    from pulumi_azureml.policy.pack import policies

    made = policies()
    assert [policy.name for policy in made] == [rule.name for rule in RULES]
    assert all(isinstance(policy, pulumi_policy.ResourceValidationPolicy) for policy in made)
    with_limits = {policy.name: set(policy.config_schema.properties) for policy in made if policy.config_schema}
    assert with_limits == {rule.name: set(rule.limits) for rule in RULES if rule.limits}
