"""The pieces below the emulator's routes: routing, the store, durations, certificates, counting by hand."""

from __future__ import annotations

import json
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

import azureml_emulator.azurite as azurite_package
from azureml_emulator.app import ROUTES
from azureml_emulator.arm.schema import Body, Duration, format_duration
from azureml_emulator.http import Reply, Route, ServiceError
from azureml_emulator.jsontext import parse_json
from azureml_emulator.router import BadPathError, Router, decode_path
from azureml_emulator.settings import LongRunning
from azureml_emulator.store import Store
from azureml_emulator.tls import ensure_certificates


def route(method: str, path: str) -> Route:
    return Route(method, path, lambda _call: Reply(), "arm", path)


def found(router: Router, path: str, method: str = "GET") -> tuple[str, dict[str, str]] | None:
    match = router.match(decode_path(path.encode()))
    if match is None or method not in match.routes:
        return None
    matched, names = match.routes[method]
    return matched.path, match.params(names)


def test_a_fixed_segment_wins_over_a_parameter_and_falls_back_to_it() -> None:
    router = Router([route("GET", "/a/{x}/c"), route("GET", "/a/b/{y}"), route("GET", "/a/{x}/{y}/d")])
    assert found(router, "/A/B/z") == ("/a/b/{y}", {"y": "z"})
    assert found(router, "/a/b/c") == ("/a/b/{y}", {"y": "c"})
    assert found(router, "/a/other/c") == ("/a/{x}/c", {"x": "other"})
    assert found(router, "/a/b/z/d") == ("/a/{x}/{y}/d", {"x": "b", "y": "z"})
    assert found(router, "/a/b") is None


def test_a_segment_can_hold_two_parameters() -> None:
    router = Router([route("GET", "/inference/{endpoint}.{region}/jobs")])
    assert found(router, "/inference/my-endpoint.eastus/jobs") == (
        "/inference/{endpoint}.{region}/jobs",
        {"endpoint": "my-endpoint", "region": "eastus"},
    )
    assert found(router, "/inference/my-endpoint/jobs") is None


def test_two_routes_for_one_address_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="two routes for GET"):
        Router([route("GET", "/a/{x}"), route("GET", "/A/{y}")])


def test_the_route_table_is_without_mistakes() -> None:
    Router(ROUTES)
    assert all(entry.handler and entry.name for entry in ROUTES)


@given(st.binary(max_size=60))
def test_decoded_segments_can_never_escape(raw: bytes) -> None:
    try:
        segments = decode_path(raw)
    except BadPathError:
        return
    for segment in segments:
        assert segment not in {"", ".", ".."}
        assert not set(segment) & set("/\\\0\n\r")


