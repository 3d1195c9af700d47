"""The first REST interface of pipelines, by Azure's own host name and by the emulator's own address."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import requests
from openapi_spec_validator import OpenAPIV2SpecValidator, OpenAPIV30SpecValidator

from azureml_emulator.testing import RunningEmulator
from emulator.batch_service import ECHO, Endpoint, Service
from emulator.pipeline_service import Pipelines, literal, to_parent

NAME = "https://eastus.api.azureml.ms"
ENDED = {"Finished", "Failed", "Canceled"}
NOBODY = "00000000-0000-0000-0000-00000000abcd"
SWAGGER = "/pipelines/swagger/pipelineendpointsubmit/swagger.json"
FORMS = [("?version=2", "definitions"), ("?version=3", "components/schemas")]


class Caller:
    """A client of the first interface that knows addresses and a management token."""

    def __init__(self, service: Service, base: str, proxy: str | None) -> None:
        self.base = base
        self.place = f"{base}/pipelines/v1.0{service.workspace}"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.proxies = {"https": proxy} if proxy else {}
        self.session.verify = str(service.emulator.home / "tls" / "ca.pem")
        self.session.headers["Authorization"] = f"Bearer {service.tokens['https://management.azure.com']}"

    def call(self, method: str, path: str, body: Any = None) -> requests.Response:
        """A request below the workspace's pipelines, or to a whole address."""
        url = path if path.startswith("https://") else f"{self.place}/{path}"
        return self.session.request(method, url, json=body, timeout=60)

    def get(self, path: str) -> Any:
        answer = self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def submit(self, path: str, body: Any) -> dict[str, Any]:
        answer = self.call("POST", f"PipelineRuns/{path}", body)
        assert answer.status_code == 200, answer.text
        run: dict[str, Any] = answer.json()
        return run

    def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str, str | None, str]:
        """Status, code, target and message of an error in the first interface's form."""
        answer = self.call(method, path, body)
        assert answer.status_code >= 400, answer.text
        assert set(answer.json()) == {"Error", "Correlation"}
        error = answer.json()["Error"]
        assert set(error) == {"Code", "Message", "Target", "Details", "InnerError"}
        return answer.status_code, error["Code"], error["Target"], error["Message"]

    def ended(self, run: str) -> dict[str, Any]:
        """A run, once it has ended."""
        end = time.monotonic() + 60
        while (found := self.get(f"PipelineRuns/{run}"))["Status"]["StatusCode"] not in ENDED:
            assert time.monotonic() < end, found
            time.sleep(0.05)
        shown: dict[str, Any] = found
        return shown


@pytest.fixture(scope="module")
def service(azureml_emulator: RunningEmulator) -> Iterator[Service]:
    with Service(azureml_emulator) as client:
        yield client


@pytest.fixture(scope="module")
def pipelines(service: Service) -> Pipelines:
    return Pipelines(service)


@pytest.fixture(scope="module", params=["name", "direct"])
def caller(service: Service, request: pytest.FixtureRequest) -> Caller:
    if request.param == "name":
        return Caller(service, NAME, service.emulator.real_names["HTTPS_PROXY"])
    return Caller(service, service.emulator.origin, None)


@pytest.fixture(scope="module")
def published(pipelines: Pipelines) -> Endpoint:
    """A pipeline that writes what it is given: two literals and two sorts of data."""
    show = pipelines.command(
        'cat "${{inputs.table}}" "${{inputs.folder}}"/* > "${{outputs.out}}/all.txt" &&'
        ' echo "${{inputs.rate}} ${{inputs.word}}" >> "${{outputs.out}}/all.txt"',
        inputs={
            "table": {"type": "uri_file"},
            "folder": {"type": "uri_folder"},
            "rate": {"type": "number", "max": 1},
            "word": {"type": "string"},
        },
        outputs={"out": {"type": "uri_folder"}},
    )
    given = {name: literal(f"${{{{parent.inputs.{name}}}}}") for name in ("table", "folder", "rate", "word")}
    job = {"type": "command", "componentId": show, "inputs": given, "outputs": {"out": to_parent("out")}}
    component = pipelines.pipeline(
        {"show": job},
        inputs={
            "table": {"type": "uri_file"},
            "folder": {"type": "uri_folder"},
            "rate": {"type": "number", "max": 1},
            "word": {"type": "string", "default": "plain"},
        },
        outputs={"out": {"type": "uri_folder"}},
    )
    return pipelines.deploy(component)


