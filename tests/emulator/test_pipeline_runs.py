"""Runs of pipelines: order, data, literals, logs, failures, over HTTP."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.testing import RunningEmulator, emulator
from emulator.batch_service import Endpoint, Service
from emulator.batch_support import alive
from emulator.pipeline_service import Pipelines, folder, literal, to_parent

DATA = "${{parent.inputs.data}}"
COPY = (
    'for f in "${{inputs.data}}"/*; do'
    ' (cat "$f"; echo ${{inputs.word}}) > "${{outputs.out}}/$(basename "$f")"; done; echo copied ${{inputs.word}}'
)


@pytest.fixture(scope="module")
def service(azureml_emulator: RunningEmulator) -> Iterator[Service]:
    with Service(azureml_emulator) as client:
        yield client


@pytest.fixture(scope="module")
def pipelines(service: Service) -> Pipelines:
    return Pipelines(service)


@pytest.fixture(scope="module")
def copy(pipelines: Pipelines) -> str:
    """A component that copies a folder and adds a line to every file."""
    return pipelines.command(
        COPY,
        inputs={"data": {"type": "uri_folder"}, "word": {"type": "string", "default": "plain"}},
        outputs={"out": {"type": "uri_folder"}},
    )


@pytest.fixture(scope="module")
def shell(pipelines: Pipelines) -> str:
    """A component that runs the text that it is given, after another step if that is given too."""
    return pipelines.command(
        "${{inputs.text}}",
        inputs={"text": {"type": "string"}, "after": {"type": "uri_folder", "optional": True}},
        outputs={"out": {"type": "uri_folder"}},
    )


def job(component: str, inputs: dict[str, str], **more: Any) -> dict[str, Any]:
    given = {name: literal(value) for name, value in inputs.items()}
    return {"type": "command", "componentId": component, "inputs": given, **more}


@pytest.fixture(scope="module")
def chain(pipelines: Pipelines, copy: str) -> Endpoint:
    """Two steps that copy, the second one written first."""
    jobs = {
        "second": job(
            copy,
            {"data": "${{parent.jobs.first.outputs.out}}", "word": "two"},
            outputs={"out": to_parent("result")},
        ),
        "first": job(copy, {"data": DATA, "word": "${{parent.inputs.word}}"}),
    }
    inputs = {"data": {"type": "uri_folder"}, "word": {"type": "string", "default": "one"}}
    return pipelines.deploy(pipelines.pipeline(jobs, inputs=inputs, outputs={"result": {"type": "uri_folder"}}))


@pytest.fixture(scope="module")
def data(service: Service) -> dict[str, Any]:
    return folder(service.upload("pipeline/in", {"a.txt": "A\n", "b.txt": "B\n"}))


@pytest.fixture(scope="module")
def done(pipelines: Pipelines, chain: Endpoint, data: dict[str, Any]) -> str:
    """A completed run of the chain."""
    return pipelines.run(chain, {"data": data, "word": "uno"}, tags={"team": "ml"}, properties={"experimentName": "e1"})


# -- data -----------------------------------------------------------------------------------------------------


def test_data_go_from_step_to_step_and_to_the_pipelines_output(pipelines: Pipelines, done: str) -> None:
    assert pipelines.service.read(f"azureml/{done}/result/a.txt") == "A\nuno\ntwo\n"
    assert pipelines.service.read(f"azureml/{done}/result/b.txt") == "B\nuno\ntwo\n"


def test_an_output_goes_where_the_caller_says_and_defaults_hold(
    pipelines: Pipelines, chain: Endpoint, data: dict[str, Any]
) -> None:
    uri = "azureml://datastores/workspaceblobstore/paths/mine/result"
    run = pipelines.run(chain, {"data": data}, {"result": {"jobOutputType": "UriFolder", "uri": uri}})
    assert pipelines.service.read("mine/result/a.txt") == "A\none\ntwo\n"
    shown = chain.job(run)["properties"]
    assert shown["outputData"] == {"result": {"jobOutputType": "UriFolder", "uri": uri}}
    assert shown["inputData"]["word"] == {"jobInputType": "Literal", "value": "one"}


def test_files_models_optional_inputs_and_variables_reach_the_command(pipelines: Pipelines) -> None:
    code = {
        "show.py": """
            import json, os, sys
            from pathlib import Path
            print("seeds", sys.argv[4:])
            shown = {name: value for name, value in os.environ.items() if name.startswith(("AZUREML_", "LEVEL"))}
            shown["table"] = Path(sys.argv[1]).read_text()
            shown["weights"] = Path(sys.argv[2], "weights.txt").read_text()
            Path(sys.argv[3]).write_text(json.dumps(shown))
        """
    }
    show = pipelines.command(
        "python show.py ${{inputs.table}} ${{inputs.model}} ${{outputs.shown}}"
        " $[[--seed ${{inputs.seed}}]] $[[--more ${{inputs.more}}]]",
        files=code,
        inputs={
            "table": {"type": "uri_file"},
            "model": {"type": "custom_model"},
            "seed": {"type": "integer", "optional": True},
            "more": {"type": "string", "optional": True},
        },
        outputs={"shown": {"type": "uri_file"}},
    )
    names = ("table", "model", "seed", "more")
    show_job = job(
        show,
        {name: f"${{{{parent.inputs.{name}}}}}" for name in names},
        outputs={"shown": to_parent("shown")},
        environment_variables={"LEVEL": "high"},
    )
    component = pipelines.pipeline(
        {"show": show_job},
        inputs={
            "table": {"type": "uri_file"},
            "model": {"type": "custom_model"},
            "seed": {"type": "integer", "optional": True},
            "more": {"type": "string", "optional": True},
        },
        outputs={"shown": {"type": "uri_file"}},
    )
    endpoint = pipelines.deploy(component)
    uri = pipelines.service.upload("tables", {"one.csv": "x,y"})
    weights = pipelines.service.upload("toys/toy", {"weights.txt": "42"})
    pipelines.service.put("models/toy-of-pipelines/versions/1", {"modelUri": weights, "modelType": "custom_model"})
    given = {
        "table": {"jobInputType": "UriFile", "uri": f"{uri}/one.csv"},
        "model": {"jobInputType": "CustomModel", "uri": "azureml:toy-of-pipelines:1"},
        "seed": 7,
    }
    run = pipelines.run(endpoint, given)
    step = pipelines.children(run)["show"]["runId"]
    shown = pipelines.service.call("GET", f"{pipelines.service.workspace}/jobs/{run}").json()["properties"]["outputs"]
    assert shown["shown"]["jobOutputType"] == "uri_file"
    answer = json.loads(pipelines.service.read(f"azureml/{run}/shown"))
    assert (answer["table"], answer["weights"], answer["LEVEL"]) == ("x,y", "42", "high")
    assert (answer["AZUREML_RUN_ID"], answer["AZUREML_ROOT_RUN_ID"]) == (step, run)
    assert answer["AZUREML_PARAMETER_seed"] == "7"
    assert answer["AZUREML_PARAMETER_table"].endswith("/one.csv")
    assert "AZUREML_PARAMETER_more" not in answer
    assert "seeds ['--seed', '7']" in pipelines.log(step)


def test_a_named_output_is_registered_as_the_next_version(pipelines: Pipelines, shell: str) -> None:
    service, name = pipelines.service, f"made-{pipelines.mark}"
    train = pipelines.command(
        "echo trained > ${{outputs.model}}/model.txt", outputs={"model": {"type": "custom_model"}}
    )
    named = {"model": {"job_output_type": "custom_model", "name": name}}
    endpoint = pipelines.deploy(pipelines.pipeline({"train": job(train, {}, outputs=named)}))
    runs = [pipelines.run(endpoint), pipelines.run(endpoint)]
    for number, run in enumerate(runs, start=1):
        model = service.call("GET", f"{service.workspace}/models/{name}/versions/{number}").json()["properties"]
        assert (model["modelType"], model["jobName"]) == ("custom_model", run)
    reader = pipelines.command(
        "cp ${{inputs.model}}/model.txt ${{outputs.out}}",
        inputs={"model": {"type": "custom_model"}},
        outputs={"out": {"type": "uri_folder"}},
    )
    jobs = {"read": job(reader, {"model": "${{parent.inputs.model}}"}, outputs={"out": to_parent("out")})}
    model_input = {"model": {"type": "custom_model"}}
    reading = pipelines.deploy(pipelines.pipeline(jobs, inputs=model_input, outputs={"out": {"type": "uri_folder"}}))
    run = pipelines.run(reading, {"model": {"jobInputType": "CustomModel", "uri": f"azureml:{name}@latest"}})
    assert service.read(f"azureml/{run}/out/model.txt") == "trained\n"


def test_the_output_of_a_run_can_be_registered_and_read_by_its_job(
    pipelines: Pipelines, chain: Endpoint, done: str
) -> None:
    uri = f"azureml://jobs/{done}/outputs/result"
    name = f"of-run-{pipelines.mark}"
    pipelines.service.put(f"models/{name}/versions/1", {"modelUri": uri, "modelType": "custom_model"})
    again = pipelines.run(chain, {"data": folder(uri), "word": "three"})
    assert pipelines.service.read(f"azureml/{again}/result/a.txt") == "A\nuno\ntwo\nthree\ntwo\n"
    body = {"properties": {"modelUri": f"azureml://jobs/{done}/outputs/reslt"}}
    path = f"{pipelines.service.workspace}/models/{name}/versions/2"
    refused = pipelines.service.call("PUT", path, body)
    assert refused.status_code == 400
    assert "has no output 'reslt'; it has result" in refused.json()["error"]["message"]


# -- order ----------------------------------------------------------------------------------------------------


def test_steps_that_do_not_need_each_other_run_at_the_same_time(
    pipelines: Pipelines, shell: str, tmp_path: Path
) -> None:
    there, back = tmp_path / "there", tmp_path / "back"
    for pipe in (there, back):
        os.mkfifo(pipe)
    # Each waits for the other at a pipe: one after the other they would wait for ever.
    jobs = {
        "left": job(shell, {"text": f"echo left > {there}; cat {back}"}),
        "right": job(shell, {"text": f"cat {there}; echo right > {back}"}),
    }
    run = pipelines.run(pipelines.deploy(pipelines.pipeline(jobs)))
    children = pipelines.children(run)
    assert pipelines.log(children["left"]["runId"]) == "right\n"
    assert pipelines.log(children["right"]["runId"]) == "left\n"


def test_a_compute_with_one_node_runs_one_step_at_a_time(pipelines: Pipelines, shell: str, tmp_path: Path) -> None:
    busy = tmp_path / "busy"
    text = f"mkdir {busy} && mkdir ${{{{outputs.out}}}}/x && rmdir {busy}"
    jobs = {name: job(shell, {"text": text.replace("${{outputs.out}}", str(tmp_path / name))}) for name in "abc"}
    for name in "abc":
        (tmp_path / name).mkdir()
    pipelines.run(pipelines.deploy(pipelines.pipeline(jobs), default_compute=pipelines.cluster(1)))


# -- failures -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fragile(pipelines: Pipelines, shell: str) -> str:
    """A step that fails with its script's line, one that depends on it, and two apart from them."""
    bad = pipelines.command(
        "python bad.py",
        files={"bad.py": "def work():\n    raise ValueError('no digits')\n\nwork()\n"},
        outputs={"out": {"type": "uri_folder"}},
    )
    return pipelines.pipeline(
        {
            "bad": job(bad, {}),
            "after": job(shell, {"text": "true", "after": "${{parent.jobs.bad.outputs.out}}"}),
            "apart": job(shell, {"text": "${{parent.inputs.text}}"}),
            "later": job(shell, {"text": "true", "after": "${{parent.jobs.apart.outputs.out}}"}),
        },
        inputs={"text": {"type": "string"}},
    )


