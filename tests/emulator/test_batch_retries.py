"""What becomes of mini-batches that fail: retries, failed items, the error threshold, going on after a kill."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from emulator.batch_support import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def names(count: int) -> list[str]:
    return [f"file{number:03}.txt" for number in range(count)]


def test_a_raising_mini_batch_is_retried_and_its_rows_come_once(bench: Bench) -> None:
    script = """
        import os
        def run(mini_batch):
            if "file001.txt" in mini_batch[-1] and not os.path.exists(os.environ["AZUREML_BI_OUTPUT_PATH"] + "/seen"):
                open(os.environ["AZUREML_BI_OUTPUT_PATH"] + "/seen", "w").close()
                raise ValueError("first time")
            return [os.path.basename(path) for path in mini_batch]
    """
    result = bench.script(script).files(*names(6)).scoring(max_retries=1).run()
    assert (result.status, result.rows) == ("Completed", names(6))


@pytest.mark.parametrize(
    "end", ["os._exit(3)", "os.kill(os.getpid(), 11)", "os.kill(os.getpid(), 9)", "time.sleep(60)", "sys.exit(1)"]
)
def test_a_mini_batch_whose_worker_is_lost_is_retried_and_its_rows_come_once(bench: Bench, end: str) -> None:
    script = f"""
        import os, sys, time
        def run(mini_batch):
            seen = os.environ["AZUREML_BI_OUTPUT_PATH"] + "/seen"
            if "file002.txt" in mini_batch[0] and not os.path.exists(seen):
                open(seen, "w").close()
                {end}
            return [os.path.basename(path) for path in mini_batch]
    """
    result = bench.script(script).files(*names(8)).scoring(max_retries=1, timeout=0.5, concurrency=2).run()
    assert (result.status, result.rows) == ("Completed", names(8))


def test_retries_come_on_top_of_the_first_attempt(bench: Bench) -> None:
    script = "def run(mini_batch):\n    print('attempt')\n    raise ValueError('never')\n"
    result = bench.script(script).files("a").scoring(max_retries=2).run()
    assert result.log("user/stdout/node000/process000.stdout.txt").split() == ["attempt"] * 3
    assert "attempt 3 of 3" in result.error


def test_items_of_a_mini_batch_that_always_fails_have_failed(bench: Bench) -> None:
    script = """
        import os
        def run(mini_batch):
            if "file000" in mini_batch[0]:
                raise ValueError("bad")
            return [os.path.basename(path) for path in mini_batch]
    """
    result = bench.script(script).files(*names(6)).scoring(max_retries=1).run()
    assert (result.status, result.rows) == ("Completed", names(6)[2:])
    assert result.events[-1]["status"] == "Completed"
    progress = [event for event in result.events if event["event"] == "progress"][-1]
    assert (progress["items_done"], progress["items_failed"]) == (6, 2)


ONE_SHORT = "def run(mini_batch):\n    return mini_batch[1:]\n"


def test_the_shortfall_of_rows_counts_as_failed_items(bench: Bench) -> None:
    result = bench.script(ONE_SHORT).files(*names(6)).scoring(mini_batch_size=3, error_threshold=2).run()
    progress = [event for event in result.events if event["event"] == "progress"][-1]
    assert (result.status, progress["items_failed"]) == ("Completed", 2)


def test_more_rows_than_files_succeed_as_many_times_as_there_are_files(bench: Bench) -> None:
    bench.script("def run(mini_batch):\n    return mini_batch + mini_batch\n").files("a")
    result = bench.scoring(error_threshold=0).run()
    assert (result.status, len(result.rows)) == ("Completed", 2)


def test_the_job_aborts_when_more_items_fail_than_the_threshold(bench: Bench) -> None:
    result = bench.script(ONE_SHORT).files(*names(6)).scoring(mini_batch_size=3, error_threshold=1).run()
    assert result.status == "Failed"
    assert "2 items failed, more than the error threshold of 1 tolerates" in result.error
    assert "run() returned 2 rows for a mini-batch of 3 files" in result.error


def test_a_threshold_of_minus_one_never_aborts(bench: Bench) -> None:
    result = bench.script(ONE_SHORT).files(*names(20)).scoring(error_threshold=-1).run()
    assert (result.status, len(result.rows)) == ("Completed", 10)


def test_a_job_without_a_succeeded_item_fails_whatever_the_threshold(bench: Bench) -> None:
    result = bench.script("def run(mini_batch):\n    return []\n").files(*names(4)).scoring(error_threshold=-1).run()
    assert result.status == "Failed"
    assert "There is no succeeded mini batch item returned from run()" in result.error


def test_a_job_that_was_killed_goes_on_with_the_mini_batches_that_are_left(bench: Bench) -> None:
    script = """
        import os, time
        def run(mini_batch):
            print("scored", os.path.basename(mini_batch[0]))
            time.sleep(0.05)
            return [os.path.basename(path) for path in mini_batch]
    """
    bench.script(script).files(*names(20)).scoring(mini_batch_size=1)
    with bench.driver() as process:
        process.stdin.write(json.dumps({"command": "go"}) + "\n")
        journal = bench.folder / "job" / "journal.jsonl"
        while not journal.exists() or journal.read_text().count("\n") < 5:
            process.stdout.readline() if not journal.exists() else None
        process.kill()
    done = journal.read_text().count("\n")
    assert done < 20
    with journal.open("a") as file:
        file.write("[17, 1")
    result = bench.run()
    assert (result.status, result.rows) == ("Completed", names(20))
    runs = Counter(result.log("user/stdout/node000/process000.stdout.txt").split("\n"))
    assert max(runs.values()) <= 2
    assert sum(count == 2 for count in runs.values()) <= 1, "only the interrupted mini-batch runs again"
