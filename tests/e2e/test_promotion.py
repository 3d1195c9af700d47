"""A release goes from development to production through a gate, and back, on the real engine."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from .local import BIN, SUBSCRIPTION, LocalAzure, run
from .stack import Report, Stack, configuration

pytestmark = pytest.mark.timeout(900)

FIXTURE = Path(__file__).parent / "fixtures/promotion"
RESOURCES = 10  # nine of the program, and the stack itself
RIGHT = {"a.txt": "circle", "b.txt": "square", "c.txt": "circle", "d.txt": "star"}
MODELS = {"v1": 3, "v2": 4, "v3": 1}  # how many of the four answers each one has right


@dataclass
class Promotion:
    """Two stacks of one program in two workspaces, and what was seen at each step."""

    azure: LocalAzure
    dev: Stack
    prod: Stack
    said: dict[str, Report] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    jobs: dict[str, int] = field(default_factory=dict)
    plans: dict[str, Any] = field(default_factory=dict)
    deployments: dict[str, set[str]] = field(default_factory=dict)

    def learn(self, version: str) -> None:
        """Train a model."""
        known = dict(list(RIGHT.items())[: MODELS[version]])
        folder = self.dev.folder / "model"
        folder.mkdir(exist_ok=True)
        (folder / "answers.json").write_text(json.dumps({**known, "version": version}))

    def configure(self, stack: Stack, **values: Any) -> None:
        """Write a stack's configuration."""
        workspace = {"workspace": f"promotion-{stack.name}", "subscriptionId": SUBSCRIPTION}
        path = stack.folder / f"Pulumi.{stack.name}.yaml"
        kept = yaml.safe_load(path.read_text()) if path.exists() else {}
        told = {**configuration(self.azure), **workspace, **values}
        path.write_text(yaml.safe_dump({**kept, "config": {f"azureml:{key}": value for key, value in told.items()}}))

    def look(self, step: str, report: Report) -> Report:
        """Keep what a step said and what production is like after it."""
        self.said[step] = report
        endpoint = self.endpoint()
        self.defaults[step] = endpoint["properties"]["defaults"].get("deploymentName", "")
        listed = self.arm(f"/batchEndpoints/{endpoint['name']}/deployments")["value"]
        self.deployments[step] = {each["name"] for each in listed}
        self.jobs[step] = len(self.arm("/jobs")["value"])
        return report

    def endpoint(self) -> Any:
        """Production's endpoint."""
        (found,) = self.arm("/batchEndpoints")["value"]
        return found

    def arm(self, path: str) -> Any:
        """GET a path of the production workspace."""
        return self.azure.arm(f"/../promotion-prod{path}")

    def up(self) -> Report:
        """Bring production up, whatever comes of it."""
        return self.prod.attempt("up", "--yes", "--skip-preview")

    def plan(self, step: str, *options: str) -> int:
        """Plan production, and keep what is told."""
        done = self.prod.azureml_stack("plan", "--json", *options)
        self.plans[step] = json.loads(done.stdout)
        return done.returncode

    def release(self, version: str) -> None:
        """Test a version in development, and make a release of it."""
        self.learn(version)
        self.dev.up()
        done = self.dev.azureml_stack("release", "create", version)
        assert done.returncode == 0, done.stdout

    def deploy(self, version: str) -> Report:
        """Say in production's file which release it deploys, and bring it up."""
        self.configure(self.prod, mode="production", release=version)
        return self.up()


