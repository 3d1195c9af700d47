"""Check of components and of deployments that run them: what is wrong is told in a preview, each at its path."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_azureml.engine import UNKNOWN, Checked
from pulumi_azureml.resources import BATCH_DEPLOYMENT, COMPONENT
from pulumi_azureml.resources._component_spec import component_spec

from .test_check import ENDPOINT, WORKSPACE, reasons, run

TRAIN_INPUTS = {
    "data": {"type": "uri_folder"},
    "rate": {"type": "number", "default": 0.5, "min": 0, "max": 1},
    "seed": {"type": "integer", "optional": True},
}
LENT: dict[str, Any] = {
    "jobInputs": {
        "train": {"component": TRAIN_INPUTS},
        "score": {"component": {"model": {"type": "custom_model"}, "data": {"type": "uri_folder"}}},
    },
    "jobOutputs": {
        "train": {"component": {"model": {"type": "custom_model"}}},
        "score": {"component": {"rows": {"type": "uri_file"}}},
    },
    "jobTypes": {"train": {"component": "command"}, "score": {"component": "command"}},
}


def command(**changes: Any) -> Checked:
    given = {
        "command": "train ${{inputs.data}} ${{inputs.rate}} $[[--seed ${{inputs.seed}}]] ${{outputs.model}}",
        "environment": "azureml:env:1",
        "inputs": TRAIN_INPUTS,
        "outputs": {"model": {"type": "custom_model"}},
        **changes,
    }
    return run(COMPONENT, **{key: value for key, value in given.items() if value is not None})


def pipeline(lent: dict[str, Any] = LENT, **changes: Any) -> Checked:
    """A pipeline of two jobs; `changes` replace parts of jobs as `train__inputs`, or of the whole."""
    jobs: dict[str, Any] = {
        "train": {
            "component": "azureml:train:1",
            "inputs": {"data": "${{parent.inputs.old}}", "rate": "${{parent.inputs.rate}}"},
            "outputs": {"model": "${{parent.outputs.model}}"},
        },
        "score": {
            "component": "azureml:score:1",
            "inputs": {"model": "${{parent.jobs.train.outputs.model}}", "data": "${{parent.inputs.new}}"},
            "outputs": {"rows": "${{parent.outputs.rows}}"},
        },
    }
    whole: dict[str, Any] = {
        "inputs": {
            "old": {"type": "uri_folder"},
            "new": {"type": "uri_folder"},
            "rate": {"type": "number", "default": 0.5},
        },
        "outputs": {"model": {"type": "custom_model"}, "rows": {"type": "uri_file"}},
    }
    for path, value in changes.items():
        job, found, part = path.partition("__")
        if found:
            jobs[job] = {**jobs[job], part: value}
        else:
            whole[path] = value
    return run(COMPONENT, **{"jobs": jobs, **whole, **lent})


def test_what_is_right_has_no_failures() -> None:
    assert command().failures == []
    assert pipeline().failures == []


@pytest.mark.parametrize(
    ("changes", "path", "said"),
    [
        ({"command": None}, "command", "is required, or `jobs` for a pipeline"),
        ({"environment": None}, "environment", "is required with a command"),
        ({"jobs": {"a": {"component": "azureml:c:1"}}}, "jobs", "a component is one of them"),
        ({"type": "pipeline"}, "type", "should be command"),
        ({"command": "x ${{inputs.dta}}"}, "command", "the component has the inputs data, rate, seed"),
        ({"command": "x ${{inputs.seed}}"}, "command", "which is optional: write it inside of $[[…]]"),
        ({"command": "x ${{parent.inputs.data}}"}, "command", "neither ${{inputs.NAME}} nor ${{outputs.NAME}}"),
        ({"inputs": {"data": {"type": "folder"}}}, "inputs.data.type", "'uri_folder'"),
        ({"inputs": {"data": {"typ": "uri_folder"}}}, "inputs.data.typ", 'Do you mean "type"?'),
        ({"inputs": {"data": "uri_folder"}}, "inputs.data", "should be an object with type, default"),
        ({"inputs": {"n": {"type": "integer", "default": 1.5}}}, "inputs.n.default", "should be a whole number"),
        ({"inputs": {"n": {"type": "number", "default": 3, "max": 2}}}, "inputs.n.default", "more than the maximum"),
        ({"inputs": {"n": {"type": "string", "default": "c", "enum": ["a"]}}}, "inputs.n.default", "none of: a"),
        ({"inputs": {"n": {"type": "boolean", "default": "yes"}}}, "inputs.n.default", "should be true or false"),
        ({"inputs": {"n": {"type": "uri_file", "default": "x"}}}, "inputs.n.default", "is for literals"),
        ({"inputs": {"a b": {"type": "string"}}}, "inputs.a b", "should have a name of letters"),
        ({"outputs": {"rows": {"type": "string"}}}, "outputs.rows.type", "'uri_folder'"),
        ({"instance_count": 0}, "instanceCount", "greater than or equal to 1"),
    ],
)
def test_a_command_is_checked(changes: dict[str, Any], path: str, said: str) -> None:
    assert said in reasons(command(**changes))[path]


@pytest.mark.parametrize(
    ("changes", "path", "said"),
    [
        ({"train__inputs": {}}, "jobs.train.inputs.data", "is not bound: take ${{parent.inputs.NAME}}"),
        ({"train__inputs": {"dta": 1}}, "jobs.train.inputs.dta", "the component has the inputs data, rate, seed"),
        ({"train__inputs": {"data": "${{parent.inputs.odl}}"}}, "jobs.train.inputs.data", "the inputs old, new, rate"),
        (
            {"train__inputs": {"data": "${{parent.jobs.tarin.outputs.model}}"}},
            "jobs.train.inputs.data",
            "bound to the job 'tarin', but the pipeline has the jobs score, train",
        ),
        (
            {"score__inputs": {"model": "${{parent.jobs.train.outputs.mdel}}", "data": "${{parent.inputs.new}}"}},
            "jobs.score.inputs.model",
            "the job has the outputs model",
        ),
        ({"train__inputs": {"data": "${{inputs.old}}"}}, "jobs.train.inputs.data", "cannot be bound here"),
        ({"train__inputs": {"data": "${{parent.outputs.model}}"}}, "jobs.train.inputs.data", "cannot be bound here"),
        ({"train__inputs": {"data": "somewhere"}}, "jobs.train.inputs.data", "data of the type uri_folder is wanted"),
        (
            {"train__inputs": {"data": {"path": "azureml:d:1", "type": "uri_file"}}},
            "jobs.train.inputs.data",
            "uri_file",
        ),
        ({"train__inputs": {"data": {"type": "uri_folder"}}}, "jobs.train.inputs.data", "should have a path"),
        ({"train__inputs": {"data": {"path": "x", "mdoe": "a"}}}, "jobs.train.inputs.data", "holds 'mdoe'"),
        ({"train__inputs": {"data": {"path": "x", "mode": "copy"}}}, "jobs.train.inputs.data", "has the mode 'copy'"),
        ({"train__inputs": {"data": "${{parent.inputs.rate}}"}}, "jobs.train.inputs.data", "uri_folder is wanted"),
        (
            {"train__inputs": {"data": "${{parent.inputs.old}}", "rate": 2}},
            "jobs.train.inputs.rate",
            "the maximum of 1",
        ),
        ({"train__outputs": {"mdel": "${{parent.outputs.model}}"}}, "jobs.train.outputs.mdel", "the outputs model"),
        (
            {"train__outputs": {"model": "${{parent.outputs.mdel}}"}},
            "jobs.train.outputs.model",
            "the outputs model, rows",
        ),
        ({"train__outputs": {"model": "here"}}, "jobs.train.outputs.model", "should be ${{parent.outputs.NAME}} or an"),
        ({"train__outputs": {}}, "outputs.model", "is not bound: give a job the output ${{parent.outputs.model}}"),
        ({"train__type": "pipeline"}, "jobs.train.type", "should be command, the type of the job's component"),
        ({"train__compnent": "x"}, "jobs.train.compnent", 'Do you mean "component"?'),
        ({"train__timeout": "5 minutes"}, "jobs.train.timeout", "ISO 8601"),
        ({"environment": "azureml:e:1"}, "environment", "is for commands"),
    ],
)
def test_a_pipeline_is_checked(changes: dict[str, Any], path: str, said: str) -> None:
    assert said in reasons(pipeline(**changes))[path]


def test_an_optional_input_of_the_pipeline_fills_no_required_one() -> None:
    optional = {
        "old": {"type": "uri_folder", "optional": True},
        "new": {"type": "uri_folder"},
        "rate": {"type": "number"},
    }
    assert "input 'old' is optional" in reasons(pipeline(inputs=optional))["jobs.train.inputs.data"]


def test_an_output_is_filled_once() -> None:
    twice = {"rows": "${{parent.outputs.model}}"}
    found = reasons(pipeline(score__outputs=twice))
    assert "fills the output 'model', which jobs.train.outputs.model fills already" in found["jobs.score.outputs.rows"]


def test_a_cycle_is_told_as_the_way_around() -> None:
    around = {"data": "${{parent.jobs.score.outputs.rows}}"}
    ((path, said),) = [
        (path, said) for path, said in reasons(pipeline(train__inputs=around)).items() if "cycle" in said
    ]
    assert path in {"jobs.train", "jobs.score"}
    assert said in {
        "is part of a cycle: train → score → train",
        "is part of a cycle: score → train → score",
    }


def test_what_is_not_known_is_left_out() -> None:
    assert pipeline({}, train__inputs={"anything": 1}).failures == []
    assert pipeline(train__inputs=UNKNOWN, train__component=UNKNOWN).failures == []
    assert pipeline(train__inputs={"data": UNKNOWN}).failures == []
    lent = {**LENT, "jobInputs": UNKNOWN, "jobOutputs": {"train": {"component": UNKNOWN}}}
    assert pipeline(lent, inputs={**pipeline().inputs["inputs"], "more": UNKNOWN}).failures == []


def test_a_version_follows_from_the_content_alone() -> None:
    version = command().inputs["version"]
    assert len(version) == 16
    assert command(description="other", tags={"a": "b"}, name="other").inputs["version"] == version
    assert command(command="other ${{inputs.data}}").inputs["version"] != version
    assert command(environment=f"{WORKSPACE}/environments/env/versions/1").inputs["version"] == version
    elsewhere = WORKSPACE.replace("ws", "other")
    assert command(environment=f"{elsewhere}/environments/env/versions/1").inputs["version"] == version
    assert command(environment="azureml:env:2").inputs["version"] != version
    assert command(version="7").inputs["version"] == "7"


def test_a_version_is_unknown_while_the_content_is() -> None:
    inputs = command(environment=UNKNOWN).inputs
    assert (inputs["version"], inputs["armId"], inputs["contentDigest"]) == (UNKNOWN, UNKNOWN, UNKNOWN)
    assert command(environment=UNKNOWN, version="7").inputs["version"] == "7"


def test_the_specification_is_what_the_services_own_clients_write() -> None:
    job = {
        "component": "azureml:train:1",
        "compute": "cpu",
        "inputs": {"data": {"path": "azureml:d:1", "mode": "direct"}, "rate": 0.25, "seed": 3.0},
        "outputs": {"model": {"type": "custom_model", "name": "digits", "version": 2.0}},
        "environment_variables": {"A": "1"},
        "timeout": "PT1M30S",
    }
    checked = run(COMPONENT, jobs={"train": job})
    assert checked.failures == []
    assert component_spec(checked.inputs) == {
        "type": "pipeline",
        "is_deterministic": True,
        "jobs": {
            "train": {
                "name": "train",
                "type": "command",
                "componentId": f"{WORKSPACE}/components/train/versions/1",
                "computeId": f"{WORKSPACE}/computes/cpu",
                "inputs": {
                    "data": {"job_input_type": "uri_folder", "uri": "azureml:d:1", "mode": "Direct"},
                    "rate": {"job_input_type": "literal", "value": "0.25"},
                    "seed": {"job_input_type": "literal", "value": "3"},
                },
                "outputs": {"model": {"job_output_type": "custom_model", "name": "digits", "version": "2"}},
                "environment_variables": {"A": "1"},
                "limits": {"timeout": 90, "job_limits_type": "Command"},
            }
        },
    }
    spec = component_spec(command(code="azureml:src:1").inputs)
    assert spec["code"] == f"azureml:{WORKSPACE}/codes/src/versions/1"
    assert spec["inputs"]["rate"] == {"type": "number", "default": "0.5", "min": "0", "max": "1"}
    assert spec["inputs"]["seed"] == {"type": "integer", "optional": True}


def test_a_job_is_of_the_type_that_its_component_says() -> None:
    lent = {**LENT, "jobTypes": {"train": {"component": "pipeline"}}}
    spec = component_spec(pipeline(lent).inputs)
    assert (spec["jobs"]["train"]["type"], spec["jobs"]["score"]["type"]) == ("pipeline", "command")


# -- deployments ---------------------------------------------------------------------------------------------


def deployment(**inputs: Any) -> Checked:
    return run(BATCH_DEPLOYMENT, endpoint=ENDPOINT, name="run", **inputs)


def test_a_deployment_has_a_model_or_a_component() -> None:
    found = reasons(deployment())
    assert found["model"].startswith("is required: the model that scores, or `component` for a pipeline")
    assert found["compute"].startswith("is required")
    assert deployment(component="azureml:p:1").failures == []
    both = reasons(deployment(component="azureml:p:1", model="azureml:m:1", mini_batch_size=5))
    assert set(both) == {"model", "miniBatchSize"}
    assert "a deployment of a pipeline component has none" in both["model"]
    alone = reasons(deployment(model="azureml:m:1", compute="cpu", settings={"force_rerun": True}))
    assert "it needs `component`" in alone["settings"]


def test_a_deployment_of_a_pipeline_carries_nothing_of_a_model() -> None:
    inputs = deployment(component="azureml:p:1", settings={"default_compute": "cpu"}).inputs
    assert not {"miniBatchSize", "retrySettings", "outputAction", "instanceCount"} & set(inputs)
    assert inputs["component"] == f"{WORKSPACE}/components/p/versions/1"
    assert inputs["settings"] == {"default_compute": f"{WORKSPACE}/computes/cpu"}


def test_settings_are_spelt_right() -> None:
    found = reasons(deployment(component="azureml:p:1", settings={"default_compte": "cpu"}))
    assert found["settings.default_compte"].endswith('Do you mean "default_compute"?')
