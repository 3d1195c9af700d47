"""The addresses of batch jobs: the scoring data plane, ARM jobs, run history and the jobs' listing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from azureml_emulator.arm.paging import has_all, key_values, view_filter, whole
from azureml_emulator.batch import changes, lookup, submit, views
from azureml_emulator.batch.invoke import read_invocation
from azureml_emulator.batch.lenient import BodyError, Fields
from azureml_emulator.batch.records import TERMINAL
from azureml_emulator.http import WORKSPACE, Call, Reply, Route, ServiceError
from azureml_emulator.pipeline import invocation, shown
from azureml_emulator.pipeline import submit as pipeline_submit
from azureml_emulator.pipeline import views as pipeline_views

if TYPE_CHECKING:
    from azureml_emulator.emulator import Emulator
    from azureml_emulator.store import Document

DEPLOYMENT_HEADER = "azureml-model-deployment"
REQUEST_HEADERS = ("repeatability_request-id", "repeatability-request-id")
"""The official client writes the first form; the second is that of the OASIS standard."""
LISTING_VERSION = "2020-09-01-dataplanepreview"
PAGE = 100
POLL_AFTER = "1"
_INFERENCE = "/inference/{endpoint}.{region}/jobs"
_HISTORY = f"/history/v1.0{WORKSPACE}"
_DATA = f"/data/v1.0{WORKSPACE}"
_MODELS = f"/modelregistry/v1.0{WORKSPACE}/models"
_LISTING = f"/mferp/managementfrontend{WORKSPACE}/batchEndpoints/{{endpoint}}"


# -- data plane --------------------------------------------------------------------------------------------


def invoke(call: Call) -> Reply:
    """``POST {scoringUri}``: start a job. The same repeatability id gets the same job."""
    emulator = call.emulator
    endpoint = submit.find_endpoint(emulator, call.params["endpoint"], call.params["region"])
    request = next((call.headers[name] for name in REQUEST_HEADERS if name in call.headers), None)
    known = emulator.jobs.records.by_request(endpoint["id"], request) if request else None
    if known is not None:
        return _accepted(emulator, endpoint, known)
    served = submit.route(emulator, endpoint, call.headers.get(DEPLOYMENT_HEADER))
    try:
        if served.is_pipeline:
            record = pipeline_submit.make_record(emulator, served, invocation.read_invocation(call.body))
            return _accepted(emulator, endpoint, emulator.pipelines.submit(record, endpoint["id"], request))
        record = submit.make_record(emulator, served, read_invocation(call.body, served.workspace_id))
    except BodyError as error:
        raise ServiceError(400, "UserError", str(error)) from error
    return _accepted(emulator, endpoint, emulator.jobs.submit(record, endpoint["id"], request))


def poll(call: Call) -> Reply:
    """``GET {scoringUri}/{job}``: a job's state."""
    endpoint = submit.find_endpoint(call.emulator, call.params["endpoint"], call.params["region"])
    workspace = submit.workspace_of(call.emulator, endpoint)
    record = call.emulator.jobs.records.get(workspace["id"], call.params["job"])
    if record is None or record["endpoint"].lower() != endpoint["name"].lower():
        raise ServiceError(404, "NotFound", f"The endpoint '{endpoint['name']}' has no job '{call.params['job']}'.")
    record = call.emulator.jobs.current(record)
    headers = {} if record["status"] in TERMINAL else {"Retry-After": POLL_AFTER}
    return Reply(shown.data_plane(record), headers=headers)


def list_of_endpoint(call: Call) -> Reply:
    """``GET {scoringUri}``: the endpoint's jobs, newest first."""
    endpoint = submit.find_endpoint(call.emulator, call.params["endpoint"], call.params["region"])
    workspace = submit.workspace_of(call.emulator, endpoint)
    return _page(call, workspace["id"], {"endpoint": endpoint["name"]})


def _accepted(emulator: Emulator, endpoint: Document, record: Document) -> Reply:
    address = f"{emulator.urls.scoring(endpoint['name'], submit.workspace_of(emulator, endpoint)['location'])}"
    return Reply(shown.data_plane(record), 201, {"Location": f"{address}/{record['name']}"})


# -- the listing that the official client uses -------------------------------------------------------------


def list_jobs(call: Call) -> Reply:
    """The jobs of an endpoint or of one of its deployments, newest first, a page at a time.

    Clients come with a token for scoring (the official one) or for management.
    """
    _check_any_token(call)
    workspace = lookup.workspace(call)
    endpoint = call.emulator.store.get(f"{workspace['id']}/batchEndpoints/{call.params['endpoint']}")
    if endpoint is None:
        raise ServiceError(404, "NotFound", f"There is no batch endpoint '{call.params['endpoint']}'.")
    keep = {"endpoint": endpoint["name"]}
    if "deployment" in call.params:
        keep["deployment"] = call.params["deployment"]
    return _page(call, workspace["id"], keep)


