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


@pytest.mark.parametrize("document", ["batch-runtime.md", "service-rules.md"])
def test_every_claim_of_a_table_names_a_test(document: str) -> None:
    claims = False
    rows = 0
    for line in (ROOT / "docs" / document).read_text().splitlines():
        claims = line.startswith("|") and (claims or line.rstrip(" |").endswith("Tests"))
        if claims and not line.startswith("|--") and not line.rstrip(" |").endswith("Tests"):
            assert NAMED.search(line), line
            rows += 1
    assert rows > 20


@pytest.mark.parametrize(("file", "test"), FOUND)
def test_a_named_test_exists(file: str, test: str) -> None:
    tree = ast.parse((ROOT / file).read_text())
    assert not test or test in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