@pytest.fixture(scope="module")
def promotion(azure: LocalAzure, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Promotion]:
    target = tmp_path_factory.mktemp("promotion")
    shutil.copytree(FIXTURE, target / "program")
    added = run([BIN / "azureml-emulator", "add-workspace", "promotion-dev", "promotion-prod"], azure.env)
    assert added.returncode == 0, added.stdout
    dev, prod = (Stack(target / "program", target / "state", azure.env, name=name) for name in ("dev", "prod"))
    made = Promotion(azure, dev, prod)
    # A worse model may be looked at in development: the threshold is the environment's own.
    made.configure(dev, settings={"ScoringGate": {"threshold": 0.2}})
    made.configure(prod, mode="production")
    dev.init()
    prod.init()
    try:
        yield made
    finally:
        made.configure(prod)
        for stack in (dev, prod):
            stack.attempt("state", "unprotect", "--all", "--yes")
            stack.attempt("destroy", "--yes", "--skip-preview")


@pytest.fixture(scope="module")
def life(promotion: Promotion) -> Promotion:
    """Release and promote three versions of which production refuses the last; roll back twice."""
    for version in MODELS:
        promotion.release(version)
        if version == "v2":
            promotion.configure(promotion.prod, mode="production", release=version)
            promotion.plan(version)
        promotion.look(version, promotion.deploy(version))
        if version == "v1":
            promotion.look("again", promotion.up())
            promotion.said["refresh"] = promotion.prod.attempt("refresh", "--yes", "--skip-preview")
    promotion.look("v3 again", promotion.up())
    for step in ("rollback to v2", "rollback to v1"):
        done = promotion.prod.azureml_stack("rollback", "--yes")
        promotion.look(step, Report(done.stdout, done.returncode))
    return promotion


def test_a_release_that_passes_its_gate_is_made_the_default(life: Promotion) -> None:
    assert life.said["v1"].counts == {"created": RESOURCES}, life.said["v1"].output
    assert life.defaults["v1"].startswith("score-")
    assert life.jobs["v1"] == 1


def test_a_gate_that_has_nothing_new_to_try_does_not_run(life: Promotion) -> None:
    assert life.said["again"].counts == {"unchanged": RESOURCES}
    assert life.said["refresh"].counts == {"unchanged": RESOURCES}
    assert life.jobs["again"] == 1


def test_a_better_release_is_tried_beside_the_old_one_which_goes_last(life: Promotion) -> None:
    assert life.said["v2"].code == 0, life.said["v2"].output
    assert life.defaults["v2"] not in ("", life.defaults["v1"])
    assert life.deployments["v2"] == {life.defaults["v2"]}
    assert life.jobs["v2"] == 2


def test_a_plan_says_before_anything_is_touched_what_then_happens(life: Promotion) -> None:
    plan = life.plans["v2"]
    assert (plan["stack"], plan["release"]) == ("prod", "v2")
    done = life.said["v2"].counts
    assert plan["counts"]["replace"] == done["replaced"] == 2
    assert plan["counts"]["update"] == done["updated"] == 5  # the gate, the default, and the lineage of three assets
    assert plan["counts"]["unchanged"] == done["unchanged"] - 1 == 2
    (copied,) = plan["transfers"]
    assert (copied["how"], copied["name"], copied["source"]) == ("copy", "model", "promotion-dev")
    (gate,) = plan["gates"]
    assert (gate["name"], gate["threshold"]) == ("quality", "0.7")
    (move,) = plan["defaults"]
    assert (move["before"], move["after"]) == (life.defaults["v1"], life.defaults["v2"])


def test_a_worse_release_is_stopped_and_the_old_default_goes_on_serving(life: Promotion) -> None:
    report = life.said["v3"]
    assert report.code != 0
    for told in (
        "gate 'quality' is not passed: quality:right is 0.25, and the threshold is at least 0.7",
        "The default deployment has not moved",
        "predictions: azureml://datastores/workspaceblobstore/paths/azureml/",
        "azureml-stack download batchjob-",
    ):
        assert told in report.output
    assert life.defaults["v3"] == life.defaults["v2"]
    assert life.defaults["v2"] in life.deployments["v3"]


