"""The way to the models: ``/inference/{endpoint}.{region}/score`` and ``/swagger.json`` of online endpoints.

Codes and headers are those of Azure ML ("Troubleshoot online endpoints: HTTP status codes"): 401, 404 without a
deployment that has traffic, 408 over the request timeout, 424 when the model's server does not answer 200, with the
headers ``ms-azureml-model-error-statuscode`` and ``-reason``, 429 when too many requests are pending.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.types import Receive, Scope, Send

from azureml_emulator.front import address_of
from azureml_emulator.http import ServiceError
from azureml_emulator.online import access, swagger
from azureml_emulator.online.exchange import Exchange, ExchangeError, exchange
from azureml_emulator.online.serving import NoInstanceError, Serving, TooManyRequestsError
from azureml_emulator.online.traffic import Share, Split
from azureml_emulator.urls import ONLINE_REGION

if TYPE_CHECKING:
    from azureml_emulator.emulator import Emulator
    from azureml_emulator.store import Document

_PREFIX = b"/inference/"
_SCORE, _SWAGGER = b"/score", b"/swagger.json"
_DEPLOYMENT = b"azureml-model-deployment"
_LARGEST_BODY = 16 * 1024 * 1024
_OK, _MODEL_ERROR = 200, 424
_GUIDE = (
    "\nPlease check this guide to understand why this error code has been returned\n"
    "https://docs.microsoft.com/en-us/azure/machine-learning/how-to-troubleshoot-online-endpoints#http-status-codes\n"
)
_NO_DEPLOYMENT = (
    "No valid deployments to route to. Please check that the endpoint has at least one deployment with positive "
    "weight values or use a deployment specific header to route."
)
# What concerns one connection only; and the caller's key or token, which is none of the script's business.
_NOT_PASSED_ON = frozenset(
    {
        b"authorization", b"connection", b"content-length", b"expect", b"host", b"keep-alive", b"proxy-connection",
        b"te", b"trailer", b"transfer-encoding", b"upgrade",
    }
)  # fmt: skip

Headers = Sequence[tuple[bytes, bytes]]


@dataclass
class _Route:
    """What the router remembers of an endpoint until something of it changes."""

    endpoint: Document
    keys: Document
    split: Split
    mirror: str | None
    share: Share


class RefusedError(Exception):
    """The router's own answer to a request."""

    def __init__(self, status: int, text: str, reason: str = "", model_status: int = 0) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        headers = {b"ms-azureml-model-error-reason": reason.encode()} if reason else {}
        if model_status:
            headers[b"ms-azureml-model-error-statuscode"] = b"%d" % model_status
        self.headers = headers


