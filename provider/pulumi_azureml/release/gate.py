"""A gate: score a data asset with a deployment by name, measure the predictions, and refuse what misses a threshold.

The job is known by its content: the deployment as it is and the data. So a run that broke off finds its job again,
gates that differ in their metric share one, and going back to what was tried before scores nothing.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..arm import ArmClient, ArmError, NotFoundError
from ..assets import storage_errors
from ..assets.stored import AddressError, address_of, open_stored
from ..consume.batch import BatchClient
from ..consume.errors import ConsumeError, OutputError
from ..consume.jobs import COMPLETED, TERMINAL_STATES, BatchJob
from ..consume.request import InvokeOptions
from ..consume.target import read_scoring_uri
from .errors import GateError
from .matching import count_rows, match, read_labels, read_predictions
from .metric import ACCURACY, BUILT_IN, ERROR_RATE, ROW_COUNT, accuracy, find_entry, measure

if TYPE_CHECKING:
    from ..consume.outputs import Location
    from ..consume.progress import Progress

JOB_TAG = "pulumi-gate"
"""On a gate's job: the digest of what it scores with and what it scores."""

_LOOKED_AT = 200  # jobs of the deployment, newest first
# Of a deployment's document, what its predictions depend on.
_SCORING = (
    *("model", "codeConfiguration", "environmentId", "environmentVariables"),
    *("miniBatchSize", "errorThreshold", "outputAction", "outputFileName"),
)

Status = Callable[[str], None]


@dataclass(frozen=True)
class Gate:
    """What is tried, and what it must reach.

    Attributes:
        name: the gate's, for messages and the job's tags.
        deployment: ARM id of the batch deployment.
        data: what is scored: the ARM id of a data version, or an address in storage.
        metric: a built-in one, or `module:function`.
        threshold: the least good value that passes.
        greater_is_better: whether values above the threshold pass, or those below it.
        labels: a CSV file with a header: its path, or the ARM id of a data version; None for none.
        columns: names for the values of the predictions' rows.
        rows_file: the file of predictions, where the output has several.
        folder: the program's.
    """

    name: str
    deployment: str
    data: str
    metric: str
    threshold: float
    greater_is_better: bool = True
    labels: str | None = None
    columns: Sequence[str] = ()
    rows_file: str | None = None
    folder: Path = Path()

    @property
    def endpoint(self) -> str:
        """ARM id of the endpoint."""
        return self.deployment.rpartition("/deployments/")[0]

    def passes(self, value: float) -> bool:
        """Whether a value reaches the threshold."""
        return value >= self.threshold if self.greater_is_better else value <= self.threshold


@dataclass(frozen=True)
class Finding:
    """What a gate found: the metric's value, the job, and where its predictions are."""

    value: float
    job: str
    predictions: str


def run_gate(client: ArmClient, gate: Gate, timeout: float, status: Status) -> Finding:
    """Try a deployment.

    Args:
        client: of the deployment's workspace.
        gate: what is tried.
        timeout: seconds to wait for the job, and again for a metric of the program.
        status: told how far it is.

    Raises:
        GateError: the threshold is missed, or the metric cannot be evaluated; the text has the metric, its value, the
            threshold, and where the predictions are.
    """
    trial = _Trial(client, gate, status)
    try:
        value = trial.value(timeout)
    except (GateError, ConsumeError, ArmError, AddressError) as error:
        raise GateError(
            f"The gate {gate.name!r} could not be evaluated, so the default deployment has not moved: {error}\n"
            f"{trial.facts()}"
        ) from error
    shown = f"{gate.metric} is {number(value)}"
    if not gate.passes(value):
        bound = "at least" if gate.greater_is_better else "at most"
        raise GateError(
            f"The gate {gate.name!r} is not passed: {shown}, and the threshold is {bound} {number(gate.threshold)}. "
            f"The default deployment has not moved.\n{trial.facts()}"
        )
    status(f"passed: {shown}")
    return Finding(value, trial.job.name if trial.job else "", str(trial.place or ""))


