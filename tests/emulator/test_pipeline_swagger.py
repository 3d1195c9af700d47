"""The OpenAPI document of a pipeline endpoint: valid, and telling the same as what the endpoint takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV2SpecValidator, OpenAPIV30SpecValidator

from azureml_emulator.testing import RunningEmulator
from emulator.batch_service import Endpoint, Service
from emulator.pipeline_service import Pipelines, folder, to_parent

DATA = folder("azureml://datastores/workspaceblobstore/paths/nothing/")
FORMS = [("?version=2", "definitions"), ("?version=3", "components/schemas")]


@pytest.fixture(scope="module")
def endpoint(azureml_emulator: RunningEmulator) -> Iterator[Endpoint]:
    with Service(azureml_emulator) as service:
        pipelines = Pipelines(service)
        step = pipelines.command("echo > ${{outputs.model}}/m", outputs={"model": {"type": "mlflow_model"}})
        component = pipelines.pipeline(
            {"only": {"type": "command", "componentId": step, "outputs": {"model": to_parent("model")}}},
            inputs={
                "data": {"type": "uri_folder"},
                "base": {"type": "custom_model", "optional": True},
                "rate": {"type": "number", "default": 0.5, "min": 0, "max": 1},
                "rounds": {"type": "integer", "default": 3},
                "kernel": {"type": "string", "optional": True, "enum": ["linear", "poly"]},
                "quick": {"type": "boolean", "default": "True"},
            },
            outputs={"model": {"type": "mlflow_model"}},
        )
        yield pipelines.deploy(component)


def document(endpoint: Endpoint, query: str) -> dict[str, Any]:
    return endpoint.service.call("GET", f"/inference/{endpoint.name}.eastus/swagger.json{query}", ml=True).json()


@pytest.mark.parametrize(
    ("query", "validator"), [("?version=2", OpenAPIV2SpecValidator), ("?version=3", OpenAPIV30SpecValidator)]
)
def test_documents_are_valid(endpoint: Endpoint, query: str, validator: Any) -> None:
    validator(document(endpoint, query)).validate()


def test_the_document_names_inputs_and_outputs_with_their_limits(endpoint: Endpoint) -> None:
    schemas = document(endpoint, "?version=3")["components"]["schemas"]
    inputs = schemas["InputData"]
    assert inputs["required"] == ["data"]
    assert inputs["properties"]["rate"]["properties"]["value"] == {
        "type": "number", "minimum": 0, "maximum": 1, "default": 0.5
    }  # fmt: skip
    assert inputs["properties"]["quick"]["properties"]["value"] == {"type": "boolean", "default": True}
    assert list(schemas["OutputData"]["properties"]) == ["model"]


def value(given: Any) -> dict[str, Any]:
    return {"jobInputType": "Literal", "value": given}


MODEL = {"jobInputType": "CustomModel", "uri": DATA["uri"]}
MADE = {"jobOutputType": "MLFlowModel", "uri": DATA["uri"]}


@pytest.mark.parametrize(
    ("properties", "taken"),
    [
        ({"inputData": {"data": DATA}}, True),
        ({"inputData": {"data": DATA, "rate": value(0.25), "rounds": value(5), "quick": value(False)}}, True),
        ({"inputData": {"data": DATA, "base": MODEL, "kernel": value("poly")}, "outputData": {"model": MADE}}, True),
        ({"inputData": {"data": DATA}, "tags": {"a": "b"}, "properties": {"experimentName": "e"}}, True),
        ({}, False),
        ({"inputData": {}}, False),
        ({"inputData": {"data": DATA, "dta": DATA}}, False),
        ({"inputData": {"data": value("x")}}, False),
        ({"inputData": {"data": {"jobInputType": "UriFile", "uri": "azureml:x:1"}}}, False),
        ({"inputData": {"data": DATA, "rate": value(2)}}, False),
        ({"inputData": {"data": DATA, "rate": value("much")}}, False),
        ({"inputData": {"data": DATA, "rounds": value(1.5)}}, False),
        ({"inputData": {"data": DATA, "kernel": value("rbf")}}, False),
        ({"inputData": {"data": DATA, "quick": value("perhaps")}}, False),
        ({"inputData": {"data": DATA}, "outputData": {"mdel": MADE}}, False),
        ({"inputData": {"data": DATA}, "outputData": {"model": {"jobOutputType": "MLFlowModel"}}}, False),
    ],
)
@pytest.mark.parametrize(("query", "at"), FORMS)
def test_the_schema_takes_what_the_endpoint_takes(
    endpoint: Endpoint, query: str, at: str, properties: dict[str, Any], taken: bool
) -> None:
    schema = {**document(endpoint, query), "$ref": f"#/{at}/JobRequest"}
    fits = jsonschema.Draft4Validator(schema).is_valid({"properties": properties})
    answer = endpoint.post(properties)
    assert (fits, answer.status_code) == (taken, 201 if taken else 400), answer.text
    if taken:
        jsonschema.Draft4Validator({**schema, "$ref": f"#/{at}/Job"}).validate(answer.json())
