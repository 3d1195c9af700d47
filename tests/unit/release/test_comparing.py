"""What differs between two releases, and which one a stack had before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pulumi_azureml.release.compare import differences
from pulumi_azureml.release.errors import ReleaseError
from pulumi_azureml.release.history import deployed_releases, previous_release

from .releases import DEPLOYMENT, ENVIRONMENT, MODEL, RELEASE, release


def test_equal_releases_do_not_differ_whoever_made_them() -> None:
    other = release(name="v2", origin=replace(RELEASE.origin, by="bob", commit="1"))
    assert differences(RELEASE, other) == []


def test_new_content_new_settings_and_new_assets_are_told() -> None:
    model = replace(MODEL, version="fedcba9876543210", digest="d" * 64)
    code = replace(MODEL, kind="Code", logical_name="src", name="src", version="1", settings={})
    deployment = replace(DEPLOYMENT, settings={**DEPLOYMENT.settings, "miniBatchSize": 10, "outputFileName": "o.csv"})
    told = [each.text() for each in differences(RELEASE, release(assets=(model, code), deployments=(deployment,)))]
    assert "+ Code 'src': src:1" in told
    assert "- Environment 'env': digits-env:1" in told
    assert "~ Model 'model': digits-model:0123456789abcdef → digits-model:fedcba9876543210" in told
    assert "~ BatchDeployment 'svm' miniBatchSize: 30 → 10" in told
    assert "+ BatchDeployment 'svm' outputFileName: o.csv" in told
    assert ENVIRONMENT in RELEASE.assets


def test_what_the_gates_found_is_compared_too() -> None:
    better = replace(RELEASE.gates[0], value=0.98, job="job-2", deployment="svm-2")
    told = [each.text() for each in differences(RELEASE, release(gates=(better,)))]
    assert told == ["~ ScoringGate 'gate' value: 0.97 → 0.98"]


def update(release: str, result: str = "succeeded", kind: str = "update") -> dict[str, Any]:
    config = {"azureml:release": {"value": release, "secret": False}} if release else {}
    return {"kind": kind, "result": result, "config": config}


def test_only_successful_updates_count() -> None:
    updates = [
        update("v3", "failed"),
        update("v2"),
        update("v2"),
        update("v9", kind="refresh"),
        update("v1"),
        update(""),
    ]
    assert list(deployed_releases(updates)) == ["v2", "v1"]


@pytest.mark.parametrize(
    ("updates", "current", "before"),
    [
        ([update("v2"), update("v1")], "v2", "v1"),
        ([update("v3", "failed"), update("v2"), update("v1")], "v3", "v2"),  # what failed was never there
        ([update("v1"), update("v2"), update("v1")], "v1", "v2"),
        ([update("v2"), update(""), update("v1")], "v2", "v1"),
    ],
)
def test_the_release_before_is_the_last_other_one_that_was_deployed(
    updates: list[dict[str, Any]], current: str, before: str
) -> None:
    assert previous_release(updates, current, "prod") == before


def test_a_first_release_has_none_before() -> None:
    with pytest.raises(ReleaseError, match=r"nothing to roll back to(.|\n)*--to NAME"):
        previous_release([update("v1")], "v1", "stack 'prod'")
