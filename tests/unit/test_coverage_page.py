"""The page of what the emulator covers tells what the route table has, and what it refuses is refused by name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from azureml_emulator import unsupported
from azureml_emulator.app import ROUTES, SUPPORTED
from azureml_emulator.http import WORKSPACE

ROOT = Path(__file__).parents[2]
IN_WORKSPACE = WORKSPACE.format(subscription="s", group="g", workspace="w").strip("/").split("/")


def test_the_page_is_as_the_route_table_says(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    subprocess.run([sys.executable, ROOT / "tools/generate_coverage.py", page], check=True)
    assert page.read_text() == (ROOT / "docs/emulator-coverage.md").read_text(), "stale: run `make coverage`"


def test_every_kind_with_routes_is_known_as_one_of_azures() -> None:
    assert {kind.lower() for kind in unsupported.KINDS} >= SUPPORTED


@pytest.mark.parametrize("kind", [kind for kind in unsupported.KINDS if kind.lower() not in SUPPORTED])
def test_kinds_without_routes_are_refused_by_name(kind: str) -> None:
    for below in ([], ["x"], ["x", "versions", "1"]):
        error = unsupported.unknown_path([*IN_WORKSPACE, kind.upper(), *below], SUPPORTED)
        assert (error.status, error.code) == (501, "NotImplemented")
        assert f"'{'/'.join([kind, *below])}' of a workspace" in error.message


@pytest.mark.parametrize("name", unsupported.BELOW)
def test_what_can_be_asked_of_a_resource_in_azure_is_refused_by_name(name: str) -> None:
    error = unsupported.unknown_path([*IN_WORKSPACE, "models", "m", "versions", "1", name], SUPPORTED)
    assert (error.status, f"'models/m/versions/1/{name}' of a workspace" in error.message) == (501, True)


@pytest.mark.parametrize("service", unsupported.SERVICES)
def test_services_are_refused_by_name(service: str) -> None:
    error = unsupported.unknown_path([service, "v1.0", "subscriptions", "s"], SUPPORTED)
    assert (error.status, f"'/{service}/v1.0/subscriptions/s'" in error.message) == (501, True)


def test_what_nobody_has_is_not_found() -> None:
    for below in (["nonsense", "x"], ["models", "m", "nonsense", "x"]):
        error = unsupported.unknown_path([*IN_WORKSPACE, *below], SUPPORTED)
        assert (error.status, error.code) == (404, "InvalidResourceType")
    assert unsupported.unknown_path(["nonsense"], SUPPORTED).status == 404


def test_every_route_is_protected_or_meant_to_be_open() -> None:
    open_to_all = {route.path for route in ROUTES if route.face == "open"}
    assert not {path for path in open_to_all if path.startswith("/subscriptions")}
    assert {path for path in open_to_all if path.startswith("/_emulator")} == {"/_emulator/health"}
