"""Client of the batch endpoint "digits": start a job, wait for it, fetch its results.

    pip install azure-identity azure-storage-blob requests      # Python 3.11 or newer
    python digits_client.py DATA FOLDER

DATA is where the data are: azureml://datastores/NAME/paths/PATH, azureml:NAME:VERSION or https://…; a folder, unless
it ends in an extension. The predictions are saved in FOLDER.

It signs in as azure-identity can: `az login`, AZURE_CLIENT_ID and its siblings, a managed identity.
"""

from __future__ import annotations

import os
import re
import sys
import time
import uuid
from pathlib import Path
from typing import Any, TypedDict

import requests
from azure.core.exceptions import AzureError
from azure.identity import DefaultAzureCredential
from azure.storage.blob import ContainerClient
from requests.adapters import HTTPAdapter
from urllib3 import Retry

SCORING_URI = "https://digits.westeurope.inference.ml.azure.com/jobs"
DEPLOYMENT = None  # None: the endpoint's default
WORKSPACE = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/digits/providers/Microsoft.MachineLearningServices/workspaces/digits"
API_VERSION = "2024-04-01"
ARM = "https://management.azure.com"
API = "https://westeurope.api.azureml.ms"
DATASTORE = "workspaceblobstore"  # where results are written

HINTS = {
    401: "The token was refused: sign in again, to the tenant of the workspace.",
    403: "The one who is signed in may not do this: it takes the role AzureML Data Scientist or a higher one.",
    404: "The endpoint digits, its deployment or the job is not there: see the endpoint in the workspace.",
    429: "It was sent again a few times, as the service asked, and still refused: try later, or send less at once.",
    503: "It was sent again a few times, as the service asked, and still refused: try later, or send less at once.",
}


class EndpointError(Exception):
    """The service refused, or the job failed; the text says why and what to do."""


class RetrySettings(TypedDict, total=False):
    maxRetries: int
    timeout: str  # ISO 8601 duration, such as PT30S


class Compute(TypedDict, total=False):
    instanceCount: int


class Properties(TypedDict, total=False):
    experimentName: str


class Settings(TypedDict, total=False):
    miniBatchSize: int  # files for one call of run()
    errorThreshold: int  # failed items that abort; -1: never
    retrySettings: RetrySettings
    outputFileName: str
    compute: Compute
    name: str  # of the new job
    tags: dict[str, str]
    properties: Properties


class DigitsClient:
    """The endpoint, as whoever azure-identity finds signed in."""

    def __init__(self, credential: Any = None) -> None:
        # A cloud of one's own is not known to login.microsoftonline.com, which would be asked for it first.
        private = "AZURE_AUTHORITY_HOST" in os.environ
        self._credential = credential or DefaultAzureCredential(disable_instance_discovery=private)
        self._http = requests.Session()
        # Waits for as long as Retry-After says; any request may be sent again, for a job is started once per id.
        retry = Retry(total=6, backoff_factor=1, status_forcelist=[429, 503], allowed_methods=None, raise_on_status=False)
        self._http.mount("https://", HTTPAdapter(max_retries=retry))

    def start(self, data: str, data_type: str = "UriFolder", settings: Settings | None = None) -> str:
        """Start a job that scores some data (UriFolder, UriFile, MLTable); return its name."""
        once = str(uuid.uuid4())
        headers = {"repeatability_request-id": once}
        if DEPLOYMENT:
            headers["azureml-model-deployment"] = DEPLOYMENT
        output = f"{WORKSPACE}/datastores/{DATASTORE}/paths/azureml/{once}"
        properties = {
            **(settings or {}),
            "inputData": {"data": {"jobInputType": data_type, "uri": data}},
            "outputData": {"score": {"jobOutputType": "UriFile", "uri": output}},
        }
        body = {"properties": properties}
        job, _ = self._call("POST", SCORING_URI, "https://ml.azure.com", json=body, headers=headers)
        return str(job["name"])

    def wait(self, job: str) -> dict[str, Any]:
        """Wait until the job has ended; return it when it has completed."""
        while True:
            found, pause = self._call("GET", f"{SCORING_URI}/{job}", "https://ml.azure.com")
            status = found["properties"]["status"]
            if status == "Completed":
                return found
            if status in ("Failed", "Canceled"):
                raise EndpointError(f"Job {job} is {status}. {self._reason(job)}")
            time.sleep(pause)

    def results(self, job: dict[str, Any], folder: Path) -> list[Path]:
        """Save what a completed job wrote into a folder; return the files."""
        saved = []
        for output in job["properties"].get("outputData", {}).values():
            datastore, path = re.search(r"datastores/([^/]+)/paths/(.+?)/*$", output["uri"]).groups()
            container = self._container(datastore)
            for blob in container.list_blob_names(name_starts_with=path):
                inner = blob[len(path) :]
                if inner and not inner.startswith("/"):
                    continue  # another output, whose name begins alike
                parts = [part for part in inner.split("/") if part not in ("", "..")]
                target = folder.joinpath(*parts or [Path(path).name])
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as file:
                    container.download_blob(blob).readinto(file)
                saved.append(target)
        return saved

    def _container(self, datastore: str) -> ContainerClient:
        at = f"{ARM}{WORKSPACE}/datastores/{datastore}"
        store = self._call("GET", f"{at}?api-version={API_VERSION}", "https://management.azure.com")[0]["properties"]
        secrets, _ = self._call("POST", f"{at}/listSecrets?api-version={API_VERSION}", "https://management.azure.com")
        account = f"{store['protocol']}://{store['accountName']}.blob.{store['endpoint']}"
        credential = secrets.get("sasToken") or secrets.get("key") or self._credential
        return ContainerClient(account, store["containerName"], credential=credential)

    def _reason(self, job: str) -> str:
        url = f"{API}/history/v1.0{WORKSPACE}/runs/{job}/details"
        error = (self._call("GET", url, "https://management.azure.com")[0].get("error") or {}).get("error") or {}
        return error.get("message") or "Its logs say why."

    def _call(self, method: str, url: str, audience: str, **options: Any) -> tuple[Any, float]:
        """Send a request; return the answer's body, and the seconds to wait before asking again."""
        token = self._credential.get_token(f"{audience}/.default").token
        headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
        answer = self._http.request(method, url, headers=headers, timeout=120, **options)
        if not answer.ok:
            raise EndpointError(_refusal(method, answer))
        return answer.json(), float(answer.headers.get("Retry-After", 5))


def _refusal(method: str, answer: requests.Response) -> str:
    try:
        body = answer.json()
        error = body.get("error", body)
        message = f"{error['code']}: {error['message']}"
    except (ValueError, KeyError, TypeError, AttributeError):
        message = answer.text.strip() or answer.reason
    request = answer.headers.get("x-ms-request-id", "none")
    hint = HINTS.get(answer.status_code, "")
    return f"{method} {answer.url.split('?')[0]}: {answer.status_code} {message} (request id {request}). {hint}".strip()


def main(arguments: list[str]) -> None:
    """Score some data and save the predictions."""
    if len(arguments) != 2:
        sys.exit("usage: python digits_client.py DATA FOLDER")
    data, folder = arguments
    client = DigitsClient()
    job = client.start(data, "UriFile" if re.search(r"\.\w+$", data) else "UriFolder")
    print(f"started {job}")
    for file in client.results(client.wait(job), Path(folder)):
        print(f"saved {file}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (EndpointError, AzureError, requests.RequestException) as error:
        sys.exit(f"error: {error}")
