"""Three stacks, three workspaces, three versions of a model: the README of 06-promotion, typed from top to bottom."""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from docs.readme import Block, blocks

from .local import BIN, ROOT, LocalAzure, engine_folder, run
from .stack import Stack

pytestmark = pytest.mark.timeout(1200)

LOCAL = "https://127.0.0.1:7443"
STACKS = ("dev", "test", "prod")
START, V1, V2, V3, BACK, EDIT = STEPS = (
    'for stack in dev test prod; do pulumi stack init "$stack" --no-select; done',
    "delivery/promote test v1",
    "python prepare.py v2",
    "python prepare.py v3",
    "azureml-stack rollback --stack test --to v2 --yes",
    "python hand_edit.py prod",
)


@dataclass
class Seen:
    """What the environments were like after a block of the README."""

    said: str
    defaults: dict[str, str]
    deployments: dict[str, set[str]]
    models: dict[str, set[str]]


@dataclass
class Walk:
    """The walkthrough: the copied example, and what was seen after each block."""

    azure: LocalAzure
    stack: Stack
    readme: list[Block]
    seen: dict[str, Seen] = field(default_factory=dict)

    def type(self, first_line: str) -> None:
        """Run the README's block that begins with a line."""
        (block,) = [each for each in self.readme if each.runnable and each.text.splitlines()[0] == first_line]
        done = run(["bash", "-euo", "pipefail", "-c", block.command], self.stack.environment, self.stack.folder)
        assert done.returncode == 0, f"{block.text}\n{done.stdout}"
        self.seen[first_line] = self.look(done.stdout)

    def look(self, said: str) -> Seen:
        """What is in the three workspaces."""
        defaults, deployments, models = {}, {}, {}
        for stack in STACKS:
            endpoints = self.arm(stack, "/batchEndpoints")
            for endpoint in endpoints:
                defaults[stack] = endpoint["properties"]["defaults"].get("deploymentName", "")
                listed = self.arm(stack, f"/batchEndpoints/{endpoint['name']}/deployments")
                deployments[stack] = {each["name"] for each in listed}
            for model in self.arm(stack, "/models"):
                models[stack] = {each["name"] for each in self.arm(stack, f"/models/{model['name']}/versions")}
        return Seen(said, defaults, deployments, models)

    def arm(self, stack: str, path: str) -> Any:
        """List something of a stack's workspace."""
        return self.azure.arm(f"/../{stack}{path}")["value"]

    def model(self, release: str) -> str:
        """The version of the model in a release."""
        lock = json.loads((self.stack.folder / f"releases/{release}.json").read_text())
        (found,) = [asset["version"] for asset in lock["assets"] if asset["kind"] == "Model"]
        return str(found)


