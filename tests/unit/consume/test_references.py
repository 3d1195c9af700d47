from __future__ import annotations

from pathlib import Path

import pytest

from pulumi_azureml.consume.errors import InputError
from pulumi_azureml.consume.references import LocalData, RegisteredData, RemoteData, parse_data
from pulumi_azureml.consume.request import FORBIDDEN_IN_FILE_NAME, InvokeOptions, JobData, invoke_body

WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("https://account.blob.core.windows.net/data/images", "UriFolder"),
        ("https://account.blob.core.windows.net/data/images.v2/", "UriFolder"),
        ("https://account.blob.core.windows.net/data/a.csv?sv=2024&sig=x.y", "UriFile"),
        ("azureml://datastores/workspaceblobstore/paths/data/a.parquet", "UriFile"),
        ("azureml://datastores/workspaceblobstore/paths/data", "UriFolder"),
        (f"{WORKSPACE}/datastores/workspaceblobstore/paths/data", "UriFolder"),
        ("abfss://container@account.dfs.core.windows.net/data", "UriFolder"),
    ],
)
def test_a_url_is_a_folder_unless_it_ends_in_an_extension(text: str, kind: str):
    assert parse_data(text) == RemoteData(text, kind)


def test_the_type_of_a_url_can_be_said():
    assert parse_data("https://host/data", "file") == RemoteData("https://host/data", "UriFile")
    assert parse_data("https://host/data.zarr", "folder") == RemoteData("https://host/data.zarr", "UriFolder")


def test_data_assets_are_recognised_in_every_form():
    assert parse_data("azureml:images:3") == RegisteredData("images", "3")
    assert parse_data("azureml:images@latest") == RegisteredData("images", "latest")
    assert parse_data(f"{WORKSPACE}/data/images/versions/3") == RegisteredData("images", "3", WORKSPACE)
    assert parse_data(f"azureml:{WORKSPACE}/data/images/versions/3") == RegisteredData("images", "3", WORKSPACE)


def test_paths_are_local():
    assert parse_data("images/") == LocalData(Path("images"))
    assert parse_data(r"C:\images") == LocalData(Path(r"C:\images"))
    assert parse_data(Path("azureml:odd")) == LocalData(Path("azureml:odd"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("azureml:images", "names no version"),
        ("azureml:images@newest", "only label is @latest"),
        ("azureml:images:1:2", "not a data asset reference"),
        ("  ", "empty"),
    ],
)
def test_a_reference_that_cannot_be_meant_is_explained(text: str, told: str):
    with pytest.raises(InputError, match=told):
        parse_data(text)


def test_only_what_is_set_goes_into_the_body():
    assert invoke_body(WORKSPACE, {"data": JobData("UriFolder", "https://host/data")}, InvokeOptions()) == {
        "properties": {"inputData": {"data": {"jobInputType": "UriFolder", "uri": "https://host/data"}}}
    }


def test_every_option_has_its_place_in_the_body():
    options = InvokeOptions(
        experiment="trial",
        mini_batch_size=5,
        error_threshold=0,
        max_retries=0,
        timeout=90,
        output_file_name="rows.csv",
        instance_count=2,
        output="azureml://datastores/results/paths/runs/1",
        tags={"team": "vision"},
    )
    assert invoke_body(WORKSPACE, {"data": JobData("UriFile", "u")}, options)["properties"] == {
        "inputData": {"data": {"jobInputType": "UriFile", "uri": "u"}},
        "outputData": {"score": {"jobOutputType": "UriFile", "uri": f"{WORKSPACE}/datastores/results/paths/runs/1"}},
        "properties": {"experimentName": "trial"},
        "miniBatchSize": 5,
        "errorThreshold": 0,
        "retrySettings": {"maxRetries": 0, "timeout": "PT90S"},
        "outputFileName": "rows.csv",
        "compute": {"instanceCount": 2},
        "tags": {"team": "vision"},
    }


def test_all_wrong_options_are_told_at_once():
    options = InvokeOptions(
        mini_batch_size=0,
        error_threshold=-2,
        max_retries=-1,
        timeout=0,
        instance_count=0,
        output="out/",
        output_file_name="",
        tags={"team": ""},
    )
    with pytest.raises(InputError) as caught:
        invoke_body(WORKSPACE, {"data": JobData("UriFile", "u")}, options)
    text = str(caught.value)
    for name in ("mini_batch_size is 0", "error_threshold is -2", "max_retries is -1", "timeout is 0"):
        assert name in text
    for name in ("instance_count is 0", "output is 'out/'", "output_file_name is ''", "tag 'team' is empty"):
        assert name in text


@pytest.mark.parametrize("character", FORBIDDEN_IN_FILE_NAME)
def test_an_output_file_name_takes_none_of_the_forbidden_characters(character: str):
    with pytest.raises(InputError, match="plain file name"):
        invoke_body(WORKSPACE, {"data": JobData("UriFile", "u")}, InvokeOptions(output_file_name=f"a{character}b.csv"))
