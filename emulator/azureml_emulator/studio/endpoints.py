"""Endpoints: their list, and for each one its details, its OpenAPI document, and clients for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from starlette.responses import JSONResponse, Response

from azureml_codegen import AUTH_MODES, LANGUAGES, CodegenError, Endpoint, generate
from azureml_codegen import Workspace as ClientWorkspace
from azureml_emulator import swagger
from azureml_emulator.batch import submit
from azureml_emulator.http import ServiceError
from azureml_emulator.jobs import openapi
from azureml_emulator.online import logs
from azureml_emulator.studio import inside
from azureml_emulator.studio.frame import MissingError, Visit, Workspace
from azureml_emulator.urls import ARM_HOST

if TYPE_CHECKING:
    from azureml_codegen import Kind
    from azureml_emulator.store import Document, Documents

KINDS = {"real-time": "onlineEndpoints", "batch": "batchEndpoints"}
"""The studio's words for the two kinds of endpoints, and the service's; pipeline endpoints are batch endpoints."""
AUTH = {"key": "Key", "amltoken": "Azure Machine Learning token", "aadtoken": "Microsoft Entra ID token"}
_LOG_LINES = 400

Addresses = Literal["local", "azure"]


class NothingServesError(Exception):
    """The endpoint has nothing behind it that could tell what it takes; the text says what to do."""


@dataclass(frozen=True)
class Shown:
    """An endpoint as pages show it."""

    document: Document
    deployments: Documents
    workspace: Workspace

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.document["name"])

    @property
    def properties(self) -> dict[str, Any]:
        """Its properties in ARM."""
        found: dict[str, Any] = self.document["properties"]
        return found

    @property
    def is_real_time(self) -> bool:
        """Whether it answers in real time."""
        return "/onlineEndpoints/" in self.document["id"]

    @property
    def default(self) -> str | None:
        """The name of a batch endpoint's default deployment."""
        return (self.properties.get("defaults") or {}).get("deploymentName")

    @property
    def kind(self) -> Kind:
        """Real-time, batch, or pipeline: that is what its default deployment, else its first one, runs."""
        if self.is_real_time:
            return "real-time"
        served = [each for each in self.deployments if each["name"] == self.default] or self.deployments
        return "pipeline" if served and served[0]["properties"].get("deploymentConfiguration") else "batch"

    @property
    def word(self) -> str:
        """Its kind in addresses of the studio."""
        return "real-time" if self.is_real_time else "batch"

    @property
    def auth(self) -> str:
        """How callers sign in, in words."""
        return AUTH[str(self.properties["authMode"]).lower()]

    @property
    def traffic(self) -> dict[str, int]:
        """The traffic of each deployment in percent; real-time endpoints only."""
        given = self.properties.get("traffic") or {}
        return {each["name"]: int(given.get(each["name"], 0)) for each in self.deployments}

    @property
    def mirror(self) -> dict[str, int]:
        """The deployments that traffic is copied to, in percent."""
        return {name: share for name, share in (self.properties.get("mirrorTraffic") or {}).items() if share}

    def link(self, *segments: str) -> str:
        """The address of one of its pages."""
        return self.workspace.link("endpoints", self.word, self.name, *segments)


def all_of(visit: Visit) -> list[Shown]:
    """The endpoints of the workspace."""
    return [_shown(visit, each) for kind in KINDS.values() for each in visit.documents(kind)]


def find(visit: Visit) -> Shown:
    """The endpoint that the path names.

    Raises:
        MissingError: there is none.
    """
    workspace, name = visit.workspace, visit.params["endpoint"]
    kind = KINDS.get(visit.params["kind"])
    document = visit.emulator.store.get(f"{workspace.id}/{kind}/{name}") if kind else None
    if document is None:
        raise MissingError(f"endpoint “{name}”", ("All endpoints", workspace.link("endpoints")))
    return _shown(visit, document)


def _shown(visit: Visit, document: Document) -> Shown:
    kind = "onlineEndpoints" if "/onlineEndpoints/" in document["id"] else "batchEndpoints"
    deployments = visit.emulator.store.list(f"{kind}/deployments", document["id"])
    return Shown(document, deployments, visit.workspace)


async def index(visit: Visit) -> Response:
    """The endpoints of a workspace, by kind."""
    found = all_of(visit)
    groups = [
        ("real-time", "Real-time endpoints", "An address that answers at once."),
        ("batch", "Batch endpoints", "An address that starts a scoring job over files."),
        ("pipeline", "Pipeline endpoints", "An address that starts a run of a pipeline."),
    ]
    by_kind = [(*group, [each for each in found if each.kind == group[0]]) for group in groups]
    return visit.page("endpoints.html", section="endpoints", groups=by_kind)


async def details(visit: Visit) -> Response:
    """What an endpoint is, and what is behind it."""
    endpoint = find(visit)
    own, urls = visit.emulator.own, endpoint.properties
    return visit.page(
        "endpoint.html",
        section="endpoints",
        tab="details",
        endpoint=endpoint,
        address=own.text(str(urls["scoringUri"])),
        azure_address=urls["scoringUri"],
        assets=lambda deployment: list(_assets(visit.workspace, deployment)),
        instances={each["name"]: _instances(visit, each) for each in endpoint.deployments if endpoint.is_real_time},
    )