def test_a_failure_ends_the_run_and_names_step_cause_and_line(
    pipelines: Pipelines, fragile: str, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    endpoint = pipelines.deploy(fragile)
    run = pipelines.start(endpoint, {"text": f"cat {pipe}"})
    assert endpoint.wait(run) == "Failed"
    error = endpoint.error(run)
    assert error.startswith(f"Job {run} failed: the step 'bad' failed; not begun: after, later")
    assert "the command ended with exit code 1: ValueError: no digits" in error
    assert "bad.py:2 in work" in error
    assert "user_logs/std_log.txt" in error
    states = {name: step["status"] for name, step in pipelines.children(run).items()}
    assert states == {"bad": "Failed", "apart": "Canceled"}
    assert error in pipelines.log(run, "logs/azureml/executionlogs.txt")


def test_with_continue_on_step_failure_what_does_not_depend_on_it_still_runs(
    pipelines: Pipelines, fragile: str
) -> None:
    endpoint = pipelines.deploy(fragile, continue_on_step_failure="True")
    run = pipelines.start(endpoint, {"text": "true"})
    assert endpoint.wait(run) == "Failed"
    states = {name: step["status"] for name, step in pipelines.children(run).items()}
    assert states == {"bad": "Failed", "apart": "Completed", "later": "Completed"}
    assert "not begun: after" in endpoint.error(run)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("sleep 60", "took longer than the 0.2 s that its limits.timeout allows"),
        ("kill -SEGV $$", "the command ended with SIGSEGV"),
        ("no-such-program", "no-such-program"),
        ("true", "the command wrote no file at its path"),
    ],
    ids=["time", "signal", "missing program", "missing output"],
)
def test_a_step_that_cannot_end_well_says_why(pipelines: Pipelines, command: str, said: str) -> None:
    step = pipelines.command(command, outputs={"file": {"type": "uri_file"}})
    limits = {"limits": {"timeout": 0.2}} if "sleep" in command else {}
    endpoint = pipelines.deploy(pipelines.pipeline({"only": job(step, {}, **limits)}))
    run = pipelines.start(endpoint)
    assert endpoint.wait(run) == "Failed"
    assert said in endpoint.error(run)


