"""Small parts of the batch runtime that decide alone: frames, journals, limits, specifications, names."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azureml_emulator.batch import records
from azureml_emulator.batch.failure import from_exit
from azureml_emulator.batch.files import PlaceError, safe_join
from azureml_emulator.batch.limits import threads_per_worker
from azureml_emulator.batch.minibatch import Outcome
from azureml_emulator.batch.outputs import Journal
from azureml_emulator.batch.spec import EnvironmentSpec, JobSpec, NodeSize, Place, Scoring, StorageAccess
from azureml_emulator.batch.vm_sizes import GIB, node_size
from azureml_emulator.batch.worker import script as worker
from azureml_emulator.batch.workers import FrameBuffer, frame

DOCUMENTS = st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=3), max_size=6)


@given(DOCUMENTS, st.integers(1, 40))
def test_frames_survive_any_cut_of_the_stream(documents: list[dict[str, str]], piece: int) -> None:
    stream = b"".join(frame(document) for document in documents)
    buffer = FrameBuffer()
    found = []
    for start in range(0, len(stream), piece):
        found += buffer.feed(stream[start : start + piece])
    assert found == documents


@given(DOCUMENTS)
def test_worker_and_driver_frame_alike(documents: list[dict[str, str]]) -> None:
    stream = io.BytesIO()
    for document in documents:
        worker.write_frame(stream, document)
    assert FrameBuffer().feed(stream.getvalue()) == documents
    back = io.BytesIO(b"".join(frame(document) for document in documents))
    assert [worker.read_frame(back) for _ in documents] == documents
    assert worker.read_frame(back) is None
    assert worker.HEADER.size == struct.calcsize(">Q")


def test_a_journal_gives_rows_in_the_order_of_the_input(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.add(Outcome(2, 1, 0), "c\n")
        journal.add(Outcome(0, 1, 0), "a\n")
        journal.add(Outcome(1, 0, 1), "")
        journal.assemble(tmp_path / "out" / "rows")
    assert (tmp_path / "out" / "rows").read_text() == "a\nc\n"


@pytest.mark.parametrize("torn", ["[1, 1, 0, 2", "", "[1, 1, 0, 2, 2]"])
def test_a_torn_journal_loses_no_row_and_doubles_none(tmp_path: Path, torn: str) -> None:
    with Journal(tmp_path) as journal:
        journal.add(Outcome(0, 1, 0), "a\n")
    with (tmp_path / "rows.txt").open("a") as rows, (tmp_path / "journal.jsonl").open("a") as lines:
        rows.write("b\nhalf a row")
        lines.write(torn)
    with Journal(tmp_path) as journal:
        assert set(journal.finished) == {0}
        journal.add(Outcome(1, 1, 0), "b\n")
        journal.assemble(tmp_path / "out")
    assert (tmp_path / "out").read_text() == "a\nb\n"


@pytest.mark.parametrize(
    ("size", "cores", "memory", "disk"),
    [
        ("STANDARD_D2_V2", 2, 7, 100),
        ("Standard_DS3_v2", 4, 14, 200),
        ("standard_d4s_v3", 4, 16, 100),
        ("Standard_E8s_v5", 8, 64, 200),
        ("Standard_F4s_v2", 4, 8, 100),
        ("Standard_B2s", 2, 4, 8),
    ],
)
def test_vm_sizes_have_cores_memory_and_disk(size: str, cores: int, memory: float, disk: int) -> None:
    assert node_size(size, machine_memory=1000 * GIB) == NodeSize(size, cores, int(memory * GIB), disk * GIB)


def test_no_node_has_more_memory_than_this_machine() -> None:
    assert node_size("STANDARD_D5_V2", machine_memory=3 * GIB).memory == 3 * GIB
    assert node_size("Standard_Unheard_Of", machine_memory=3 * GIB).memory == 3 * GIB


def test_workers_share_the_cores_of_their_node() -> None:
    node = NodeSize("D4", 4, 0)
    assert threads_per_worker(node, concurrency=8, workers=8) == 1
    assert threads_per_worker(node, concurrency=1, workers=1) >= 1


def test_a_specification_comes_back_from_json_as_it_was() -> None:
    spec = JobSpec(
        name="n",
        child="c",
        folder="/f",
        script="score.py",
        code=Place("code", "box"),
        model=None,
        data=Place("in", "box"),
        output=Place("out", "box"),
        logs=Place("logs", "box"),
        parent_logs=Place("logs", "box"),
        environment=EnvironmentSpec("dependencies: []", "image"),
        scoring=Scoring(mini_batch_size=3),
        node=NodeSize("D2", 2, 7),
        variables={"A": "b"},
        storage=StorageAccess("http://127.0.0.1/a", {"box": "sig=secret"}),
    )
    assert JobSpec.from_document(spec.to_document()) == spec
    assert "secret" not in repr(spec)


@pytest.mark.parametrize("name", ["../up", "a/../../up", "/etc/passwd", "", "nul\0byte", ".."])
def test_a_listed_name_cannot_leave_its_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(PlaceError, match="cannot be the path"):
        safe_join(str(tmp_path), name)


def test_states_only_move_on() -> None:
    assert records.later("Running", "Queued")
    assert not records.later("Preparing", "Running")
    assert records.later("Canceled", "Running")
    assert not records.later("Running", "Completed")
    assert not records.later("Finalizing", "CancelRequested")


@pytest.mark.parametrize(
    ("code", "cause", "said"),
    [(3, "crash", "exit code 3"), (-11, "crash", "SIGSEGV"), (-9, "out_of_memory", "SIGKILL"), (-64, "crash", "64")],
)
def test_the_end_of_a_worker_is_named(code: int, cause: str, said: str) -> None:
    failure = from_exit(code, "run")
    assert failure.cause == cause
    assert said in failure.title or "SIGRTMAX" in failure.title
