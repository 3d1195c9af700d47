"""Data Factory pipelines and linked services as resources, against a running Azure ML."""

from __future__ import annotations

import pytest

from pulumi_azureml import data_factory
from pulumi_azureml.arm import ArmError, ConflictError, NotFoundError
from pulumi_azureml.engine import Kind
from pulumi_azureml.resources import BATCH_ENDPOINT, DATA_FACTORY_LINKED_SERVICE, DATA_FACTORY_PIPELINE

from .stack import Stack

GUID = "0f1a2b3c-0000-4000-8000-00000000abcd"
IMAGES = {"images": {"type": "uri_folder"}}


@pytest.fixture
def factory(stack: Stack) -> str:
    """A factory that somebody has made; pipelines do not make it."""
    group = stack.client.settings.workspace_id.partition("/providers/")[0]
    path = f"{group}/providers/Microsoft.DataFactory/factories/adf-{abs(hash(stack.name)) % 10**8}"
    stack.client.request("PUT", path, json={"location": "eastus"})
    return path


def test_a_pipeline_for_a_batch_endpoint_is_made_changed_and_gone(stack: Stack, factory: str) -> None:
    endpoint = stack.up(BATCH_ENDPOINT, "digits")
    given = {"factory": factory, "endpoint": endpoint.id, "inputs": IMAGES, "folder": "ml"}
    made = stack.up(DATA_FACTORY_PIPELINE, "nightly", **given)
    assert made.id == f"{factory}/pipelines/nightly"
    document = data_factory.pipeline("nightly", scoring_uri=endpoint.outputs["scoringUri"], inputs=IMAGES, folder="ml")
    kept = {key: value for key, value in made.outputs["definition"].items() if key != "annotations"}
    assert kept == document["properties"]
    assert stack.refresh("nightly") == made
    assert stack.changes(DATA_FACTORY_PIPELINE, "nightly", **given) == ()
    given["poll_seconds"] = 60
    assert stack.changes(DATA_FACTORY_PIPELINE, "nightly", **given) == ("pollSeconds",)
    changed = stack.up(DATA_FACTORY_PIPELINE, "nightly", **given)
    assert (changed.id, changed.outputs["mark"]) == (made.id, made.outputs["mark"])
    wait = changed.outputs["definition"]["activities"][1]["typeProperties"]["activities"][2]
    assert wait["typeProperties"] == {"waitTimeInSeconds": 60}
    stack.delete("nightly")
    with pytest.raises(NotFoundError):
        stack.client.request("GET", made.id)


def test_a_v1_pipeline_is_run_through_a_linked_service(stack: Stack, factory: str) -> None:
    name = factory.rpartition("/")[2]
    service = stack.up(DATA_FACTORY_LINKED_SERVICE, "AzureML", factory=name)
    assert stack.refresh("AzureML") == service
    assert stack.client.request("GET", service.id).body["properties"]["typeProperties"] == {
        "subscriptionId": stack.client.settings.subscription_id,
        "resourceGroupName": stack.client.settings.resource_group,
        "mlWorkspaceName": "local",
        "authentication": "MSI",
    }
    given = {"factory": name, "pipeline_endpoint_id": GUID, "linked_service": service.id, "inputs": {"rate": 0.5}}
    made = stack.up(DATA_FACTORY_PIPELINE, "old", **given)
    (activity,) = made.outputs["definition"]["activities"]
    assert activity["type"] == "AzureMLExecutePipeline"
    assert activity["linkedServiceName"]["referenceName"] == "AzureML"
    assert stack.changes(DATA_FACTORY_PIPELINE, "old", **given) == ()


@pytest.mark.parametrize("kind", [DATA_FACTORY_PIPELINE, DATA_FACTORY_LINKED_SERVICE], ids=lambda kind: kind.name)
def test_what_was_made_is_known_as_ours_without_tags(stack: Stack, factory: str, kind: Kind) -> None:
    given = {"factory": factory}
    if kind is DATA_FACTORY_PIPELINE:
        given["endpoint"] = stack.up(BATCH_ENDPOINT, "digits").id
    made = stack.up(kind, "thing", **given)
    lost = stack.forget("thing")
    assert stack.up(kind, "thing", **given).id == lost.id == made.id
    other = Stack(stack.client, f"{stack.name}-other")
    with pytest.raises(ConflictError, match=r"belongs to tests/.*/thing(.|\n)*adopt=True"):
        other.up(kind, "thing", **given)
    assert other.up(kind, "thing", **given, adopt=True).id == made.id


def test_annotations_of_others_stay(stack: Stack, factory: str) -> None:
    given = {"factory": factory, "endpoint": stack.up(BATCH_ENDPOINT, "digits").id}
    made = stack.up(DATA_FACTORY_PIPELINE, "nightly", **given)
    body = stack.client.request("GET", made.id).body
    body["properties"]["annotations"].append("reviewed")
    stack.client.request("PUT", made.id, json={"properties": body["properties"]})
    stack.up(DATA_FACTORY_PIPELINE, "nightly", **given, description="changed")
    found = stack.client.request("GET", made.id).body["properties"]
    assert found["description"] == "changed"
    assert "reviewed" in found["annotations"]
    assert len(found["annotations"]) == 3


def test_a_factory_or_an_endpoint_that_is_not_there_is_told(stack: Stack, factory: str) -> None:
    with pytest.raises(NotFoundError, match=r"read the endpoint of pipeline 'nightly'(.|\n)*batchEndpoints/nobody"):
        stack.up(DATA_FACTORY_PIPELINE, "nightly", factory=factory, endpoint="nobody")
    endpoint = stack.up(BATCH_ENDPOINT, "digits").id
    with pytest.raises(ArmError, match=r"Microsoft\.DataFactory/factories/nowhere' under resource group"):
        stack.up(DATA_FACTORY_PIPELINE, "nightly", factory="nowhere", endpoint=endpoint)