class _Trial:
    """One evaluation of a gate, and what is known of it so far."""

    def __init__(self, client: ArmClient, gate: Gate, status: Status) -> None:
        self._client = client
        self._gate = gate
        self._status = status
        self._batch = BatchClient(client)
        self._progress: Progress | None = None
        self._failed: list[str] = []
        self.job: BatchJob | None = None
        self.place: Location | None = None

    def facts(self) -> str:
        """What was tried on what, and the next commands, as far as they are known."""
        gate = self._gate
        name, endpoint = (part.rpartition("/")[2] for part in (gate.deployment, gate.endpoint))
        lines = [f"deployment:  {name} of endpoint {endpoint}", f"data:        {gate.data}"]
        if self.job:
            lines.append(f"job:         {self.job.name} ({self.job.status})")
        if self.place and self.job:
            lines.append(f"predictions: {self.place}")
            lines.append(f"fetch them:  azureml-stack download {self.job.name} out")
        return "\n".join(f"  {line}" for line in lines)

    def value(self, timeout: float) -> float:
        """The metric's value."""
        gate = self._gate
        entry = None if gate.metric in BUILT_IN else find_entry(gate.metric, gate.folder)
        with tempfile.TemporaryDirectory(prefix="gate-") as own:
            labels = read_labels(self._labels(Path(own, "labels")), str(gate.labels)) if gate.labels else None
            rows_file = self._predictions(Path(own, "predictions"), timeout)
            self._status(f"evaluating {gate.metric}")
            if gate.metric == ROW_COUNT:
                return float(count_rows(rows_file))
            if gate.metric == ERROR_RATE and labels is None:
                return self._failed_items(rows_file)
            rows = read_predictions(rows_file, gate.columns)
            matched = None if labels is None else match(rows, labels, str(gate.labels))
            if entry is not None:
                return measure(entry, rows, matched, gate.folder, timeout=timeout)
            share = accuracy(rows, matched or [])
            return share if gate.metric == ACCURACY else 1 - share

    def _predictions(self, folder: Path, timeout: float) -> Path:
        """The file of predictions: of the job that was there already or, where its output is gone, of a new one."""
        content = self._content()
        known = self._known_job(content)
        if known is None or known.status not in TERMINAL_STATES:
            return self._fetch(known or self._invoke(content), folder, timeout)
        try:
            return self._fetch(known, folder, timeout)
        except OutputError:
            return self._fetch(self._invoke(content, after=known.name), folder, timeout)

    def _content(self) -> str:
        """The digest of what scores and what is scored, from the deployment as it is now."""
        gate = self._gate
        self._status("reading the deployment")
        try:
            found = self._client.request("GET", gate.deployment, operation="read the deployment").body
        except NotFoundError:
            raise GateError(f"there is no batch deployment {gate.deployment}.") from None
        properties = found["properties"]
        if (properties.get("deploymentConfiguration") or {}).get("componentId"):
            raise GateError("the deployment runs a pipeline component, and a gate tries deployments of a model.")
        scoring = [properties.get(key) for key in _SCORING]
        text = json.dumps([gate.deployment.lower(), gate.data, self._files(), scoring], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def _files(self) -> list[tuple[str, str]]:
        """What lies at an address of a datastore just now; a version of a data asset does not change."""
        if not self._gate.data.startswith("azureml://") or "/datastores/" not in self._gate.data:
            return []
        stored = open_stored(self._client, self._client.settings.workspace_id, self._gate.data)
        with storage_errors(f"list {self._gate.data}", stored.container):
            return sorted((str(blob.name), str(blob.etag)) for blob in stored.blobs())

    def _known_job(self, content: str) -> BatchJob | None:
        """The newest job of this content that has not failed."""
        endpoint, _, name = self._gate.deployment.rpartition("/deployments/")
        jobs = self._batch.jobs(endpoint.rpartition("/")[2], deployment=name, limit=_LOOKED_AT)
        mine = [job for job in jobs if job.tags.get(JOB_TAG) == content]
        self._failed = [job.name for job in mine if job.finished and job.status != COMPLETED]
        return next((job for job in mine if job.name not in self._failed), None)

    def _invoke(self, content: str, after: str = "") -> BatchJob:
        """Start a job; with the same request id for the same content, until such a job has failed."""
        gate = self._gate
        uri = read_scoring_uri(self._client, gate.endpoint.rpartition("/")[2])
        request = uuid.uuid5(uuid.NAMESPACE_URL, "/".join((content, *sorted(self._failed), after)))
        options = InvokeOptions(
            deployment=gate.deployment.rpartition("/")[2],
            tags={JOB_TAG: content, "gate": gate.name},
        )
        return self._batch.invoke(uri, gate.data, options=options, on_status=self._status, request_id=str(request))

    def _fetch(self, job: BatchJob, folder: Path, timeout: float) -> Path:
        self.job = job
        self.job = self._batch.watch(job, self._show, timeout=timeout)
        self.place = self._batch.output(self.job)
        files = self._batch.download(self.job, folder, on_status=self._status)
        wanted = self._gate.rows_file or self.job.output_file_name
        if len(files) == 1 and not self._gate.rows_file:
            return files[0]
        for file in files:
            if file.name == wanted:
                return file
        there = ", ".join(str(file.relative_to(folder)) for file in files[:10])
        raise GateError(f"the job wrote no file {wanted or 'of rows'}; it wrote {there}. Name it with rows_file.")

    def _show(self, progress: Progress) -> None:
        self._progress = progress
        if self.job:
            self._status(f"{self.job.name} {progress.text()}")

    def _failed_items(self, rows_file: Path) -> float:
        """The share of items that failed: as the job counted them, else by the rows that are missing."""
        progress = self._progress
        if progress is None or not progress.items_total:
            raise GateError("the job does not tell how many items it had: give the gate labels, or another metric.")
        if progress.items_failed is not None:
            return progress.items_failed / progress.items_total
        return max(0, progress.items_total - count_rows(rows_file)) / progress.items_total

    def _labels(self, target: Path) -> Path:
        """The file of labels on this machine."""
        labels = str(self._gate.labels)
        if not labels.startswith("/subscriptions/"):
            return self._gate.folder / labels
        self._status("fetching the labels")
        try:
            document = self._client.request("GET", labels, operation="read the labels").body
        except NotFoundError:
            raise GateError(f"there are no labels: no data asset {labels}.") from None
        stored = open_stored(self._client, labels, address_of(document))
        with storage_errors(f"read the labels {labels}", stored.container):
            blobs = list(stored.blobs())
            if len(blobs) != 1:
                raise GateError(f"the labels {labels} are {len(blobs)} files: labels are one CSV file.")
            with target.open("wb") as out:
                stored.container.download_blob(blobs[0].name).readinto(out)
        return target


def number(value: float) -> str:
    """A value for people: 0.9712, 899, never rounded so far that it seems to reach what it misses."""
    return f"{value:.10g}"
