from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pulumi_azureml import cli
from pulumi_azureml.arm import ArmClient
from pulumi_azureml.cli_options import build_parser
from pulumi_azureml.consume import BatchClient

from .fake import SCORING_URI, SETTINGS, WORKSPACE, Service, job_document
from .test_downloading import Container
from .test_watching import SCREEN, failed

COMMANDS = (
    *("invoke", "watch", "download", "cancel", "jobs", "logs", "consume", "score", "keys", "data-factory", "import"),
)
Run = Callable[..., int]


@pytest.fixture
def run(arm: ArmClient, service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, uploads: list[str]) -> Run:
    """Runs a command against the scripted service, in an empty folder, with the workspace in the environment."""
    rows = {"azureml/step-1/score/predictions.csv": b"a.png 7 0.5\nb.png 1 0.25\n"}

    def upload(_client: ArmClient, path: Path, _status: Any) -> str:
        uploads.append(str(path))
        return "azureml://datastores/workspaceblobstore/paths/x"

    def from_settings(_settings: Any) -> BatchClient:
        return BatchClient(arm, upload=upload, container=Container(rows).open)

    monkeypatch.setattr(BatchClient, "from_settings", from_settings)
    monkeypatch.setattr(ArmClient, "from_settings", lambda _settings: arm)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AZURE_SUBSCRIPTION_ID", SETTINGS.subscription_id)
    for name in ("RESOURCE_GROUP", "WORKSPACE", "LOCATION"):
        monkeypatch.setenv(f"AZUREML_{name}", getattr(SETTINGS, name.lower()))
    service.on("POST", "/jobs$", (201, job_document("batchjob-1", "NotStarted")))
    service.on("GET", "/jobs/batchjob-1$", job_document("batchjob-1", "Completed"))
    service.on("GET", "/children$", {"value": [{"runId": "step-1"}]})
    service.on("GET", "/runs/step-1/details$", {"status": "Completed", "logFiles": {}})
    service.on("POST", "/rundata$", {})
    service.on("GET", f"{WORKSPACE}/datastores$", {"value": [{"name": "workspaceblobstore"}]})
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.png").touch()
    return lambda *arguments: cli.main(arguments)


