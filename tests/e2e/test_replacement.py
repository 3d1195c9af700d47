"""What replaces what, in which order, and that nothing is left behind."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .local import LocalAzure
from .stack import Stack, configuration, project_copy

pytestmark = pytest.mark.timeout(600)


@dataclass
class Step:
    """An up after a change: what was done in which order, and the workspace before and after."""

    done: list[tuple[str, str]]
    before: dict[str, Any]
    after: dict[str, Any]


def held(azure: LocalAzure) -> dict[str, Any]:
    """Everything in the workspace by its path below it."""
    found: dict[str, Any] = {}
    for kind in ("codes", "models", "environments"):
        for asset in azure.arm(f"/{kind}")["value"]:
            listed = azure.arm(f"/{kind}/{asset['name']}/versions")["value"]
            found |= {f"{kind}/{asset['name']}/{version['name']}": version["properties"] for version in listed}
    for compute in azure.arm("/computes")["value"]:
        found[f"computes/{compute['name']}"] = compute["properties"]
    for endpoint in azure.arm("/batchEndpoints")["value"]:
        place = f"batchEndpoints/{endpoint['name']}"
        found[place] = endpoint["properties"]
        listed = azure.arm(f"/{place}/deployments")["value"]
        found |= {f"{place}/{deployment['name']}": deployment["properties"] for deployment in listed}
    return found


def step(stack: Stack, azure: LocalAzure) -> Step:
    """Run an up and listen to the engine: every operation that was finished, in order."""
    before = held(azure)
    lines = stack.pulumi("up", "--yes", "--skip-preview", "--json").output.splitlines()
    events = [json.loads(line) for line in lines if line.startswith("{")]
    outcomes = [event["resOutputsEvent"]["metadata"] for event in events if "resOutputsEvent" in event]
    done = [(outcome["op"], outcome["urn"].rpartition("::")[2]) for outcome in outcomes if outcome["op"] != "same"]
    return Step([(op, name) for op, name in done if not name.startswith("azureml-digits")], before, held(azure))


@pytest.fixture(scope="module")
def steps(azure: LocalAzure, prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Sequence[Step]:
    """The digits stack, up; then with one more byte in its script; then with another name for its endpoint."""
    folder = tmp_path_factory.mktemp("replacement")
    example = project_copy(folder / "project", prepared)
    stack = Stack(folder / "project", folder / "state", azure.env)
    stack.configure(configuration(azure))
    stack.init()
    try:
        stack.up()
        script = example / "src/score.py"
        script.write_bytes(script.read_bytes() + b"\n")
        one_byte = step(stack, azure)
        program = example / "__main__.py"
        program.write_text(
            program.read_text().replace('BatchEndpoint("digits",', 'BatchEndpoint("digits", name="renamed",')
        )
        renamed = step(stack, azure)
    finally:
        stack.destroy()
    return one_byte, renamed


def test_one_byte_of_the_script_makes_a_code_version_moves_the_deployment_and_then_drops_the_old_version(
    steps: Sequence[Step],
) -> None:
    step = steps[0]
    assert step.done == [
        ("create-replacement", "digits-code"),
        ("replace", "digits-code"),
        ("update", "digits-svm"),
        ("delete-replaced", "digits-code"),
    ]


def test_one_byte_of_the_script_changes_nothing_else(steps: Sequence[Step]) -> None:
    before, after = steps[0].before, steps[0].after
    (old,) = before.keys() - after.keys()
    (new,) = after.keys() - before.keys()
    assert old.startswith("codes/digits-code/")
    assert new.startswith("codes/digits-code/")
    (changed,) = [place for place in before.keys() & after.keys() if before[place] != after[place]]
    assert changed.endswith("/digits-svm")
    assert after[changed]["codeConfiguration"]["codeId"].endswith(f"versions/{new.rpartition('/')[2]}")


def test_a_renamed_endpoint_is_made_with_all_beneath_before_the_old_one_goes(steps: Sequence[Step]) -> None:
    done = [outcome for outcome in steps[1].done if outcome[0] != "replace"]
    assert done == [
        ("create-replacement", "digits"),
        ("create-replacement", "digits-svm"),
        ("create-replacement", "digits-default"),
        ("delete-replaced", "digits-default"),
        ("delete-replaced", "digits-svm"),
        ("delete-replaced", "digits"),
    ]


def test_a_renamed_endpoint_leaves_nothing_of_the_old_one(steps: Sequence[Step]) -> None:
    before, after = steps[1].before, steps[1].after
    assert {place for place in after if place.startswith("batchEndpoints")} == {
        "batchEndpoints/renamed",
        "batchEndpoints/renamed/digits-svm",
    }
    assert after["batchEndpoints/renamed"]["defaults"] == {"deploymentName": "digits-svm"}
    kept = {place for place in before if not place.startswith("batchEndpoints")}
    assert {place: before[place] for place in kept} == {place: after[place] for place in kept}