@pytest.fixture(scope="module")
def walk(azure: LocalAzure, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    target = tmp_path_factory.mktemp("walkthrough")
    generated = shutil.ignore_patterns("data", "model", "out", "releases", "__pycache__")
    for name in ("01-digits", "06-promotion"):
        shutil.copytree(ROOT / "examples" / name, target / "examples" / name, ignore=generated)
    shutil.copy(ROOT / ".gitignore", target)
    folder = target / "examples/06-promotion"
    for stack in STACKS:
        file = folder / f"Pulumi.{stack}.yaml"
        assert LOCAL in file.read_text()
        file.write_text(file.read_text().replace(LOCAL, azure.origin))
    stack = Stack(folder, target / ".local/state", azure.env, name="prod")
    for command in (
        ["init", "--quiet"],
        ["config", "user.email", "ada@example.com"],
        ["config", "user.name", "Ada"],
        ["add", "--all"],
        ["commit", "--quiet", "--message", "The program"],
    ):
        assert run(["git", *command], stack.environment, target).returncode == 0
    assert run([BIN / "azureml-emulator", "add-workspace", *STACKS], azure.env).returncode == 0
    walk = Walk(azure, stack, blocks(folder / "README.md"))
    for step in STEPS:
        walk.type(step)
    return walk


def test_every_command_of_the_readme_is_typed(walk: Walk) -> None:
    assert [block.text.splitlines()[0] for block in walk.readme if block.runnable] == list(STEPS)


def test_a_release_of_dev_is_committed_and_shown_with_its_lineage(walk: Walk) -> None:
    said = walk.seen[START].said
    assert "from      stack azureml-promotion/dev, commit " in said
    assert "Model promotion-model" in said
    assert "accuracy" in said
    log = run(["git", "log", "--format=%s"], walk.stack.environment, walk.stack.folder).stdout
    assert log.splitlines() == ["Release v3", "Release v2", "Release v1", "The program"]


def test_the_same_model_runs_in_all_three(walk: Walk) -> None:
    seen = walk.seen[V1]
    assert seen.models == {stack: {walk.model("v1")} for stack in STACKS}
    assert seen.defaults["test"] == seen.defaults["prod"]
    assert "has release v1, byte by byte" in seen.said


def test_promoted_assets_bear_where_they_come_from(walk: Walk) -> None:
    (model,) = walk.arm("prod", "/models")
    versions = walk.arm("prod", f"/models/{model['name']}/versions")
    tags = next(each["properties"]["tags"] for each in versions if each["name"] == walk.model("v2"))
    assert (tags["release"], tags["release-stack"]) == ("v2", "azureml-promotion/dev")
    assert tags["release-workspace"].endswith("/workspaces/dev")
    assert len(tags["release-commit"]) == 40
    assert tags["release-by"] == "ada@example.com"


def test_a_better_version_moves_the_default_to_a_deployment_of_its_own(walk: Walk) -> None:
    before, after = walk.seen[V1], walk.seen[V2]
    assert after.defaults["prod"] != before.defaults["prod"]
    assert after.deployments["prod"] == {after.defaults["prod"]}
    assert "~ Model 'promotion-model'" in after.said


def test_a_worse_version_is_stopped_by_the_gate_and_the_old_default_serves(walk: Walk) -> None:
    before, after = walk.seen[V2], walk.seen[V3]
    assert after.defaults["test"] == before.defaults["test"]
    assert before.defaults["test"] in after.deployments["test"]
    assert after.defaults["prod"] == before.defaults["prod"]
    assert walk.model("v3") not in after.models["prod"]
    for told in ("accuracy", "0.8", "0.66"):
        assert told in after.said


def test_rolling_back_brings_the_version_before_and_copies_nothing(walk: Walk) -> None:
    first, after = walk.seen[V1], walk.seen[BACK]
    assert after.defaults["prod"] == first.defaults["prod"]
    assert after.defaults["test"] == walk.seen[V2].defaults["test"]
    assert after.deployments["test"] == {after.defaults["test"]}


def test_a_change_by_hand_is_found_and_repaired(walk: Walk) -> None:
    said = walk.seen[EDIT].said
    assert "a job may now have 1000 failed images" in said
    endpoint = next(iter(walk.arm("prod", "/batchEndpoints")))
    (deployment,) = walk.arm("prod", f"/batchEndpoints/{endpoint['name']}/deployments")
    assert deployment["properties"]["errorThreshold"] == -1


def test_the_plan_for_a_pull_request_tells_each_stack(walk: Walk) -> None:
    done = run([walk.stack.folder / "delivery/plan", "test", "prod"], walk.stack.environment, walk.stack.folder)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("### Plan of") == 2


# -- the rules of production, by both of their fronts --------------------------------------------------------


def policy_pack(walk: Walk, target: Path) -> tuple[Path, dict[str, str]]:
    """A copy of the policy pack that the engine at hand can run, and the environment to run it in.

    Engines that Pulumi has released run it as it is. The language host of one that was built here is older than the
    engine, which then cannot start a pack through it: another runtime's name makes the engine start the pack through a
    launcher on PATH, and the launcher is, line for line, what the SDK's own does.
    """
    shutil.copytree(walk.stack.folder / "policy", target / "policy")
    if (engine_folder() / "pulumi-analyzer-policy-python").exists():
        return target / "policy", walk.stack.environment
    launcher = target / "bin/pulumi-analyzer-policy-launched"
    launcher.parent.mkdir()
    launcher.write_text('#!/bin/sh\nexec python3 -u -m pulumi.policy "$1" "$2"\n')
    launcher.chmod(0o755)
    project = target / "policy/PulumiPolicy.yaml"
    project.write_text(project.read_text().replace("runtime: python", "runtime: launched"))
    path = f"{walk.stack.environment['PATH']}:{launcher.parent}"
    return target / "policy", {**walk.stack.environment, "PATH": path}


def preview(walk: Walk, stack: str, target: Path) -> tuple[int, str]:
    pack, environment = policy_pack(walk, target)
    limits = ["--policy-pack-config", walk.stack.folder / "policy/limits.json"]
    command = ["pulumi", "preview", "--non-interactive", "--stack", stack, "--policy-pack", pack, *limits]
    done = run(command, environment, walk.stack.folder)
    return done.returncode, done.stdout


def test_production_keeps_the_rules_that_the_policy_engine_asks(walk: Walk, tmp_path: Path) -> None:
    code, said = preview(walk, "prod", tmp_path)
    assert code == 0, said
    assert "azureml-production@v1.0.0" in said


def test_the_policy_engine_and_the_command_find_the_same(walk: Walk, tmp_path: Path) -> None:
    code, said = preview(walk, "dev", tmp_path)
    assert code != 0
    command = [BIN / "azureml-stack", "policy", "--stack", "dev", "--config", "policy/limits.json", "--json"]
    done = run(command, walk.stack.environment, walk.stack.folder)
    assert done.returncode == 1
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    verdicts = [each for each in verdicts if each["event"] == "verdict"]
    assert {each["logicalName"] for each in verdicts} == {
        "promotion-code",
        "promotion-env",
        "promotion-images",
        "promotion-labels",
        "promotion-model",
    }
    for each in verdicts:
        assert f"{each['logicalName']}: {each['problem']}." in " ".join(said.split())
    assert said.count("[mandatory]  no-local-assets") == len(verdicts)