def test_help_answers_at_once_and_loads_nothing_slow():
    code = (
        "import sys; from pulumi_azureml import cli\n"
        "try: cli.main(['invoke', '--help'])\n"
        "except SystemExit: pass\n"
        "slow = {'requests', 'pulumi', 'pydantic', 'azure.identity', 'azure.storage.blob', 'rich'} & set(sys.modules)\n"
        "sys.exit(f'loaded {slow}' if slow else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "examples:" in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_teaches_by_examples_that_parse(command: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        cli.main([command, "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    examples = [line.split()[1:] for line in text.splitlines() if line.startswith("  azureml-stack ")]
    assert examples
    for example in examples:
        assert build_parser().parse_args(example).command == command
    assert "exit codes:" in text


def test_invoke_watches_downloads_and_names_the_columns(
    run: Run, service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    columns = "file,prediction,probability"
    code = run(
        "invoke", "--scoring-uri", SCORING_URI, "--input", "images", "--watch", "--download", "out/x",
        "--columns", columns, "--mini-batch-size", "5", "--tag", "team=vision",
    )  # fmt: skip
    assert code == 0
    assert (tmp_path / "out/x/predictions.csv").read_text() == f"{columns}\na.png,7,0.5\nb.png,1,0.25\n"
    (posted,) = [sent for sent in service.sent if sent.method == "POST" and sent.path.endswith("/jobs")]
    assert posted.body["properties"]["miniBatchSize"] == 5
    assert posted.body["properties"]["tags"] == {"team": "vision"}
    assert capsys.readouterr().out.splitlines() == [
        "Job batchjob-1 started.",
        "Job batchjob-1 completed.",
        "Downloaded out/x/predictions.csv",
        f"Wrote 2 rows with the columns {columns} to out/x/predictions.csv",
    ]


def test_invoke_alone_tells_how_to_watch(run: Run, service: Service, capsys: pytest.CaptureFixture[str]):
    assert run("invoke", "--scoring-uri", SCORING_URI, "--input", "images") == 0
    assert "azureml-stack watch batchjob-1" in capsys.readouterr().out
    assert service.count("GET", "/jobs/batchjob-1$") == 0


def test_an_endpoint_can_be_named(run: Run, service: Service):
    service.on("GET", f"{WORKSPACE}/batchEndpoints/digits$", {"properties": {"scoringUri": SCORING_URI}})
    assert run("invoke", "--endpoint", "digits", "--input", "images") == 0
    assert service.count("POST", "/inference/digits.eastus/jobs$") == 1


def test_an_unknown_endpoint_is_told(run: Run, capsys: pytest.CaptureFixture[str]):
    assert run("invoke", "--endpoint", "gone", "--input", "images") == 2
    assert "no batch endpoint 'gone' in workspace 'space'" in capsys.readouterr().err


def test_json_gives_every_event_as_a_line(run: Run, capsys: pytest.CaptureFixture[str]):
    code = run("invoke", "--scoring-uri", SCORING_URI, "--input", "images", "--download", "out", "--json")
    assert code == 0
    captured = capsys.readouterr()
    events = [json.loads(line) for line in captured.out.splitlines()]
    assert [event["event"] for event in events] == ["submitted", "progress", "completed", "downloaded"]
    assert events[0]["job"] == "batchjob-1"
    assert events[-1]["files"] == ["out/predictions.csv"]
    assert captured.err == ""


def test_a_failed_job_shows_its_screen_and_exits_with_1(run: Run, service: Service, capsys: pytest.CaptureFixture[str]):
    failed(service, SCREEN)
    assert run("watch", "batchjob-1") == 1
    err = capsys.readouterr().err
    for part in ("cause: run() raised ValueError: bad pixel", "where: score.py:12 in run", "images/7.png"):
        assert part in err
    assert "azureml-stack logs batchjob-1 --name logs/user/error.txt" in err
    assert "batch.py" not in err


def test_a_failed_job_is_one_json_object(run: Run, service: Service, capsys: pytest.CaptureFixture[str]):
    failed(service, SCREEN)
    assert run("watch", "batchjob-1", "--json") == 1
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["event"], last["exit_code"], last["where"]) == ("error", 1, "score.py:12 in run")


def test_ctrl_c_while_watching_tells_how_to_go_on(run: Run, service: Service, capsys: pytest.CaptureFixture[str]):
    def interrupted() -> None:
        raise KeyboardInterrupt

    service.on("GET", "/jobs/batchjob-1$", interrupted)
    assert run("watch", "batchjob-1") == 130
    err = capsys.readouterr().err
    assert "job 'batchjob-1' goes on" in err
    assert "azureml-stack watch batchjob-1" in err
    assert "azureml-stack cancel batchjob-1" in err


def test_the_time_limit_has_its_own_exit_code(run: Run, service: Service):
    service.on("GET", "/jobs/batchjob-1$", job_document("batchjob-1", "Queued"))
    assert run("watch", "batchjob-1", "--timeout", "5") == 124


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--input", "gone"], "does not exist"),
        (["--input", "images", "--mini-batch-size", "0"], "mini_batch_size is 0"),
        (["--input", "images", "--columns", "a,b"], "add --download"),
        (["--input", "azureml:images"], "names no version"),
    ],
)
def test_wrong_input_exits_with_2_and_submits_nothing(
    run: Run, service: Service, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
):
    assert run("invoke", "--scoring-uri", SCORING_URI, *arguments) == 2
    assert told in capsys.readouterr().err
    assert service.count("POST", "/jobs$") == 0