def test_an_input_without_files_is_named(pipelines: Pipelines, chain: Endpoint) -> None:
    nowhere = folder("azureml://datastores/workspaceblobstore/paths/no/where")
    run = pipelines.start(chain, {"data": nowhere})
    assert chain.wait(run) == "Failed"
    assert "the input 'data' has no files" in chain.error(run)


def test_a_step_may_give_an_empty_folder_to_the_next(pipelines: Pipelines, shell: str) -> None:
    jobs = {
        "empty": job(shell, {"text": "true"}),
        "next": job(shell, {"text": "true", "after": "${{parent.jobs.empty.outputs.out}}"}),
    }
    pipelines.run(pipelines.deploy(pipelines.pipeline(jobs)))


# -- canceling and restarting ---------------------------------------------------------------------------------


def test_cancel_leaves_no_process(pipelines: Pipelines, shell: str, tmp_path: Path) -> None:
    ready, never = tmp_path / "ready", tmp_path / "never"
    for pipe in (ready, never):
        os.mkfifo(pipe)
    text = f"setsid cat {never} & echo $! $$ > {ready}; cat {never}"
    jobs = {
        "hang": job(shell, {"text": text}),
        "next": job(shell, {"text": "true", "after": "${{parent.jobs.hang.outputs.out}}"}),
    }
    endpoint = pipelines.deploy(pipelines.pipeline(jobs))
    run = pipelines.start(endpoint)
    pids = [int(pid) for pid in ready.read_text().split()]
    assert all(alive(pid) for pid in pids)
    answer = pipelines.service.call("POST", f"{pipelines.service.workspace}/jobs/{run}/cancel")
    assert answer.status_code in {200, 202}
    assert endpoint.wait(run) == "Canceled"
    assert not any(alive(pid) for pid in pids)
    assert {name: step["status"] for name, step in pipelines.children(run).items()} == {"hang": "Canceled"}


