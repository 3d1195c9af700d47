"""The OpenAPI documents of endpoints: valid, and telling the same as what the endpoint takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV2SpecValidator, OpenAPIV30SpecValidator

from azureml_emulator.testing import RunningEmulator
from emulator.batch_service import Endpoint, Service

FOLDER = {"jobInputType": "UriFolder", "uri": "azureml://datastores/workspaceblobstore/paths/nothing/"}


@pytest.fixture(scope="module")
def endpoint(azureml_emulator: RunningEmulator) -> Iterator[Endpoint]:
    with Service(azureml_emulator) as service:
        yield service.deploy("def run(files):\n    return files\n")


def swagger(endpoint: Endpoint, query: str = "", **headers: str) -> httpx.Response:
    return endpoint.service.call(
        "GET", f"/inference/{endpoint.name}.eastus/swagger.json{query}", ml=True, headers=headers
    )


def test_the_endpoint_names_its_document(endpoint: Endpoint):
    found = endpoint.service.call("GET", f"{endpoint.service.workspace}/batchEndpoints/{endpoint.name}").json()
    document = endpoint.service.call("GET", found["properties"]["swaggerUri"], ml=True).json()
    assert document["host"] + document["basePath"] + "/jobs" == found["properties"]["scoringUri"].removeprefix(
        "https://"
    )


@pytest.mark.parametrize(
    ("query", "validator"),
    [("", OpenAPIV2SpecValidator), ("?version=2", OpenAPIV2SpecValidator), ("?version=3", OpenAPIV30SpecValidator)],
)
def test_documents_are_valid(endpoint: Endpoint, query: str, validator: Any):
    validator(swagger(endpoint, query).json()).validate()


@pytest.mark.parametrize(
    ("properties", "taken"),
    [
        ({"inputData": {"x": FOLDER}}, True),
        ({"inputData": {"x": FOLDER}, "miniBatchSize": 3, "errorThreshold": -1, "tags": {"a": "b"}}, True),
        ({"inputData": {"x": FOLDER}, "retrySettings": {"maxRetries": 0, "timeout": "PT1M30S"}}, True),
        ({}, False),
        ({"inputData": {}}, False),
        ({"inputData": {"x": FOLDER, "y": FOLDER}}, False),
        ({"inputData": {"x": {"jobInputType": "Literal", "value": "3"}}}, False),
        ({"inputData": {"x": {"jobInputType": "UriFolder"}}}, False),
        ({"inputData": {"x": FOLDER}, "miniBatchSize": 0}, False),
        ({"inputData": {"x": FOLDER}, "errorThreshold": -2}, False),
        ({"inputData": {"x": FOLDER}, "retrySettings": {"timeout": "soon"}}, False),
        ({"inputData": {"x": FOLDER}, "compute": {"instanceCount": 0}}, False),
        ({"inputData": {"x": FOLDER}, "name": "a/b"}, False),
        ({"inputData": {"x": FOLDER}, "tags": ["a"]}, False),
    ],
)
@pytest.mark.parametrize(("query", "at"), [("?version=2", "definitions"), ("?version=3", "components/schemas")])
def test_the_schema_takes_what_the_endpoint_takes(
    endpoint: Endpoint, query: str, at: str, properties: dict[str, Any], taken: bool
):
    schema = {**swagger(endpoint, query).json(), "$ref": f"#/{at}/JobRequest"}
    fits = jsonschema.Draft4Validator(schema).is_valid({"properties": properties})
    answer = endpoint.post(properties)
    assert (fits, answer.status_code) == (taken, 201 if taken else 400), answer.text
    if taken:
        assert "status" in answer.json()["properties"]
        job = {**schema, "$ref": f"#/{at}/Job"}
        jsonschema.Draft4Validator(job).validate(answer.json())


def test_what_is_asked_for_in_vain_is_named(endpoint: Endpoint):
    assert "[2, 3]" in swagger(endpoint, "?version=4").json()["message"]
    assert "'green'" in swagger(endpoint, **{"azureml-model-deployment": "green"}).json()["message"]
    anonymous = endpoint.service.http.get(f"/inference/{endpoint.name}.eastus/swagger.json")
    assert anonymous.status_code == 401
