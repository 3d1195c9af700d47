"""What the service tells of a job: listings, ARM, run history, errors, logs."""

from __future__ import annotations

import time
from typing import Any

from emulator.batch_service import ECHO, Endpoint, Service


def history(service: Service, method: str, path: str, body: Any = None) -> Any:
    answer = service.call(method, f"/history/v1.0{service.workspace}/{path}", body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_failed_job_tells_why_on_the_job_and_on_its_step(service: Service, data: str) -> None:
    script = """
        def run(mini_batch):
            for path in mini_batch:
                if path.endswith("f2.txt"):
                    raise ValueError("two is not allowed")
            return mini_batch
    """
    endpoint = service.deploy(script, errorThreshold=0)
    name = endpoint.start(data)
    assert endpoint.wait(name) == "Failed"
    for run in (name, endpoint.step(name)):
        details = endpoint.details(run)
        error = details["error"]["error"]
        assert details["status"] == "Failed"
        assert error["code"] == "UserError"
        for part in (
            "ValueError: two is not allowed",
            "score.py:5 in run",
            "f2.txt",
            "Traceback",
            "error threshold of 0",
        ):
            assert part in error["message"]
    logs = endpoint.details(endpoint.step(name))["logFiles"]
    assert "two is not allowed" in service.http.get(logs["logs/user/error.txt"]).text
    parent = endpoint.details(name)["logFiles"]["logs/azureml/executionlogs.txt"]
    assert "two is not allowed" in service.http.get(parent).text


def test_logs_can_be_read_while_the_job_runs(service: Service, waiting: Endpoint, data: str) -> None:
    name = waiting.start(data)
    waiting.wait(name, until={"Running"})
    step = waiting.step(name)
    end = time.monotonic() + 10
    while "waiting" not in (text := _log(service, waiting, step, "logs/user/stdout/node000/process000.stdout.txt")):
        assert time.monotonic() < end, text
        time.sleep(0.05)
    assert "Progress: 0/3 mini-batches" in _log(service, waiting, step, "logs/job_progress_overview.txt")
    assert "Running" in _log(service, waiting, name, "logs/azureml/executionlogs.txt")
    service.call("POST", f"{service.workspace}/jobs/{name}/cancel")
    assert waiting.wait(name) == "Canceled"


def _log(service: Service, endpoint: Endpoint, run: str, log: str) -> str:
    url = endpoint.details(run)["logFiles"].get(log)
    return service.http.get(url).text if url else ""


def test_an_endpoints_jobs_are_listed_page_by_page_newest_first(service: Service, data: str) -> None:
    endpoint = service.deploy(ECHO)
    jobs = [endpoint.run(data) for _ in range(3)]
    url = f"/mferp/managementfrontend{service.workspace}/batchEndpoints/{endpoint.name}/jobs"
    page = service.call("GET", f"{url}?api-version=2020-09-01-dataplanepreview&$top=2", ml=True).json()
    following = service.call("GET", page["nextLink"]).json()
    assert "nextLink" not in following
    assert [job["name"] for job in page["value"] + following["value"]] == jobs[::-1]
    assert service.http.get(url).status_code == 401


def test_a_job_over_arm_is_a_pipeline_job_with_one_step(service: Service, echo: Endpoint, data: str) -> None:
    name = echo.run(data)
    job = service.call("GET", f"{service.workspace}/jobs/{name}").json()
    assert job["properties"]["jobType"] == "Pipeline"
    assert job["properties"]["status"] == "Completed"
    assert job["properties"]["tags"]["azureml.batchrun"] == "true"
    assert isinstance(job["properties"]["services"], dict)
    step = service.call("GET", f"{service.workspace}/jobs/{echo.step(name)}").json()
    assert step["properties"] is None
    assert name in {item["name"] for item in service.call("GET", f"{service.workspace}/jobs").json()["value"]}
    missing = service.call("GET", f"{service.workspace}/jobs/nope")
    assert (missing.status_code, "error" in missing.json()) == (404, True)


def test_run_history_leads_to_the_output(service: Service, echo: Endpoint, data: str) -> None:
    name = echo.run(data)
    step = echo.step(name)
    run = history(service, "POST", "rundata", {"runId": step, "selectRunMetadata": True})["runMetadata"]
    output = run["outputs"]["score"]
    assert output["type"] == "uri_folder"
    url = f"/data/v1.0{service.workspace}/dataversion/batchGetResolvedUris"
    found = service.call("POST", url, {"values": [output["assetId"]]}).json()["values"][output["assetId"]]
    assert found["uri"].endswith(f"/datastores/workspaceblobstore/paths/azureml/{step}/score/")
    assert history(service, "GET", f"runs/{step}")["parentRunId"] == name
    assert history(service, "GET", f"runs/{step}/children") == {"value": []}


def test_deleting_an_endpoint_keeps_its_jobs(service: Service, data: str) -> None:
    endpoint = service.deploy(ECHO)
    name = endpoint.run(data)
    service.call("DELETE", f"{service.workspace}/batchEndpoints/{endpoint.name}")
    assert service.call("GET", endpoint.url, ml=True).status_code == 404
    assert service.call("GET", f"{service.workspace}/jobs/{name}").status_code == 200


def test_every_answer_names_an_api_version_error_as_arm_does(service: Service) -> None:
    answer = service.http.get(
        f"{service.workspace}/jobs",
        headers={"authorization": f"Bearer {service.tokens['https://management.azure.com']}"},
    )
    assert answer.json()["error"]["code"] == "MissingApiVersionParameter"
