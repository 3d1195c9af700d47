"""Two deployments and a default that moves between them, on the real engine: the README, typed from top to bottom."""

import csv
import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from . import example
from .example import Example
from .local import LocalAzure
from .stack import Report, Stack, project_copy

pytestmark = pytest.mark.timeout(900)

RESOURCES = 10  # nine of the program, and the stack itself
UNDECIDED = "-1"  # what only the green script answers
TYPED = [
    "pulumi stack select local --create",
    "azureml-stack invoke --deployment green --input ../01-digits/data/images --watch --download out/green \\",
    "pulumi config set live green",
    "azureml-stack invoke --input ../01-digits/data/images --watch --download out/live \\",
    "pulumi config set live blue",
    "pulumi destroy --yes",
]
WRITING = ("PUT", "PATCH", "POST", "DELETE")


@dataclass
class Life:
    """What the README's commands left behind, and the default after each of them."""

    example: Example
    said: dict[str, Report] = field(default_factory=dict)
    defaults: list[str] = field(default_factory=list)
    answers: dict[str, set[str]] = field(default_factory=dict)
    jobs: list[str] = field(default_factory=list)
    move_requests: list[str] = field(default_factory=list)
    before: dict[str, list[str]] = field(default_factory=dict)
    after: dict[str, list[str]] = field(default_factory=dict)


def default(azure: LocalAzure) -> str:
    (endpoint,) = [one for one in azure.arm("/batchEndpoints")["value"] if one["name"].startswith("blue-green-")]
    return str(endpoint["properties"]["defaults"]["deploymentName"])


def answers(folder: Path) -> set[str]:
    with (folder / "predictions.csv").open() as rows:
        return {row["prediction"] for row in csv.DictReader(rows)}


@pytest.fixture(scope="module")
def life(azure: LocalAzure, prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Life:
    """The stack: up, try green, move, invoke, roll back, refresh, destroy."""
    target = tmp_path_factory.mktemp("blue-green") / "project"
    project_copy(target, prepared)
    life = Life(example.copy("02-blue-green", target, azure), before=azure.inventory())
    stack = life.example.stack
    try:
        for first_line in TYPED[:-1]:
            azure.forget_requests()
            life.said[first_line] = Report(life.example.type(first_line), 0)
            if first_line == TYPED[2]:
                life.move_requests = [name for name in azure.request_counts()["by"] if name.startswith(WRITING)]
            life.defaults.append(default(azure))
        told = stack.azureml_stack("jobs", "--json").stdout
        life.jobs = [json.loads(line)["deployment"] for line in told.splitlines()]
        life.answers = {name: answers(life.example.folder / "out" / name) for name in ("green", "live")}
        life.said["refresh"] = stack.refresh()
        life.said["mistake"] = refused(stack)
        life.said[TYPED[-1]] = Report(life.example.type(TYPED[-1]), 0)
    finally:
        stack.attempt("destroy", "--yes", "--skip-preview")
    life.after = azure.inventory()
    return life


def refused(stack: Stack) -> Report:
    stack.pulumi("config", "set", "live", "purple")
    report = stack.attempt("preview")
    stack.pulumi("config", "set", "live", "blue")
    return report


def test_every_command_of_the_readme_is_typed(life: Life) -> None:
    assert life.example.runnable() == TYPED


def test_up_makes_both_deployments_and_blue_is_the_default(life: Life) -> None:
    assert life.said[TYPED[0]].counts == {"created": RESOURCES}
    assert life.defaults[0] == "blue"


def test_a_job_can_name_the_deployment_that_is_not_the_default(life: Life) -> None:
    assert UNDECIDED in life.answers["green"]
    assert life.defaults[1] == "blue"


def test_moving_the_default_changes_nothing_else(life: Life) -> None:
    assert life.said[TYPED[2]].counts == {"updated": 1, "unchanged": RESOURCES - 1}
    assert life.defaults[2] == "green"
    assert [name for name in life.move_requests if name != "POST token"] == ["PUT batchEndpoints"]


def test_a_job_that_names_no_deployment_goes_to_the_new_default(life: Life) -> None:
    assert UNDECIDED in life.answers["live"]
    assert life.jobs == ["green", "green"]


def test_rolling_back_moves_the_default_and_nothing_else(life: Life) -> None:
    assert life.said[TYPED[4]].counts == {"updated": 1, "unchanged": RESOURCES - 1}
    assert life.defaults[4] == "blue"


def test_a_refresh_finds_no_drift(life: Life) -> None:
    assert life.said["refresh"].counts == {"unchanged": RESOURCES}


def test_a_deployment_that_does_not_exist_is_refused_before_anything_is_touched(life: Life) -> None:
    assert life.said["mistake"].code != 0
    assert "there is no deployment 'purple'" in life.said["mistake"].output


def test_destroy_leaves_nothing(life: Life) -> None:
    assert life.said[TYPED[-1]].counts == {"deleted": RESOURCES}
    assert life.after == life.before