@given(st.integers(min_value=0, max_value=10**9 - 1))
def test_durations_have_one_normal_form(seconds: int) -> None:
    class Timed(Body):
        timeout: Duration

    normal = Timed.read({"timeout": f"PT{seconds}S"}).timeout
    assert normal == format_duration(seconds)
    assert Timed.read({"timeout": normal}).timeout == normal


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "PT0S"), (30, "PT30S"), (120, "PT2M"), (3661, "PT1H1M1S"), (86400, "P1D"), (86401, "P1DT1S"), (1.5, "PT1.5S")],
)
def test_durations_are_written_as_the_service_writes_them(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize("text", ["", "P", "PT", "30", "PT5", "P1Y", "PT-5S", "PT9999999999S"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    class Timed(Body):
        timeout: Duration

    with pytest.raises(ServiceError, match="ISO 8601"):
        Timed.read({"timeout": text})


@pytest.mark.parametrize("mode", ["instant", "timed=0.5", "polls=3"])
def test_modes_of_operations_read_as_they_are_written(mode: str) -> None:
    assert str(LongRunning.parse(mode)) == mode


@given(st.recursive(st.none() | st.booleans() | st.text() | st.integers(-1000, 1000), st.lists, max_leaves=20))
def test_json_reads_the_same_with_commas_too_many(document: object) -> None:
    text = json.dumps({"a": document})
    commas = text[:-1] + ",}"
    assert parse_json(text.encode()) == parse_json(commas.encode()) == {"a": document}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "state.db")


def test_documents_are_listed_in_order_of_creation(store: Store) -> None:
    for number in (3, 1, 2):
        store.put(f"/p/{number}", "kind", "/P", {"n": number})
    store.put("/p/3", "kind", "/p", {"n": 30})
    assert [document["n"] for document in store.list("kind", "/p")] == [30, 1, 2]
    assert [document["n"] for document in store.list("kind", "/p", skip=1, top=1)] == [1]
    assert [document["n"] for document in store.list("kind", "/p", newest_first=True)] == [2, 1, 30]


def test_pages_meet_without_gap_or_overlap(store: Store) -> None:
    for number in range(10):
        store.put(f"/p/{number}", "kind", "/p", {"n": number})
    seen, cursor = [], None
    while True:
        page = store.page("kind", "/p", size=3, cursor=cursor, keep=lambda document: document["n"] != 4)
        seen += [document["n"] for document in page.documents]
        cursor = page.cursor
        store.put(f"/p/late-{len(seen)}", "other", "/p", {})
        if cursor is None:
            break
    assert seen == [0, 1, 2, 3, 5, 6, 7, 8, 9]


def test_a_transaction_is_kept_whole_or_not_at_all(store: Store) -> None:
    def half_a_write() -> None:
        with store.transaction():
            store.put("/a", "kind", "", {}, {"scope": "value"})
            with store.transaction():
                store.put("/b", "kind", "", {})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half_a_write()
    assert store.get("/a") is store.get("/b") is None
    assert store.find("scope", "value") == []


def test_deleting_what_lies_below_leaves_neighbours_alone(store: Store) -> None:
    for key in ("/p", "/p/a", "/P/a/b", "/p-other", "/p0", "/pa/b"):
        store.put(key, "kind", "", {"id": key})
    assert store.delete_under("/p") == 2
    assert {document["id"] for document in store.list("kind", "")} == {"/p", "/p-other", "/p0", "/pa/b"}


def test_marks_go_with_their_document(store: Store) -> None:
    store.put("/a", "kind", "", {"id": "a"}, {"name": "x"})
    store.put("/a", "kind", "", {"id": "a2"})
    assert store.find("name", "x") == [{"id": "a2"}]
    store.put("/a", "kind", "", {"id": "a3"}, {"name": "y"})
    assert (store.find("name", "x"), store.find("name", "y")) == ([], [{"id": "a3"}])
    store.delete("/A")
    assert store.find("name", "y") == []


def names(path: Path) -> set[str]:
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(name.value) for name in extension}


def test_the_authority_stays_when_names_are_added(tmp_path: Path) -> None:
    first = ensure_certificates(tmp_path, ["127.0.0.1", "localhost"])
    authority, server = first.authority.read_bytes(), first.chain.read_bytes()
    again = ensure_certificates(tmp_path, ["localhost"])
    assert (again.authority.read_bytes(), again.chain.read_bytes()) == (authority, server)
    more = ensure_certificates(tmp_path, ["127.0.0.1", "example.test"])
    assert more.authority.read_bytes() == authority
    assert names(more.chain) == {"127.0.0.1", "example.test"}


def test_certificates_are_renewed_before_they_end(tmp_path: Path) -> None:
    first = ensure_certificates(tmp_path, ["localhost"]).chain.read_bytes()
    later = datetime.now(UTC) + timedelta(days=380)
    assert ensure_certificates(tmp_path, ["localhost"], now=later).chain.read_bytes() != first


def test_certificates_stand_the_strictest_check(tmp_path: Path) -> None:
    files = ensure_certificates(tmp_path, ["localhost"])
    client, server = ssl.create_default_context(cafile=str(files.authority)), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    server.load_cert_chain(files.chain, files.key)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = client.wrap_bio(to_client, to_server, server_hostname="localhost")
    two = server.wrap_bio(to_server, to_client, server_side=True)
    done: set[ssl.SSLObject] = set()
    for _ in range(10):
        for side in (one, two):
            try:
                side.do_handshake()
                done.add(side)
            except ssl.SSLWantReadError:
                continue
    assert done == {one, two}


def test_the_blob_service_is_pinned_and_free_of_addresses() -> None:
    folder = Path(azurite_package.__file__).parent
    lock = json.loads((folder / "package-lock.json").read_text())
    assert lock["packages"]["node_modules/azurite"]["version"] == "3.37.0"
    assert "resolved" not in (folder / "package-lock.json").read_text()
    assert all("integrity" in package for name, package in lock["packages"].items() if name)
