from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pulumi_azureml.arm import ArmClient
from pulumi_azureml.consume import BatchClient, OutputError, StorageError
from pulumi_azureml.consume.outputs import Location, parse_location

from .fake import ORIGIN, WORKSPACE, Service, job_document

CONTAINER_URL = f"{ORIGIN}/blob/account/container?sv=1&sig=SECRET"
LONG = "azureml://subscriptions/s/resourcegroups/g/workspaces/w/datastores/results/paths/runs/1"


@dataclass
class Blob:
    name: str
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass
class Container:
    blobs: dict[str, bytes]
    fails: Exception | None = None
    url: str = CONTAINER_URL
    opened: list[str] = field(default_factory=list)

    def open(self, _client: Any, datastore: str) -> Any:
        self.opened.append(datastore)
        return self

    def list_blobs(self, name_starts_with: str, include: list[str]) -> list[Blob]:
        assert include == ["metadata"]
        return [
            Blob(name, {"hdi_isfolder": "true"} if name.endswith("nested") else {})
            for name in self.blobs
            if name.startswith(name_starts_with)
        ]

    def download_blob(self, name: str, max_concurrency: int) -> Any:
        container, content = self, self.blobs[name]

        class Download:
            def readinto(self, out: Any) -> int:
                out.write(content[: len(content) // 2])
                if container.fails:
                    raise container.fails
                return out.write(content[len(content) // 2 :])

        return Download()


@pytest.fixture
def job(service: Service) -> str:
    service.on("GET", "/jobs/batchjob-1$", job_document("batchjob-1", "Completed"))
    service.on("GET", "/children$", {"value": [{"runId": "step-1"}]})
    service.on("POST", "/rundata$", {"runMetadata": {"outputs": None}})
    service.on("GET", f"{WORKSPACE}/datastores$", {"value": [{"name": "workspaceblobstore"}]})
    return "batchjob-1"


def test_predictions_come_from_the_default_place(arm: ArmClient, job: str, tmp_path: Path):
    score = "azureml/step-1/score"
    container = Container(
        {
            f"{score}/predictions.csv": b"a.png 7\n",
            f"{score}/nested": b"",
            f"{score}/nested/plot.png": b"png",
            f"{score}2/other.csv": b"other",
        }
    )
    said: list[str] = []
    batch = BatchClient(arm, container=container.open)
    files = batch.download(job, tmp_path / "out" / "digits", on_status=said.append)
    out = tmp_path / "out" / "digits"
    assert files == [out / "nested" / "plot.png", out / "predictions.csv"]
    assert (out / "predictions.csv").read_bytes() == b"a.png 7\n"
    assert sorted(path.name for path in out.rglob("*") if path.is_file()) == ["plot.png", "predictions.csv"]
    assert said == ["downloaded 1 of 2 files", "downloaded 2 of 2 files"]


def test_the_services_record_of_the_output_wins(arm: ArmClient, service: Service, job: str, tmp_path: Path):
    outputs = {"score": {"assetId": "azureml://asset/1", "type": "uri_folder"}}
    service.on("POST", "/rundata$", {"runMetadata": {"outputs": outputs}})
    service.on("POST", "/batchGetResolvedUris$", {"values": {"azureml://asset/1": {"uri": LONG}}})
    container = Container({"runs/1/rows.csv": b"x\n"})
    files = BatchClient(arm, container=container.open).download(job, tmp_path)
    assert files == [tmp_path / "rows.csv"]
    assert container.opened[-1] == "results"


def test_a_custom_output_of_the_job_is_found(arm: ArmClient, service: Service, job: str, tmp_path: Path):
    output = {"score": {"jobOutputType": "UriFile", "uri": f"{WORKSPACE}/datastores/results/paths/runs/1/rows.csv"}}
    service.on("GET", "/jobs/batchjob-1$", job_document("batchjob-1", "Completed", outputData=output))
    container = Container({"runs/1/rows.csv": b"x\n"})
    files = BatchClient(arm, container=container.open).download(job, tmp_path)
    assert files == [tmp_path / "rows.csv"]


def test_a_job_without_output_is_told(arm: ArmClient, job: str, tmp_path: Path):
    with pytest.raises(OutputError, match=r"left nothing at azureml://datastores/workspaceblobstore/paths/azureml/"):
        BatchClient(arm, container=Container({}).open).download(job, tmp_path)


@pytest.mark.parametrize(("status", "told"), [("Running", "only when it has ended"), ("Canceled", "before scoring")])
def test_a_job_that_cannot_have_an_output_is_told(
    arm: ArmClient, service: Service, job: str, tmp_path: Path, status: str, told: str
):
    service.on("GET", "/jobs/batchjob-1$", job_document("batchjob-1", status))
    service.on("GET", "/children$", {"value": []})
    with pytest.raises(OutputError, match=told):
        BatchClient(arm, container=Container({}).open).download(job, tmp_path)


def test_a_blob_name_never_leads_out_of_the_folder(arm: ArmClient, job: str, tmp_path: Path):
    container = Container({"azureml/step-1/score/../../../evil": b"x"})
    with pytest.raises(OutputError, match="outside of"):
        BatchClient(arm, container=container.open).download(job, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_download_that_breaks_off_leaves_no_file_and_shows_no_signature(arm: ArmClient, job: str, tmp_path: Path):
    from azure.core.exceptions import ServiceResponseError

    fails = ServiceResponseError("Connection broken: /c?sig=SECRET")
    container = Container({"azureml/step-1/score/predictions.csv": b"a.png 7\n"}, fails)
    with pytest.raises(StorageError, match="the storage did not answer") as caught:
        BatchClient(arm, container=container.open).download(job, tmp_path)
    assert "SECRET" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("azureml://datastores/results/paths/runs/1", Location("results", "runs/1")),
        (LONG + "/", Location("results", "runs/1")),
        (f"{WORKSPACE}/datastores/results/paths/runs/1", Location("results", "runs/1")),
        (f"azureml:{WORKSPACE}/datastores/results/paths/runs/1", Location("results", "runs/1")),
        (f"{ORIGIN}/blob/account/container/runs/a%20b?sig=x", Location("workspaceblobstore", "runs/a b")),
    ],
)
def test_every_form_of_an_output_uri_is_understood(uri: str, place: Location):
    assert parse_location(uri, "workspaceblobstore", CONTAINER_URL) == place


def test_an_output_outside_of_the_workspace_is_told_without_its_signature():
    with pytest.raises(OutputError, match="azcopy") as caught:
        parse_location("https://other.test/c/runs?sig=SECRET", "workspaceblobstore", CONTAINER_URL)
    assert "SECRET" not in str(caught.value)
