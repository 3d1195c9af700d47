"""Every command of the README is run, in its order, in a copy of the project."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from e2e.local import ROOT, base_environment

from .readme import Block, blocks, checkout, run_blocks

pytestmark = pytest.mark.timeout(1500)

README = blocks(ROOT / "README.md")
RUN = [block for block in README if block.runnable]
REASONS = {"an excerpt of the program", "needs an Azure subscription"}


@dataclass
class Tour:
    """What the README's commands left behind."""

    folder: Path
    outputs: dict[int, str]
    code: int


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> Tour:
    """The README, typed from top to bottom."""
    folder = checkout(tmp_path_factory.mktemp("checkout"))
    try:
        outputs, code = run_blocks(RUN, folder)
    finally:
        env = {**base_environment(), "AZUREML_EMULATOR_HOME": str(folder / ".local/emulator")}
        subprocess.run(["azureml-emulator", "stop"], env=env, stdout=subprocess.DEVNULL, check=False)
    return Tour(folder, outputs, code)


def output(tour: Tour, command: str) -> list[str]:
    """Return what the blocks with this command printed."""
    return [tour.outputs.get(block.number, "") for block in RUN if command in block.text.splitlines()]


@pytest.mark.parametrize("block", RUN, ids=lambda block: f"{block.number}: {block.text.splitlines()[0][:40]}")
def test_the_block_runs(tour: Tour, block: Block) -> None:
    assert block.number in tour.outputs, "an earlier block failed"
    failed = tour.code != 0 and block.number == max(tour.outputs)
    assert not failed, tour.outputs[block.number][-4000:]


def test_blocks_that_are_not_run_say_why() -> None:
    assert {block.reason for block in README if block.reason} <= REASONS


def test_the_demo_leaves_what_the_readme_lists(tour: Tour) -> None:
    predictions = pd.read_csv(tour.folder / "out/digits/predictions.csv")
    assert list(predictions.columns) == ["file", "prediction", "probability"]
    assert len(predictions) == 899
    for name in ("confusion.png", "mistakes.png"):
        with Image.open(tour.folder / "out/digits" / name) as picture:
            picture.verify()


def test_the_demo_says_what_comes_next(tour: Tour) -> None:
    assert "make demo-destroy" in output(tour, "make demo")[0]


def test_a_second_demo_changes_nothing_and_scores_again(tour: Tour) -> None:
    first, second = output(tour, "make demo")
    assert re.search(r"\+ 8 created", first)
    assert re.search(r"^ +8 unchanged$", second, re.MULTILINE)
    assert "0 files written" in second
    assert "96.9%" in second


def test_the_demo_leaves_the_stack_file_as_it_was(tour: Tour) -> None:
    def without_port(text: str) -> str:
        return re.sub(r"127\.0\.0\.1:\d+", "", text)

    after = (tour.folder / "Pulumi.local.yaml").read_text()
    assert without_port(after) == without_port((ROOT / "Pulumi.local.yaml").read_text())


def test_demo_destroy_leaves_nothing_and_stops_the_services(tour: Tour) -> None:
    (said,) = output(tour, "make demo-destroy")
    assert "nothing of the stack is left in the workspace" in said
    env = {**base_environment(), "AZUREML_EMULATOR_HOME": str(tour.folder / ".local/emulator")}
    status = subprocess.run(["azureml-emulator", "status"], env=env, stdout=subprocess.DEVNULL, check=False)
    assert status.returncode == 1


def test_an_environment_without_the_local_azure_ml_says_what_is_missing(tour: Tour) -> None:
    made = subprocess.run(
        ["make", "-s", "env"], cwd=tour.folder, env=base_environment(), capture_output=True, text=True, check=True
    )
    assert "azureml-emulator start, then make env once more" in made.stderr
    assert all(line.startswith("export ") for line in made.stdout.splitlines())


def test_every_make_target_is_listed() -> None:
    makefile = (ROOT / "Makefile").read_text()
    declared = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert declared is not None
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [name for name in declared[1].split() if f"make {name} " not in listed] == []


def test_scripts_are_short() -> None:
    long = {path.name: len(path.read_text().splitlines()) for path in (ROOT / "scripts").iterdir() if path.is_file()}
    assert {name: lines for name, lines in long.items() if lines > 20} == {}


@pytest.mark.parametrize(
    "document",
    sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/*.md")]),
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", document.read_text())
    assert [target for target in targets if not (document.parent / target).exists()] == []
