"""The studio's own application: its addresses, who may ask, and the pages for what goes wrong."""

from __future__ import annotations

import logging
import uuid
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route, Router

from azureml_emulator.front import WAY
from azureml_emulator.http import ServiceError
from azureml_emulator.studio import assets, endpoints, guard, jobs, results, trial
from azureml_emulator.studio.frame import HERE, ROOT, MissingError, Visit, render, workspaces

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Message, Receive, Scope, Send

    from azureml_emulator.emulator import Emulator
    from azureml_emulator.online.router import OnlineRouter
    from azureml_emulator.studio.sessions import Session

    Page = Callable[[Visit], Awaitable[Response]]

_LOG = logging.getLogger(__name__)
_IN = f"{ROOT}/w/{{workspace}}"
_ENDPOINT, _JOB = f"{_IN}/endpoints/{{kind}}/{{endpoint}}", f"{_IN}/jobs/{{job}}"
_LARGEST_FORM = 48 << 20  # a body of 16 MiB, which the router takes, with every byte of it percent-encoded
_MEDIA = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


async def _home(visit: Visit) -> Response:
    found = visit.workspaces
    if len(found) == 1:
        return RedirectResponse(found[0].link(), 303)
    return visit.page("workspaces.html")


async def _overview(visit: Visit) -> Response:
    counts = [(sort, visit.emulator.store.count(sort.plural, visit.workspace.id)) for sort in assets.SORTS.values()]
    newest, _ = jobs.newest(visit, 5)
    return visit.page(
        "home.html", section="home", endpoints=endpoints.all_of(visit), jobs=newest, counts=counts, endpoint=""
    )


async def _sign_out(visit: Visit) -> Response:
    settings = visit.emulator.settings
    name = guard.cookie_name(settings.port)
    visit.emulator.sessions.close(visit.request.cookies.get(name, ""))
    answer = _signed_out_page(200, "You are signed out.")
    answer.delete_cookie(name, secure=True, httponly=True, samesite="strict")
    return answer


PAGES: tuple[tuple[str, str, Page], ...] = (
    ("GET", ROOT, _home),
    ("POST", f"{ROOT}/sign-out", _sign_out),
    ("GET", _IN, _overview),
    ("GET", f"{_IN}/endpoints", endpoints.index),
    ("GET", _ENDPOINT, endpoints.details),
    ("GET", f"{_ENDPOINT}/consume", endpoints.consume),
    ("GET", f"{_ENDPOINT}/swagger.json", endpoints.openapi_document),
    ("GET", f"{_ENDPOINT}/deployments/{{deployment}}/log", endpoints.deployment_log),
    ("GET", f"{_ENDPOINT}/test", trial.form),
    ("POST", f"{_ENDPOINT}/test", trial.send),
    ("GET", f"{_IN}/jobs", jobs.index),
    ("GET", f"{_IN}/jobs-live", jobs.index_live),
    ("GET", _JOB, jobs.overview),
    ("GET", f"{_JOB}/live", jobs.overview_live),
    ("GET", f"{_JOB}/predictions", results.predictions),
    ("GET", f"{_JOB}/files/{{place}}/{{file:path}}", results.file),
    ("GET", f"{_JOB}/logs", results.log_list),
    ("GET", f"{_JOB}/logs/{{scope}}/{{log:path}}", results.log),
    ("GET", f"{_JOB}/logs-live/{{scope}}/{{log:path}}", results.log_live),
    ("GET", f"{_IN}/{{sort}}", assets.index),
    ("GET", f"{_IN}/{{sort}}/{{name}}", assets.versions),
    ("GET", f"{_IN}/{{sort}}/{{name}}/{{version}}", assets.version),
)
"""Every page that takes a session: method, path, and what answers."""