class OnlineRouter:
    """The ASGI application of all online endpoints."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._routes: dict[str, _Route] = {}
        self._mirrored: set[asyncio.Task[None]] = set()
        emulator.online.on_change = self._forget

    def takes(self, path: bytes) -> bool:
        """Whether a path (without its query) is an online endpoint's."""
        if not path.startswith(_PREFIX):
            return False
        return path.endswith(_SCORE) or (path.endswith(_SWAGGER) and self._route(path) is not None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path: bytes = (scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0]
        self._emulator.counters.request("dataplane", scope["method"], path.rpartition(b"/")[2].decode())
        try:
            await self._answer(scope, path, receive, send)
        except RefusedError as error:
            await _refuse(send, error)

    async def _answer(self, scope: Scope, path: bytes, receive: Receive, send: Send) -> None:
        headers: Headers = scope["headers"]
        given = dict(headers)
        self._authorize(self._present(path), given.get(b"authorization", b"").decode("latin-1"))
        body = await _read(receive)
        route = self._present(path)  # as it is now: while the body came, the traffic may have moved
        named = given.get(_DEPLOYMENT, b"").decode("latin-1")
        name = named or route.split.pick()
        serving = self._serving(route, name)
        if name is None or serving is None:
            raise RefusedError(404, _NO_DEPLOYMENT + _GUIDE)
        target = path[path.rindex(b"/") :]
        request = _request(scope, target, headers, body)
        if not named and target == _SCORE and route.mirror and route.share.take():
            self._copy(route, request)
        deadline = asyncio.get_running_loop().time() + serving.kit.content.timeout
        answer = await _forward(serving, request, deadline)
        rewrite = None
        if target == _SWAGGER:
            rewrite = partial(swagger.with_address, address_of(scope).rpartition("/")[0])
        await _pass_on(send, answer, name.encode(), deadline, rewrite)

    def _authorize(self, route: _Route, authorization: str) -> None:
        try:
            access.check(self._emulator, route.endpoint, route.keys, authorization)
        except ServiceError as error:
            raise RefusedError(401, error.message + _GUIDE) from None

    def _serving(self, route: _Route, name: str | None) -> Serving | None:
        return self._emulator.online.serving(f"{route.endpoint['id']}/deployments/{name}") if name else None

    def _copy(self, route: _Route, request: bytes) -> None:
        """Send a request to the deployment that traffic is mirrored to; nobody waits for what comes of it."""
        serving = self._serving(route, route.mirror)
        if serving is not None:
            task = asyncio.get_running_loop().create_task(_mirror(serving, request))
            self._mirrored.add(task)
            task.add_done_callback(self._mirrored.discard)

    def _present(self, path: bytes) -> _Route:
        route = self._route(path)
        if route is None:
            raise RefusedError(404, f"There is no online endpoint at {path.decode('latin-1')}.\n")
        return route

    def _route(self, path: bytes) -> _Route | None:
        place = path[len(_PREFIX) :].partition(b"/")[0].decode("latin-1").lower()
        known = self._routes.get(place)
        if known is not None:
            return known
        name, _, region = place.partition(".")
        found = self._emulator.store.find(ONLINE_REGION, f"{region}/{name}")
        if not found:
            return None
        route = self._routes[place] = self._new_route(found[0])
        return route

    def _new_route(self, endpoint: Document) -> _Route:
        properties = endpoint["properties"]
        served = {
            name: percent
            for name, percent in properties["traffic"].items()
            if self._emulator.online.serving(f"{endpoint['id']}/deployments/{name}") is not None
        }
        mirrored: dict[str, Any] = {name: percent for name, percent in properties["mirrorTraffic"].items() if percent}
        mirror = next(iter(mirrored), None)
        keys = access.keys_of(self._emulator, endpoint["id"])
        return _Route(endpoint, keys, Split(served), mirror, Share(mirrored.get(mirror, 0) if mirror else 0))

    def _forget(self, endpoint_id: str) -> None:
        wanted = endpoint_id.lower()
        for place in [place for place, route in self._routes.items() if route.endpoint["id"].lower() == wanted]:
            del self._routes[place]


async def _forward(serving: Serving, request: bytes, deadline: float) -> Exchange:
    """Send a request to an instance and wait for the answer's head; the instance is given back when all is over."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            instance = await serving.acquire(deadline - loop.time())
        except TooManyRequestsError:
            raise RefusedError(429, "", "too_many_pending_request") from None
        except NoInstanceError as error:
            if error.ready:
                raise _timeout(serving) from None
            raise RefusedError(_MODEL_ERROR, "The model is not ready.\n", "model_not_ready", 503) from None
        release = partial(serving.release, instance)
        try:
            answer = await exchange(instance.socket, request, release)
        except ExchangeError:
            # Nothing has been sent: another instance may take it, or this one when it is back.
            instance.ready = False
            continue
        timer = loop.call_at(deadline, answer.forsake)
        try:
            await answer.head()
        except ExchangeError as error:
            if loop.time() >= deadline:
                raise _timeout(serving) from None
            raise RefusedError(_MODEL_ERROR, f"{error}\n", "model_error", 503) from None
        finally:
            timer.cancel()
        return answer


def _timeout(serving: Serving) -> RefusedError:
    seconds = serving.kit.content.timeout
    return RefusedError(408, f"The request took longer than the request timeout of {seconds:g} s.{_GUIDE}")


async def _mirror(serving: Serving, request: bytes) -> None:
    deadline = asyncio.get_running_loop().time() + serving.kit.content.timeout
    try:
        answer = await _forward(serving, request, deadline)
        while await answer.chunk():
            pass
    except (RefusedError, ExchangeError):
        return


async def _read(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
        if len(body) > _LARGEST_BODY:
            raise RefusedError(413, f"The body is larger than {_LARGEST_BODY} bytes.\n")
    return body


def _request(scope: Scope, target: bytes, headers: Headers, body: bytes) -> bytes:
    query: bytes = scope["query_string"]
    lines = [b"%b %b%b HTTP/1.1" % (scope["method"].encode(), target, b"?" + query if query else b"")]
    lines.append(b"host: localhost")
    lines += [b"%b: %b" % pair for pair in headers if pair[0] not in _NOT_PASSED_ON]
    lines.append(b"content-length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


async def _pass_on(send: Send, answer: Exchange, deployment: bytes, deadline: float, rewrite: Any) -> None:
    """Pass the model's answer on to the caller, as it comes."""
    headers = [*answer.passed_on(), (_DEPLOYMENT, deployment)]
    status = answer.status
    if status != _OK:
        headers.append((b"ms-azureml-model-error-reason", b"model_error"))
        headers.append((b"ms-azureml-model-error-statuscode", b"%d" % status))
        status = _MODEL_ERROR
    if rewrite is not None and status == _OK:
        await _pass_on_whole(send, answer, headers, rewrite)
        return
    await send({"type": "http.response.start", "status": status, "headers": headers})
    timer = None if answer.complete else asyncio.get_running_loop().call_at(deadline, answer.forsake)
    try:
        more = True
        while more:
            piece = await answer.chunk()
            more = bool(piece) and not answer.complete
            await send({"type": "http.response.body", "body": piece, "more_body": more})
    finally:
        if timer is not None:
            timer.cancel()


async def _pass_on_whole(send: Send, answer: Exchange, headers: list[tuple[bytes, bytes]], rewrite: Any) -> None:
    body = b""
    while piece := await answer.chunk():
        body += piece
    body = rewrite(body)
    kept = [pair for pair in headers if pair[0] != b"content-length"]
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": answer.status, "headers": [*kept, length]})
    await send({"type": "http.response.body", "body": body})


async def _refuse(send: Send, error: RefusedError) -> None:
    body = error.text.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
        *error.headers.items(),
    ]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