@pytest.fixture(scope="module")
def data(service: Service) -> dict[str, Any]:
    """The assignments of data of a run: a file's place, and a registered folder."""
    service.upload("v1", {"t.csv": "1,2\n", "f/a.txt": "A\n"})
    uri = "azureml://datastores/workspaceblobstore/paths/v1/f"
    asset = service.put("data/v1-folder/versions/1", {"dataType": "uri_folder", "dataUri": uri})["id"]
    return {
        "DataPathAssignments": {"table": {"DataStoreName": "workspaceblobstore", "RelativePath": "v1/t.csv"}},
        "DataSetDefinitionValueAssignments": {"folder": {"SavedDataSetReference": {"Id": asset}}},
    }


def found(caller: Caller, endpoint: Endpoint) -> dict[str, Any]:
    """The endpoint as the listing shows it."""
    listed: list[dict[str, Any]] = caller.get("PipelineEndpoints")
    return next(each for each in listed if each["Name"] == endpoint.name)


def test_a_caller_finds_the_endpoint_submits_and_waits(
    caller: Caller, service: Service, published: Endpoint, data: dict[str, Any]
) -> None:
    endpoint = caller.get(f"PipelineEndpoints/{found(caller, published)['Id']}")
    assert endpoint["Url"] == f"{caller.place}/PipelineRuns/PipelineEndpointSubmit/Id/{endpoint['Id']}"
    assert (endpoint["DefaultVersion"], endpoint["PipelineVersionList"][0]["Version"]) == ("0", "0")
    body = {
        "ExperimentName": "nightly", "Description": "by the old way", "RunSource": "DataFactory", "RunType": "HTTP",
        "ParameterAssignments": {"rate": 0.5, "word": "uno"}, "tags": {"team": "ml"}, "Properties": {"a": "b"}, **data,
    }  # fmt: skip
    answer = caller.call("POST", endpoint["Url"], body)
    assert answer.status_code == 200
    run = answer.json()
    assert run["Status"]["StatusCode"] in {"NotStarted", "Running"}
    assert run["PipelineId"] == endpoint["PipelineVersionList"][0]["PipelineId"]
    done = caller.ended(run["Id"])
    assert done["Status"]["StatusCode"] == "Finished", done
    assert done["Status"]["EndTime"] >= done["Status"]["CreationTime"]
    assert {key: done[key] for key in ("RunSource", "RunType", "Description", "RunHistoryExperimentName", "Tags")} == {
        "RunSource": "DataFactory", "RunType": "HTTP", "Description": "by the old way",
        "RunHistoryExperimentName": "nightly", "Tags": {"team": "ml"},
    }  # fmt: skip
    assert done["ParameterAssignments"] == {"rate": 0.5, "word": "uno"}
    assert service.read(f"azureml/{run['Id']}/out/all.txt") == "1,2\nA\n0.5 uno\n"
    # The same run to every other client.
    history = service.call("GET", f"/history/v1.0{service.workspace}/runs/{run['Id']}/details").json()
    assert (history["status"], history["properties"]["azureml.pipelineid"]) == ("Completed", run["PipelineId"])
    assert published.job(run["Id"])["properties"]["status"] == "Completed"


def test_curl_submits_and_polls_as_the_documentation_shows(
    service: Service, published: Endpoint, data: dict[str, Any]
) -> None:
    del data  # they are there
    script = """
        set -euo pipefail
        curl() { command curl --silent --fail-with-body --header "Authorization: Bearer $TOKEN" "$@"; }
        url=$(curl "$PLACE/PipelineEndpoints" | jq -r ".[] | select(.Name == \\"$ENDPOINT\\").Url")
        run=$(curl "$url" --json '{"experimentName": "curl", "parameterAssignments": {"rate": "0.25"},
            "dataPathAssignments": {"table": {"dataStoreName": "workspaceblobstore", "relativePath": "v1/t.csv"},
                                    "folder": {"dataStoreName": "workspaceblobstore", "relativePath": "/v1/f/"}}}' |
            jq -r .Id)
        while status=$(curl "$PLACE/PipelineRuns/$run" | jq -r .Status.StatusCode);
            [ "$status" = NotStarted ] || [ "$status" = Running ]; do sleep 0.2; done
        echo "$status"
    """
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TOKEN": service.tokens["https://management.azure.com"],
        "PLACE": f"{NAME}/pipelines/v1.0{service.workspace}",
        "ENDPOINT": published.name,
        "HTTPS_PROXY": service.emulator.real_names["HTTPS_PROXY"],
        "CURL_CA_BUNDLE": str(service.emulator.home / "tls" / "ca.pem"),
    }
    done = subprocess.run(
        ["bash", "-c", script], check=False, env=environment, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout) == (0, "Finished\n"), done.stdout + done.stderr


