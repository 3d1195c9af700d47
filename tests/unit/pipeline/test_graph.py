"""What a pipeline's specification is held to, each problem at its path."""

from __future__ import annotations

from typing import Any

import pytest

from azureml_emulator.pipeline.component import (
    NotSupportedError,
    PipelinePart,
    read_component,
    refuse_unsupported_jobs,
)
from azureml_emulator.pipeline.graph import check_command

from .components import SCORE, TRAIN, filled_by, literal, problems, read, retrain


def test_a_pipeline_without_problems_has_none() -> None:
    assert problems(retrain()) == {}


def test_a_cycle_is_told_as_the_way_around() -> None:
    around = {"data": literal("${{parent.jobs.score.outputs.rows}}")}
    ((path, said),) = [item for item in problems(retrain(train__inputs=around)).items() if "cycle" in item[1]]
    way = said.removeprefix("is part of a cycle: ").split(" → ")
    assert path == f"jobs.{way[0]}"
    assert way in (["train", "score", "train"], ["score", "train", "score"])


def test_a_job_that_waits_for_itself_is_a_cycle() -> None:
    found = problems(retrain(train__inputs={"data": literal("${{parent.jobs.train.outputs.model}}")}))
    assert found["jobs.train"] == "is part of a cycle: train → train"


@pytest.mark.parametrize(
    ("inputs", "path", "said"),
    [
        ({}, "data", "is not bound: take ${{parent.inputs.NAME}} or ${{parent.jobs.JOB.outputs.NAME}}, or a value"),
        ({"dta": literal("x")}, "dta", "is not known: the component has the inputs data, rate, seed"),
        ({"data": literal("${{parent.inputs.odl}}")}, "data", "names the pipeline's input 'odl'"),
        ({"data": literal("${{parent.jobs.tarin.outputs.model}}")}, "data", "names the job 'tarin'"),
        ({"data": literal("${{parent.jobs.score.outputs.model}}")}, "data", "names the output 'model'"),
        ({"data": literal("${{parent.outputs.model}}")}, "data", "cannot be bound here"),
        ({"data": literal("${{inputs.old}}")}, "data", "cannot be bound here"),
        ({"data": literal("somewhere")}, "data", "is a value, but data of the type uri_folder is wanted"),
        ({"data": literal("${{parent.inputs.rate}}")}, "data", "is of the type number, but uri_folder is wanted"),
        ({"data": {"job_input_type": "uri_file", "uri": "azureml:x:1"}}, "data", "is of the type uri_file"),
        ({"data": {"job_input_type": "uri_folder"}}, "data", "has no uri"),
        ({"rate": literal("2")}, "rate", "is 2, which is more than the maximum of 1"),
        ({"rate": literal("fast")}, "rate", "should be a number, not 'fast'"),
    ],
)
def test_what_a_job_is_given_is_checked(inputs: dict[str, Any], path: str, said: str) -> None:
    assert said in problems(retrain(train__inputs=inputs))[f"jobs.train.inputs.{path}"]


def test_an_optional_input_cannot_fill_a_required_one() -> None:
    inputs = {"data": literal("${{parent.inputs.old}}"), "rate": literal("${{parent.inputs.seed}}")}
    document = retrain(train__inputs=inputs)
    assert problems(document) == {}  # the rate has a default
    document["inputs"]["old"]["optional"] = True
    said = problems(document)["jobs.train.inputs.data"]
    assert said == "is required, but the pipeline's input 'old' is optional"


@pytest.mark.parametrize(
    ("outputs", "path", "said"),
    [
        ({"mdel": filled_by("model")}, "jobs.train.outputs.mdel", "is not known: the component has the outputs model"),
        ({"model": filled_by("mdel")}, "jobs.train.outputs.model", "names the pipeline's output 'mdel'"),
        ({}, "outputs.model", "is not bound: give one job the output ${{parent.outputs.model}}"),
        ({"model": filled_by("rows")}, "jobs.score.outputs.rows", "fills the pipeline's output 'rows', which"),
        ({"model": {"value": "${{parent.inputs.old}}"}}, "jobs.train.outputs.model", "cannot be bound here"),
    ],
)
def test_what_a_job_gives_is_checked(outputs: dict[str, Any], path: str, said: str) -> None:
    assert said in problems(retrain(train__outputs=outputs))[path]


