"""``GET {endpoint}/swagger.json``: what may be posted to a batch endpoint's scoring URI.

The document describes the deployment that a job would go to: the endpoint's default, or the one that the header
``azureml-model-deployment`` names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from azureml_emulator import swagger
from azureml_emulator.batch import submit
from azureml_emulator.http import Call, Reply, Route
from azureml_emulator.jobs.routes import DEPLOYMENT_HEADER
from azureml_emulator.pipeline import openapi as pipeline
from azureml_emulator.pipeline.component import interface
from azureml_emulator.pipeline.submit import pipeline_of

if TYPE_CHECKING:
    from azureml_emulator.emulator import Emulator


def openapi(call: Call) -> Reply:
    """The OpenAPI document, as Swagger 2.0 unless ``version=3`` asks for the other form."""
    endpoint = submit.find_endpoint(call.emulator, call.params["endpoint"], call.params["region"])
    served = submit.route(call.emulator, endpoint, call.headers.get(DEPLOYMENT_HEADER))
    # Swagger 2.0 has the host alone, which is no address that could be translated at the door.
    server = call.address.rpartition("/")[0]
    return Reply(
        swagger.in_version(swagger.document(job_api(call.emulator, served, server)), call.query.get("version"))
    )


def job_api(emulator: Emulator, served: submit.Served, server: str) -> swagger.JobApi:
    """What the endpoint takes with this deployment behind it.

    A model deployment takes one data input and at most one output, whatever their names; a pipeline its own.
    """
    name, urls = served.endpoint["name"], emulator.urls
    inputs = swagger.one_of_any_name(swagger.data_input())
    outputs: swagger.Schema = {"type": "object", "maxProperties": 1, "additionalProperties": swagger.output()}
    settings = swagger.MODEL_SETTINGS
    if served.is_pipeline:
        taken = interface(pipeline_of(emulator, served.deployment))
        inputs, outputs, settings = pipeline.inputs(taken), pipeline.outputs(taken), {}
    return swagger.JobApi(
        title=name,
        description=served.endpoint["properties"].get("description") or f"The batch endpoint {name}.",
        server=server,
        token_url=f"{urls.tenant(emulator.identity.tenant_id)}/oauth2/v2.0/token",
        inputs=inputs,
        outputs=outputs,
        settings=settings,
    )


ROUTES = (Route("GET", "/inference/{endpoint}.{region}/swagger.json", openapi, "dataplane", "inference"),)
