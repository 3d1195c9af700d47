"""A real-time endpoint, blue/green, on the real engine: the README, typed from top to bottom."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from . import example
from .example import Example
from .local import LocalAzure
from .stack import Report, project_copy, take_over, without_program

pytestmark = pytest.mark.timeout(900)

RESOURCES = 9  # eight of the program, and the stack itself
UP, SCORE, TRY, TENTH, ALL, BACK, CLIENT, REVOKE, DESTROY = TYPED = [
    "pulumi stack select local --create",
    "azureml-stack score --input sample.json",
    "azureml-stack score --input sample.json --deployment green --json",
    "pulumi config set green 10",
    "pulumi config set green 100",
    "pulumi config set green 0",
    "mkdir -p out",
    "azureml-stack keys --regenerate secondary --yes",
    "pulumi destroy --yes",
]
WRITING = ("PUT", "PATCH", "DELETE")


@dataclass
class Life:
    """What the README's commands said, the traffic after each of them, and what they wrote."""

    example: Example
    said: dict[str, Report] = field(default_factory=dict)
    traffic: dict[str, dict[str, int]] = field(default_factory=dict)
    written: dict[str, list[str]] = field(default_factory=dict)
    keys: list[dict[str, str]] = field(default_factory=list)
    state: str = ""
    taken_over: list[Report] = field(default_factory=list)
    before: dict[str, list[str]] = field(default_factory=dict)
    after: dict[str, list[str]] = field(default_factory=dict)


def endpoint(azure: LocalAzure) -> dict[str, Any]:
    (found,) = [one for one in azure.arm("/onlineEndpoints")["value"] if one["name"].startswith("digits-")]
    return found


