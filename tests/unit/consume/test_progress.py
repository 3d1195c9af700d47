from __future__ import annotations

import io
import json

import pytest

from pulumi_azureml.consume.display import JsonDisplay, LiveDisplay, PlainDisplay, QuietDisplay, open_display
from pulumi_azureml.consume.progress import Progress, newest_overview, parse_overview

LINE = "Progress: {}/9 mini-batches, {}/90 items, 2 failed, 12.5 items/s, 3.2 s\n"


def test_the_last_line_of_the_overview_counts():
    text = LINE.format(1, 10) + LINE.format(3, 30)
    assert parse_overview("Running", text) == Progress(
        "Running", done=3, total=9, items_done=30, items_total=90, items_failed=2, rate=12.5, elapsed=3.2
    )


def test_a_half_written_last_line_is_passed_over():
    assert parse_overview("Running", LINE.format(3, 30) + "Progress: 4/9 mini-ba").done == 3


def test_the_lines_of_azure_clusters_are_understood():
    scheduled = (
        "2021-04-15T22:03:54.767763 Scheduling finished. Scheduled 276 mini batches in 22 seconds. "
        "There are 276 tasks with 551 items.\n2021-04-15T22:03:54.899666 No task has been processed yet.\n"
    )
    assert parse_overview("Running", scheduled) == Progress("Running", done=0, total=276, items_total=551)
    processed = scheduled + (
        "2023-05-16T22:20:43.233813 Processed 41 of 276 mini batches in 0:02:14. Estimated remaining time 1:25:59.\n"
        "2023-05-16T22:20:53.233813 Processed 42 of 276 mini batches in 5:02:14. Estimated remaining time 19:25:59.\n"
    )
    found = parse_overview("Running", processed)
    assert (found.done, found.total, found.items_total, found.elapsed) == (42, 276, 551, 18134.0)


def test_a_log_that_says_nothing_gives_the_state_alone():
    assert parse_overview("Queued", "waiting for nodes\n") == Progress("Queued")
    assert Progress("Queued").text() == "Queued"


def test_the_newest_of_several_overviews_is_read():
    names = ["logs/job_progress_overview.2023.txt", "logs/job_progress_overview.2024.txt", "logs/user/error.txt"]
    assert newest_overview(dict.fromkeys(names, "url")) == names[1]
    assert newest_overview({"logs/user/error.txt": "url"}) is None


def test_plain_lines_come_at_changes_and_at_most_every_two_seconds():
    now = 0.0
    out, err = io.StringIO(), io.StringIO()
    display = PlainDisplay(out, err, lambda: now)
    for second, done in ((0.0, 0), (0.5, 1), (1.0, 2), (2.1, 3), (2.2, 3), (3.0, 4)):
        now = second
        display.progress(Progress("Running", done=done, total=9))
    display.result("completed", "Job x completed.")
    assert err.getvalue().splitlines() == [f"Running: {done}/9 mini-batches" for done in (0, 3, 4)]
    assert out.getvalue() == "Job x completed.\n"


def test_a_new_state_is_told_at_once():
    out, err = io.StringIO(), io.StringIO()
    display = PlainDisplay(out, err, lambda: 0.0)
    for state in ("Queued", "Running", "Finalizing"):
        display.progress(Progress(state))
    assert err.getvalue().splitlines() == ["Queued", "Running", "Finalizing"]


def test_json_gives_one_object_a_line():
    out = io.StringIO()
    display = JsonDisplay(out)
    display.status("uploading")
    display.progress(Progress("Running", done=1, total=2, items_failed=0))
    display.result("completed", "Job x completed.", job="x")
    first, second = map(json.loads, out.getvalue().splitlines())
    assert first["event"] == "progress"
    assert (first["done"], first["total"], first["items_failed"]) == (1, 2, 0)
    assert second == {"event": "completed", "job": "x"}


def test_quiet_shows_results_alone():
    out = io.StringIO()
    display = QuietDisplay(out)
    display.status("uploading")
    display.progress(Progress("Running"))
    display.result("completed", "Job x completed.")
    assert out.getvalue() == "Job x completed.\n"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar_with_the_numbers(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    out, err = _Terminal(), _Terminal()
    display = open_display(as_json=False, quiet=False, out=out, err=err)
    assert isinstance(display, LiveDisplay)
    display.progress(Progress("Running", done=3, total=9, items_done=30, items_total=90, items_failed=2, rate=12.5))
    display.result("completed", "Job x completed.")
    assert "Running" in err.getvalue()
    assert "3/9 mini-batches, 30/90 items, 2 failed, 12.5 items/s" in err.getvalue()
    assert out.getvalue() == "Job x completed.\n"