def test_an_emulator_that_comes_back_goes_on_with_its_runs(tmp_path: Path) -> None:
    ready, go = tmp_path / "ready", tmp_path / "go"
    for pipe in (ready, go):
        os.mkfifo(pipe)
    home = tmp_path / "home"
    with emulator(home) as running, Service(running) as service:
        pipelines = Pipelines(service)
        shell = pipelines.command(
            "${{inputs.text}}",
            inputs={"text": {"type": "string"}, "after": {"type": "uri_folder", "optional": True}},
            outputs={"out": {"type": "uri_folder"}},
        )
        jobs = {
            "first": job(shell, {"text": f"echo once >> {tmp_path}/first"}),
            "second": job(
                shell, {"text": f"echo $$ > {ready}; cat {go}", "after": "${{parent.jobs.first.outputs.out}}"}
            ),
            "third": job(shell, {"text": "true", "after": "${{parent.jobs.second.outputs.out}}"}),
        }
        endpoint = pipelines.deploy(pipelines.pipeline(jobs))
        run = pipelines.start(endpoint)
        pid = int(ready.read_text())
        service.http.close()
        running.process.kill()
        running.process.wait()
    with emulator(home) as running, Service(running) as service:
        again = Endpoint(service, endpoint.name, endpoint.deployment, endpoint.compute)
        assert int(ready.read_text()) != pid
        assert not alive(pid)
        go.write_text("went on\n")
        assert again.wait(run) == "Completed", again.error(run)
        assert (tmp_path / "first").read_text() == "once\n"
        children = pipelines_children(service, run)
        lifecycle = service.read(f"ExperimentRun/dcid.{children['second']}/system_logs/lifecycler.txt")
        assert "its command begins anew" in lifecycle
        assert service.read(f"ExperimentRun/dcid.{children['second']}/user_logs/std_log.txt").endswith("went on\n")


