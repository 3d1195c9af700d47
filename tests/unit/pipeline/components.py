"""Specifications for tests of pipelines."""

from __future__ import annotations

from typing import Any

from azureml_emulator.pipeline.component import Specification, interface, read_component
from azureml_emulator.pipeline.graph import check_pipeline

TRAIN: dict[str, Any] = {
    "type": "command",
    "command": "train ${{inputs.data}} ${{inputs.rate}} $[[--seed ${{inputs.seed}}]] ${{outputs.model}}",
    "environment": "azureml:env:1",
    "inputs": {
        "data": {"type": "uri_folder"},
        "rate": {"type": "number", "default": "0.5", "min": "0", "max": "1"},
        "seed": {"type": "integer", "optional": True},
    },
    "outputs": {"model": {"type": "custom_model"}},
}
SCORE: dict[str, Any] = {
    "type": "command",
    "command": "score ${{inputs.model}} ${{inputs.data}} ${{outputs.rows}}",
    "environment": "azureml:env:1",
    "inputs": {"model": {"type": "custom_model"}, "data": {"type": "uri_folder"}},
    "outputs": {"rows": {"type": "uri_file"}},
}


def literal(value: Any) -> dict[str, Any]:
    return {"job_input_type": "literal", "value": value}


def filled_by(name: str) -> dict[str, Any]:
    return {"type": "literal", "value": f"${{{{parent.outputs.{name}}}}}"}


def retrain(**changes: Any) -> dict[str, Any]:
    """A pipeline that trains and scores; ``changes`` replace parts of its jobs by ``job__part``."""
    jobs: dict[str, Any] = {
        "train": {
            "type": "command",
            "componentId": "train",
            "inputs": {"data": literal("${{parent.inputs.old}}"), "rate": literal("${{parent.inputs.rate}}")},
            "outputs": {"model": filled_by("model")},
        },
        "score": {
            "type": "command",
            "componentId": "score",
            "inputs": {
                "model": literal("${{parent.jobs.train.outputs.model}}"),
                "data": literal("${{parent.inputs.new}}"),
            },
            "outputs": {"rows": filled_by("rows")},
        },
    }
    for path, value in changes.items():
        job, _, part = path.partition("__")
        jobs[job] = {**jobs[job], part: value}
    return {
        "type": "pipeline",
        "inputs": {
            "old": {"type": "uri_folder"},
            "new": {"type": "uri_folder"},
            "rate": {"type": "number", "default": "0.5"},
            "seed": {"type": "integer", "optional": True},
        },
        "outputs": {"model": {"type": "custom_model"}, "rows": {"type": "uri_file"}},
        "jobs": jobs,
    }


def read(document: dict[str, Any]) -> Specification:
    """A specification that has no problems of its own."""
    found, problems = read_component(document)
    assert found is not None, problems
    assert problems == []
    return found


REGISTERED = {"train": read(TRAIN), "score": read(SCORE)}


def problems(document: dict[str, Any]) -> dict[str, str]:
    """What is wrong with a pipeline of registered components, by path."""
    pipeline = read(document)
    interfaces = {name: interface(REGISTERED[job.component_id]) for name, job in pipeline.jobs.items()}
    return {problem.path: problem.text for problem in check_pipeline(pipeline, interfaces)}
