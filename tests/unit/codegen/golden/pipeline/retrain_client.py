"""Client of the pipeline endpoint "retrain": start a job, wait for it, fetch its results.

    pip install azure-identity azure-storage-blob requests      # Python 3.11 or newer
    python retrain_client.py FOLDER data=DATA [base=DATA] [rate=VALUE] [rounds=VALUE] [kernel=VALUE] [quick=VALUE]

Data are given by their address: azureml://datastores/NAME/paths/PATH, azureml:NAME:VERSION or https://…; other values
as in JSON. What the pipeline gives is saved in FOLDER.

It signs in as azure-identity can: `az login`, AZURE_CLIENT_ID and its siblings, a managed identity.
"""

from __future__ import annotations

import os
import re
import sys
import time
import uuid
import json
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict

import requests
from azure.core.exceptions import AzureError
from azure.identity import DefaultAzureCredential
from azure.storage.blob import ContainerClient
from requests.adapters import HTTPAdapter
from urllib3 import Retry

SCORING_URI = "https://retrain.westeurope.inference.ml.azure.com/jobs"
DEPLOYMENT = None  # None: the endpoint's default
WORKSPACE = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/digits/providers/Microsoft.MachineLearningServices/workspaces/digits"
API_VERSION = "2024-04-01"
ARM = "https://management.azure.com"
API = "https://westeurope.api.azureml.ms"
DATASTORE = "workspaceblobstore"  # where results are written

HINTS = {
    401: "The token was refused: sign in again, to the tenant of the workspace.",
    403: "The one who is signed in may not do this: it takes the role AzureML Data Scientist or a higher one.",
    404: "The endpoint retrain, its deployment or the job is not there: see the endpoint in the workspace.",
    429: "It was sent again a few times, as the service asked, and still refused: try later, or send less at once.",
    503: "It was sent again a few times, as the service asked, and still refused: try later, or send less at once.",
}


class EndpointError(Exception):
    """The service refused, or the job failed; the text says why and what to do."""


class Inputs(TypedDict):
    data: str  # UriFolder
    base: NotRequired[str]  # CustomModel
    rate: NotRequired[float]  # default 0.5
    rounds: NotRequired[int]  # default 3
    kernel: NotRequired[Literal["linear", "poly"]]
    quick: NotRequired[bool]  # default true


KINDS_OF_INPUTS = {
    "data": "UriFolder",
    "base": "CustomModel",
    "rate": "Literal",
    "rounds": "Literal",
    "kernel": "Literal",
    "quick": "Literal",
}
OUTPUTS = {"model": "MLFlowModel", "report": "UriFile"}
SCHEMA = {
    "type": "object",
    "properties": {
        "data": {"type": "string"},
        "base": {"type": "string"},
        "rate": {"type": "number", "minimum": 0, "maximum": 1},
        "rounds": {"type": "integer"},
        "kernel": {"type": "string", "enum": ["linear", "poly"]},
        "quick": {"type": "boolean"},
    },
    "required": ["data"],
    "additionalProperties": False,
}

KINDS = {"object": dict, "array": (list, tuple), "string": str, "number": (int, float), "integer": int, "boolean": bool}


def check(value: Any, schema: Any, place: str) -> None:
    """Refuse a value that does not fit the schema, and name the field."""
    if schema is False:
        raise EndpointError(f"{place} is not known")
    wanted = schema.get("type")
    if wanted and (not isinstance(value, KINDS[wanted]) or isinstance(value, bool) != (wanted == "boolean")):
        raise EndpointError(f"{place} must be of the type {wanted}, not {value!r:.80}")
    if value not in schema.get("enum", [value]):
        raise EndpointError(f"{place} must be one of {schema['enum']}, not {value!r:.80}")
    if "minimum" in schema and value < schema["minimum"] or "maximum" in schema and value > schema["maximum"]:
        raise EndpointError(f"{place} must be from {schema.get('minimum')} to {schema.get('maximum')}, not {value}")
    if isinstance(value, dict):
        for name in schema.get("required", []):
            if name not in value:
                raise EndpointError(f"{place}.{name} is missing")
        for name, each in value.items():
            others = schema.get("additionalProperties", {})
            check(each, schema.get("properties", {}).get(name, others), f"{place}.{name}")
    if isinstance(value, (list, tuple)):
        for index, each in enumerate(value):
            check(each, schema.get("items", {}), f"{place}[{index}]")


class RetrainClient:
    """The endpoint, as whoever azure-identity finds signed in."""

    def __init__(self, credential: Any = None) -> None:
        # A cloud of one's own is not known to login.microsoftonline.com, which would be asked for it first.
        private = "AZURE_AUTHORITY_HOST" in os.environ
        self._credential = credential or DefaultAzureCredential(disable_instance_discovery=private)
        self._http = requests.Session()
        # Waits for as long as Retry-After says; any request may be sent again, for a job is started once per id.
        retry = Retry(total=6, backoff_factor=1, status_forcelist=[429, 503], allowed_methods=None, raise_on_status=False)
        self._http.mount("https://", HTTPAdapter(max_retries=retry))

    def start(self, inputs: Inputs) -> str:
        """Start a job; return its name."""
        check(inputs, SCHEMA, "inputs")
        once = str(uuid.uuid4())
        headers = {"repeatability_request-id": once}
        if DEPLOYMENT:
            headers["azureml-model-deployment"] = DEPLOYMENT
        data: dict[str, Any] = {name: {"jobInputType": KINDS_OF_INPUTS[name]} for name in inputs}
        for name, value in inputs.items():
            data[name]["value" if KINDS_OF_INPUTS[name] == "Literal" else "uri"] = value
        place = f"{WORKSPACE}/datastores/{DATASTORE}/paths/azureml/{once}"
        made = {name: {"jobOutputType": kind, "uri": f"{place}/{name}"} for name, kind in OUTPUTS.items()}
        body = {"properties": {"inputData": data, "outputData": made}}
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
        for name, output in job["properties"].get("outputData", {}).items():
            datastore, path = re.search(r"datastores/([^/]+)/paths/(.+?)/*$", output["uri"]).groups()
            container = self._container(datastore)
            for blob in container.list_blob_names(name_starts_with=path):
                inner = blob[len(path) :]
                if inner and not inner.startswith("/"):
                    continue  # another output, whose name begins alike
                parts = [part for part in inner.split("/") if part not in ("", "..")]
                target = folder.joinpath(name, *parts)
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


def given(argument: str) -> tuple[str, Any]:
    """The name and the value of an argument NAME=VALUE; a value that is no text is written as in JSON."""
    name, _, text = argument.partition("=")
    try:
        return name, text if SCHEMA["properties"][name]["type"] == "string" else json.loads(text)
    except (KeyError, ValueError):
        return name, text  # check tells what is wrong with it


def main(arguments: list[str]) -> None:
    """Run the pipeline and save what it gives."""
    if not arguments or "=" in arguments[0]:
        sys.exit("usage: python retrain_client.py FOLDER " "data=DATA [base=DATA] [rate=VALUE] [rounds=VALUE] [kernel=VALUE] [quick=VALUE]")
    client = RetrainClient()
    job = client.start(dict(given(argument) for argument in arguments[1:]))
    print(f"started {job}")
    for file in client.results(client.wait(job), Path(arguments[0])):
        print(f"saved {file}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (EndpointError, AzureError, requests.RequestException) as error:
        sys.exit(f"error: {error}")
