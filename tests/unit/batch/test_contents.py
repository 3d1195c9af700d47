"""Contents that are on this machine already: kept by digest, checked when read, bounded, shared by jobs."""

from __future__ import annotations

import base64
import hashlib
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from azureml_emulator.batch.files import BlobFiles
from azureml_emulator.batch.spec import Place, StorageAccess
from azureml_emulator.contents import LARGEST, Contents


def digest(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


@dataclass
class BlobService:
    """A blob service with one container, which counts what is fetched from it."""

    blobs: dict[str, bytes]
    without_digest: set[str] = field(default_factory=set)
    fetched: Counter[str] = field(default_factory=Counter)
    url: str = ""

    def listing(self) -> bytes:
        items = []
        for name, content in sorted(self.blobs.items()):
            encoded = base64.b64encode(hashlib.md5(content).digest()).decode()
            md5 = "" if name in self.without_digest else f"<Content-MD5>{encoded}</Content-MD5>"
            items.append(f"<Blob><Name>{name}</Name><Properties>{md5}</Properties></Blob>")
        return f"<EnumerationResults><Blobs>{''.join(items)}</Blobs><NextMarker/></EnumerationResults>".encode()


@pytest.fixture
def blobs() -> Iterator[BlobService]:
    service = BlobService({"in/a": b"one", "in/deep/b": b"two", "in/c": b"one"})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            name = path.removeprefix("/account/box/")
            content = service.listing() if "comp=list" in query else service.blobs[name]
            if "comp=list" not in query:
                service.fetched[name] += 1
            self.send_response(200)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        service.url = f"http://127.0.0.1:{server.server_port}/account"
        yield service
        server.shutdown()


def bring(service: BlobService, contents: Path, target: Path) -> dict[str, bytes]:
    """Bring everything below `in` to a folder, as a job does."""
    files = BlobFiles(StorageAccess(service.url, {}, str(contents)))
    listing = files.list(Place("in", "box"))
    for name in listing.names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        files.fetch(listing, name, str(target / name))
    files.close()
    return {name: (target / name).read_bytes() for name in listing.names}


WHOLE = {"a": b"one", "c": b"one", "deep/b": b"two"}


def test_a_content_is_fetched_once_whatever_names_it_has(blobs: BlobService, tmp_path: Path) -> None:
    assert bring(blobs, tmp_path / "contents", tmp_path / "1") == WHOLE
    assert blobs.fetched == {"in/a": 1, "in/deep/b": 1}
    assert bring(blobs, tmp_path / "contents", tmp_path / "2") == WHOLE
    assert sum(blobs.fetched.values()) == 2


def test_a_changed_blob_is_fetched_anew(blobs: BlobService, tmp_path: Path) -> None:
    bring(blobs, tmp_path / "contents", tmp_path / "1")
    blobs.blobs["in/a"] = b"new"
    assert bring(blobs, tmp_path / "contents", tmp_path / "2")["a"] == b"new"


def test_a_spoilt_content_is_noticed_and_fetched_again(blobs: BlobService, tmp_path: Path) -> None:
    bring(blobs, tmp_path / "contents", tmp_path / "1")
    with closing(sqlite3.connect(tmp_path / "contents/contents.db")) as kept, kept:
        assert kept.execute("UPDATE bodies SET body = ? WHERE body = ?", (b"spoilt", b"two")).rowcount == 1
    assert bring(blobs, tmp_path / "contents", tmp_path / "2") == WHOLE
    assert Contents(tmp_path / "contents").get(digest(b"two")) == b"two"


def test_what_a_script_does_to_its_input_changes_no_content(blobs: BlobService, tmp_path: Path) -> None:
    bring(blobs, tmp_path / "contents", tmp_path / "1")
    bring(blobs, tmp_path / "contents", tmp_path / "2")
    (tmp_path / "2" / "a").write_bytes(b"scribbled over")
    assert bring(blobs, tmp_path / "contents", tmp_path / "3") == WHOLE
    assert sum(blobs.fetched.values()) == 2


def test_blobs_without_a_digest_and_large_ones_are_fetched_every_time(blobs: BlobService, tmp_path: Path) -> None:
    blobs.blobs = {"in/blocks": b"b", "in/large": bytes(LARGEST + 1)}
    blobs.without_digest = {"in/blocks"}
    for target in ("1", "2"):
        bring(blobs, tmp_path / "contents", tmp_path / target)
    assert blobs.fetched == {"in/blocks": 2, "in/large": 2}


def test_a_folder_that_cannot_be_written_costs_no_job(blobs: BlobService, tmp_path: Path) -> None:
    (tmp_path / "contents").write_text("a file where the folder should be")
    assert bring(blobs, tmp_path / "contents", tmp_path / "1") == WHOLE


def test_a_spoilt_store_is_made_anew(blobs: BlobService, tmp_path: Path) -> None:
    bring(blobs, tmp_path / "contents", tmp_path / "1")
    (tmp_path / "contents/contents.db").write_bytes(b"no database at all" * 1000)
    for target in ("2", "3", "4"):
        assert bring(blobs, tmp_path / "contents", tmp_path / target) == WHOLE
    assert blobs.fetched == {"in/a": 2, "in/deep/b": 2}, "they were fetched once more, and kept"


def test_the_files_of_earlier_versions_go(tmp_path: Path) -> None:
    old = tmp_path / "ab" / ("c" * 30)
    old.parent.mkdir()
    old.write_bytes(b"content")
    Contents(tmp_path).add({digest(b"new"): b"new"})
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_several_processes_keep_and_read_at_once(tmp_path: Path) -> None:
    """Each adds its own and reads what all others have added, until all are there."""
    script = (
        "import hashlib, sys; from pathlib import Path; from azureml_emulator.contents import Contents\n"
        "contents, own = Contents(Path(sys.argv[1])), sys.argv[2]\n"
        "for n in range(200):\n"
        "    content = f'{own} {n}'.encode(); contents.add({hashlib.md5(content).hexdigest(): content})\n"
    )
    processes = [subprocess.Popen([sys.executable, "-c", script, tmp_path, name]) for name in "abc"]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    contents = Contents(tmp_path)
    assert all(contents.get(digest(f"{name} {n}".encode())) for name in "abc" for n in range(200))


def test_a_content_under_a_wrong_digest_is_not_kept(tmp_path: Path) -> None:
    contents = Contents(tmp_path)
    contents.add({digest(b"right"): b"wrong"})
    assert contents.get(digest(b"right")) is None


def number_of(number: int) -> dict[str, bytes]:
    content = bytes([number]) * 100
    return {digest(content): content}


def left(contents: Contents, numbers: range) -> list[int]:
    return [number for number in numbers if contents.get(*number_of(number)) is not None]


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    contents = Contents(tmp_path)
    for number in range(10):
        contents.add(number_of(number))
    assert contents.get(*number_of(0)) is not None
    contents.close()
    Contents(tmp_path, limit=8 * 4096).trim()
    assert left(contents, range(10)) == [0, 4, 5, 6, 7, 8, 9]


def test_contents_stay_below_their_limit_by_themselves(tmp_path: Path) -> None:
    contents = Contents(tmp_path, limit=16 * 4096)
    for number in range(100):
        contents.add(number_of(number))
    assert 0 < len(left(contents, range(100))) <= 16
    assert contents.get(*number_of(99)) is not None
