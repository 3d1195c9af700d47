"""What goes into a stack's state is for ever, and the public surface is what it says it is."""

from __future__ import annotations

import base64
import pickletools
import subprocess
import sys
from pathlib import Path

import pytest
from pulumi.dynamic.dynamic import serialize_provider

import pulumi_azureml
from pulumi_azureml import dynamic, sdk
from pulumi_azureml.resources import KINDS

ROOT = Path(__file__).parents[3]

PROVIDERS = (
    "BatchDeploymentProvider",
    "BatchEndpointProvider",
    "CodeProvider",
    "ComponentProvider",
    "ComputeProvider",
    "DataFactoryLinkedServiceProvider",
    "DataFactoryPipelineProvider",
    "DataProvider",
    "DatastoreProvider",
    "DefaultDeploymentProvider",
    "EnvironmentProvider",
    "ModelProvider",
    "OnlineDeploymentProvider",
    "OnlineEndpointProvider",
    "RegistryProvider",
    "ScoringGateProvider",
    "TrafficProvider",
    "WorkspaceProvider",
)


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_provider_goes_into_the_state_as_a_reference_and_nothing_else(name: str) -> None:
    pickled = base64.b64decode(serialize_provider(getattr(dynamic, name)()))
    texts = [argument for _, argument, _ in pickletools.genops(pickled) if isinstance(argument, str)]
    assert texts == ["pulumi_azureml.dynamic", name]
    assert len(pickled) < 100


def test_every_kind_has_a_provider_and_a_class() -> None:
    assert {f"{kind.name}Provider" for kind in KINDS} == set(PROVIDERS)
    assert {kind.name for kind in KINDS} <= set(pulumi_azureml.__all__)


def test_the_public_names_are_those_that_are_listed() -> None:
    assert sorted(pulumi_azureml.__all__) == pulumi_azureml.__all__
    assert all(hasattr(pulumi_azureml, name) for name in pulumi_azureml.__all__)
    assert set(sdk.__all__) <= set(pulumi_azureml.__all__)


def test_hooks_are_few() -> None:
    # A hook is a special case. Before this number grows, ask whether the declaration lacks a word.
    names = ("derive", "rules", "prepare", "perform", "in_use")
    hooks = [(kind.name, hook) for kind in KINDS for hook in names if getattr(kind, hook)]
    assert len(hooks) <= 28, hooks


def test_the_typed_classes_are_those_that_the_declarations_make(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(ROOT / "tools" / "generate_sdk.py"), str(tmp_path)], check=True)
    committed = Path(sdk.__file__ or "").parent
    for file in tmp_path.glob("*.py"):
        assert (committed / file.name).read_text() == file.read_text(), f"{file.name} is stale: run `make sdk`"
    assert {file.name for file in committed.glob("*.py")} == {file.name for file in tmp_path.glob("*.py")}


def loaded_by(program: str, *suspects: str) -> list[str]:
    program = f"import sys; {program}; print(*(m for m in {suspects!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return done.stdout.split()


def test_importing_the_package_does_not_pay_for_the_azure_libraries() -> None:
    assert loaded_by("import pulumi_azureml.handlers", "azure.identity", "azure.storage.blob", "requests") == []


def test_a_program_loads_neither_the_declarations_nor_the_engine() -> None:
    suspects = ("pydantic", "pulumi_azureml.engine", "pulumi_azureml.resources", "pulumi_azureml.arm")
    assert loaded_by("import pulumi_azureml; pulumi_azureml.BatchScoring", *suspects) == []
    assert loaded_by("import pulumi_azureml.handlers", *suspects) == list(suspects)


def test_a_kind_is_loaded_alone() -> None:
    program = "from pulumi_azureml.resources import kind_named; kind_named('Compute')"
    assert loaded_by(program, "pulumi_azureml.resources.compute", "pulumi_azureml.resources.model") == [
        "pulumi_azureml.resources.compute"
    ]