def _check_any_token(call: Call) -> None:
    authorization = call.headers.get("authorization", "")
    try:
        call.emulator.identity.check(authorization, "ml")
    except ServiceError:
        call.emulator.identity.check(authorization, "arm")


def _page(call: Call, workspace_id: str, wanted: dict[str, str]) -> Reply:
    """One page of the jobs whose fields have these values."""
    cursor = call.query.get("$skipToken", "")
    size = call.query.get("$top", "") or call.query.get("count", "")
    most = max(1, min(whole("$top", size) if size else PAGE, PAGE))

    def keep(record: Document) -> bool:
        return all(str(record.get(key, "")).lower() == value.lower() for key, value in wanted.items())

    records, following = call.emulator.jobs.records.page(
        workspace_id, size=most, cursor=whole("$skipToken", cursor) if cursor else None, keep=keep
    )
    answer: dict[str, Any] = {"value": [shown.data_plane(record) for record in records]}
    if following is not None:
        version = call.query.get("api-version", LISTING_VERSION)
        query = f"api-version={version}&$top={most}&$skipToken={following}"
        answer["nextLink"] = f"{call.address}?{query}"
    return Reply(answer)


# -- ARM ---------------------------------------------------------------------------------------------------


def get_job(call: Call) -> Reply:
    """``GET {WS}/jobs/{name}``: a job, or one of their steps."""
    record, is_step = lookup.job(call, call.params["job"])
    return Reply(shown.arm(record, lookup.services(call), step=is_step))


def list_arm_jobs(call: Call) -> Reply:
    """``GET {WS}/jobs``: the jobs of the workspace, newest first.

    Filters: ``jobType``, ``tag`` (a key), ``properties`` (``key=value``, …), ``listViewType``.
    """
    workspace = lookup.workspace(call)
    skip = call.query.get("$skip", "")
    services, in_view, query = lookup.services(call), view_filter(call), call.query
    pairs = key_values(query.get("properties", ""))

    def keep(record: Document) -> bool:
        seen = shown.arm(record, services, step=False)["properties"]
        return (
            in_view(seen)
            and query.get("jobType", seen["jobType"]).lower() == seen["jobType"].lower()
            and (not query.get("tag") or query["tag"] in seen["tags"])
            and has_all(seen["properties"], pairs)
        )

    records, following = call.emulator.jobs.records.page(
        workspace["id"], size=PAGE, cursor=whole("$skip", skip) if skip else None, keep=keep
    )
    answer: dict[str, Any] = {"value": [shown.arm(record, services, step=False) for record in records]}
    if following is not None:
        answer["nextLink"] = f"{call.address}?{urlencode({**query, '$skip': following})}"
    return Reply(answer)


def cancel_job(call: Call) -> Reply:
    """``POST {WS}/jobs/{name}/cancel``: stop a job; 200 when it has stopped, else 202."""
    record, _ = lookup.job(call, call.params["job"])
    owner = call.emulator.pipelines if shown.is_pipeline(record) else call.emulator.jobs
    return _stopped(call, owner.cancel(record))


def cancel_result(call: Call) -> Reply:
    """Where the cancel operation's ``Location`` leads: 202 until the job has stopped."""
    record, _ = lookup.job(call, call.params["job"])
    return _stopped(call, record)


def _stopped(call: Call, record: Document) -> Reply:
    """200 when a job has stopped; until then 202 with where to ask again."""
    if record["status"] in TERMINAL:
        return Reply(None, 200)
    version = call.query.get("api-version", "")
    location = f"{call.emulator.urls.arm(record['id'])}/cancelResult?api-version={version}"
    return Reply(None, 202, {"Location": location, "Retry-After": POLL_AFTER})


# -- run history -------------------------------------------------------------------------------------------


def details(call: Call) -> Reply:
    """A run's state, error, warnings and logs."""
    record, is_step = lookup.job(call, call.params["run"])
    return Reply(shown.run_details(record, step=is_step, signed=_signer(call.emulator)))


def get_run(call: Call) -> Reply:
    """A run's metadata."""
    record, is_step = lookup.job(call, call.params["run"])
    return Reply(shown.run(record, lookup.workspace(call), step=is_step))