def test_versions_are_deployments_and_keep_their_numbers(caller: Caller, pipelines: Pipelines) -> None:
    step = pipelines.command("true")
    jobs = {"only": {"type": "command", "componentId": step}}
    endpoint = pipelines.deploy(pipelines.pipeline(jobs))
    configuration = {
        "deploymentConfigurationType": "PipelineComponent",
        "componentId": {"referenceType": "Id", "assetId": pipelines.pipeline(jobs)},
        "settings": {"default_compute": pipelines.compute},
    }
    deployments = f"batchEndpoints/{endpoint.name}/deployments"
    service = pipelines.service
    service.put(f"{deployments}/second", {"deploymentConfiguration": configuration}, location="eastus")
    shown = found(caller, endpoint)
    assert shown["DefaultVersion"] == "0"
    first, second = shown["PipelineVersionList"]
    assert (first["Version"], second["Version"]) == ("0", "1")
    by_version = caller.submit(f"PipelineEndpointSubmit/Id/{shown['Id']}/1", {"ExperimentName": "e"})
    assert by_version["PipelineId"] == second["PipelineId"] != first["PipelineId"]
    assert caller.submit(f"PipelineSubmit/{first['PipelineId']}", {})["PipelineId"] == first["PipelineId"]
    endpoint.wait(by_version["Id"])
    service.call("DELETE", f"{service.workspace}/{deployments}/run")
    shown = found(caller, endpoint)
    assert (shown["DefaultVersion"], [each["Version"] for each in shown["PipelineVersionList"]]) == (None, ["1"])
    where = f"PipelineRuns/PipelineEndpointSubmit/Id/{shown['Id']}"
    status, code, target, message = caller.refused("POST", where, {})
    assert (status, code, target) == (404, "NotFound", "defaultVersion")
    assert "has no default version; it has 1. Set its default deployment." in message
    assert caller.refused("POST", f"{where}/0", {})[::2] == (404, "pipelineVersion")


def test_a_run_is_canceled_and_a_failed_one_says_why(caller: Caller, pipelines: Pipelines) -> None:
    shell = pipelines.command("${{inputs.text}}", inputs={"text": {"type": "string"}})
    inputs = {"text": literal("${{parent.inputs.text}}")}
    jobs = {"shell": {"type": "command", "componentId": shell, "inputs": inputs}}
    endpoint = pipelines.deploy(pipelines.pipeline(jobs, inputs={"text": {"type": "string"}}))
    place = f"PipelineEndpointSubmit/Id/{found(caller, endpoint)['Id']}"
    waiting = caller.submit(place, {"ParameterAssignments": {"text": "while true; do read -t 0.1 < /dev/zero; done"}})
    assert caller.call("POST", f"PipelineRuns/{waiting['Id']}/Cancel").status_code == 200
    assert caller.ended(waiting["Id"])["Status"]["StatusCode"] == "Canceled"
    assert caller.call("POST", f"PipelineRuns/{waiting['Id']}/Cancel").status_code == 200
    failed = caller.submit(place, {"ParameterAssignments": {"text": "echo no such table >&2; exit 3"}})
    status = caller.ended(failed["Id"])["Status"]
    assert status["StatusCode"] == "Failed"
    assert "the step 'shell' failed" in status["StatusDetail"]


