"""Whatever a client sends, it gets an answer that is not the emulator's own failure."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from arm_client import Arm
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from azureml_emulator.testing import emulator


@pytest.fixture(scope="module")
def arm() -> Iterator[Arm]:
    """An emulator that these tests may spoil."""
    with emulator() as running:
        yield Arm(running)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
SEGMENT = st.text(min_size=1, max_size=12)
METHOD = st.sampled_from(["GET", "PUT", "PATCH", "POST", "DELETE", "HEAD", "OPTIONS"])
PLACES = (
    "models/fuzz/versions/1",
    "codes/fuzz/versions/1",
    "environments/fuzz/versions/1",
    "data/fuzz/versions/1",
    "datasets/fuzz/versions/1",
    "computes/fuzz",
    "batchEndpoints/fuzz",
    "batchEndpoints/fuzz/deployments/d",
    "datastores/fuzz",
    "codes/fuzz/versions/1/startPendingUpload",
)
EACH = 25
"""Requests of one example: drawing them together costs less than the requests do."""


def examples(number: int) -> settings:
    return settings(
        max_examples=number, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
    )


@pytest.fixture(scope="module")
def good(arm: Arm) -> dict[str, Any]:
    return {
        "models/fuzz/versions/1": {"properties": {"modelUri": arm.asset_uri(), "flavors": {}, "tags": {"a": "b"}}},
        "codes/fuzz/versions/1": {"properties": {"codeUri": arm.asset_uri(), "properties": {"hash_sha256": "x"}}},
        "environments/fuzz/versions/1": {"properties": {"image": "i", "condaFile": "a: b"}},
        "data/fuzz/versions/1": {"properties": {"dataType": "uri_file", "dataUri": arm.asset_uri()}},
        "datasets/fuzz/versions/1": {"properties": {"paths": [{"file": arm.asset_uri()}]}},
        "computes/fuzz": arm.cluster(),
        "batchEndpoints/fuzz": arm.endpoint(defaults={"deploymentName": "d"}, properties={"a": "b"}),
        "batchEndpoints/fuzz/deployments/d": arm.deployment(
            "fuzz-parts", retrySettings={"timeout": "PT1S"}, resources={"instanceCount": 1}, miniBatchSize=1
        ),
        "datastores/fuzz": {
            "properties": {
                "datastoreType": "AzureBlob",
                "containerName": "c",
                "credentials": {"credentialsType": "Sas", "secrets": {"sasToken": "s"}},
            }
        },
        "codes/fuzz/versions/1/startPendingUpload": {"pendingUploadType": "TemporaryBlobReference"},
    }


def paths_in(document: Any, prefix: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(document, dict):
        return [prefix, *(path for key, item in document.items() for path in paths_in(item, (*prefix, key)))]
    return [prefix]


def with_value(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    return {**document, path[0]: with_value(document[path[0]], path[1:], value)}


class Wire:
    """One keep-alive connection that sends whatever it is told to."""

    def __init__(self, arm: Arm) -> None:
        context = ssl.create_default_context(cafile=arm.environment["REQUESTS_CA_BUNDLE"])
        port = arm.emulator.running.port
        self._connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=30)
        self._headers = {"Authorization": str(arm.session.headers["Authorization"]), "Content-Type": "application/json"}
        self._workspace = arm.workspace
        self.sent = 0

    def check(self, method: str, path: str, body: bytes | None = None, query: str = "api-version=2024-04-01") -> None:
        """Send a request; whatever it is, it is answered, and not with a failure of the emulator's own."""
        target = path if path.startswith("/") else f"{self._workspace}/{path}"
        self._connection.request(method, f"{target}?{query}", body, self._headers)
        answer = self._connection.getresponse()
        text = answer.read()
        self.sent += 1
        assert answer.status < 500 or answer.status == 501, (method, target, body, text)
        assert b"Traceback" not in text


@pytest.fixture(scope="module")
def wire(arm: Arm) -> Wire:
    return Wire(arm)


@examples(220)
@given(
    st.lists(st.tuples(st.sampled_from(PLACES), st.integers(0, 99), JSON, st.booleans()), min_size=EACH, max_size=EACH)
)
def test_any_value_anywhere_in_a_body_is_answered(wire: Wire, good: dict[str, Any], changes: list[Any]) -> None:
    for place, number, value, patch in changes:
        paths = paths_in(good[place])
        changed = with_value(good[place], paths[number % len(paths)], value)
        method = "POST" if place.endswith("startPendingUpload") else ("PATCH" if patch else "PUT")
        wire.check(method, place, json.dumps(changed).encode())


@examples(80)
@given(
    st.lists(
        st.tuples(
            METHOD,
            st.lists(SEGMENT, min_size=1, max_size=4),
            st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3),
        ),
        min_size=EACH,
        max_size=EACH,
    )
)
def test_any_path_and_query_is_answered(wire: Wire, asked: list[Any]) -> None:
    for method, segments, query in asked:
        path = "/".join(quote(segment, safe="") for segment in segments)
        for below in (path, f"/{path}"):
            wire.check(method, below, query=urlencode({**query, "api-version": "2024-04-01"}))


@examples(40)
@given(st.lists(st.binary(max_size=200), min_size=EACH, max_size=EACH))
def test_any_bytes_as_a_body_are_answered(wire: Wire, bodies: list[bytes]) -> None:
    for body in bodies:
        wire.check("PUT", "models/fuzz/versions/2", body)


def test_that_was_ten_thousand_requests_and_it_still_serves(arm: Arm, wire: Wire) -> None:
    assert wire.sent >= 10_000
    assert arm.get(arm.workspace)["name"] == "local"