def pipelines_children(service: Service, run: str) -> dict[str, str]:
    answer = service.call("GET", f"/history/v1.0{service.workspace}/runs/{run}/children")
    return {step["displayName"]: step["runId"] for step in answer.json()["value"]}


# -- what the service shows of a run --------------------------------------------------------------------------


def test_a_run_is_shown_as_a_pipeline_job(pipelines: Pipelines, chain: Endpoint, done: str) -> None:
    service = pipelines.service
    shown = service.call("GET", f"{service.workspace}/jobs/{done}").json()["properties"]
    assert (shown["jobType"], shown["status"], shown["experimentName"]) == ("Pipeline", "Completed", "e1")
    assert shown["tags"]["azureml.jobtype"] == "azureml.pipelinejob"
    assert shown["tags"]["team"] == "ml"
    assert shown["inputs"]["word"] == {"jobInputType": "literal", "value": "uno", "description": None}
    assert shown["inputs"]["data"]["jobInputType"] == "uri_folder"
    assert shown["outputs"]["result"]["uri"].endswith(f"/datastores/workspaceblobstore/paths/azureml/{done}/result/")
    polled = chain.job(done)["properties"]
    assert polled["status"] == "Completed"
    assert polled["tags"]["azureml.deploymentname"] == "run"


def test_runs_are_listed_and_their_steps_are_not(pipelines: Pipelines, chain: Endpoint, done: str) -> None:
    service = pipelines.service
    listed = service.call("GET", chain.url, ml=True).json()["value"]
    assert done in [each["name"] for each in listed]
    assert all(each["name"].startswith("pipelinejob-") for each in listed)
    over_arm = [each["name"] for each in service.call("GET", f"{service.workspace}/jobs").json()["value"]]
    assert done in over_arm
    assert not {step["runId"] for step in pipelines.children(done).values()} & set(over_arm)


def test_run_history_knows_steps_logs_and_outputs(pipelines: Pipelines, chain: Endpoint, done: str) -> None:
    service = pipelines.service
    children = pipelines.children(done)
    assert list(children) == ["second", "first"] or list(children) == ["first", "second"]
    for step in children.values():
        assert (step["parentRunId"], step["rootRunId"], step["runType"]) == (done, done, "azureml.StepRun")
        details = chain.details(step["runId"])
        assert (details["status"], details["parentRunId"]) == ("Completed", done)
        log = service.http.get(details["logFiles"]["user_logs/std_log.txt"])
        assert log.text.startswith("copied ")
        over_arm = service.call("GET", f"{service.workspace}/jobs/{step['runId']}").json()
        assert over_arm["properties"] is None
    (name, output), *others = pipelines.outputs(done).items()
    assert (name, output["type"], others) == ("result", "uri_folder", [])
    path = f"/data/v1.0{service.workspace}/dataversion/batchGetResolvedUris"
    resolved = service.call("POST", path, {"values": [output["assetId"]]}).json()["values"]
    assert resolved[output["assetId"]]["uri"].endswith(f"/paths/azureml/{done}/result/")


def test_the_log_of_a_run_tells_its_steps(pipelines: Pipelines, chain: Endpoint, done: str) -> None:
    url = chain.details(done)["logFiles"]["logs/azureml/executionlogs.txt"]
    text = pipelines.service.http.get(url).text
    assert text.index("Step first") < text.index("Step second")
    assert text.rstrip().endswith(f"Pipeline {done}: Completed")


def test_the_same_request_gives_the_same_run(pipelines: Pipelines, chain: Endpoint, data: dict[str, Any]) -> None:
    body = {"inputData": {"data": data}}
    headers = {"repeatability_request-id": f"once-{pipelines.mark}"}
    names = {chain.post(body, headers).json()["name"] for _ in range(3)}
    assert len(names) == 1
    assert chain.wait(names.pop()) == "Completed"
