"""Timelines out of what happened when; rows out of what a script returned; values as people read them."""

from __future__ import annotations

import json

import pytest

from azureml_emulator.batch.attempt import COLUMNS
from azureml_emulator.studio import shown, table, timeline
from azureml_emulator.studio.timeline import Event

REPORT = "\n".join(
    [
        ",".join(COLUMNS),
        "0,node000,process000,succeeded,2,2,0,2026-01-01T00:00:00.000+00:00,1.000,0.9,0.9,",
        "1,node000,process001,failed,2,0,2,2026-01-01T00:00:00.500+00:00,0.500,,,it <raised>",
        "2,node000,process000,succeeded,2,1,1,2026-01-01T00:00:01.000+00:00,1.000,0.9,0.9,",
        "3,node000,process000,succ",
    ]
)


def test_each_process_has_a_lane_and_each_try_a_bar():
    found = timeline.draw(timeline.mini_batches(timeline.attempts(REPORT)))
    assert found is not None
    assert [lane.name for lane in found.lanes] == ["node000 process000", "node000 process001"]
    steps = timeline.draw([Event("prepare", 0, 1, "good", ""), Event("evaluate", 1, 2, "good", "")])
    assert steps is not None
    assert [lane.name for lane in steps.lanes] == ["prepare", "evaluate"]
    assert [(bar.x, bar.width) for bar in found.lanes[0].bars] == [(0.0, 500.0), (500.0, 500.0)]
    assert [(bar.x, bar.width) for bar in found.lanes[1].bars] == [(250.0, 250.0)]
    assert found.seconds == pytest.approx(2.0)


def test_a_try_with_failed_items_looks_bad_and_says_why():
    tones = {event.text: event.result for event in timeline.mini_batches(timeline.attempts(REPORT))}
    assert list(tones.values()) == ["good", "bad", "bad"]
    assert "it <raised>" in list(tones)[2]


def test_a_line_that_is_still_being_written_is_left_out():
    assert [row["mini-batch id"] for row in timeline.attempts(REPORT)] == ["0", "1", "2"]
    assert timeline.attempts("") == []


def test_no_events_make_no_picture():
    assert timeline.draw([]) is None


@pytest.mark.parametrize(
    ("seconds", "marks"),
    [(0.2, ["0 ms", "50 ms", "100 ms", "150 ms", "200 ms"]), (8, ["0.0 s", "2.0 s", "4.0 s", "6.0 s", "8.0 s"])],
)
def test_the_marks_of_the_axis_differ_however_short_it_is(seconds: float, marks: list[str]):
    found = timeline.draw([Event("a", 0, seconds, "good", "")])
    assert found is not None
    assert [text for _, text in found.marks] == marks


def test_bars_too_short_to_see_become_one():
    events = [Event("a", number / 1000, number / 1000 + 0.0001, "good", f"b{number}") for number in range(20_000)]
    found = timeline.draw([*events, Event("a", 0.5, 0.5001, "bad", "failed")])
    assert found is not None
    bars = found.lanes[0].bars
    assert len(bars) < 2100
    assert sum(bar.count for bar in bars) == 20_001
    assert [bar.text for bar in bars if bar.tone == "bad"] == ["failed"]


@pytest.mark.parametrize(
    ("lines", "cells"),
    [
        (["a.png 8 0.99", "b.png 7 0.5"], [["a.png", "8", "0.99"], ["b.png", "7", "0.5"]]),
        (["a.png,8,0.99", 'b.png,"7, 8",0.5'], [["a.png", "8", "0.99"], ["b.png", "7, 8", "0.5"]]),
        (["a b", "c"], [["a b"], ["c"]]),
        (["one"], [["one"]]),
        ([], []),
    ],
)
def test_rows_are_cut_where_all_lines_agree(lines: list[str], cells: list[list[str]]):
    assert [row.cells for row in table.read_rows(lines, [])] == cells


def test_a_row_finds_the_file_that_it_names():
    rows = table.read_rows(["a.png 8", "sub/b.txt 7", "other 1"], ["deep/a.png", "b.txt"])
    assert [(row.file, row.is_picture) for row in rows] == [("deep/a.png", True), ("b.txt", False), (None, False)]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF....WEBPVP8 ", "image/webp"),
        (b"GIF89a", "image/gif"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", None),
        (b"<html>", None),
        (b"", None),
    ],
)
def test_only_what_cannot_run_anything_is_a_picture(data: bytes, kind: str | None):
    assert table.picture_type(data) == kind


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (59, "59 s"),
        (61, "1 min 01 s"),
        (3725, "1 h 02 min"),
        (90061, "1 d 1 h"),
    ],
)
def test_durations_are_short(seconds: float | None, text: str):
    assert shown.duration(seconds) == text


def test_times_are_in_utc():
    assert shown.moment("2026-01-02T03:04:05.1234560+02:00") == "2026-01-02 01:04:05 UTC"
    assert shown.moment(None) == "–"


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 bytes"), (1023, "1023 bytes"), (1536, "1.5 kB"), (5 << 40, "5.0 TB")]
)
def test_sizes_have_a_unit(count: int, text: str):
    assert shown.size(count) == text


@pytest.mark.parametrize(
    ("text", "shown_as"),
    [("0.9432556242764644", "0.9433"), ("-1.23456", "-1.2346"), ("0.5", "0.5"), ("a.png", "a.png")],
)
def test_numbers_have_no_more_digits_than_are_read(text: str, shown_as: str):
    assert shown.rounded(text) == shown_as


def test_short_lists_of_json_are_on_one_line_and_mean_the_same():
    value = {"rows": [[1, 2.5], ["a\n[b]", "c"]], "long": list(range(60)), "none": []}
    text = shown.pretty(value)
    assert json.loads(text) == value
    assert "[1, 2.5]" in text


def test_an_address_may_break_after_slashes_and_is_escaped():
    assert shown.breakable("a/<b>") == "a/<wbr>&lt;b&gt;"