@pytest.fixture(scope="module")
def life(azure: LocalAzure, prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Life:
    """The stack: up, ask, a tenth, all, back, a client, another key, refresh, destroy."""
    target = tmp_path_factory.mktemp("real-time") / "project"
    project_copy(target, prepared)
    life = Life(example.copy("05-realtime", target, azure), before=azure.inventory())
    stack = life.example.stack
    try:
        for first_line in TYPED[:-1]:
            azure.forget_requests()
            life.said[first_line] = Report(life.example.type(first_line), 0)
            life.written[first_line] = [name for name in azure.request_counts()["by"] if name.startswith(WRITING)]
            life.traffic[first_line] = {
                name: share for name, share in endpoint(azure)["properties"]["traffic"].items() if share
            }
            if first_line in {CLIENT, REVOKE}:
                told = stack.azureml_stack("keys", "--json").stdout
                life.keys.append(json.loads(told.splitlines()[-1]))
        life.state = stack.state_text()
        program = life.example.folder / "__main__.py"
        program.write_text(program.read_text().replace("Standard_DS3_v2", "Standard_F4s_v2"))
        life.said["machines"] = stack.up()
        life.traffic["machines"] = endpoint(azure)["properties"]["traffic"]
        life.said["asked again"] = Report(life.example.type(SCORE), 0)
        life.said["refresh"] = stack.refresh()
        life.taken_over = taken_over(azure, tmp_path_factory.mktemp("taken-over"), stack.outputs()["endpointName"])
        stack.pulumi("config", "set", "green", "101")
        life.said["mistake"] = stack.attempt("preview")
        stack.pulumi("config", "set", "green", "0")
        life.said[DESTROY] = Report(life.example.type(DESTROY), 0)
    finally:
        stack.attempt("destroy", "--yes", "--skip-preview")
    life.after = azure.inventory()
    return life


def taken_over(azure: LocalAzure, folder: Path, name: str) -> list[Report]:
    """Import the endpoint into a stack of another project, and bring that up; it is never destroyed."""
    other = without_program(folder, azure)
    imported = take_over(other, name)
    azure.forget_requests()
    up = other.up()
    written = [name for name in azure.request_counts()["by"] if name.startswith(WRITING)]
    assert written == []
    return [imported, up]


def answered(report: Report) -> dict[str, int]:
    """How many requests each deployment answered, as `ask.py` tells."""
    (who,) = re.findall(r"answers \((.*)\), ", report.output)
    return {name: int(number) for name, number in (each.split() for each in who.split(", "))}


def share_read_correctly(report: Report) -> float:
    (percent,) = re.findall(r"([\d.]+)% read correctly", report.output)
    return float(percent) / 100


def test_every_command_of_the_readme_is_typed(life: Life) -> None:
    assert life.example.runnable() == TYPED


def test_up_makes_both_deployments_and_blue_has_the_traffic(life: Life) -> None:
    assert life.said[UP].counts == {"created": RESOURCES}
    assert life.traffic[UP] == {"blue": 100}


def test_the_digits_of_the_sample_are_read(life: Life) -> None:
    assert [one["digit"] for one in json.loads(life.said[SCORE].output.splitlines()[-1])] == [4, 8]


def test_a_request_can_name_the_deployment_that_has_no_traffic(life: Life) -> None:
    told = json.loads(life.said[TRY].output.splitlines()[-1])
    assert told["deployment"] == "green"
    assert [one["digit"] for one in told["answer"]] == [4, 8]


def test_a_tenth_of_the_requests_goes_to_green(life: Life) -> None:
    assert life.traffic[TENTH] == {"blue": 90, "green": 10}
    assert answered(life.said[TENTH]) == {"blue": 180, "green": 20}


def test_moving_the_traffic_changes_nothing_else(life: Life) -> None:
    for step in (TENTH, ALL, BACK):
        assert life.said[step].counts == {"updated": 1, "unchanged": RESOURCES - 1}
        assert life.written[step] == ["PUT onlineEndpoints"]


def test_all_requests_go_to_green_and_back_to_blue(life: Life) -> None:
    assert answered(life.said[ALL]) == {"green": 899}
    assert answered(life.said[BACK]) == {"blue": 899}
    # Green says -1 where it is in doubt, so it reads fewer.
    assert 0.9 < share_read_correctly(life.said[ALL]) < share_read_correctly(life.said[BACK])


def test_the_generated_client_asks_with_the_key_that_it_is_given(life: Life) -> None:
    assert [one["digit"] for one in json.loads(life.said[CLIENT].output.splitlines()[-1])] == [4, 8]


def test_a_key_that_is_taken_back_is_another_one(life: Life) -> None:
    before, after = life.keys
    assert before["primary_key"] == after["primary_key"]
    assert before["secondary_key"] != after["secondary_key"]


def test_no_key_is_in_the_state(life: Life) -> None:
    assert "onlineEndpoints" in life.state
    assert not any(each[f"{name}_key"] in life.state for each in life.keys for name in ("primary", "secondary"))


def test_new_machines_replace_the_deployments_and_the_traffic_is_set_again(life: Life) -> None:
    assert life.said["machines"].counts == {"replaced": 3, "unchanged": RESOURCES - 3}
    assert life.traffic["machines"] == {"blue": 100}
    assert life.said["asked again"].output.splitlines()[-1] == life.said[SCORE].output.splitlines()[-1]


def test_what_exists_is_imported_into_another_stack_which_then_changes_nothing(life: Life) -> None:
    imported, up = life.taken_over
    assert imported.counts == {"imported": RESOURCES - 1, "created": 1}
    assert up.counts == {"unchanged": RESOURCES}


def test_a_refresh_finds_no_drift(life: Life) -> None:
    assert life.said["refresh"].counts == {"unchanged": RESOURCES}


def test_a_percentage_that_is_none_is_refused_before_anything_is_touched(life: Life) -> None:
    assert life.said["mistake"].code != 0
    assert "takes a percentage from 0 to 100, not 101" in life.said["mistake"].output


def test_destroy_leaves_nothing(life: Life) -> None:
    assert life.said[DESTROY].counts == {"deleted": RESOURCES}
    assert life.after == life.before
