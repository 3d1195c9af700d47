"""No secret leaves its place: not into state, outputs, import files, or logs at the highest level of detail."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .local import LocalAzure
from .rest import request
from .stack import Stack, configuration, project_copy

pytestmark = pytest.mark.timeout(600)

VERBOSE = ("--logtostderr", "-v=9", "--logflow")
OF_THE_PROGRAM = "the-programs-own-s3cret"
SIGNATURE = re.compile(r"[?&;]sig=[A-Za-z0-9%+/]{8}|\bsig=[A-Za-z0-9%+/]{20}")
TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}")


@dataclass
class Said:
    """Everything that a whole life of a stack said, by where it was said."""

    texts: dict[str, str]
    outputs: dict[str, Any]
    state: dict[str, Any]


@pytest.fixture(scope="module")
def said(azure: LocalAzure, prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Said:
    """The digits stack with a secret environment variable: up, invoke, refresh, destroy, all at full detail."""
    folder = tmp_path_factory.mktemp("secrets")
    example = project_copy(folder / "project", prepared)
    program = example / "__main__.py"
    old, new = (
        '{"OMP_NUM_THREADS": "1"}',
        f'{{"OMP_NUM_THREADS": "1", "API_KEY": pulumi.Output.secret("{OF_THE_PROGRAM}")}}',
    )
    assert old in program.read_text()
    exported = 'pulumi.export("variables", deployment.environment_variables)\n'
    program.write_text(program.read_text().replace(old, new) + exported)
    few = folder / "few"
    few.mkdir()
    for image in sorted((example / "data/images").iterdir())[:3]:
        (few / image.name).write_bytes(image.read_bytes())
    stack = Stack(folder / "project", folder / "state", azure.env)
    stack.configure(configuration(azure))
    stack.init()
    texts = {}
    try:
        texts["up"] = stack.pulumi("up", "--yes", *VERBOSE).output
        done = stack.azureml_stack("invoke", "--input", few, "--download", folder / "out", "--debug", "--json")
        assert done.returncode == 0, done.stdout
        texts["invoke"] = done.stdout
        texts["refresh"] = stack.pulumi("refresh", "--yes", *VERBOSE).output
        texts["no-op up"] = stack.up().output
        texts["state"] = stack.state_text()
        outputs = stack.outputs()
        texts["outputs"] = json.dumps(outputs)
    finally:
        texts["destroy"] = stack.attempt("destroy", "--yes", *VERBOSE).output
    return Said(texts, outputs, json.loads(texts["state"]))


def where(said: Said, secret: str | re.Pattern[str]) -> list[str]:
    """Where a secret was said, each with what comes before it."""
    pattern = secret if isinstance(secret, re.Pattern) else re.compile(re.escape(secret))
    found = ((place, pattern.search(text)) for place, text in said.texts.items())
    return [f"{place}: …{match.string[max(0, match.start() - 200) : match.end()]}" for place, match in found if match]


def test_the_life_was_told_in_full_detail(said: Said) -> None:
    assert len(said.texts["up"]) > 100_000
    assert "digits-model" in said.texts["state"]


def test_the_client_secret_is_nowhere(said: Said, azure: LocalAzure) -> None:
    assert where(said, azure.env["AZURE_CLIENT_SECRET"]) == []


def test_no_bearer_token_is_anywhere(said: Said, azure: LocalAzure) -> None:
    assert TOKEN.search(azure.token())
    assert where(said, TOKEN) == []


def test_the_storage_accounts_key_is_nowhere(said: Said, azure: LocalAzure) -> None:
    key = (azure.home / "storage.key").read_text().strip()
    assert len(key) > 40
    assert where(said, key) == []


def test_no_signature_of_a_storage_address_is_anywhere(said: Said, azure: LocalAzure) -> None:
    lent = request(azure, "POST", "/datastores/workspaceblobstore/listSecrets")["sasToken"]
    assert SIGNATURE.search(f"https://account.blob.core.windows.net/container?{lent}")
    assert where(said, SIGNATURE) == []


def test_a_secret_input_stays_secret_in_state_and_outputs(said: Said) -> None:
    assert said.outputs["variables"] == "[secret]"
    assert not [place for place in where(said, OF_THE_PROGRAM) if place.startswith(("state", "outputs", "no-op up"))]
    (deployment,) = [
        item for item in said.state["deployment"]["resources"] if item["type"].endswith(":BatchDeployment")
    ]
    for values in (deployment["inputs"], deployment["outputs"]):
        variables = values["environmentVariables"]
        hidden = variables if "ciphertext" in variables else variables["API_KEY"]
        assert "ciphertext" in hidden
