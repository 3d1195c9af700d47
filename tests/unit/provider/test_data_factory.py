"""The JSON of Data Factory pipelines, and what is wrong with the inputs of one."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_azureml import data_factory
from pulumi_azureml.arm import Settings
from pulumi_azureml.data_factory.check import seconds
from pulumi_azureml.data_factory.documents import plain, timespan
from pulumi_azureml.engine import UNKNOWN, check
from pulumi_azureml.resources import DATA_FACTORY_LINKED_SERVICE, DATA_FACTORY_PIPELINE

URI = "https://digits.eastus.inference.ml.azure.com/jobs"
GUID = "0f1a2b3c-0000-4000-8000-00000000abcd"
V1 = {"pipeline_endpoint_id": GUID, "linked_service": "AzureML"}
SETTINGS = Settings("00000000-0000-0000-0000-000000000001", "group", "ws", "eastus", "https://management.azure.com")


def activities(document: dict[str, Any]) -> dict[str, Any]:
    return {each["name"]: each for each in document["properties"]["activities"]}


def test_inputs_and_outputs_are_parameters_of_the_pipeline() -> None:
    document = data_factory.pipeline(
        "nightly",
        scoring_uri=URI,
        inputs={
            "images": {"type": "uri_folder"},
            "labels": {"type": "uri_file", "path": "azureml:labels@latest"},
            "rate": 0.5,
            "rounds": {"type": "integer"},
            "quick": True,
        },
        outputs={"model": {"type": "custom_model", "path": "azureml://datastores/d/paths/m"}},
    )
    assert document["properties"]["parameters"] == {
        "images": {"type": "String"},
        "labels": {"type": "String", "defaultValue": "azureml:labels@latest"},
        "rate": {"type": "Float", "defaultValue": 0.5},
        "rounds": {"type": "Int"},
        "quick": {"type": "Bool", "defaultValue": True},
        "model": {"type": "String", "defaultValue": "azureml://datastores/d/paths/m"},
    }
    run = activities(document)["Run job"]["typeProperties"]
    assert run["body"]["properties"]["inputData"]["images"] == {
        "jobInputType": "UriFolder", "uri": "@pipeline().parameters.images"
    }  # fmt: skip
    assert run["body"]["properties"]["outputData"]["model"]["jobOutputType"] == "CustomModel"
    assert run["authentication"] == {"type": "MSI", "resource": "https://ml.azure.com"}


def test_a_v1_pipeline_is_one_activity_with_a_linked_service() -> None:
    inputs = {"rate": 0.5, "images": {"type": "uri_folder", "path": "azureml://datastores/blobs/paths/in/today"}}
    document = data_factory.pipeline("old", inputs=inputs, pipeline_version="2", experiment="e", **V1)
    (activity,) = document["properties"]["activities"]
    assert activity["linkedServiceName"] == {"referenceName": "AzureML", "type": "LinkedServiceReference"}
    assert activity["typeProperties"] == {
        "mlPipelineEndpointId": GUID,
        "version": "2",
        "experimentName": "e",
        "mlPipelineParameters": {"rate": "@pipeline().parameters.rate"},
        "dataPathAssignments": {"images": {"DataStoreName": "blobs", "RelativePath": "@pipeline().parameters.images"}},
    }
    assert document["properties"]["parameters"]["images"] == {"type": "String", "defaultValue": "in/today"}


@pytest.mark.parametrize(
    ("given", "path", "text"),
    [
        ({}, "scoring_uri", "is required: what the pipeline runs"),
        ({"scoring_uri": "http://x/jobs"}, "scoring_uri", "should be a batch endpoint's, https://"),
        ({"scoring_uri": URI.replace("jobs", "score")}, "scoring_uri", "should be a batch endpoint's"),
        ({"scoring_uri": URI, **V1}, "pipeline_endpoint_id", "is given beside scoring_uri"),
        ({"scoring_uri": URI, "linked_service": "x"}, "linked_service", "is for v1 pipelines"),
        ({**V1, "pipeline_endpoint_id": "digits"}, "pipeline_endpoint_id", "should be a GUID, not 'digits'"),
        ({"pipeline_endpoint_id": GUID}, "linked_service", "is required"),
        ({**V1, "linked_service": "a/b"}, "linked_service", "should be the name of a linked service"),
        ({"pipeline_id": GUID, "linked_service": "x", "pipeline_version": "1"}, "pipeline_version", "it needs"),
        ({**V1, "deployment": "blue"}, "deployment", "is for batch endpoints"),
        ({**V1, "inputs": {"a": {"type": "uri_folder"}}}, "inputs.a.path", "azureml://datastores/NAME/paths/PATH"),
        ({"scoring_uri": URI, "inputs": {"a-b": 1}}, "inputs.a-b", "letters, digits and '_'"),
        ({"scoring_uri": URI, "inputs": {"a": None}}, "inputs.a", "should be a value or an object"),
        ({"scoring_uri": URI, "inputs": {"a": {"type": "folder"}}}, "inputs.a.type", "should be one of uri_folder"),
        ({"scoring_uri": URI, "inputs": {"a": {"type": "uri_file", "uri": "x"}}}, "inputs.a.uri", "not expected here"),
        ({"scoring_uri": URI, "inputs": {"a": {"type": "uri_file", "path": 1}}}, "inputs.a.path", "an address, not 1"),
        ({"scoring_uri": URI, "inputs": {"a": {"type": "integer", "value": "x"}}}, "inputs.a.value", "type integer"),
        ({"scoring_uri": URI, "outputs": {"a": 1}}, "outputs.a", "should be an object with type and path"),
        ({"scoring_uri": URI, "outputs": {"a": {"type": "string"}}}, "outputs.a.type", "should be one of uri_folder"),
        ({"scoring_uri": URI, "inputs": {"a": 1}, "outputs": {"a": {"type": "uri_file"}}}, "outputs.a", "an input too"),
        ({"scoring_uri": URI, "poll_seconds": 0}, "poll_seconds", "from 1 to 86400"),
        ({"scoring_uri": URI, "timeout": "12 hours"}, "timeout", "ISO 8601 duration"),
        ({"scoring_uri": URI, "timeout": "P91D"}, "timeout", "at most 90 days"),
        ({"scoring_uri": URI, "inputs": {f"a{number}": 1 for number in range(51)}}, "inputs", "at most 50 parameters"),
    ],
)  # fmt: skip
def test_a_wrong_input_is_told_at_its_field(given: dict[str, Any], path: str, text: str) -> None:
    with pytest.raises(data_factory.DataFactoryError) as wrong:
        data_factory.pipeline("p", **given)
    found = {problem.path: problem.text for problem in wrong.value.problems}
    assert text in found[path]
    assert f"{path}: " in str(wrong.value)


def test_a_linked_service_is_for_a_workspace() -> None:
    document = data_factory.linked_service("AzureML", SETTINGS.workspace_id)
    assert document["properties"]["typeProperties"]["mlWorkspaceName"] == "ws"
    with pytest.raises(data_factory.DataFactoryError, match="workspace_id: should be a workspace's ARM id"):
        data_factory.linked_service("AzureML", "ws")


@pytest.mark.parametrize(
    ("text", "kept"), [("a", "a"), ("@a", "@@a"), ("a@b", "a@b"), ("a @{b}", "a @@{b}"), ("@{b}", "@@{b}")]
)
def test_texts_of_users_are_no_expressions(text: str, kept: str) -> None:
    assert plain(text) == kept


def test_durations_are_time_spans() -> None:
    assert [timespan(seconds(text)) for text in ("PT30S", "PT12H", "P1DT2H3M4S")] == [
        "0.00:00:30", "0.12:00:00", "1.02:03:04"
    ]  # fmt: skip


def failures(kind: Any, **inputs: Any) -> dict[str, str]:
    checked = check(kind, inputs, SETTINGS, owner="project/stack/nightly")
    return {failure.path: failure.reason for failure in checked.failures}


@pytest.mark.parametrize(
    ("inputs", "path", "text"),
    [
        ({}, "endpoint", "is required: what the pipeline runs"),
        ({"endpoint": "digits", "inputs": {"a": {"type": "folder"}}}, "inputs.a.type", "should be one of uri_folder"),
        ({"endpoint": "digits", "linked_service": "x"}, "linkedService", "is for v1 pipelines"),
        ({"endpoint": "digits", "poll_seconds": 0}, "pollSeconds", "from 1 to 86400"),
        ({"endpoint": "digits", "timeout": "soon"}, "timeout", "ISO 8601 duration"),
        ({"endpoint": "digits", "name": "a/b"}, "name", "pattern"),
        ({"pipeline_endpoint_id": "digits", "linked_service": "x"}, "pipelineEndpointId", "should be a GUID"),
        ({"endpoint": "digits", "input": {}}, "input", 'Do you mean "inputs"?'),
    ],
)
def test_the_resource_names_the_input_that_is_wrong(inputs: dict[str, Any], path: str, text: str) -> None:
    assert text in failures(DATA_FACTORY_PIPELINE, factory="adf", **inputs)[path]


def test_a_preview_guesses_nothing_about_what_it_does_not_know() -> None:
    assert failures(DATA_FACTORY_PIPELINE, factory="adf", endpoint=UNKNOWN, inputs={"a": UNKNOWN}) == {}
    assert failures(DATA_FACTORY_PIPELINE, factory="adf", pipeline_endpoint_id=UNKNOWN, linked_service=UNKNOWN) == {}


def test_names_and_ids_are_known_before_anything_is_made() -> None:
    checked = check(DATA_FACTORY_PIPELINE, {"factory": "adf", "endpoint": "digits"}, SETTINGS, owner="p/s/nightly")
    group = SETTINGS.workspace_id.partition("/providers/")[0]
    assert checked.inputs["armId"] == f"{group}/providers/Microsoft.DataFactory/factories/adf/pipelines/nightly"
    assert SETTINGS.api_version_of(checked.inputs["armId"]) == "2018-06-01"
    service = check(DATA_FACTORY_LINKED_SERVICE, {"factory": "adf"}, SETTINGS, owner="p/s/aml").inputs
    assert (service["workspaceName"], service["resourceGroupName"]) == ("ws", "group")