def children(call: Call) -> Reply:
    """A job's steps: one for a model deployment's job, those that have begun for a pipeline's."""
    record, is_step = lookup.job(call, call.params["run"])
    steps = [] if is_step or "kind" in record else [record]
    if shown.is_pipeline(record):
        steps = call.emulator.pipelines.steps(record)
    return Reply({"value": [shown.run(step, lookup.workspace(call), step=True) for step in steps]})


def run_data(call: Call) -> Reply:
    """``POST rundata``: a run's metadata with its outputs."""
    name = _asked(call).text("runId")
    if not name:
        raise ServiceError(400, "UserError", "'runId' must not be empty.", "runId")
    record, is_step = lookup.job(call, name)
    return Reply({"runMetadata": shown.run(record, lookup.workspace(call), step=is_step)})


def resolved_uris(call: Call) -> Reply:
    """``POST dataversion/batchGetResolvedUris``: where the data behind asset ids are."""
    found = {asset: _address_of_output(call, asset) for asset in _assets(call)}
    return Reply({"values": {asset: {"uri": uri, "type": "UriFolder"} for asset, uri in found.items() if uri}})


def resolved_models(call: Call) -> Reply:
    """``POST models/batchGetResolvedUris``: where the models behind asset ids are."""
    found = {asset: _address_of_output(call, asset) for asset in _assets(call)}
    return Reply({"values": {asset: {"path": uri} for asset, uri in found.items() if uri}})


def _assets(call: Call) -> list[str]:
    assets = _asked(call).get("values")
    if not isinstance(assets, list) or not all(isinstance(asset, str) for asset in assets):
        raise ServiceError(400, "UserError", "'values' must be a list of asset ids.", "values")
    return assets


def _address_of_output(call: Call, asset: str) -> str | None:
    """Where the output of a run lies that run history names by this asset id."""
    workspace_id, records = lookup.workspace(call)["id"], call.emulator.jobs.records
    step = views.step_of_output(asset)
    if step and (record := records.by_step(workspace_id, step)) is not None:
        return views.output_uri(record)
    name, output = pipeline_views.output_of_asset(asset) or ("", "")
    record = records.get(workspace_id, name) if name else None
    if record is None or "kind" not in record or output not in pipeline_views.outputs(record):
        return None
    return pipeline_views.output_uri(record, output)


def _asked(call: Call) -> Fields:
    try:
        return Fields(call.body)
    except BodyError as error:
        raise ServiceError(400, "UserError", str(error)) from error


def _signer(emulator: Emulator) -> views.SignedUrl:
    def signed(container: str, path: str) -> str:
        return f"{emulator.urls.blob(container, path)}?{emulator.storage.blob_sas(container, path)}"

    return signed


ROUTES = (
    Route("POST", _INFERENCE, invoke, "dataplane", "inference"),
    Route("GET", _INFERENCE, list_of_endpoint, "dataplane", "inference"),
    Route("GET", f"{_INFERENCE}/{{job}}", poll, "dataplane", "inference"),
    Route("GET", f"{WORKSPACE}/jobs", list_arm_jobs, "arm", "jobs"),
    Route("GET", f"{WORKSPACE}/jobs/{{job}}", get_job, "arm", "jobs"),
    Route("PUT", f"{WORKSPACE}/jobs/{{job}}", changes.put_job, "arm", "jobs"),
    Route("DELETE", f"{WORKSPACE}/jobs/{{job}}", changes.delete_job, "arm", "jobs"),
    Route("POST", f"{WORKSPACE}/jobs/{{job}}/cancel", cancel_job, "arm", "jobs"),
    Route("GET", f"{WORKSPACE}/jobs/{{job}}/cancelResult", cancel_result, "arm", "jobs"),
    Route("GET", f"{_HISTORY}/runs/{{run}}", get_run, "history", "history"),
    Route("PATCH", f"{_HISTORY}/runs/{{run}}", changes.patch_run, "history", "history"),
    Route("PATCH", f"{_HISTORY}/experiments/{{experiment}}/runs/{{run}}", changes.patch_run, "history", "history"),
    Route("GET", f"{_HISTORY}/runs/{{run}}/details", details, "history", "history"),
    Route("GET", f"{_HISTORY}/runs/{{run}}/children", children, "history", "history"),
    Route("POST", f"{_HISTORY}/rundata", run_data, "history", "history"),
    Route("POST", f"{_DATA}/dataversion/batchGetResolvedUris", resolved_uris, "history", "data"),
    Route("POST", f"{_MODELS}/batchGetResolvedUris", resolved_models, "history", "data"),
    Route("GET", f"{_LISTING}/jobs", list_jobs, "open", "mferp"),
    Route("GET", f"{_LISTING}/deployments/{{deployment}}/jobs", list_jobs, "open", "mferp"),
)