def test_rows_that_do_not_fit_the_columns_are_told(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run("download", "batchjob-1", "out", "--columns", "file,prediction") == 1
    assert "line 1: 3 values where 2 columns are expected" in capsys.readouterr().err
    assert (tmp_path / "out/predictions.csv").read_text().startswith("a.png 7 0.5\n")


def test_a_bug_is_told_without_a_traceback_but_with_one_on_request(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(BatchClient, "download", lambda *_, **__: 1 / 0)
    assert run("download", "batchjob-1", "out") == 1
    err = capsys.readouterr().err
    assert "ZeroDivisionError" in err
    assert "Traceback" not in err
    assert run("download", "batchjob-1", "out", "--debug") == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_told(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "out").write_text("in the way")
    assert run("download", "batchjob-1", "out") == 1
    assert "Cannot read or write 'out': File exists." in capsys.readouterr().err


def test_cancel_says_what_became_of_the_job(run: Run, service: Service, capsys: pytest.CaptureFixture[str]):
    running, asked = job_document("batchjob-1", "Running"), job_document("batchjob-1", "CancelRequested")
    service.on("GET", "/jobs/batchjob-1$", running, asked)
    service.on("POST", "/jobs/batchjob-1/cancel$", (202, {}))
    assert run("cancel", "batchjob-1") == 0
    assert "is being canceled (CancelRequested)" in capsys.readouterr().out


def test_a_job_that_has_ended_is_not_canceled(run: Run, service: Service, capsys: pytest.CaptureFixture[str]):
    assert run("cancel", "batchjob-1") == 0
    assert "has ended already: Completed" in capsys.readouterr().out
    assert service.count("POST", "/cancel$") == 0


def test_an_unknown_job_is_told(run: Run, service: Service, capsys: pytest.CaptureFixture[str]):
    service.on("GET", "/jobs/batchjob-9$", (404, {"error": {"code": "NotFound", "message": "no such job"}}))
    assert run("watch", "batchjob-9") == 1
    err = capsys.readouterr().err
    assert "batchjob-9" in err
    assert "no such job" in err


def test_jobs_are_a_table(run: Run, service: Service, capsys: pytest.CaptureFixture[str]):
    blue = {"properties": {"azureml.deploymentname": "blue"}}
    made = {"systemData": {"createdAt": "2026-11-22T19:12:00.6273560+00:00"}}
    jobs = [{**job_document("batchjob-1", "Completed", **blue), **made}, job_document("batchjob-2", "Running")]
    page = {"value": jobs}
    service.on("GET", "/batchEndpoints/digits/jobs$", page)
    assert run("jobs", "--endpoint", "digits") == 0
    header, first, second = capsys.readouterr().out.splitlines()
    assert header.split() == ["JOB", "STATUS", "DEPLOYMENT", "CREATED", "(UTC)"]
    assert first.split() == ["batchjob-1", "Completed", "blue", "2026-11-22", "19:12:00"]
    assert second.split() == ["batchjob-2", "Running", "-", "-"]
    assert run("jobs", "--endpoint", "digits", "--json", "--limit", "1") == 0
    assert json.loads(capsys.readouterr().out)["endpoint"] == "digits"


def test_logs_are_listed_printed_and_saved(
    run: Run, service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    files = {"logs/user/error.txt": "https://azure.test/blob/error?sig=SECRET"}
    service.on("GET", "/runs/batchjob-1/details$", {"status": "Failed", "logFiles": files})
    service.on("GET", "/blob/error$", "boom: ü\n")
    assert run("logs", "batchjob-1") == 0
    assert capsys.readouterr().out == "logs/user/error.txt\n"
    assert run("logs", "batchjob-1", "--name", "logs/user/error.txt") == 0
    assert capsys.readouterr().out == "boom: ü\n"
    assert run("logs", "batchjob-1", "--save", "out") == 0
    assert (tmp_path / "out/logs/user/error.txt").read_text() == "boom: ü\n"
    capsys.readouterr()
    assert run("logs", "batchjob-1", "--name", "logs/none.txt") == 1
    assert "Its logs: logs/user/error.txt" in capsys.readouterr().err