def test_a_caller_finds_the_runs_of_an_experiment_that_are_under_way(caller: Caller, pipelines: Pipelines) -> None:
    shell = pipelines.command("${{inputs.text}}", inputs={"text": {"type": "string"}})
    inputs = {"text": literal("${{parent.inputs.text}}")}
    jobs = {"shell": {"type": "command", "componentId": shell, "inputs": inputs}}
    endpoint = pipelines.deploy(pipelines.pipeline(jobs, inputs={"text": {"type": "string"}}))
    place, experiment = f"PipelineEndpointSubmit/Id/{found(caller, endpoint)['Id']}", f"forecast-{endpoint.name}"
    done, stuck = (
        caller.submit(place, {"ExperimentName": experiment, "ParameterAssignments": {"text": text}})["Id"]
        for text in ("true", "while true; do read -t 0.1 < /dev/zero; done")
    )
    caller.ended(done)
    query = f"{caller.place.replace('/pipelines/', '/history/')}/experiments/{experiment}/runs:query"

    def runs(**body: Any) -> list[str]:
        answer = caller.call("POST", query, body)
        assert answer.status_code == 200, answer.text
        return [run["runId"] for run in answer.json()["value"]]

    assert runs() == [stuck, done]
    assert runs(filter="Status eq 'Completed'") == [done]
    assert runs(filter="status ne 'Completed' and (RunId eq 'x' or runType eq azureml.PipelineRun)") == [stuck]
    first = caller.call("POST", query, {"top": 1}).json()
    assert [run["runId"] for run in first["value"]] == [stuck]
    assert runs(continuationToken=first["continuationToken"]) == [done]
    caller.call("POST", f"PipelineRuns/{stuck}/Cancel")
    caller.ended(stuck)
    assert runs(filter="status eq 'Running' or status eq 'NotStarted'") == []
    for wrong in ("state eq 'x'", "status like 'x'", "status eq", "status eq 'a' 'b'", "(status eq 'a'", "?"):
        answer = caller.call("POST", query, {"filter": wrong})
        assert (answer.status_code, answer.json()["error"]["target"]) == (400, "filter"), wrong
        assert "is not understood" in answer.json()["error"]["message"]


GOOD = {"table": {"RelativePath": "v1/t.csv"}, "folder": {"RelativePath": "v1/f"}}


@pytest.mark.parametrize(
    ("body", "target", "text"),
    [
        ({"DataPathAssignments": GOOD}, "ParameterAssignments.rate", "is required"),
        ({"ParameterAssignments": {"rate": 1}}, "DataPathAssignments.table", "is required"),
        ({"ParameterAssignments": {"rate": 2}, "DataPathAssignments": GOOD}, "ParameterAssignments.rate", "maximum"),
        ({"ParameterAssignments": {"rate": []}}, "ParameterAssignments.rate", "must be a string, a number"),
        ({"ParameterAssignments": {"rat": 1}}, "ParameterAssignments.rat", "is not known: the pipeline has the inputs"),
        ({"ParameterAssignments": {"table": "x"}}, "ParameterAssignments.table", "data of the type uri_file is wanted"),
        ({"DataPathAssignments": {"rate": {"RelativePath": "x"}}}, "DataPathAssignments.rate", "number is wanted"),
        ({"DataPathAssignments": {"table": {}}}, "DataPathAssignments.table.RelativePath", "must not be empty"),
        ({"DataPathAssignments": []}, "DataPathAssignments", "must be an object"),
        (
            {"ParameterAssignments": {"rate": 1}, "DataPathAssignments": {**GOOD, "table": {
                "DataStoreName": "nowhere", "RelativePath": "x"}}},
            "DataPathAssignments.table", "there is no datastore 'nowhere'",
        ),
        (
            {"DataSetDefinitionValueAssignments": {"folder": {"SavedDataSetReference": {"Id": NOBODY}}},
             "ParameterAssignments": {"rate": 1}, "DataPathAssignments": {"table": GOOD["table"]}},
            "DataSetDefinitionValueAssignments.folder", "leads nowhere",
        ),
        (
            {"DataSetDefinitionValueAssignments": {"folder": {"Id": "x"}}},
            "DataSetDefinitionValueAssignments.folder", "must be {SavedDataSetReference: {Id}}",
        ),
        (
            {"ParameterAssignments": {"table": "x"}, "DataPathAssignments": GOOD},
            "DataPathAssignments.table", "is in 'ParameterAssignments' too",
        ),
        ({"ContinueRunOnStepFailure": "perhaps"}, "ContinueRunOnStepFailure", "must be true or false"),
    ],
)  # fmt: skip
def test_a_wrong_body_is_refused_and_the_field_named(
    service: Service, published: Endpoint, body: dict[str, Any], target: str, text: str
) -> None:
    caller = Caller(service, service.emulator.origin, None)
    where = f"PipelineRuns/PipelineEndpointSubmit/Id/{found(caller, published)['Id']}"
    status, code, named, message = caller.refused("POST", where, body)
    assert (status, code, named) == (400, "UserError", target)
    assert text in message