def test_a_job_is_of_its_components_type() -> None:
    assert problems(retrain(train__type="pipeline"))["jobs.train.type"] == (
        "is pipeline, but the component train is a command"
    )


def test_every_problem_is_told_at_once() -> None:
    found = problems(retrain(train__inputs={}, score__inputs={}))
    assert {"jobs.train.inputs.data", "jobs.score.inputs.data", "jobs.score.inputs.model"} <= set(found)


@pytest.mark.parametrize(
    ("change", "path", "said"),
    [
        ({"comand": "x"}, "comand", "is not expected here"),
        ({"command": ""}, "command", "at least 1 character"),
        ({"environment": None}, "environment", "valid string"),
        ({"inputs": {"a": {"type": "uri_fodler"}}}, "inputs.a.type", "'uri_fodler'"),
        ({"inputs": {"a b": {"type": "string"}}}, "inputs.a b", "should have a name of letters"),
        ({"inputs": {"a": {"type": "integer", "default": "x"}}}, "inputs.a.default", "should be a whole number"),
        ({"inputs": {"a": {"type": "number", "min": "low"}}}, "inputs.a.min", "should be a number, not 'low'"),
        ({"inputs": {"a": {"type": "uri_file", "default": "x"}}}, "inputs.a.default", "is for literals"),
        ({"outputs": {"a": {"type": "string"}}}, "outputs.a.type", "'string'"),
        ({"type": "comand"}, "type", "should be command or pipeline, not 'comand'"),
    ],
)
def test_a_specification_is_read_strictly(change: dict[str, Any], path: str, said: str) -> None:
    document = {key: value for key, value in {**TRAIN, **change}.items() if value is not None or key == "environment"}
    _, found = read_component(document)
    told = {problem.path: problem.text for problem in found}
    assert said in told[path]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("x ${{inputs.dta}}", "has ${{inputs.dta}}, but the component has the inputs data, rate, seed"),
        ("x ${{outputs.mdel}}", "has ${{outputs.mdel}}, but the component has the outputs model"),
        ("x ${{inputs.seed}}", "has ${{inputs.seed}}, which is optional: write it inside of $[[…]]"),
        ("x ${{parent.inputs.data}}", "which is neither ${{inputs.X}} nor ${{outputs.X}}"),
    ],
)
def test_a_command_mentions_only_what_it_has(command: str, said: str) -> None:
    (problem,) = check_command(read({**TRAIN, "command": command}))
    assert problem.path == "command"
    assert said in problem.text


def test_notes_of_clients_are_left_alone() -> None:
    noted = {**SCORE, "$schema": "https://…", "_source": "YAML.COMPONENT", "name": "score", "version": "1"}
    assert read(noted).outputs["rows"].type == "uri_file"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"type": "parallel"}, "components of the type 'parallel'"),
        ({"distribution": {"type": "mpi"}}, "commands on several nodes"),
        ({"resources": {"instance_count": 2}}, "commands on several nodes"),
    ],
)
def test_what_the_emulator_does_not_have_is_refused_by_name(change: dict[str, Any], said: str) -> None:
    with pytest.raises(NotSupportedError, match=said):
        read_component({**TRAIN, **change})


def test_jobs_that_the_emulator_does_not_have_are_refused_by_name() -> None:
    pipeline = read(retrain(train__type="sweep"))
    assert isinstance(pipeline, PipelinePart)
    with pytest.raises(NotSupportedError, match=r"jobs of the type 'sweep' \(job 'train'\)"):
        refuse_unsupported_jobs(pipeline)
