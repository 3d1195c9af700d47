from __future__ import annotations

from pathlib import Path

import pytest
import requests

from pulumi_azureml.arm import ArmClient, BadRequestError, TransportError
from pulumi_azureml.consume import BatchClient, InputError, InvokeOptions, StorageError

from .fake import SCORING_URI, WORKSPACE, Service, job_document

SUBMITTED = (201, job_document("batchjob-1", "NotStarted"))


def test_a_local_folder_is_uploaded_and_its_uri_sent(
    batch: BatchClient, service: Service, uploads: list[str], tmp_path: Path
):
    (tmp_path / "a.png").write_bytes(b"a")
    said: list[str] = []
    service.on("POST", "/jobs$", SUBMITTED)
    job = batch.invoke(SCORING_URI, tmp_path, on_status=said.append)
    assert (job.name, job.status, job.scoring_uri) == ("batchjob-1", "NotStarted", SCORING_URI)
    assert uploads == [str(tmp_path)]
    assert said == ["uploading 1 of 1 files", "submitting the job"]
    assert service.sent[-1].body["properties"]["inputData"]["data"] == {
        "jobInputType": "UriFolder",
        "uri": f"azureml://datastores/workspaceblobstore/paths/LocalUpload/hash/{tmp_path.name}",
    }


def test_the_data_plane_gets_its_own_token_and_the_deployment(batch: BatchClient, service: Service):
    service.on("POST", "/jobs$", SUBMITTED)
    batch.invoke(SCORING_URI, "https://host/data", options=InvokeOptions(deployment="blue"))
    headers = service.sent[-1].headers
    assert headers["Authorization"] == "Bearer token-for-ml"
    assert headers["azureml-model-deployment"] == "blue"


def test_two_invocations_have_two_ids_and_a_given_id_is_kept(batch: BatchClient, service: Service):
    service.on("POST", "/jobs$", SUBMITTED)
    batch.invoke(SCORING_URI, "https://host/data")
    batch.invoke(SCORING_URI, "https://host/data")
    batch.invoke(SCORING_URI, "https://host/data", request_id="mine")
    first, second, third = [sent.headers["repeatability_request-id"] for sent in service.sent]
    assert len(first) == 36
    assert first != second
    assert third == "mine"


def test_a_submission_that_breaks_off_is_repeated_with_the_same_id(batch: BatchClient, service: Service):
    broken = requests.exceptions.ChunkedEncodingError("cut")
    service.on("POST", "/jobs$", broken, SUBMITTED)
    assert batch.invoke(SCORING_URI, "https://host/data").name == "batchjob-1"
    first, second = [sent.headers["repeatability_request-id"] for sent in service.sent]
    assert first == second


def test_a_data_asset_is_looked_up_for_its_type(batch: BatchClient, service: Service):
    service.on("POST", "/jobs$", SUBMITTED)
    service.on("GET", f"{WORKSPACE}/data/images$", {"properties": {"latestVersion": "7"}})
    service.on("GET", f"{WORKSPACE}/data/images/versions/7$", {"properties": {"dataType": "uri_file"}})
    batch.invoke(SCORING_URI, "azureml:images@latest")
    assert service.sent[-1].body["properties"]["inputData"]["data"] == {
        "jobInputType": "UriFile",
        "uri": f"{WORKSPACE}/data/images/versions/7",
    }


def test_an_unknown_data_asset_is_told_before_a_job_starts(batch: BatchClient, service: Service):
    with pytest.raises(InputError, match="no data asset 'images' in version '9' in workspace 'space'"):
        batch.invoke(SCORING_URI, "azureml:images:9")
    assert service.count("POST", ".") == 0


@pytest.mark.parametrize(
    ("name", "input_type", "told"),
    [
        ("missing", None, "does not exist"),
        ("empty", None, "nothing to score"),
        ("file.png", "folder", "is a file, not a folder"),
    ],
)
def test_bad_local_input_starts_nothing(
    batch: BatchClient, service: Service, uploads: list[str], tmp_path: Path, name: str, input_type, told: str
):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.png").touch()
    with pytest.raises(InputError, match=told):
        batch.invoke(SCORING_URI, tmp_path / name, input_type=input_type)
    assert (service.sent, uploads) == ([], [])


def test_wrong_options_are_told_before_the_upload(batch: BatchClient, uploads: list[str], tmp_path: Path):
    (tmp_path / "a.png").touch()
    with pytest.raises(InputError, match="mini_batch_size is 0"):
        batch.invoke(SCORING_URI, tmp_path, options=InvokeOptions(mini_batch_size=0))
    assert uploads == []


def test_an_upload_that_fails_shows_no_signature(arm: ArmClient, service: Service, tmp_path: Path):
    from azure.core.exceptions import ServiceRequestError

    def upload(*_: object) -> str:
        raise ServiceRequestError("Max retries exceeded with url: /c?sv=1&sig=SECRET")

    (tmp_path / "a.png").touch()
    with pytest.raises(StorageError) as caught:
        BatchClient(arm, upload=upload).invoke(SCORING_URI, tmp_path)
    assert "SECRET" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert service.sent == []


def test_what_the_service_refuses_is_told_in_its_words(batch: BatchClient, service: Service):
    service.on("POST", "/jobs$", (400, {"code": "UserError", "message": "No valid deployments to route to."}))
    with pytest.raises(BadRequestError, match="No valid deployments to route to") as caught:
        batch.invoke(SCORING_URI, "https://host/data")
    assert "invoke the batch endpoint" in str(caught.value)


def test_an_endpoint_that_does_not_answer_is_told(batch: BatchClient, service: Service):
    service.on("POST", "/jobs$", requests.exceptions.ConnectionError("refused"))
    with pytest.raises(TransportError, match="no answer"):
        batch.invoke(SCORING_URI, "https://host/data")
