"""The commands and the client against the local Azure ML, with real uploads, jobs and downloads."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pulumi_azureml import cli
from pulumi_azureml.consume import InvokeOptions, JobFailedError, Progress

from .conftest import Service
from .deployment import put, wait_until


def scored(path: Path) -> dict[str, int]:
    with path.open(newline="") as file:
        return {row["file"]: int(row["length"]) for row in csv.DictReader(file)}


ALL = {f"file {number}.txt": number for number in range(1, 6)}


def test_a_folder_is_scored_and_its_predictions_come_back_with_a_header(
    project: Path, capsys: pytest.CaptureFixture[str]
):
    command = ["invoke", "--endpoint", "rows", "--input", "in", "--watch", "--download", "out/x"]
    assert cli.main([*command, "--columns", "file,length,share"]) == 0
    assert scored(project / "out/x/predictions.csv") == ALL
    shown = capsys.readouterr()
    assert "Wrote 5 rows with the columns file,length,share to out/x/predictions.csv" in shown.out
    assert "Completed: 3/3 mini-batches, 5/5 items" in shown.err


def test_what_is_uploaded_already_is_not_sent_again(service: Service, project: Path):
    (project / "in" / "new.txt").write_text(project.name)
    uploaded = []
    for _ in range(2):
        service.emulator.control("POST", "/_emulator/requests/reset")
        service.batch.invoke(service.rows, project / "in")
        uploaded.append(service.emulator.control("GET", "/_emulator/requests")["uploaded_blobs"])
    assert uploaded == [6, 0]


def test_a_single_file_is_scored(service: Service, project: Path):
    job = service.batch.watch(service.batch.invoke(service.rows, "in/file 3.txt"))
    (file,) = service.batch.download(job, "out")
    assert file.read_text() == '"file 3.txt" 3 0.5\n'


def test_progress_counts_mini_batches_and_items(service: Service, project: Path):
    for number in range(1, 5):
        (project / "in" / f"file {number}.txt").write_text("slow")
    seen: list[Progress] = []
    options = InvokeOptions(mini_batch_size=1)
    service.batch.watch(service.batch.invoke(service.rows, "in", options=options), seen.append)
    assert (seen[-1].status, seen[-1].done, seen[-1].total, seen[-1].items_done) == ("Completed", 5, 5, 5)
    assert [each.done for each in seen] == sorted(each.done for each in seen)
    assert any(each.status == "Running" and each.done < 5 for each in seen if each.total == 5)


def test_a_script_that_raises_is_shown_with_its_line_and_the_file_it_was_on(
    service: Service, project: Path, capsys: pytest.CaptureFixture[str]
):
    (project / "in" / "file 2.txt").write_text("bad")
    assert cli.main(["invoke", "--endpoint", "rows", "--input", "in", "--watch"]) == 1
    shown = capsys.readouterr()
    for part in (
        "ValueError: cannot score file 2.txt",
        "where: score.py:16 in read",
        "file 2.txt",
        "Traceback (most recent call last):",
        'raise ValueError(f"cannot score {os.path.basename(path)}")',
    ):
        assert part in shown.err
    command = shown.err.rpartition("see the full log: azureml-stack ")[2].split()
    assert cli.main(command) == 0
    assert "ValueError: cannot score file 2.txt" in capsys.readouterr().out


def test_a_failure_from_python_carries_its_parts(service: Service, project: Path):
    (project / "in" / "file 2.txt").write_text("bad")
    with pytest.raises(JobFailedError) as caught:
        service.batch.watch(service.batch.invoke(service.rows, "in"))
    failure = caught.value.failure
    assert failure.facts["where"] == "score.py:16 in read"
    assert "file 2.txt" in failure.facts["file"]
    assert failure.traceback.endswith("ValueError: cannot score file 2.txt")


def test_a_registered_folder_is_found_by_version_and_as_the_latest(service: Service, project: Path):
    from pulumi_azureml.assets import upload_folder

    for version in ("1", "2"):
        (project / "in" / "file 1.txt").write_text(version * int(version))
        uri = upload_folder(service.arm, project / "in")
        put(service.arm, f"data/texts/versions/{version}", {"dataType": "uri_folder", "dataUri": uri})
    found = []
    for reference in ("azureml:texts:1", "azureml:texts@latest", "azureml:texts:2"):
        job = service.batch.watch(service.batch.invoke(service.rows, reference))
        (file,) = service.batch.download(job, f"out/{job.name}")
        found.append(next(line for line in file.read_text().splitlines() if "file 1.txt" in line))
    assert found == ['"file 1.txt" 1 0.5', '"file 1.txt" 2 0.5', '"file 1.txt" 2 0.5']


def test_predictions_go_where_the_caller_says(service: Service, project: Path, capsys: pytest.CaptureFixture[str]):
    place = f"azureml://datastores/workspaceblobstore/paths/results/{project.name}"
    command = ["invoke", "--endpoint", "rows", "--input", "in", "--output", place, "--output-file-name", "rows.csv"]
    assert cli.main([*command, "--download", "out", "--columns", "file,length,share"]) == 0
    assert scored(project / "out" / "rows.csv") == ALL
    capsys.readouterr()
    assert cli.main([*command, "--watch"]) == 1
    assert "rows.csv" in capsys.readouterr().err


def test_files_of_the_scripts_own_are_downloaded(service: Service, project: Path):
    job = service.batch.watch(service.batch.invoke(service.summary, "in"))
    files = service.batch.download(job, "out")
    assert {file.name: file.read_text() for file in files} == {f"{name}.out": name.upper() for name in ALL}


def test_columns_for_an_output_without_rows_are_refused(project: Path, capsys: pytest.CaptureFixture[str]):
    command = ["invoke", "--endpoint", "summary", "--input", "in", "--download", "out", "--columns", "file,length"]
    assert cli.main(command) == 1
    assert "The output has no file 'predictions.csv' to give columns to" in capsys.readouterr().err


def test_one_request_id_gives_one_job_even_when_sent_at_once(service: Service, project: Path):
    def submit(_: int) -> str:
        return service.batch.invoke(service.rows, "in", request_id=f"once-{project.name}").name

    submit(0)
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(submit, range(8)))) == 1


def test_jobs_are_listed_newest_first(service: Service, project: Path, capsys: pytest.CaptureFixture[str]):
    first, second = (service.batch.invoke(service.rows, "in").name for _ in range(2))
    assert cli.main(["jobs", "--endpoint", "rows", "--limit", "2", "--json"]) == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [job["job"] for job in listed] == [second, first]
    assert {(job["endpoint"], job["deployment"]) for job in listed} == {("rows", "main")}


def slow_job(service: Service, project: Path) -> str:
    for number in range(1, 40):
        (project / "in" / f"file {number}.txt").write_text("slow")
    return service.batch.invoke(service.rows, "in").name


def test_a_job_is_canceled(service: Service, project: Path, capsys: pytest.CaptureFixture[str]):
    job = slow_job(service, project)
    wait_until(lambda: service.batch.status(job).status == "Running")
    assert cli.main(["download", job, "out"]) == 1
    assert "its output is complete only when it has ended" in capsys.readouterr().err
    assert cli.main(["cancel", job]) == 0
    assert cli.main(["watch", job]) == 1
    assert f"Job '{job}' was canceled" in capsys.readouterr().err
    assert cli.main(["cancel", job]) == 0
    assert "has ended already: Canceled" in capsys.readouterr().out


def test_ctrl_c_ends_the_watching_and_not_the_job(service: Service, project: Path):
    job = slow_job(service, project)
    code = "import sys; from pulumi_azureml.cli import main; sys.exit(main(sys.argv[1:]))"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "watch", job], stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    assert process.stderr is not None
    process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert f"azureml-stack cancel {job}" in err
    assert "Traceback" not in err
    assert not service.batch.status(job).finished
    service.batch.cancel(job)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["invoke", "--endpoint", "gone", "--input", "in"], 2, "no batch endpoint 'gone'"),
        (["invoke", "--endpoint", "rows", "--input", "in", "--deployment", "blue"], 1, "No valid deployments to route"),
        (["invoke", "--endpoint", "rows", "--input", "azureml:gone:1"], 2, "no data asset 'gone'"),
        (["invoke", "--endpoint", "rows", "--input", "in", "--instance-count", "9"], 1, "at most 4"),
        (["watch", "batchjob-gone"], 1, "batchjob-gone"),
        (["jobs", "--endpoint", "gone"], 1, "gone"),
    ],
)
def test_what_is_not_there_is_told(
    service: Service, project: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, told: str
):
    assert cli.main(arguments) == code
    assert told in capsys.readouterr().err


def test_no_secret_is_ever_shown(service: Service, project: Path, capsys: pytest.CaptureFixture[str]):
    (project / "in" / "file 2.txt").write_text("bad")
    assert cli.main(["invoke", "--endpoint", "rows", "--input", "in", "--watch", "--json"]) == 1
    job: Any = json.loads(capsys.readouterr().out.splitlines()[0])["job"]
    assert cli.main(["logs", job, "--save", "out"]) == 0
    shown = capsys.readouterr()
    text = shown.out + shown.err + "".join(file.read_text() for file in Path("out").rglob("*.txt"))
    assert "sig=" not in text
    assert os.environ["AZURE_CLIENT_SECRET"] not in text
