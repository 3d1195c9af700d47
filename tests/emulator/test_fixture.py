"""The pytest fixture in a test suite of somebody else, as the documentation shows it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs/emulator.md"
FILE = re.compile(r"^# (?P<name>\w+\.py)\n(?P<text>.*?)(?=^# \w+\.py\n|\Z)", re.DOTALL | re.MULTILINE)
DEPLOY = """
import os
import requests
from azure.identity import DefaultAzureCredential

arm = os.environ["AZUREML_ARM_ENDPOINT"]
token = DefaultAzureCredential(disable_instance_discovery=True).get_token("https://management.azure.com/.default")
answer = requests.put(
    f"{arm}/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/local/providers"
    "/Microsoft.MachineLearningServices/workspaces/local/batchEndpoints/mine?api-version=2024-04-01",
    json={"location": "eastus", "properties": {"authMode": "AADToken"}},
    headers={"Authorization": f"Bearer {token.token}"},
)
answer.raise_for_status()
"""


def test_the_fixture_works_in_a_test_suite_of_ones_own(tmp_path: Path) -> None:
    block = next(text for text in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL) if "conftest" in text)
    files = {match["name"]: match["text"] for match in FILE.finditer(block)}
    assert set(files) == {"conftest.py", "test_deploy.py"}
    for name, text in {**files, "deploy.py": DEPLOY}.items():
        (tmp_path / name).write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
