"""The tests that the documents name exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`(?P<file>tests/[\w/]+\.py)(?:::(?P<test>\w+))?`")
FOUND = sorted(
    {
        (match["file"], match["test"] or "")
        for document in ROOT.glob("docs/**/*.md")
        for match in NAMED.finditer(document.read_text())
    }
)


def test_the_batch_runtime_names_the_tests_of_its_claims() -> None:
    named = NAMED.findall((ROOT / "docs/batch-runtime.md").read_text())
    assert len(named) > 40
    assert all(test for _, test in named)


@pytest.mark.parametrize(("file", "test"), FOUND)
def test_a_named_test_exists(file: str, test: str) -> None:
    tree = ast.parse((ROOT / file).read_text())
    assert not test or test in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