class Studio:
    """The ASGI application of the studio of one emulator."""

    def __init__(self, emulator: Emulator, online: OnlineRouter) -> None:
        self._emulator = emulator
        self._online = online
        self._cookie = guard.cookie_name(emulator.settings.port)
        routes = [Route(path, self._page(page), methods=[method]) for method, path, page in PAGES]
        routes.append(Route(f"{ROOT}/sign-in", self._sign_in))
        routes.append(Route(f"{ROOT}/static/{{name}}", self._static))
        self._router = Router(routes, default=self._nothing, redirect_slashes=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in guard.HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        request = Request(scope, receive)
        if scope[WAY].real or not guard.is_own_host(request.headers.get("host", ""), self._emulator.settings):
            text = f"The studio is at {self._emulator.own.origin}{ROOT} only.\n"
            await PlainTextResponse(text, 421)(scope, receive, guarded)
            return
        await self._router(scope, receive, guarded)

    def _session(self, request: Request) -> Session | None:
        return self._emulator.sessions.find(request.cookies.get(self._cookie, ""))

    def _page(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            session = self._session(request)
            if session is None:
                return _signed_out_page(401, "Sign in to see the studio.")
            form = await _form(request) if request.method == "POST" else {}
            visit = Visit(request, self._emulator, self._online, session, workspaces(self._emulator), form)
            if request.method == "POST" and not guard.is_own_form(request.headers, form, session):
                text = "This form was not sent by a page of this studio, or that page is an old one. Load it again."
                return visit.page("problem.html", status=403, title="Not taken", text=text)
            return await _answer(visit, page)

        return answer

    async def _sign_in(self, request: Request) -> Response:
        secret = self._emulator.sessions.open(request.query_params.get("ticket", ""))
        if secret is None:
            return _signed_out_page(401, "This address has been used already, or is older than five minutes.")
        # A page that goes on by itself, not a redirect: a browser that came from another site's link would follow
        # a redirect without the SameSite=Strict cookie.
        answer = HTMLResponse(render("signed_in.html"))
        answer.set_cookie(self._cookie, secret, path="/", secure=True, httponly=True, samesite="strict")
        return answer

    async def _static(self, request: Request) -> Response:
        path = HERE / "static" / request.path_params["name"]
        if path.parent != HERE / "static" or path.suffix not in _MEDIA or not path.is_file():
            return PlainTextResponse("There is no such file.\n", 404)
        return FileResponse(path, media_type=_MEDIA[path.suffix], headers={"Cache-Control": "max-age=86400"})

    async def _nothing(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        session = self._session(request)
        if session is None:
            answer: Response = _signed_out_page(401, "Sign in to see the studio.")
        else:
            visit = Visit(request, self._emulator, self._online, session, workspaces(self._emulator))
            answer = _missing(visit, MissingError("page at this address", ("The studio", ROOT)))
        await answer(scope, receive, send)


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form; none of a body that is too large, which then is no form of ours."""
    pieces, size = [], 0
    async for piece in request.stream():
        pieces.append(piece)
        size += len(piece)
        if size > _LARGEST_FORM:
            return {}
    try:
        return dict(parse_qsl(b"".join(pieces).decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20))
    except ValueError:
        return {}


async def _answer(visit: Visit, page: Page) -> Response:
    try:
        return await page(visit)
    except MissingError as error:
        return _missing(visit, error)
    except ServiceError as error:
        title = "Not found" if error.status == 404 else "It cannot be shown now"  # noqa: PLR2004 - HTTP
        return visit.page("problem.html", status=error.status, title=title, text=error.message)
    except Exception:  # noqa: BLE001 - whatever it is, the browser gets a page and the log the cause
        number = str(uuid.uuid4())
        _LOG.exception("error %s in %s", number, visit.request.url.path)
        text = f"The studio failed on this page; the emulator's log has the cause under “{number}”."
        return visit.page("problem.html", status=500, title="An error of the studio", text=text)


def _missing(visit: Visit, error: MissingError) -> Response:
    return visit.page("missing.html", status=404, what=error.what, back=error.back)


def _signed_out_page(status: int, text: str) -> Response:
    return HTMLResponse(render("signed_out.html", text=text), status)
