"""A service that lives in this process: answers are scripted, requests are recorded, time is advanced."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.utils import get_encoding_from_headers
from urllib3 import HTTPResponse

from pulumi_azureml.arm import Settings

ORIGIN = "https://azure.test"
SCORING_URI = f"{ORIGIN}/inference/digits.eastus/jobs"
SETTINGS = Settings("00000000-0000-0000-0000-000000000001", "group", "space", "eastus", ORIGIN)
WORKSPACE = SETTINGS.workspace_id


@dataclass
class Clock:
    time: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


class Tokens:
    def token(self, audience: str, status: object = None) -> str:
        return f"token-for-{audience}"

    def renew(self) -> None: ...


@dataclass
class Sent:
    method: str
    path: str
    body: Any
    headers: dict[str, str]


@dataclass
class Service(BaseAdapter):
    """``on`` scripts answers for a path; the last one of several is given from then on."""

    answers: list[tuple[str, re.Pattern[str], list[Any]]] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)

    def on(self, method: str, path: str, *answers: Any) -> None:
        self.answers.insert(0, (method, re.compile(path), list(answers)))

    def count(self, method: str, path: str) -> int:
        return sum(sent.method == method and re.search(path, sent.path) is not None for sent in self.sent)

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        path = urlsplit(request.url or "").path
        body = json.loads(request.body) if request.body else None
        self.sent.append(Sent(request.method or "", path, body, dict(request.headers)))
        for method, pattern, answers in self.answers:
            if method == request.method and pattern.search(path):
                answer = answers.pop(0) if len(answers) > 1 else answers[0]
                return _response(request, answer() if callable(answer) else answer)
        return _response(request, (404, {"error": {"code": "NotFound", "message": f"nothing at {path}"}}))

    def close(self) -> None: ...


def _response(request: requests.PreparedRequest, answer: Any) -> requests.Response:
    if isinstance(answer, Exception):
        raise answer
    status, body, *rest = answer if isinstance(answer, tuple) else (200, answer)
    text = isinstance(body, str)
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    response = requests.Response()
    response.status_code = status
    response.url = request.url or ""
    response.headers["Content-Type"] = "text/plain" if text else "application/json"
    response.headers.update(rest[0] if rest else {})
    response.encoding = get_encoding_from_headers(response.headers)  # as requests' own adapter does
    response.raw = HTTPResponse(BytesIO(content), preload_content=False)
    return response


def job_document(name: str, status: str, **properties: Any) -> dict[str, Any]:
    return {"id": name, "name": name, "type": "jobs", "properties": {"status": status, **properties}}
