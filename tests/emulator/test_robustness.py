"""Whatever a client sends, it gets an answer that is not the emulator's own failure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

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
MANY = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
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


def check(answer: Any) -> None:
    assert answer.status_code < 500 or answer.status_code == 501, answer.text
    assert "Traceback" not in answer.text


@MANY
@given(st.data())
def test_any_value_anywhere_in_a_body_is_answered(arm: Arm, good: dict[str, Any], data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(PLACES))
    body = good[place]
    path = data.draw(st.sampled_from(paths_in(body)))
    changed = with_value(body, path, data.draw(JSON))
    method = "POST" if place.endswith("startPendingUpload") else data.draw(st.sampled_from(["PUT", "PUT", "PATCH"]))
    check(arm.call(method, place, json.dumps(changed)))


@MANY
@given(METHOD, st.lists(SEGMENT, max_size=4), st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3))
def test_any_path_and_query_is_answered(arm: Arm, method: str, segments: list[str], query: dict[str, str]) -> None:
    path = "/".join(quote(segment, safe="") for segment in segments)
    check(arm.call(method, f"{arm.workspace}/{path}", query=query))
    check(arm.call(method, f"/{path}", query=query))


@MANY
@given(st.binary(max_size=200))
def test_any_bytes_as_a_body_are_answered(arm: Arm, body: bytes) -> None:
    check(arm.call("PUT", "models/fuzz/versions/2", body))
