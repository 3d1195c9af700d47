"""Client of the real-time endpoint "iris": send a request, get the answer.

    pip install requests      # Python 3.11 or newer
    python iris_client.py [BODY]

BODY is a file with the request as JSON, or - for standard input; without it an example is sent.
The endpoint's key is taken from AZUREML_ENDPOINT_KEY.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, TypedDict

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

SCORING_URI = "https://iris.westeurope.inference.ml.azure.com/score"
DEPLOYMENT = None  # None: the endpoint's traffic decides

HINTS = {
    401: "The key was refused; it may be an old one. Set AZUREML_ENDPOINT_KEY to the present one: az ml online-endpoint get-credentials --name iris",
    403: "The one who is signed in may not score with this endpoint.",
    404: "The endpoint iris has no such deployment, or none with traffic.",
    408: "Scoring took longer than the deployment's request_timeout: send less at once, or allow it more time.",
    413: "The body is too large: send less at once.",
    424: "The model's own code failed; its log says why: az ml online-deployment get-logs --endpoint-name iris",
    429: "It was sent again a few times, as the service asked, and still refused: try later, or send less at once.",
    503: "It was sent again a few times, as the service asked, and still refused: try later, or send less at once.",
}
SCHEMA = {
    "type": "object",
    "properties": {
        "data": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "sepal length (cm)": {"type": "number"}},
                "required": ["name", "sepal length (cm)"],
            },
        },
        "flag": {"type": "boolean"},
    },
    "required": ["data", "flag"],
}
EXAMPLE = {"data": [{"name": "a", "sepal length (cm)": 5.1}], "flag": True}


class EndpointError(Exception):
    """The request was refused, or does not fit; the text says why and what to do."""


DataItem = TypedDict("DataItem", {
    "name": str,
    "sepal length (cm)": float,
})


class Request(TypedDict):
    data: list[DataItem]
    flag: bool


DataItem2 = TypedDict("DataItem2", {
    "name": str,
    "sepal length (cm)": float,
})


class Request2(TypedDict):
    data: list[DataItem2]
    flag: bool


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


class IrisClient:
    """The endpoint."""

    def __init__(self, key: str | None = None) -> None:
        self._key = key or os.environ.get("AZUREML_ENDPOINT_KEY", "")
        if not self._key:
            raise EndpointError("AZUREML_ENDPOINT_KEY is not set. " + HINTS[401])
        self._http = requests.Session()
        # Waits for as long as Retry-After says.
        retry = Retry(total=6, backoff_factor=1, status_forcelist=[429, 503], allowed_methods=None, raise_on_status=False)
        self._http.mount("https://", HTTPAdapter(max_retries=retry))

    def score(self, body: Request) -> list[int]:
        """Send a request; return the answer."""
        check(body, SCHEMA, "body")
        headers = {"Authorization": f"Bearer {self._secret()}"}
        if DEPLOYMENT:
            headers["azureml-model-deployment"] = DEPLOYMENT
        answer = self._http.post(SCORING_URI, json=body, headers=headers, timeout=180)
        if not answer.ok:
            raise EndpointError(_refusal(answer))
        return answer.json()

    def _secret(self) -> str:
        return self._key


def _refusal(answer: requests.Response) -> str:
    model = answer.headers.get("ms-azureml-model-error-statuscode")
    reason = f" (the model's status {model}: {answer.headers.get('ms-azureml-model-error-reason')})" if model else ""
    text = answer.text.strip()[:1000] or answer.reason
    return f"{answer.url.split('?')[0]}: {answer.status_code} {text}{reason}. {HINTS.get(answer.status_code, '')}".strip()


def main(arguments: list[str]) -> None:
    """Score a request and print the answer."""
    if len(arguments) > 1:
        sys.exit("usage: python iris_client.py [BODY]")
    if not arguments:
        body = EXAMPLE
    else:
        body = json.loads(sys.stdin.read() if arguments[0] == "-" else Path(arguments[0]).read_text())
    print(json.dumps(IrisClient().score(body)))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (EndpointError, requests.RequestException, ValueError, OSError) as error:
        sys.exit(f"error: {error}")
