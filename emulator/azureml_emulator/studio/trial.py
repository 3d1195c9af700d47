"""The Test tab of a real-time endpoint: a request typed by hand, and what comes back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from azureml_codegen import CodegenError
from azureml_codegen.api import read_real_time
from azureml_emulator.studio import endpoints, inside
from azureml_emulator.studio.frame import MissingError
from azureml_emulator.studio.shown import pretty

if TYPE_CHECKING:
    from starlette.responses import Response

    from azureml_emulator.studio.endpoints import Shown
    from azureml_emulator.studio.frame import Visit

_TOLD = ("azureml-model-deployment", "ms-azureml-model-error-statuscode", "ms-azureml-model-error-reason")
_MOST_SHOWN = 1 << 20


async def form(visit: Visit) -> Response:
    """The form, with a body that fits the endpoint's document."""
    endpoint = _find(visit)
    return _page(visit, endpoint, await _sample(visit, endpoint))


async def send(visit: Visit) -> Response:
    """Send what the form holds to the endpoint, and show the answer below it."""
    endpoint = _find(visit)
    body, deployment = visit.form.get("body", ""), visit.form.get("deployment", "")
    try:
        json.loads(body)
    except ValueError as error:
        return _page(visit, endpoint, body, deployment, problem=f"This is not JSON: {error}.", status=400)
    if deployment and deployment not in endpoint.traffic:
        problem = f"The endpoint has no deployment “{deployment}”."
        return _page(visit, endpoint, body, problem=problem, status=400)
    answer = await inside.ask(
        visit, endpoint.document, "POST", "/score", body=body.encode(), deployment=deployment or None
    )
    return _page(visit, endpoint, body, deployment, answer=answer)


def _find(visit: Visit) -> Shown:
    endpoint = endpoints.find(visit)
    if not endpoint.is_real_time:
        raise MissingError(
            f"Test tab for the {endpoint.kind} endpoint “{endpoint.name}”", ("Its page", endpoint.link())
        )
    return endpoint


async def _sample(visit: Visit, endpoint: Shown) -> str:
    try:
        document = await endpoints.document_of(visit, endpoint, "3")
        return pretty(read_real_time(document).request.sample())
    except (endpoints.NothingServesError, CodegenError):
        return "{}"


def _page(
    visit: Visit,
    endpoint: Shown,
    body: str,
    deployment: str = "",
    *,
    problem: str = "",
    answer: inside.Answer | None = None,
    status: int = 200,
) -> Response:
    shown: dict[str, Any] = {}
    if answer is not None:
        found = answer.document()
        text = answer.text if found is None else pretty(found)
        shown = {
            "status": answer.status,
            "good": answer.good,
            "seconds": answer.seconds,
            "text": text[:_MOST_SHOWN],
            "headers": {name: answer.headers[name] for name in _TOLD if answer.headers.get(name)},
        }
    return visit.page(
        "trial.html",
        section="endpoints",
        status=status,
        tab="test",
        endpoint=endpoint,
        body=body,
        deployment=deployment,
        problem=problem,
        answer=shown,
    )
