"""A plan tells what a preview would do in the words of machine learning, and nothing that it does not know."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from release.releases import MODEL, RELEASE, WORKSPACE

from pulumi_azureml import cli
from pulumi_azureml.consume.stack import Stack
from pulumi_azureml.planning.command import read_preview, transfers
from pulumi_azureml.planning.errors import PlanError
from pulumi_azureml.planning.plan import Move, Plan, Transfer, make_plan
from pulumi_azureml.planning.text import markdown, plain
from pulumi_azureml.release.lock import write_release

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
ENDPOINT = f"{WORKSPACE}/batchEndpoints/digits"


def step(op: str, kind: str, name: str, before: Any = None, after: Any = None) -> dict[str, Any]:
    """One step as `pulumi preview --json` has it."""
    found: dict[str, Any] = {"op": op, "urn": f"urn:pulumi:prod::shop::pulumi-python:dynamic/azureml:{kind}::{name}"}
    for side, inputs in (("oldState", before), ("newState", after)):
        if inputs is not None:
            found[side] = {"inputs": {"__provider": "gANj", "resourceUrn": found["urn"], **inputs}}
    return found


def preview(*steps: dict[str, Any], same: int = 1, **more: Any) -> dict[str, Any]:
    stack = {"op": "same", "urn": "urn:pulumi:prod::shop::pulumi:pulumi:Stack::shop-prod"}
    return {"steps": [stack, *steps], "changeSummary": {"same": same}, **more}


def plan(*steps: dict[str, Any], program: Path = Path(), release: str = "", **more: Any) -> Plan:
    return make_plan(preview(*steps, **more), transfers(program, release))


def test_each_resource_is_told_with_what_becomes_of_it_and_what_differs() -> None:
    made = plan(
        step("create", "Compute", "new", None, {"vmSize": "a"}),
        step("update", "Compute", "cpu", {"vmSize": "a", "tags": {"x": "1"}}, {"vmSize": "a", "tags": {"x": "2"}}),
        step("delete", "Compute", "old", {"vmSize": "a"}),
        step("create-replacement", "Model", "m", {"version": "1"}, {"version": "2"}),
        step("delete-replaced", "Model", "m", {"version": "1"}),
        step("read", "Workspace", "w", None, {}),
        same=4,
    )
    assert made.counts == {"create": 1, "import": 0, "update": 1, "replace": 1, "delete": 1}
    assert made.unchanged == 3
    text = plain(made)
    assert "stack prod: 1 to create, 1 to update, 1 to replace, 1 to delete, 3 unchanged" in text
    assert '  ~ update   Compute cpu\n      tags: {"x": "1"} → {"x": "2"}' in text
    assert "  ± replace  Model m\n      version: 1 → 2" in text
    assert "Workspace" not in text


def test_values_are_told_in_few_words_and_unknown_or_secret_ones_not_at_all() -> None:
    before = {"model": f"{WORKSPACE}/models/m/versions/1", "compute": f"{WORKSPACE}/computes/a", "condaFile": "x" * 90}
    after = {
        "model": UNKNOWN,
        "compute": f"{WORKSPACE}/computes/b",
        "condaFile": "y\n" * 90,
        "count": 2,
        "environmentVariables": {"4dabf18193072939515e22adb298388d": "1b47", "ciphertext": "v1:hidden"},
    }
    ((change,),) = [plan(step("update", "BatchDeployment", "d", before, after)).changes]
    told = {each.name: (each.before, each.after) for each in change.properties}
    assert told["model"] == ("m:1", "known later")
    assert told["compute"] == ("a", "b")
    assert told["count"] == ("nothing", "2")
    assert told["environmentVariables"] == ("nothing", "[secret]")
    assert all(len(value) <= 60 for pair in told.values() for value in pair)
    assert "hidden" not in json.dumps(plan(step("update", "BatchDeployment", "d", before, after)).document())


def test_a_digest_is_told_when_nothing_else_shows_the_change() -> None:
    old, new = {"version": "1", "contentDigest": "a"}, {"version": "1", "contentDigest": "b"}
    assert "content: a → b" in plain(plan(step("update", "Model", "m", old, new)))
    assert "content" not in plain(plan(step("replace", "Model", "m", old, {**new, "version": "2"}))).partition("\n")[2]
    gate = {"scoringDigest": "a", "metric": "accuracy", "threshold": 0.9, "deployment": f"{ENDPOINT}/deployments/d"}
    text = plain(plan(step("update", "ScoringGate", "quality", gate, {**gate, "scoringDigest": "b"})))
    assert "content of the deployment: a → b" in text
    assert "quality: accuracy of d must be at least 0.9" in text


def default(deployment: str, **inputs: Any) -> dict[str, Any]:
    return {"endpoint": ENDPOINT, "deployment": deployment, **inputs}


GATE = {"gate": f"{WORKSPACE}/scoringGates/quality"}


@pytest.mark.parametrize(
    ("of", "move", "told"),
    [
        (step("create", "DefaultDeployment", "live", None, default("a")), Move("digits", "", "a"), "none → a"),
        (
            step("update", "DefaultDeployment", "live", default("a"), default("b", **GATE)),
            Move("digits", "a", "b", "quality"),
            "a → b when the gate quality is passed",
        ),
        (
            step("update", "DefaultDeployment", "live", default("a"), default(UNKNOWN)),
            Move("digits", "a", "known later"),
            "a → known later",
        ),
        (step("delete", "DefaultDeployment", "live", default("a")), Move("digits", "a", ""), "a → none"),
        (
            step("replace", "DefaultDeployment", "live", default("a"), {**default("b"), "endpoint": f"{ENDPOINT}-2"}),
            Move("digits-2", "", "b"),
            "digits-2: none → b",
        ),
    ],
)
def test_the_default_that_moves_is_told(of: dict[str, Any], move: Move, told: str) -> None:
    made = plan(of)
    assert made.moves == [move]
    assert told in plain(made).partition("defaults that move")[2]


def test_a_gate_that_is_added_moves_no_default() -> None:
    assert plan(step("update", "DefaultDeployment", "live", default("a"), default("a", **GATE))).moves == []


def test_what_is_uploaded_is_told_with_its_size(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/score.py").write_bytes(bytes(1500))
    (tmp_path / "src/more.py").write_bytes(bytes(500))
    (tmp_path / "src/.amlignore").write_text("more.py\n.amlignore\n")
    made = plan(
        step("create", "Code", "src", None, {"path": "src"}),
        step("create", "Data", "remote", None, {"path": "azureml://datastores/d/paths/p"}),
        step("create", "Data", "later", None, {"path": UNKNOWN}),
        step("update", "Code", "tagged", {"path": "src", "contentDigest": "a"}, {"path": "src", "contentDigest": "a"}),
        program=tmp_path,
    )
    assert made.transfers == [Transfer("upload", "Code", "src", "src", 1, 1500)]
    assert "to upload: 1 asset, 1 file, 1.5 kB (what the storage has already is not sent again)" in plain(made)


def test_of_a_release_what_is_copied_is_told_and_local_files_are_not(tmp_path: Path) -> None:
    write_release(RELEASE, tmp_path / "releases/v1.json")
    (tmp_path / "model").write_text("local")
    steps = [
        step("create", "Model", "model", None, {"path": "model"}),
        step("create", "Environment", "env", None, {"image": "i"}),
    ]
    config = {"azureml:release": "v1"}
    made = plan(*steps, program=tmp_path, release="v1", config=config)
    assert made.transfers == [Transfer("copy", "Model", "model", "dev", MODEL.files, MODEL.size)]
    assert "Plan of stack prod, release v1: 2 to create" in plain(made)
    assert "to copy: 1 asset, 2 files, 1.2 kB" in plain(made)


def test_what_a_refresh_looks_at_is_no_change_but_its_repair_is() -> None:
    made = plan(
        step("refresh", "DefaultDeployment", "live", default("a"), default("hacked")),
        step("refresh", "Compute", "cpu", {"vmSize": "a"}, {"vmSize": "a"}),
        step("update", "DefaultDeployment", "live", default("hacked"), default("a")),
    )
    assert [(each.action, each.name) for each in made.changes] == [("update", "live")]
    assert "update   DefaultDeployment live\n      deployment: hacked → a" in plain(made)


def test_markdown_holds_it_all_and_nothing_breaks_out_of_it() -> None:
    hostile = {"description": "a|b <script> `x` *y* @somebody\n# not a heading"}
    made = plan(
        step("update", "Compute", "c<pu", {}, hostile),
        step("update", "DefaultDeployment", "live", default("a"), default("b", **GATE)),
        diagnostics=[{"severity": "warning", "message": "mind <this>"}, {"severity": "info", "message": "no"}],
    )
    text = markdown(made)
    assert text.startswith("### Plan of stack prod\n\n**2 to update, 0 unchanged**")
    assert "➡️ default: digits: a → b when the gate quality is passed" in text
    assert "| update | Compute c&lt;pu | description: nothing → a\\|b &lt;script&gt; \\`x\\` \\*y\\*" in text
    assert "@somebody" not in text
    assert "\n# not" not in text
    assert "> mind &lt;this&gt;" in text
    assert "no\n" not in text.split("> mind")[1]


class Pulumi:
    """Answers as the CLI does."""

    def __init__(self, out: str, err: str = "", code: int = 0) -> None:
        self.done, self.asked = (code, out, err), []  # type: ignore[var-annotated]

    def __call__(self, command: Any, cwd: Path) -> subprocess.CompletedProcess[str]:
        self.asked.append(tuple(command[1:]))
        return subprocess.CompletedProcess(command, *self.done)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project, and a `pulumi` on PATH that is never run."""
    (tmp_path / "pulumi").write_text("#!/bin/sh\n")
    (tmp_path / "pulumi").chmod(0o755)
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("pulumi", "said"),
    [
        (Pulumi("", "error: no stack named 'x' found\n", 255), ["no stack named 'x' found", "exit code 255"]),
        (
            Pulumi(
                json.dumps({"diagnostics": [{"message": "error: 1\n  line two\n"}, {"message": "error: b"}]}), "e", 1
            ),
            ["error: 1\n  line two", "error: b", "\ne"],
        ),
        (Pulumi("warning: first\n{", "", 0), ["warning: first"]),
    ],
)
def test_the_errors_of_a_preview_are_passed_on_whole(folder: Path, pulumi: Pulumi, said: list[str]) -> None:
    with pytest.raises(PlanError) as told:
        read_preview(Stack("x", folder, pulumi), refresh=False, options=[])
    assert all(part in str(told.value) for part in said), str(told.value)


