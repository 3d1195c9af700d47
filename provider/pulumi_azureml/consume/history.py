"""Run history: the steps of a job, their logs, errors and outputs.

The endpoints are those of the workspace's discovery document, which the official client uses too
(``azure-ai-ml``: run history, dataset data plane and batch job operations).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pulumi_azureml.arm import ArmError

from .errors import OutputError

if TYPE_CHECKING:
    from pulumi_azureml.arm import ArmClient

_JOBS_API_VERSION = "2020-09-01-dataplanepreview"  # the only version of the listing that the service knows
SCORE = "score"  # the one output of the step `batchscoring`


@dataclass(frozen=True)
class RunDetails:
    """A run's state, its error as ``(code, message)``, and its logs by name.

    The logs' URLs are signed; they are left out of the ``repr``.
    """

    status: str
    error_code: str = ""
    error_message: str = ""
    log_files: Mapping[str, str] = field(default_factory=dict, repr=False)


class RunHistory:
    """Run history of the workspace of ``client``. The discovery document is read once."""

    def __init__(self, client: ArmClient) -> None:
        self._client = client
        self._workspace = client.settings.workspace_id
        self._api: str | None = None

    def details(self, run: str) -> RunDetails:
        """State, error and logs of a job or of one of its steps."""
        body = self._get(f"history/v1.0{self._workspace}/runs/{run}/details", f"read the details of job {run}")
        error = _mapping(_mapping(body.get("error")).get("error"))
        logs = {str(name): str(url) for name, url in _mapping(body.get("logFiles")).items()}
        return RunDetails(
            status=str(body.get("status") or "Unknown"),
            error_code=str(error.get("code") or ""),
            error_message=str(error.get("message") or ""),
            log_files=logs,
        )

    def children(self, run: str) -> list[str]:
        """Names of the job's steps; a batch scoring job has one, once it has started."""
        path = f"history/v1.0{self._workspace}/runs/{run}/children"
        items = self._pages(path, f"list the steps of job {run}", {})
        return [str(item.get("runId") or item.get("name")) for item in items]

    def score_uri(self, step: str) -> str | None:
        """Where the step's output ``score`` is by the service's own record; ``None`` when it lists none."""
        return self.output_uris(step).get(SCORE)

    def output_uris(self, run: str) -> dict[str, str]:
        """Where the outputs of a run are by the service's own record, by name."""
        url = f"{self.base()}/history/v1.0{self._workspace}/rundata"
        request = {"runId": run, "selectRunMetadata": True}
        body = self._client.request("POST", url, json=request, operation=f"read the outputs of {run}").body
        outputs = _mapping(_mapping(_mapping(body).get("runMetadata")).get("outputs"))
        assets = {str(name): str(_mapping(each).get("assetId") or "") for name, each in outputs.items()}
        assets = {name: asset for name, asset in assets.items() if asset}
        if not assets:
            return {}
        url = f"{self.base()}/data/v1.0{self._workspace}/dataversion/batchGetResolvedUris"
        operation = f"resolve the outputs of {run}"
        body = self._client.request("POST", url, json={"values": list(assets.values())}, operation=operation).body
        found = _mapping(_mapping(body).get("values"))
        uris = {name: _mapping(found.get(asset)).get("uri") for name, asset in assets.items()}
        return {name: str(uri) for name, uri in uris.items() if uri}

    def jobs(self, endpoint: str, deployment: str | None = None) -> Iterator[Mapping[str, Any]]:
        """The documents of an endpoint's jobs, page by page, in the service's order."""
        of = f"/deployments/{deployment}" if deployment else ""
        path = f"mferp/managementfrontend{self._workspace}/batchEndpoints/{endpoint}{of}/jobs"
        return self._pages(path, f"list the jobs of batch endpoint {endpoint}", {"api-version": _JOBS_API_VERSION})

    def read_log(self, url: str, name: str) -> str:
        """The text of a log by its signed URL."""
        body = self._client.request("GET", url, audience="none", operation=f"read the log {name}").body
        return body if isinstance(body, str) else "" if body is None else str(body)

    def base(self) -> str:
        """The address of the region's API, which the workspace's discovery document names."""
        if self._api is None:
            workspace = self._client.request("GET", self._workspace, operation="read the workspace").body
            url = _mapping(_mapping(workspace).get("properties")).get("discoveryUrl")
            found = _mapping(self._client.request("GET", str(url), operation="read the discovery document").body)
            if not found.get("api"):
                raise OutputError(f"The discovery document of the workspace, {url}, has no address 'api'.")
            self._api = str(found["api"]).rstrip("/")
        return self._api

    def _get(self, path: str, operation: str) -> Mapping[str, Any]:
        return _mapping(self._client.request("GET", f"{self.base()}/{path}", operation=operation).body)

    def _pages(self, path: str, operation: str, params: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        url: str | None = f"{self.base()}/{path}"
        first = params
        while url:
            page = _mapping(self._client.request("GET", url, params=first, operation=operation).body)
            yield from page.get("value") or []
            url, first = page.get("nextLink"), {}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


class LiveLog:
    """A log that is read again and again while its job runs; quiet when it is not there (yet).

    What it shows is an extra: a failing read must never end the watching, so it gives ``None``.
    """

    def __init__(self, history: RunHistory, job: str) -> None:
        self._history = history
        self._job = job
        self._step: str | None = None
        self._found: tuple[str, str] | None = None

    def read(self, pick: Callable[[Mapping[str, str]], str | None]) -> str | None:
        """The log that ``pick`` chooses among the step's logs, or ``None``."""
        try:
            if self._step is None:
                self._step = next(iter(self._history.children(self._job)), None)
            if self._step is not None and self._found is None:
                logs = self._history.details(self._step).log_files
                name = pick(logs)
                self._found = (name, logs[name]) if name else None
            return self._history.read_log(self._found[1], self._found[0]) if self._found else None
        except ArmError:
            self._found = None  # a signature expires, a newer log may have begun: look it up anew next time
            return None