def _instances(visit: Visit, deployment: Document) -> str:
    serving = visit.emulator.online.serving(deployment["id"])
    if serving is None:
        return "not serving"
    ready = sum(1 for each in serving.instances if each.ready)
    return f"{ready} of {serving.settings.instances} ready"


def _assets(workspace: Workspace, deployment: Document) -> Iterable[tuple[str, str, str]]:
    """The assets of a deployment: what each is to it, name and version, and its page if it has one."""
    properties = deployment["properties"]
    model = properties.get("model")
    configuration = properties.get("deploymentConfiguration") or {}
    named = [
        ("Model", model.get("assetId") if isinstance(model, dict) else model),
        ("Environment", properties.get("environmentId")),
        ("Component", (configuration.get("componentId") or {}).get("assetId")),
    ]
    for what, asset in named:
        text = str(asset or "").removeprefix("azureml:")
        parts = text.split("/")
        if len(parts) > 4 and parts[-2] == "versions":  # noqa: PLR2004 - …/{plural}/{name}/versions/{version}
            here = text.lower().startswith(f"{workspace.id.lower()}/")  # else it is a registry's, which has no page
            link = workspace.link(parts[-4].lower(), parts[-3], parts[-1]) if here else ""
            yield what, f"{parts[-3]}:{parts[-1]}", link


async def consume(visit: Visit) -> Response:
    """Clients for an endpoint, in every language that there is a generator for."""
    endpoint = find(visit)
    query = visit.request.query_params
    language = query.get("language", "python").lower()
    if language not in LANGUAGES:
        raise MissingError(f"client in “{language}”", ("Clients in Python", endpoint.link("consume")))
    addresses: Addresses = "azure" if query.get("addresses") == "azure" else "local"
    client, problem = None, ""
    try:
        client = generate(await described(visit, endpoint, addresses), language)
    except (CodegenError, NothingServesError) as error:
        problem = str(error)
    return visit.page(
        "consume.html",
        section="endpoints",
        tab="consume",
        endpoint=endpoint,
        languages={key: each.title for key, each in LANGUAGES.items()},
        language=language,
        addresses=addresses,
        client=client,
        problem=problem,
        deployment=None,
    )


async def described(visit: Visit, endpoint: Shown, addresses: Addresses = "local") -> Endpoint:
    """An endpoint as the generators of clients take it.

    Raises:
        NothingServesError: it has no deployment that serves.
    """
    emulator, workspace = visit.emulator, visit.workspace
    region = str(workspace.document["location"])
    local = addresses == "local"
    uri = str(endpoint.properties["scoringUri"])
    return Endpoint(
        name=endpoint.name,
        kind=endpoint.kind,
        url=emulator.own.text(uri) if local else uri,
        auth=AUTH_MODES[str(endpoint.properties["authMode"]).lower()],
        workspace=ClientWorkspace(
            id=workspace.id,
            arm=emulator.own.origin if local else f"https://{ARM_HOST}",
            api=emulator.own.origin if local else emulator.urls.services(region),
        ),
        document=await document_of(visit, endpoint, "3"),
    )


async def document_of(visit: Visit, endpoint: Shown, version: str | None) -> dict[str, Any]:
    """The OpenAPI document of what an endpoint takes.

    Raises:
        NothingServesError: it has no deployment that serves.
        ServiceError: there is no such version.
    """
    if endpoint.is_real_time:
        answer = await inside.ask(visit, endpoint.document, "GET", "/swagger.json", query=f"version={version or '2'}")
        found = answer.document()
        if not answer.good or not isinstance(found, dict):
            raise NothingServesError(f"The endpoint does not tell what it takes: {answer.text.strip()}")
        return found
    try:
        served = submit.route(visit.emulator, endpoint.document, None)
    except ServiceError as error:
        raise NothingServesError(error.message) from error
    server = visit.emulator.own.text(str(endpoint.properties["scoringUri"])).rpartition("/")[0]
    return swagger.in_version(swagger.document(openapi.job_api(visit.emulator, served, server)), version)


async def openapi_document(visit: Visit) -> Response:
    """The OpenAPI document itself; the endpoint's own address asks for a token, which a browser does not have."""
    endpoint = find(visit)
    try:
        found = await document_of(visit, endpoint, visit.request.query_params.get("version"))
    except NothingServesError as error:
        return visit.page("problem.html", section="endpoints", status=404, title="No document", text=str(error))
    return JSONResponse(found)


async def deployment_log(visit: Visit) -> Response:
    """The end of a real-time deployment's logs."""
    endpoint = find(visit)
    name = visit.params["deployment"]
    deployment = next((each for each in endpoint.deployments if each["name"].lower() == name.lower()), None)
    if deployment is None or not endpoint.is_real_time:
        raise MissingError(f"real-time deployment “{name}”", (endpoint.name, endpoint.link()))
    folder = logs.folder_of(visit.emulator.home, deployment["id"]) / "logs"
    paths = [folder / logs.PREPARATION, *sorted(folder.glob("inference-server-*.log"))]
    texts = [(path.stem, "\n".join(logs.last_lines(path, _LOG_LINES))) for path in paths if path.is_file()]
    return visit.page(
        "deployment_log.html", section="endpoints", tab="details", endpoint=endpoint, deployment=deployment, logs=texts
    )
