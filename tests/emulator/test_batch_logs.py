"""The logs of a job: the service's tree, what each file tells, and what a script can add to it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from emulator.batch_support import ECHO, Bench, Result

ALL = [
    "azureml-logs/20_image_build_log.txt",
    "logs/job_progress_overview.txt",
    "logs/job_result.txt",
    "logs/perf/node000/node_resource_usage.csv",
    "logs/perf/node000/processes_resource_usage.csv",
    "logs/sys/job_report/processed_mini-batches.csv",
    "logs/sys/master_role.txt",
    "logs/sys/node/node000/_main.txt",
    "logs/sys/node/node000/process000.txt",
    "logs/user/error.txt",
    "logs/user/error/node000/process000.txt",
    "logs/user/stderr/node000/process000.stderr.txt",
    "logs/user/stdout/node000/process000.stdout.txt",
]
SECOND_FAILS = """
    import time
    def run(mini_batch):
        if "b.txt" in mini_batch[0]:
            raise ValueError("not this one")
        time.sleep(0.7)
        return mini_batch
"""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A job of three mini-batches, one of which fails twice."""
    bench = Bench(tmp_path_factory.mktemp("logs")).script(SECOND_FAILS).files("a.txt", "b.txt", "c.txt")
    return bench.scoring(mini_batch_size=1, max_retries=1).run()


def test_the_tree_of_logs_is_that_of_the_service(told: Result) -> None:
    remote = told.folder / "remote" / "step"
    assert sorted(str(path.relative_to(remote)) for path in remote.rglob("*") if path.is_file()) == ALL
    announced = sorted(event["name"] for event in told.events if event["event"] == "log" and event["scope"] == "step")
    assert announced == ALL


def test_every_try_of_a_mini_batch_is_a_row_of_the_job_report(told: Result) -> None:
    with (told.folder / "remote/step/logs/sys/job_report/processed_mini-batches.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["mini-batch id"], row["result"], row["error"]) for row in rows] == [
        ("0", "succeeded", ""),
        ("1", "failed", "run() raised ValueError: not this one"),
        ("2", "succeeded", ""),
        ("1", "failed", "run() raised ValueError: not this one"),
    ]
    assert {(row["node id"], row["process name"], row["items"]) for row in rows} == {("node000", "process000", "1")}
    first = rows[0]
    assert float(first["elapsed seconds"]) >= float(first["run method seconds"]) >= 0.7
    assert float(first["process seconds"]) < 0.7
    assert (first["succeeded items"], first["failed items"]) == ("1", "0")


def test_each_process_tells_its_mini_batches_with_pid_counts_and_times(told: Result) -> None:
    lines = told.log("sys/node/node000/process000.txt").splitlines()
    assert len(lines) == 4
    assert "mini-batch 0 succeeded: 1 items, 1 succeeded, 0 failed; elapsed 0.7" in lines[0]
    assert "run method 0.7" in lines[0]
    assert "mini-batch 1 failed: 1 items, 0 succeeded, 1 failed;" in lines[1]
    pid = told.log("sys/node/node000/_main.txt").splitlines()[0].rpartition(" ")[2]
    assert all(f"[{pid}]" in line for line in lines)


def test_each_node_tells_which_workers_began_and_how_they_ended(bench: Bench) -> None:
    script = "import os\ndef run(mini_batch):\n    os._exit(7)\n"
    main = bench.script(script).files("a.txt").run().log("sys/node/node000/_main.txt").splitlines()
    assert "process000 started as process" in main[0]
    assert main[1].endswith("exits with returncode 7.")


def test_resources_are_measured_for_each_node_and_process(told: Result) -> None:
    folder = told.folder / "remote/step/logs/perf/node000"
    (node,) = csv.DictReader((folder / "node_resource_usage.csv").read_text().splitlines())
    (process,) = csv.DictReader((folder / "processes_resource_usage.csv").read_text().splitlines())
    assert int(node["memory bytes"]) == int(process["memory bytes"]) > 1 << 20
    assert process["process name"] == "process000"


