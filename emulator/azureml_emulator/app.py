"""The application: one route table, and the one place that reads requests and writes answers."""

from __future__ import annotations

import inspect
import logging
import re
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from azureml_emulator import control, faults, storage_account, tokens
from azureml_emulator.arm import operations, resources, subscriptions
from azureml_emulator.blobs import BlobProxy
from azureml_emulator.front import WAY, Way, address_of
from azureml_emulator.http import WORKSPACE, Call, CaseInsensitive, Face, Reply, Route, ServiceError
from azureml_emulator.jobs import openapi as job_openapi
from azureml_emulator.jobs import routes as job_routes
from azureml_emulator.jobs import run_query
from azureml_emulator.jsontext import parse_json
from azureml_emulator.kinds import KINDS, registry
from azureml_emulator.kinds.workspace import discovery
from azureml_emulator.online.router import OnlineRouter
from azureml_emulator.pipeline.v1 import routes as pipeline_v1
from azureml_emulator.router import BadPathError, Match, Router, decode_path
from azureml_emulator.unsupported import unknown_path
from azureml_emulator.urls import BLOB_PREFIX

if TYPE_CHECKING:
    from azureml_emulator.emulator import Emulator

_LOG = logging.getLogger(__name__)

ROUTES: tuple[Route, ...] = (
    *(route for kind in KINDS for route in resources.routes(kind)),
    *operations.ROUTES,
    *subscriptions.ROUTES,
    *tokens.ROUTES,
    *control.ROUTES,
    *faults.ROUTES,
    Route("GET", "/discovery", discovery, "open", "discovery"),
    *registry.ROUTES,
    *job_routes.ROUTES,
    *run_query.ROUTES,
    *storage_account.ROUTES,
    *job_openapi.ROUTES,
    *pipeline_v1.ROUTES,
)

_BELOW_WORKSPACE = f"{WORKSPACE}/"
SUPPORTED = frozenset(
    route.path.removeprefix(_BELOW_WORKSPACE).partition("/")[0].lower()
    for route in ROUTES
    if route.path.startswith(_BELOW_WORKSPACE)
)
"""The kinds of a workspace's resources that there are routes for, in lower case."""

_API_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-[a-zA-Z]+)?")
_LARGEST_BODY = 16 * 1024 * 1024
_FIRST_ERROR = 400
_SIDES: Mapping[Face, str] = {"arm": "arm", "history": "arm", "pipelines": "arm", "dataplane": "ml"}


