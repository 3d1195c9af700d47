"""Bodies of invocations, of today and of 2021, as people send them."""

from __future__ import annotations

from typing import Any

import pytest

from azureml_emulator.batch.invoke import read_invocation, split_output
from azureml_emulator.batch.lenient import BodyError, parse_duration

WS = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
DATA = {"inputData": {"digits": {"jobInputType": "UriFolder", "uri": "azureml:digits:1"}}}


def read(**properties: Any) -> Any:
    return read_invocation({"properties": {**DATA, **properties}}, WS)


def test_without_overrides_everything_is_left_to_the_deployment() -> None:
    asked = read()
    assert (asked.input_uri, asked.input_type, asked.input_name) == ("azureml:digits:1", "UriFolder", "digits")
    left = (asked.mini_batch_size, asked.error_threshold, asked.max_retries, asked.timeout, asked.instance_count)
    assert left == (None,) * 5
    assert (asked.output_uri, asked.output_file, asked.name) == (None, None, None)


def test_keys_in_any_case_and_numbers_as_text() -> None:
    body = {
        "Properties": {
            "InputData": {"x": {"JobInputType": "urifile", "URI": "azureml:a:1"}},
            "MiniBatchSize": "7",
            "ErrorThreshold": "-1",
            "RetrySettings": {"MaxRetries": "0", "Timeout": "PT1M30S"},
            "Compute": {"InstanceCount": 2},
            "Properties": {"ExperimentName": "night"},
        }
    }
    asked = read_invocation(body, WS)
    assert (asked.input_type, asked.mini_batch_size, asked.error_threshold) == ("UriFile", 7, -1)
    assert (asked.max_retries, asked.timeout, asked.instance_count, asked.experiment) == (0, 90.0, 2, "night")


@pytest.mark.parametrize(
    ("dataset", "uri"),
    [
        (
            {"dataInputType": "DataUrl", "path": "https://a.blob.core.windows.net/c/p"},
            "https://a.blob.core.windows.net/c/p",
        ),
        ({"dataInputType": "DatasetVersion", "datasetName": "d", "datasetVersion": 3}, "azureml:d:3"),
        ({"dataInputType": "DatasetVersion", "datasetName": "d"}, "azureml:d@latest"),
        ({"dataInputType": "DatasetId", "datasetId": f"azureml:{WS}/data/d/versions/1"}, f"{WS}/data/d/versions/1"),
    ],
)
def test_datasets_of_2021(dataset: dict[str, Any], uri: str) -> None:
    assert read_invocation({"properties": {"dataset": dataset}}, WS).input_uri == uri


def test_the_output_dataset_of_2021() -> None:
    asked = read(outputDataset={"datastoreId": f"{WS}/datastores/store", "path": "/out/"}, outputFileName="p.csv")
    assert (asked.output_uri, asked.output_file) == (f"{WS}/datastores/store/paths/out", "p.csv")


STORE = "azureml://datastores/s/paths"


@pytest.mark.parametrize(
    ("uri", "name", "file_named", "expected"),
    [
        (f"{STORE}/out", None, True, (f"{STORE}/out", None)),
        (f"{STORE}/out/p.csv", None, True, (f"{STORE}/out", "p.csv")),
        (f"{STORE}/out/p.csv", None, False, (f"{STORE}/out/p.csv", None)),
        (f"{STORE}/out/p.csv", "p.csv", True, (f"{STORE}/out", "p.csv")),
        (f"{STORE}/v1.0/", None, True, (f"{STORE}/v1.0/", None)),
        (f"{STORE}/v1.0", "p.csv", True, (f"{STORE}/v1.0", None)),
        (None, None, True, (None, None)),
    ],
)
def test_an_output_address_is_a_folder_or_a_file_in_it(
    uri: str | None, name: str | None, file_named: bool, expected: tuple[str | None, str | None]
) -> None:
    assert split_output(uri, name, file_named=file_named) == expected


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({"miniBatchSize": True}, "miniBatchSize"),
        ({"miniBatchSize": 2**31}, "miniBatchSize"),
        ({"miniBatchSize": "ten"}, "miniBatchSize"),
        ({"retrySettings": {"maxRetries": -1}}, "retrySettings.maxRetries"),
        ({"retrySettings": []}, "'properties.retrySettings' must be an object"),
        ({"compute": {"instanceCount": 0}}, "compute.instanceCount"),
        ({"outputData": {"a": {}, "b": {}}}, "exactly one output"),
        ({"outputFileName": "a:b"}, "outputFileName"),
        ({"outputFileName": "a\nb"}, "outputFileName"),
        ({"name": "a/b"}, "properties.name"),
        ({"name": ["a"]}, "must be a string"),
    ],
)
def test_what_cannot_be_is_named(properties: dict[str, Any], said: str) -> None:
    with pytest.raises(BodyError, match=said):
        read(**properties)


@pytest.mark.parametrize("body", [None, [], "text", {"properties": 5}])
def test_a_body_that_is_no_object_is_refused(body: Any) -> None:
    with pytest.raises(BodyError, match=r"must be an object|has no input"):
        read_invocation(body, WS)


@pytest.mark.parametrize(("text", "seconds"), [("PT30S", 30), ("PT1M30S", 90), ("P1DT1H", 90000), ("pt0.5s", 0.5)])
def test_durations_are_iso_8601(text: str, seconds: float) -> None:
    assert parse_duration(text, "timeout") == seconds


@pytest.mark.parametrize("text", ["", "P", "PT", "PT0S", "30", "PT-5S", "30 seconds", "1M"])
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(BodyError, match="ISO 8601"):
        parse_duration(text, "timeout")
