"""`BatchScoring` makes what it is given the parts of, wires it, and names it; without an engine."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pulumi
import pulumi.runtime
import pytest

from pulumi_azureml import BatchDeployment, BatchScoring, Compute, Environment, Model
from pulumi_azureml.components import BatchScoringSettings

SIX: dict[str, Any] = {
    "model": "model",
    "code": "src",
    "scoring_script": "score.py",
    "image": "registry/image:1",
    "conda_file": "conda.yaml",
    "vm_size": "STANDARD_D2_V2",
}
NAMES = {
    "Code": "digits-code",
    "Model": "digits-model",
    "Environment": "digits-env",
    "Compute": "digits-cluster",
    "BatchEndpoint": "digits",
    "BatchDeployment": "digits",
    "DefaultDeployment": "digits",
}

Inputs = dict[str, dict[str, Any]]


class _Engine(pulumi.runtime.Mocks):
    """Takes every resource, with an ARM id as the provider's check would give it."""

    def __init__(self) -> None:
        self.inputs: Inputs = {}
        self.names: dict[str, str] = {}

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        kind = args.typ.rpartition(":")[2]
        if kind != "BatchScoring":
            self.inputs[kind], self.names[kind] = dict(args.inputs), args.name
        return args.name, {**args.inputs, "armId": f"/{kind}/{args.name}", "name": args.name}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], None]:
        return {}, None


@pytest.fixture(autouse=True)
def _event_loop() -> Iterator[None]:
    """A loop of this test's own: Pulumi takes the thread's current one, which `asyncio.run` elsewhere has removed."""
    with asyncio.Runner() as runner:
        asyncio.set_event_loop(runner.get_loop())
        yield
    asyncio.set_event_loop(None)


def declared(program: Callable[[], object]) -> _Engine:
    """What a program declares, by kind."""
    engine = _Engine()
    pulumi.runtime.set_mocks(engine, project="project", stack="stack", preview=False)

    def run() -> None:
        program()

    pulumi.runtime.test(run)()
    return engine


def test_six_arguments_make_seven_resources_named_after_the_component() -> None:
    assert declared(lambda: BatchScoring("digits", **SIX)).names == NAMES


def test_the_six_arguments_arrive_where_they_belong() -> None:
    made = declared(lambda: BatchScoring("digits", **SIX)).inputs
    assert made["Code"]["path"] == "src"
    assert (made["Model"]["path"], made["Model"]["modelType"]) == ("model", "custom_model")
    assert (made["Environment"]["image"], made["Environment"]["condaFile"]) == ("registry/image:1", "conda.yaml")
    assert made["Compute"]["vmSize"] == "STANDARD_D2_V2"


def test_the_deployment_refers_to_all_and_is_the_default() -> None:
    made = declared(lambda: BatchScoring("digits", **SIX)).inputs
    wired = {key: made["BatchDeployment"][key] for key in ("endpoint", "model", "code", "environment", "compute")}
    assert wired == {
        "endpoint": "/BatchEndpoint/digits",
        "model": "/Model/digits-model",
        "code": "/Code/digits-code",
        "environment": "/Environment/digits-env",
        "compute": "/Compute/digits-cluster",
    }
    assert made["BatchDeployment"]["scoringScript"] == "score.py"
    assert made["DefaultDeployment"]["deployment"] == "/BatchDeployment/digits"
    assert made["DefaultDeployment"]["endpoint"] == "/BatchEndpoint/digits"


def test_a_model_without_code_is_an_mlflow_model_and_needs_no_environment() -> None:
    engine = declared(lambda: BatchScoring("wines", model="model", vm_size="STANDARD_D2_V2"))
    assert not {"Code", "Environment"} & set(engine.inputs)
    assert engine.inputs["Model"]["modelType"] == "mlflow_model"
    assert not {"code", "environment", "scoringScript"} & set(engine.inputs["BatchDeployment"])


def test_what_exists_already_is_used_and_not_made() -> None:
    def program() -> None:
        cluster = Compute("shared", vm_size="STANDARD_D2_V2")
        model = Model("trained", path="model")
        BatchScoring(
            "digits", model=model, code="src", scoring_script="score.py", environment="azureml:env:1", compute=cluster
        )

    engine = declared(program)
    assert (engine.names["Compute"], engine.names["Model"]) == ("shared", "trained")
    assert "Environment" not in engine.inputs
    deployment = engine.inputs["BatchDeployment"]
    assert deployment["compute"] == "/Compute/shared"
    assert deployment["model"] == "/Model/trained"
    assert deployment["environment"] == "azureml:env:1"


def test_settings_go_to_the_deployment_and_tags_to_everything() -> None:
    made = declared(lambda: BatchScoring("digits", **SIX, mini_batch_size=7, tags={"team": "post"})).inputs
    assert made["BatchDeployment"]["miniBatchSize"] == 7
    tagged = {kind for kind, inputs in made.items() if inputs.get("tags") == {"team": "post"}}
    assert tagged == set(NAMES) - {"DefaultDeployment"}


def test_the_cluster_may_grow_to_what_a_job_takes() -> None:
    made = declared(lambda: BatchScoring("digits", **SIX, instance_count=3)).inputs
    assert made["Compute"]["scaleSettings"] == {"max_node_count": 3}
    assert made["BatchDeployment"]["instanceCount"] == 3


def test_every_input_of_a_deployment_can_be_given() -> None:
    inputs = set(inspect.signature(BatchDeployment.__init__).parameters) - {"self", "resource_name", "opts"}
    ours = set(inspect.signature(BatchScoring.__init__).parameters) | set(BatchScoringSettings.__annotations__)
    # Which are deployment_name, the component's own, and those of pipelines.
    assert inputs - ours == {"name", "endpoint", "component"}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"vm_size": None}, "neither of vm_size and compute"),
        ({"compute": "cpu-cluster"}, "both of vm_size and compute"),
        ({"image": None, "conda_file": None}, "neither of image and environment"),
        ({"environment": "azureml:env:1"}, "both of image and environment"),
        ({"image": None, "environment": "azureml:env:1"}, "conda_file needs image"),
    ],
)
def test_what_is_missing_or_given_twice_is_named(changed: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=f"BatchScoring 'digits': {told}"):
        declared(lambda: BatchScoring("digits", **{**SIX, **changed}))


def test_a_resource_may_be_the_child_of_a_component_that_has_others() -> None:
    # A child whose inputs depended on its parent would wait for its siblings, and they for it.
    def program() -> None:
        group = pulumi.ComponentResource("test:index:Group", "group")
        child = pulumi.ResourceOptions(parent=group)
        Environment("one", image="registry/image:1", opts=child)
        Model("two", path="model", opts=child)

    assert set(declared(program).names) >= {"Environment", "Model"}