def test_what_the_emulator_does_not_have_is_refused_by_name(service: Service, published: Endpoint) -> None:
    caller = Caller(service, service.emulator.origin, None)
    where = f"PipelineRuns/PipelineEndpointSubmit/Id/{found(caller, published)['Id']}"
    refused = caller.refused("POST", where, {"AssetOutputSettingsAssignments": {"out": {}}})
    assert refused[:3] == (501, "NotImplemented", "AssetOutputSettingsAssignments")


@pytest.mark.parametrize(
    ("method", "path", "target"),
    [
        ("GET", f"PipelineEndpoints/{NOBODY}", "pipelineEndpointId"),
        ("POST", f"PipelineRuns/PipelineEndpointSubmit/Id/{NOBODY}", "pipelineEndpointId"),
        ("POST", f"PipelineRuns/PipelineSubmit/{NOBODY}", "pipelineId"),
        ("GET", f"PipelineRuns/{NOBODY}", "pipelineRunId"),
        ("POST", f"PipelineRuns/{NOBODY}/Cancel", "pipelineRunId"),
    ],
)
def test_ids_that_nobody_has_are_not_found(caller: Caller, method: str, path: str, target: str) -> None:
    assert caller.refused(method, path, {})[:3] == (404, "NotFound", target)


def test_endpoints_of_models_are_none_of_pipelines(caller: Caller, service: Service) -> None:
    scoring = service.deploy(ECHO)
    assert scoring.name not in [each["Name"] for each in caller.get("PipelineEndpoints")]


def test_the_token_is_one_for_management(caller: Caller, service: Service) -> None:
    wrong = Caller(service, caller.base, caller.session.proxies.get("https"))
    wrong.session.headers["Authorization"] = f"Bearer {service.tokens['https://ml.azure.com']}"
    status, code, _, message = wrong.refused("GET", "PipelineEndpoints")
    assert (status, code) == (401, "InvalidAuthenticationTokenAudience")
    assert "wrong audience or resource 'https://ml.azure.com'" in message
    del wrong.session.headers["Authorization"]
    assert wrong.refused("GET", "PipelineEndpoints")[:2] == (401, "AuthenticationFailed")


@pytest.mark.parametrize(
    ("query", "validator"), [("", OpenAPIV2SpecValidator), ("?version=3", OpenAPIV30SpecValidator)]
)
def test_the_swagger_document_is_valid_and_where_the_endpoint_says(
    caller: Caller, published: Endpoint, query: str, validator: Any
) -> None:
    url = found(caller, published)["SwaggerUrl"]
    assert url == f"{caller.base}{SWAGGER}"
    document = caller.get(url + query)
    validator(document).validate()
    server = document["servers"][0]["url"] if query else f"https://{document['host']}{document['basePath']}"
    assert server == f"{caller.base}/pipelines/v1.0"


@pytest.mark.parametrize(("query", "at"), FORMS)
def test_requests_and_answers_are_as_the_swagger_document_says(
    caller: Caller, published: Endpoint, data: dict[str, Any], query: str, at: str
) -> None:
    document = caller.get(f"{caller.base}{SWAGGER}{query}")

    def check(name: str, value: Any) -> None:
        jsonschema.Draft4Validator({**document, "$ref": f"#/{at}/{name}"}).validate(value)

    body = {"ExperimentName": "e", "ParameterAssignments": {"rate": 1, "word": "w"}, **data}
    check("PipelineRunCreation", body)
    endpoint = found(caller, published)
    check("PipelineEndpoint", endpoint)
    run = caller.submit(f"PipelineEndpointSubmit/Id/{endpoint['Id']}", body)
    check("PipelineRun", run)
    check("PipelineRun", caller.ended(run["Id"]))
    check("ErrorResponse", caller.call("GET", f"PipelineRuns/{NOBODY}").json())
