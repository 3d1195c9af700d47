"""What exists in a workspace already becomes a stack, which changes nothing until its program is changed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.official import HERE, official_python

from .local import ROOT, SUBSCRIPTION, LocalAzure, run
from .rest import make_endpoint, request
from .stack import Stack, take_over, without_program

pytestmark = pytest.mark.timeout(600)

RESOURCES = 7
ENDPOINT = "made-before"
DOCUMENTS = (
    "/codes/hand-made-code/versions/1",
    "/models/hand-made-model/versions/7",
    "/environments/hand-made-env/versions/2025.1",
    "/computes/hand-made",
    f"/batchEndpoints/{ENDPOINT}",
    f"/batchEndpoints/{ENDPOINT}/deployments/blue",
)


@pytest.fixture
def empty(azure: LocalAzure, tmp_path: Path) -> Iterator[Stack]:
    """A stack of a project that has no program yet; destroyed afterwards."""
    stack = without_program(tmp_path, azure)
    yield stack
    stack.attempt("destroy", "--yes", "--skip-preview")


def changing(azure: LocalAzure) -> list[str]:
    return [name for name in azure.request_counts()["by"] if name.startswith(("PUT", "PATCH", "DELETE"))]


def documents(azure: LocalAzure) -> list[Any]:
    return [azure.arm(path) for path in DOCUMENTS]


def edit(stack: Stack, old: str, new: str) -> None:
    program = stack.folder / "__main__.py"
    text = program.read_text()
    assert text.count(old) == 1, text
    program.write_text(text.replace(old, new))


def test_an_endpoint_made_by_hand_becomes_a_stack_that_changes_nothing_and_can_then_be_changed(
    azure: LocalAzure, prepared: Path, empty: Stack
) -> None:
    make_endpoint(azure, prepared, ENDPOINT)
    before = documents(azure)
    azure.forget_requests()

    assert take_over(empty, ENDPOINT).counts == {"imported": RESOURCES, "created": 1}
    assert empty.preview().counts == {"unchanged": RESOURCES + 1}
    assert empty.up().counts == {"unchanged": RESOURCES + 1}
    assert empty.refresh().counts == {"unchanged": RESOURCES + 1}
    assert changing(azure) == []
    assert documents(azure) == before
    assert empty.outputs()["endpointName"] == ENDPOINT

    edit(empty, "mini_batch_size=30", "mini_batch_size=5")
    edit(empty, 'vm_size="STANDARD_D2_V2"', 'vm_size="STANDARD_D2_V2", tags={"cost": "low"}')
    edit(empty, ', version="1")', ")")  # from now on, the content decides
    edit(empty, '{"by": "hand"}', '{"by": "stack"}')
    script = empty.folder / "code/hand-made-code/score.py"
    script.write_bytes(script.read_bytes() + b"#\n")
    assert empty.up().counts == {"updated": 3, "unchanged": RESOURCES - 3, "replaced": 1}
    deployment = request(azure, "GET", f"/batchEndpoints/{ENDPOINT}/deployments/blue")["properties"]
    assert deployment["miniBatchSize"] == 5
    assert request(azure, "GET", "/models/hand-made-model/versions/7")["properties"]["tags"]["by"] == "stack"
    cluster = request(azure, "GET", "/computes/hand-made")
    assert cluster["tags"]["cost"] == "low"
    assert cluster["properties"]["properties"]["remoteLoginPortPublicAccess"] == "Disabled"

    assert empty.destroy().counts == {"deleted": RESOURCES + 1}
    assert azure.inventory() == {}


def test_an_endpoint_made_by_the_official_client_becomes_a_stack_that_changes_nothing(
    azure: LocalAzure, prepared: Path, empty: Stack
) -> None:
    source = ROOT / "examples/01-digits"
    arguments = [azure.origin, SUBSCRIPTION, "official", source / "src", prepared / "model"]
    command: list[str | Path] = [official_python(), HERE / "make_endpoint.py", *arguments]
    made = run([*command, source / "environment/conda.yaml"], azure.env)
    assert made.returncode == 0, made.stdout
    azure.forget_requests()

    assert take_over(empty, "official").counts == {"imported": RESOURCES, "created": 1}
    assert empty.up().counts == {"unchanged": RESOURCES + 1}
    assert empty.refresh().counts == {"unchanged": RESOURCES + 1}
    assert changing(azure) == []

    edit(empty, '"By the official client"', '"By the stack"')
    assert empty.up().counts == {"updated": 1, "unchanged": RESOURCES}
    assert azure.arm("/batchEndpoints/official")["properties"]["defaults"] == {"deploymentName": "blue"}
    assert empty.destroy().counts == {"deleted": RESOURCES + 1}
    assert azure.inventory() == {}
