"""From a pipeline and an invocation to its steps."""

from __future__ import annotations

from typing import Any

import pytest

from azureml_emulator.pipeline.component import PipelinePart
from azureml_emulator.pipeline.plan import Data, Destination, Made, Step, Value, make_steps, with_defaults

from .components import REGISTERED, filled_by, literal, read, retrain

OLD, NEW = Data("azureml:old:1", "uri_folder"), Data("azureml:new:1", "uri_folder")
TARGETS = {
    "model": Destination("custom_model", pipeline="model"),
    "rows": Destination("uri_file", "azureml://datastores/d/paths/rows.csv", pipeline="rows"),
}


def steps_of(document: dict[str, Any], values: dict[str, Any], **registered: Any) -> dict[str, Step]:
    pipeline = read(document)
    assert isinstance(pipeline, PipelinePart)
    known = {**REGISTERED, **registered}
    ports, _ = pipeline.ports()
    return {step.name: step for step in make_steps(pipeline, with_defaults(ports, values), TARGETS, known.__getitem__)}


def test_values_flow_to_the_steps() -> None:
    steps = steps_of(retrain(), {"old": OLD, "new": NEW, "rate": Value("0.25")})
    assert steps["train"].inputs == {"data": OLD, "rate": Value("0.25")}
    assert steps["score"].inputs == {"data": NEW, "model": Made("train", "model")}
    assert steps["score"].needs == {"train"}


def test_defaults_of_the_pipeline_come_before_those_of_the_component() -> None:
    inputs = {"data": literal("${{parent.inputs.old}}")}
    assert steps_of(retrain(), {"old": OLD, "new": NEW})["train"].inputs["rate"] == Value("0.5")
    assert steps_of(retrain(train__inputs=inputs), {"old": OLD, "new": NEW})["train"].inputs["rate"] == Value("0.5")


def test_an_optional_input_without_a_value_is_left_out() -> None:
    inputs = {"data": literal("${{parent.inputs.old}}"), "seed": literal("${{parent.inputs.seed}}")}
    assert "seed" not in steps_of(retrain(train__inputs=inputs), {"old": OLD, "new": NEW})["train"].inputs
    given = steps_of(retrain(train__inputs=inputs), {"old": OLD, "new": NEW, "seed": Value("7")})
    assert given["train"].inputs["seed"] == Value("7")


def test_outputs_go_where_the_pipelines_go() -> None:
    steps = steps_of(retrain(), {"old": OLD, "new": NEW})
    assert steps["train"].outputs["model"] == TARGETS["model"]
    assert steps["score"].outputs["rows"] == TARGETS["rows"]


def test_an_output_may_have_an_address_or_a_name_of_its_own() -> None:
    own = {"model": {"job_output_type": "custom_model", "name": "digits", "version": "3"}}
    document = retrain(train__outputs=own)
    document["outputs"].pop("model")
    assert steps_of(document, {"old": OLD, "new": NEW})["train"].outputs["model"] == Destination(
        "custom_model", asset="digits", version="3"
    )


def test_a_value_that_the_pipeline_allows_and_the_step_does_not_is_refused_with_the_step() -> None:
    with pytest.raises(ValueError, match="the input 'rate' of the job 'train' is 3, which is more than the maximum"):
        steps_of(retrain(), {"old": OLD, "new": NEW, "rate": Value("3")})


def test_a_pipeline_within_the_pipeline_is_flattened() -> None:
    outer = {
        "type": "pipeline",
        "inputs": {"old": {"type": "uri_folder"}, "new": {"type": "uri_folder"}},
        "outputs": {"rows": {"type": "uri_file"}},
        "jobs": {
            "again": {
                "type": "command", "componentId": "score",
                "inputs": {
                    "model": literal("${{parent.jobs.inner.outputs.model}}"),
                    "data": literal("${{parent.inputs.new}}"),
                },
            },
            "inner": {
                "type": "pipeline", "componentId": "retrain",
                "inputs": {
                    "old": literal("${{parent.inputs.old}}"), "new": literal("${{parent.inputs.new}}"),
                    "rate": literal("0.75"),
                },
                "outputs": {"rows": filled_by("rows")},
            },
        },
    }  # fmt: skip
    steps = steps_of(outer, {"old": OLD, "new": NEW}, retrain=read(retrain()))
    assert list(steps) == ["inner.train", "inner.score", "again"]
    assert steps["inner.train"].inputs == {"data": OLD, "rate": Value("0.75")}
    assert steps["again"].inputs["model"] == Made("inner.train", "model")
    assert steps["inner.score"].outputs["rows"] == TARGETS["rows"]


def test_an_input_may_be_handed_over_as_an_address() -> None:
    inputs = {"model": {**literal("${{parent.jobs.train.outputs.model}}"), "mode": "Direct"}, "data": literal("x")}
    inputs["data"] = {**literal("${{parent.inputs.new}}"), "mode": "direct"}
    steps = steps_of(retrain(score__inputs=inputs), {"old": OLD, "new": NEW})
    assert steps["score"].inputs == {
        "model": Made("train", "model", direct=True),
        "data": Data(NEW.uri, NEW.type, direct=True),
    }
