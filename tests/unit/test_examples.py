"""What all examples have in common: a short program, a README, a local stack, a test on the real engine."""

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted(path.parent for path in ROOT.glob("examples/*/__main__.py"))
PROJECTS = [ROOT, *sorted(path.parent for path in ROOT.glob("examples/*/Pulumi.yaml"))]
LONGEST_PROGRAM = 50


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_the_program_is_short_and_told(example: Path) -> None:
    assert len((example / "__main__.py").read_text().splitlines()) <= LONGEST_PROGRAM
    assert (example / "README.md").read_text().startswith(f"# {example.name[:2]} ")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_the_program_is_run_on_the_real_engine(example: Path) -> None:
    tests = [path.read_text() for path in (ROOT / "tests/e2e").glob("*.py")]
    assert any(f'"{example.name}"' in text for text in tests)


WHERE = ("subscriptionId", "resourceGroup", "location", "armEndpoint", "apiVersion")


def test_every_local_stack_leads_to_the_same_local_azure() -> None:
    stacks = [file for project in PROJECTS for file in project.glob("Pulumi.*.yaml")]
    assert len(stacks) >= len(PROJECTS)
    places = [yaml.safe_load(file.read_text())["config"] for file in stacks]
    places = [[place[f"azureml:{key}"] for key in WHERE] for place in places]
    assert all(place == places[0] for place in places)


def test_projects_have_names_of_their_own() -> None:
    names = [yaml.safe_load((project / "Pulumi.yaml").read_text())["name"] for project in PROJECTS]
    assert len(set(names)) == len(names) == len(EXAMPLES)
