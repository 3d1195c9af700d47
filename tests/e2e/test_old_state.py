"""A stack that an older version made is still refreshed and destroyed."""

import json
from pathlib import Path

import pytest

from .local import LocalAzure
from .old_state import FIXTURES, every_kind, restore

pytestmark = pytest.mark.timeout(600)

STATES = sorted(FIXTURES.glob("state-*.json"))


@pytest.mark.parametrize("file", STATES, ids=lambda file: file.stem.removeprefix("state-"))
def test_a_stack_of_an_older_version_is_refreshed_without_a_change_and_destroyed(
    azure: LocalAzure, tmp_path: Path, file: Path
) -> None:
    state = restore(file, azure)
    stack = every_kind(azure, tmp_path)
    (tmp_path / "state.json").write_text(json.dumps(state))
    stack.pulumi("stack", "import", "--file", str(tmp_path / "state.json"))
    resources = sum(not item["type"].startswith("pulumi:providers:") for item in state["deployment"]["resources"])
    assert stack.refresh().counts == {"unchanged": resources}
    assert "a secret of the program" not in stack.state_text()
    assert stack.destroy().counts == {"deleted": resources}
    (kept,) = azure.arm("/data/some-data/versions?listViewType=All")["value"]
    assert kept["properties"]["isArchived"]
    assert azure.inventory() == {}