def test_a_preview_is_read_behind_what_was_said_before_it(folder: Path) -> None:
    pulumi = Pulumi("warning: something\n" + json.dumps(preview()))
    found = read_preview(Stack("x", folder, pulumi), refresh=True, options=["--target", "u"])
    assert found["changeSummary"] == {"same": 1}
    assert pulumi.asked == [("preview", "--json", "--refresh", "--target", "u", "--stack", "x", "--non-interactive")]


@pytest.mark.parametrize(
    ("steps", "options", "code"),
    [
        ([], ["--expect-no-changes"], 0),
        ([step("create", "Compute", "c", None, {})], [], 0),
        ([step("create", "Compute", "c", None, {})], ["--expect-no-changes"], 3),
    ],
)
def test_exit_codes_fit_for_ci(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    steps: list[dict[str, Any]],
    options: list[str],
    code: int,
) -> None:
    from pulumi_azureml.consume import stack

    monkeypatch.setattr(
        stack.Stack, "run_preview", lambda *_: Pulumi(json.dumps(preview(*steps)))(("", "preview"), folder)
    )
    assert cli.main(["plan", "--stack", "prod", "--json", *options]) == code
    told = json.loads(capsys.readouterr().out)
    assert (told["event"], told["stack"], told["counts"]["create"]) == ("plan", "prod", len(steps))


def test_a_preview_that_fails_has_an_exit_code_of_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pulumi_azureml.consume import stack

    monkeypatch.setattr(stack.Stack, "run_preview", lambda *_: Pulumi("", "error: no", 255)(("", "preview"), folder))
    assert cli.main(["plan", "--expect-no-changes"]) == 1
