"""Logs of deployments do not fill the disk, and lose no writer."""

from __future__ import annotations

from pathlib import Path

import pytest

from azureml_emulator.online import logs


def test_a_large_log_gives_up_its_older_half_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LARGEST", 1000)
    path = tmp_path / "server.log"
    with path.open("a") as writer:
        writer.writelines(f"line {number:04}\n" for number in range(200))
        writer.flush()
        logs.shorten(path)
        assert path.stat().st_size <= 500
        writer.write("line 0200\n")
        writer.flush()
    lines = logs.last_lines(path)
    assert lines == [f"line {number:04}" for number in range(201 - len(lines), 201)]


def test_a_small_log_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "server.log"
    path.write_text("one\ntwo\n")
    logs.shorten(path)
    assert logs.last_lines(path, 1) == ["two"]
    assert logs.last_lines(tmp_path / "none.log") == []