def test_the_result_is_a_log_of_its_own(told: Result, bench: Bench) -> None:
    assert told.log("job_result.txt").endswith("Job batchjob-test: Completed\n")
    failed = bench.script("def run(mini_batch):\n    return 5\n").files("a.txt").run()
    assert failed.error in failed.log("job_result.txt")


def test_errors_are_kept_with_the_process_that_they_happened_in(told: Result) -> None:
    assert told.log("user/error/node000/process000.txt").count("Traceback (most recent call last)") == 2
    assert told.log("user/error.txt").count("Traceback (most recent call last)") == 2


@pytest.mark.parametrize(("level", "seen"), [("Info", ["info", "warning"]), ("Warning", ["warning"])])
def test_what_a_script_logs_is_on_its_standard_output_from_the_logging_level_on(
    bench: Bench, level: str, seen: list[str]
) -> None:
    script = """
        import logging
        def run(mini_batch):
            logging.debug("said debug")
            logging.info("said info")
            logging.getLogger("mine").warning("said warning")
            return mini_batch
    """
    stdout = bench.script(script).files("a").scoring(logging_level=level).run()
    lines = stdout.log("user/stdout/node000/process000.stdout.txt").splitlines()
    assert [line.rpartition("said ")[2] for line in lines] == seen


def test_the_entry_script_helper_of_azure_ml_is_there(bench: Bench) -> None:
    script = """
        from pathlib import Path
        from azureml_user.parallel_run import EntryScript
        def init():
            EntryScript().logger.info("in init")
        def run(mini_batch):
            helper = EntryScript()
            helper.logger.warning("in run")
            (Path(helper.log_dir) / f"{helper.agent_name}_notes.txt").write_text("mine")
            (Path(helper.output_dir) / "extra.txt").write_text("out")
            return [str(helper is EntryScript())]
    """
    result = bench.script(script).files("a").scoring(logging_level="Info").run()
    assert result.rows == ["True"]
    log = result.folder / "remote/step/logs/user/entry_script_log/node000"
    assert [line.rpartition("|")[2] for line in (log / "process000.log.txt").read_text().splitlines()] == [
        "in init",
        "in run",
    ]
    assert (log / "process000_notes.txt").read_text() == "mine"
    assert (result.folder / "results" / "extra.txt").read_text() == "out"


def test_what_a_script_prints_stays_in_its_log(bench: Bench) -> None:
    script = """
        import os, sys
        def run(mini_batch):
            print("to stdout")
            os.write(1, b"raw to stdout\\n")
            os.write(2, b"raw to stderr\\n")
            return mini_batch
    """
    result = bench.script(script).files("a").run()
    assert result.status == "Completed"
    assert result.log("user/stdout/node000/process000.stdout.txt").splitlines() == ["to stdout", "raw to stdout"]
    assert "raw to stderr" in result.log("user/stderr/node000/process000.stderr.txt")


def test_progress_is_logged_and_ends_with_everything_done(bench: Bench) -> None:
    result = bench.script(ECHO).files(*(f"{number}.txt" for number in range(9))).run()
    lines = result.log("job_progress_overview.txt").splitlines()
    assert lines[0].startswith("Progress: 0/5 mini-batches, 0/9 items, 0 failed, ")
    assert lines[-1].startswith("Progress: 5/5 mini-batches, 9/9 items, 0 failed, ")


def test_after_many_failures_the_error_log_stays_short(bench: Bench) -> None:
    script = "def run(mini_batch):\n    raise ValueError('every time')\n"
    bench.script(script).files(*(f"{number:03}" for number in range(150))).scoring(mini_batch_size=1)
    log = bench.run().log("user/error.txt")
    assert log.count("Traceback") == 101
    assert log.count("every time") >= 150