class App:
    """The ASGI application of one emulator."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._router = Router(ROUTES)
        self._blobs = BlobProxy(emulator)
        self._online = OnlineRouter(emulator)
        self._studio: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
        if raw_path.startswith(BLOB_PREFIX.encode()):
            await self._blobs(scope, receive, send)
            return
        if self._online.takes(raw_path.partition(b"?")[0]):
            await self._online(scope, receive, send)
            return
        if raw_path.split(b"?")[0].split(b"/", 2)[1:2] == [b"studio"]:
            await self._open_studio()(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            reply, face = await self._answer(scope, receive, raw_path.partition(b"?")[0], headers)
        except ClientDisconnect:
            return
        await _write(reply, face, headers, scope[WAY])(scope, receive, send)

    def _open_studio(self) -> ASGIApp:
        """The studio, loaded when the first browser comes."""
        if self._studio is None:
            from azureml_emulator.studio.app import Studio  # noqa: PLC0415 - loads jinja2 and the generators

            self._studio = Studio(self._emulator, self._online)
        return self._studio

    async def _answer(self, scope: Scope, receive: Receive, raw_path: bytes, headers: Headers) -> tuple[Reply, Face]:
        method: str = scope["method"]
        face: Face = "arm"
        try:
            asked = decode_path(raw_path)
            segments = registry.plain_path(asked)
            match = self._router.match(segments)
            if match is None or method not in match.routes:
                return self._no_route(method, segments, match, headers), face
            route, names = match.routes[method]
            face = route.face
            if face != "control":
                self._emulator.counters.request("token" if route.name == "token" else face, method, route.name)
            claims = self._authenticate(route, headers)
            query = CaseInsensitive(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
            if face == "arm":
                _check_api_version(query)
            body = await _read(Request(scope, receive), headers, scope[WAY])
            call = Call(
                method=method,
                path="/" + "/".join(segments),
                address=address_of(scope),
                params=match.params(names),
                query=query,
                headers=headers,
                body=body,
                claims=claims,
                emulator=self._emulator,
            )
            answer = route.handler(call)
            reply = await answer if inspect.isawaitable(answer) else answer
            return (reply if segments is asked else registry.by_reference(reply)), face
        except BadPathError as error:
            return _error(ServiceError(400, "InvalidResourceName", f"The address is not valid: {error}."), face), face
        except ServiceError as error:
            return _error(error, face), face
        except ClientDisconnect:
            raise
        except Exception:  # noqa: BLE001 - whatever it is, the client gets an answer and the log the cause
            number = str(uuid.uuid4())
            _LOG.exception("error %s in %s %s", number, method, "/".join(segments))
            text = f"The emulator failed on this request; its log has the cause under '{number}'."
            return _error(ServiceError(500, "InternalServerError", text), face), face

    def _authenticate(self, route: Route, headers: Headers) -> Mapping[str, Any]:
        if route.face == "open":
            return {}
        if route.face == "control":
            control.check_key(self._emulator, headers.get("x-emulator-key", ""))
            return {}
        return self._emulator.identity.check(headers.get("authorization", ""), _SIDES[route.face])

    def _no_route(self, method: str, segments: list[str], match: Match | None, headers: Headers) -> Reply:
        self._emulator.counters.request("arm", method, "unknown")
        if segments and segments[0].lower() in {"subscriptions", "providers"}:
            self._emulator.identity.check(headers.get("authorization", ""), "arm")
        if match is not None:
            allowed = ", ".join(sorted(match.routes))
            error = ServiceError(
                405,
                "MethodNotAllowed",
                f"The resource at '/{'/'.join(segments)}' does not support the method {method}; it supports {allowed}.",
                headers={"Allow": allowed},
            )
        else:
            error = unknown_path(segments, SUPPORTED)
        return _error(error, "arm")


def _check_api_version(query: Mapping[str, str]) -> None:
    version = query.get("api-version", "")
    if not version:
        raise ServiceError(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    if not _API_VERSION.fullmatch(version):
        raise ServiceError(
            400,
            "InvalidApiVersionParameter",
            f"The api-version '{version}' is invalid. It is a date with an optional suffix, such as "
            "'2024-04-01' or '2024-01-01-preview'.",
        )


async def _read(request: Request, headers: Headers, way: Way) -> Any:
    if request.method in {"GET", "HEAD"}:
        return None
    length = headers.get("content-length", "0")
    data = b"" if length == "0" and "transfer-encoding" not in headers else await _body(request)
    if not data.strip():
        return None
    kind = headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return dict(parse_qsl(data.decode("utf-8", "replace"), keep_blank_values=True))
    return way.read(data, parse_json(data))


async def _body(request: Request) -> bytes:
    pieces, size = [], 0
    async for piece in request.stream():
        pieces.append(piece)
        size += len(piece)
        if size > _LARGEST_BODY:
            raise ServiceError(413, "RequestEntityTooLarge", f"The body is larger than {_LARGEST_BODY} bytes.")
    return b"".join(pieces)


def _error(error: ServiceError, face: Face) -> Reply:
    """An error in the form that its face has in the service."""
    details = list(error.details)
    if face == "dataplane":
        return Reply({"code": error.code, "message": error.message, "details": details}, error.status, error.headers)
    if face == "pipelines":
        first = {
            "Code": error.code,
            "Message": error.message,
            "Target": error.target,
            "Details": [{key.capitalize(): value for key, value in detail.items()} for detail in details],
            "InnerError": None,
        }
        return Reply({"Error": first, "Correlation": {}}, error.status, error.headers)
    body = {
        "code": error.code,
        "message": error.message,
        "target": error.target,
        "details": details,
        "additionalInfo": [],
    }
    return Reply({"error": body}, error.status, error.headers)


def _write(reply: Reply, face: Face, headers: Headers, way: Way) -> Response:
    body = b"" if reply.body is None else way.write(reply.body, error=reply.status >= _FIRST_ERROR)
    response = Response(body, reply.status)
    out = response.raw_headers
    if reply.body is not None:
        out.append((b"content-type", b"application/json; charset=utf-8"))
    if face != "open":
        out.append((b"x-ms-request-id", str(uuid.uuid4()).encode()))
        correlation = headers.get("x-ms-correlation-request-id") or str(uuid.uuid4())
        out.append((b"x-ms-correlation-request-id", correlation.encode("latin-1", "replace")))
        client = headers.get("x-ms-client-request-id")
        if client:
            out.append((b"x-ms-client-request-id", client.encode("latin-1", "replace")))
        out.append((b"cache-control", b"no-cache"))
    for name, value in reply.headers.items():
        out.append((name.lower().encode(), way.header(value).encode("latin-1", "replace")))
    return response
