"""The addresses of the first interface of pipelines: submit, run status, cancel, the endpoints, Swagger."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from azureml_emulator import swagger
from azureml_emulator.batch import lookup, submit
from azureml_emulator.batch.lenient import BodyError
from azureml_emulator.http import WORKSPACE, Call, Reply, Route, ServiceError
from azureml_emulator.pipeline import shown
from azureml_emulator.pipeline.component import Problem, interface
from azureml_emulator.pipeline.submit import make_record, pipeline_of, refuse
from azureml_emulator.pipeline.v1 import endpoints, openapi, views
from azureml_emulator.pipeline.v1.body import as_invocation, check_submission, read_submission
from azureml_emulator.uris import UriError, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azureml_emulator.pipeline.invocation import PipelineInvocation
    from azureml_emulator.pipeline.v1.body import Submission
    from azureml_emulator.store import Document

_PIPELINES = f"/pipelines/v1.0{WORKSPACE}"
_RUNS = f"{_PIPELINES}/PipelineRuns"
_ENDPOINTS = f"{_PIPELINES}/PipelineEndpoints"
_SWAGGER = "/pipelines/swagger/pipelineendpointsubmit/swagger.json"


def submit_to_endpoint(call: Call) -> Reply:
    """Run a pipeline endpoint's default version, or the version that the address names."""
    endpoint = endpoints.find_endpoint(call.emulator, lookup.workspace(call)["id"], call.params["endpoint"])
    deployment = endpoints.deployment_of(call.emulator, endpoint, call.params.get("version"))
    return _submit(call, endpoint, deployment)


def submit_to_pipeline(call: Call) -> Reply:
    """Run a pipeline by its own id."""
    endpoint, deployment = endpoints.find_pipeline(call.emulator, lookup.workspace(call)["id"], call.params["pipeline"])
    return _submit(call, endpoint, deployment)


def _submit(call: Call, endpoint: Document, deployment: str) -> Reply:
    emulator = call.emulator
    served = submit.route(emulator, endpoint, deployment)
    pipeline = interface(pipeline_of(emulator, served.deployment))
    try:
        asked = read_submission(call.body)
        invocation = as_invocation(asked, pipeline, str(uuid.uuid4()))
    except BodyError as error:
        raise ServiceError(400, "UserError", str(error), _field(str(error))) from error
    refuse(check_submission(asked, invocation, pipeline))
    refuse(_nowhere(call, served.workspace_id, asked, invocation))
    record = make_record(emulator, served, invocation)
    record["v1"] = views.submitted(asked, endpoints.pipeline_id(served.deployment))
    return Reply(views.run(emulator.pipelines.submit(record, endpoint["id"], None)))


def _field(text: str) -> str | None:
    """The field that a problem of a body is about: its text begins with it."""
    return text.split("'")[1] if text.startswith("'") else None


def _nowhere(call: Call, workspace_id: str, asked: Submission, invocation: PipelineInvocation) -> Iterator[Problem]:
    """The assignments of data that lead to nothing."""
    for name, given in invocation.inputs.items():
        try:
            if given.uri:
                resolve(given.uri, workspace_id, call.emulator.store)
        except UriError as error:
            yield Problem(f"{asked.group(name)}.{name}", f"leads nowhere: {str(error).rstrip('.')}")


def get_run(call: Call) -> Reply:
    """A run's status."""
    return Reply(views.run(_run(call)))


def cancel_run(call: Call) -> Reply:
    """Stop a run; one that has ended stays as it is."""
    call.emulator.pipelines.cancel(_run(call))
    return Reply(None, 200)


def _run(call: Call) -> Document:
    name = call.params["run"]
    record = call.emulator.jobs.records.get(lookup.workspace(call)["id"], name)
    if record is None or not shown.is_pipeline(record):
        raise ServiceError(404, "NotFound", f"There is no pipeline run with the id '{name}'.", "pipelineRunId")
    return call.emulator.jobs.current(record)


def list_endpoints(call: Call) -> Reply:
    """The pipeline endpoints of the workspace."""
    found = endpoints.pipeline_endpoints(call.emulator, lookup.workspace(call)["id"])
    return Reply([_shown(call, endpoint) for endpoint in found])


def get_endpoint(call: Call) -> Reply:
    """A pipeline endpoint with its versions."""
    workspace = lookup.workspace(call)["id"]
    return Reply(_shown(call, endpoints.find_endpoint(call.emulator, workspace, call.params["endpoint"])))


def _shown(call: Call, endpoint: Document) -> dict[str, Any]:
    there = endpoints.versions(call.emulator, endpoint)
    return views.endpoint(endpoint, there, lookup.services(call), lookup.workspace(call)["id"])


def get_swagger(call: Call) -> Reply:
    """The document of the interface, one for all endpoints: as Swagger 2.0, or OpenAPI 3.0 with ``version=3``."""
    server = f"{call.address.removesuffix(_SWAGGER)}/pipelines/v1.0"
    token = f"{call.emulator.urls.tenant(call.emulator.identity.tenant_id)}/oauth2/v2.0/token"
    return Reply(swagger.in_version(openapi.document(server, token), call.query.get("version")))


ROUTES = (
    Route("POST", f"{_RUNS}/PipelineEndpointSubmit/Id/{{endpoint}}", submit_to_endpoint, "pipelines", "pipelines"),
    Route(
        "POST", f"{_RUNS}/PipelineEndpointSubmit/Id/{{endpoint}}/{{version}}", submit_to_endpoint,
        "pipelines", "pipelines",
    ),
    Route("POST", f"{_RUNS}/PipelineSubmit/{{pipeline}}", submit_to_pipeline, "pipelines", "pipelines"),
    Route("GET", f"{_RUNS}/{{run}}", get_run, "pipelines", "pipelines"),
    Route("POST", f"{_RUNS}/{{run}}/Cancel", cancel_run, "pipelines", "pipelines"),
    Route("GET", _ENDPOINTS, list_endpoints, "pipelines", "pipelines"),
    Route("GET", f"{_ENDPOINTS}/{{endpoint}}", get_endpoint, "pipelines", "pipelines"),
    Route("GET", _SWAGGER, get_swagger, "open", "pipelines"),
)  # fmt: skip
