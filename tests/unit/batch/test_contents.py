"""Contents that are on this machine already: kept by digest, checked when read, bounded, shared by jobs."""

from __future__ import annotations

import base64
import hashlib
import os
import threading
from collections import Counter
from collections.abc import Iterator
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
    kept = tmp_path / "contents" / digest(b"two")[:2] / digest(b"two")[2:]
    kept.write_bytes(b"spoilt")
    assert bring(blobs, tmp_path / "contents", tmp_path / "2") == WHOLE
    assert kept.read_bytes() == b"two"


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


def test_a_content_under_a_wrong_digest_is_not_kept(tmp_path: Path) -> None:
    contents = Contents(tmp_path)
    contents.add(digest(b"right"), b"wrong")
    assert contents.get(digest(b"right")) is None


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    contents = Contents(tmp_path)
    for number in range(10):
        content = bytes([number]) * 100
        contents.add(digest(content), content)
        path = tmp_path / digest(content)[:2] / digest(content)[2:]
        os.utime(path, (1000 + number, 1000 + number))
    assert contents.get(digest(bytes(100))) is not None
    Contents(tmp_path, limit=8 * 4096).trim()
    left = [number for number in range(10) if contents.get(digest(bytes([number]) * 100)) is not None]
    assert left == [0, 4, 5, 6, 7, 8, 9]


def test_contents_stay_below_their_limit_by_themselves(tmp_path: Path) -> None:
    contents = Contents(tmp_path, limit=16 * 4096)
    for number in range(100):
        contents.add(digest(str(number).encode()), str(number).encode())
    assert sum(path.is_file() for path in tmp_path.rglob("*")) <= 16
    assert contents.get(digest(b"99")) == b"99"