def test_the_same_release_again_is_stopped_again_and_scores_nothing(life: Promotion) -> None:
    assert life.said["v3 again"].code != 0
    assert "is not passed: quality:right is 0.25" in life.said["v3 again"].output
    assert life.defaults["v3 again"] == life.defaults["v2"]
    assert life.defaults["v2"] in life.deployments["v3 again"]
    assert life.jobs["v3 again"] == life.jobs["v3"] == 3


@pytest.mark.parametrize(("step", "version"), [("rollback to v2", "v2"), ("rollback to v1", "v1")])
def test_rolling_back_moves_the_default_in_one_up_and_scores_nothing(life: Promotion, step: str, version: str) -> None:
    assert life.said[step].code == 0, life.said[step].output
    assert life.defaults[step] == life.defaults[version]
    assert life.deployments[step] == {life.defaults[version]}
    assert life.jobs[step] == 3


def test_every_byte_is_verified_and_the_release_says_where_it_comes_from(life: Promotion) -> None:
    verified = life.prod.azureml_stack("release", "verify", "v1")
    assert verified.returncode == 0, verified.stdout
    assert "has release v1, byte by byte" in verified.stdout
    tags = life.arm("/models/model")["properties"]["latestVersion"]
    tags = life.arm(f"/models/model/versions/{tags}")["properties"]["tags"]
    assert tags["release-stack"] == "promotion/dev"
    assert "from      stack promotion/dev" in life.prod.azureml_stack("release", "show", "v1").stdout


def test_production_protects_the_endpoint(life: Promotion) -> None:
    resources = json.loads(life.prod.state_text())["deployment"]["resources"]
    protected = {each["urn"].split("::")[-1] for each in resources if each.get("protect")}
    assert protected == {"shapes"}


@pytest.mark.parametrize("mistake", ["a lock file edited by hand", "a git tree with changes"])
def test_a_mistake_is_told_by_the_preview_and_the_default_goes_on_serving(life: Promotion, mistake: str) -> None:
    lock, git = life.prod.folder / "releases/v2.json", life.prod.folder / ".git"
    whole = lock.read_text()
    try:
        if mistake.startswith("a lock"):
            life.configure(life.prod, mode="production", release="v2")
            lock.write_text(whole.replace('"size": ', '"size": 1'))
        else:
            subprocess.run(["git", "init", "--quiet"], cwd=life.prod.folder, check=True)
        told = life.prod.azureml_stack("plan")
    finally:
        lock.write_text(whole)
        shutil.rmtree(git, ignore_errors=True)
    assert told.returncode == 1
    assert {"a lock": "was changed after it was made", "a git ": "git tree has uncommitted changes"}[
        mistake[:6]
    ] in told.stdout
    life.look(mistake, Report(told.stdout, told.returncode))
    assert life.defaults[mistake] == life.defaults["v1"]


def test_of_two_promotions_at_once_the_second_is_refused_and_the_first_goes_on(life: Promotion) -> None:
    hold = life.prod.folder / "hold"
    hold.touch()
    life.configure(life.prod, mode="production", release="v2")
    command = ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--stack", "prod"]
    with subprocess.Popen(
        command, cwd=life.prod.folder, env=life.prod.environment, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        try:
            for line in first.stdout:
                if "quality" in line:  # the gate's row: the stack is locked, the deployment is there
                    break
            second = life.up()
        finally:
            hold.unlink()
        said = first.stdout.read()
    assert first.returncode == 0, said
    assert second.code != 0
    assert "locked" in second.output
    life.look("both", second)
    assert life.defaults["both"] == life.defaults["v2"]


def test_a_drift_check_has_an_exit_code_for_what_was_deleted_by_hand(life: Promotion) -> None:
    assert life.plan("no drift", "--refresh", "--expect-no-changes") == 0
    life.azure.arm_delete("/../promotion-prod/computes/cluster")
    assert life.plan("drift", "--refresh", "--expect-no-changes") == 3
    changes = [(each["action"], each["kind"]) for each in life.plans["drift"]["changes"]]
    assert ("create", "Compute") in changes
