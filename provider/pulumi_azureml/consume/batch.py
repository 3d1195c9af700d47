"""Invoke a batch endpoint, watch its jobs and fetch their predictions.

client = BatchClient.from_settings(settings)
job = client.invoke(scoring_uri, "images/", mini_batch_size=20)
client.watch(job, on_progress=lambda progress: print(progress.text()))
client.download(job, "out/digits")
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pulumi_azureml.arm import ArmClient, ArmError

from .errors import (
    JobCanceledError,
    JobFailedError,
    OutputError,
    StorageError,
    WatchCancelledError,
    WatchTimeoutError,
)
from .failure import JobFailure, error_logs, explain, is_screen
from .history import SCORE, LiveLog, RunHistory
from .inputs import Upload, resolve_data
from .jobs import CANCELED, COMPLETED, STATES_WITH_STEPS, BatchJob, job_from_document
from .outputs import Location, OpenContainer, Status, default_output, download_location, parse_location
from .progress import Progress, newest_overview, parse_overview
from .request import InvokeOptions, JobData, invoke_body

if TYPE_CHECKING:
    from pulumi_azureml.arm import Settings

    from .references import InputType

_SHORTEST_WAIT, _LONGEST_WAIT, _WAIT_SHARE = 0.2, 3.0, 0.05
_LONGEST_RETRY_AFTER = 60.0


def _silent(_text: str) -> None:
    """Say nothing."""


def _upload(client: ArmClient, path: Path, status: Status) -> str:
    from pulumi_azureml.assets import upload_folder  # noqa: PLC0415 - pulls in the storage client

    return upload_folder(client, path, status=status)


def _container(client: ArmClient, datastore: str) -> Any:
    from pulumi_azureml.assets import datastore_container  # noqa: PLC0415 - pulls in the storage client

    try:
        return datastore_container(client, datastore)
    except ValueError as error:
        raise StorageError(f"Cannot open the job's output: {error}. Copy it with a tool for that storage.") from None


class BatchClient:
    """The batch endpoints of one workspace.

    ``upload`` and ``container`` reach the datastore; they are parameters so that another transport can
    take their place. All waiting is done by the clock of ``client``.
    """

    def __init__(self, client: ArmClient, *, upload: Upload = _upload, container: OpenContainer = _container) -> None:
        self._client = client
        self._history = RunHistory(client)
        self._upload = upload
        self._container = container

    @classmethod
    def from_settings(cls, settings: Settings) -> BatchClient:
        """A client that signs in with azure-identity's ``DefaultAzureCredential``."""
        return cls(ArmClient.from_settings(settings))

    def invoke(
        self,
        scoring_uri: str,
        data: str | Path | Mapping[str, str | Path],
        *,
        input_type: InputType | None = None,
        options: InvokeOptions | None = None,
        on_status: Status = _silent,
        request_id: str | None = None,
    ) -> BatchJob:
        """Start a scoring job and return it at once.

        Args:
            scoring_uri: the endpoint's invocation URL, ending in ``/jobs``.
            data: what to score; see :func:`~pulumi_azureml.consume.references.parse_data`. A local file or
                folder is uploaded to the default datastore first, unless it is there already. For a pipeline,
                its data inputs by name; the values of others are ``options.literals``.
            input_type: ``"file"`` or ``"folder"``; by default found out from ``data``.
            options: settings of this one job.
            on_status: told what goes on, such as the upload's progress.
            request_id: two invocations with one id give one job. A new one is made by default, and is
                sent again with every retry, so that a lost answer never doubles the job.

        Raises:
            InputError: the data or an option cannot be used; nothing was submitted.
            ArmError: the service refused.
        """
        options = options or InvokeOptions()
        workspace = self._client.settings.workspace_id
        named = data if isinstance(data, Mapping) else {"data": data}
        # Every problem with the options comes before a long upload.
        invoke_body(workspace, dict.fromkeys(named, JobData("", "")), options)
        inputs = {
            name: resolve_data(self._client, each, input_type, upload=self._upload, status=on_status)
            for name, each in named.items()
        }
        headers = {"repeatability_request-id": request_id or str(uuid.uuid4())}
        if options.deployment:
            headers["azureml-model-deployment"] = options.deployment
        on_status("submitting the job")
        answer = self._client.request(
            "POST",
            scoring_uri,
            json=invoke_body(workspace, inputs, options),
            headers=headers,
            audience="ml",
            operation="invoke the batch endpoint",
        )
        return job_from_document(answer.body or {}, scoring_uri=scoring_uri, headers=answer.headers)

    def status(self, job: BatchJob | str) -> BatchJob:
        """The job as it is now: from the endpoint where its scoring URI is known, else over ARM."""
        known = job if isinstance(job, BatchJob) else BatchJob(job, "Unknown")
        operation = f"read the status of job {known.name}"
        if known.scoring_uri:
            answer = self._client.request(
                "GET", f"{known.scoring_uri}/{known.name}", audience="ml", operation=operation
            )
        else:
            answer = self._client.request("GET", self._arm_id(known.name), operation=operation)
        found = job_from_document(answer.body or {}, scoring_uri=known.scoring_uri, headers=answer.headers)
        return found if found.name else known

    def watch(
        self,
        job: BatchJob | str,
        on_progress: Callable[[Progress], None] = lambda _progress: None,
        *,
        timeout: float | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> BatchJob:
        """Wait until the job has completed, telling ``on_progress`` at every poll.

        Polls at the pace that the service asks for (``Retry-After``), else every 0.2 s at first and more
        slowly the longer the job takes, at last every 3 s.

        Args:
            job: the job, or its name.
            on_progress: called with each snapshot, the last one included.
            timeout: seconds to wait at most; ``None`` waits for as long as the job takes.
            cancelled: asked before every wait; ``True`` ends the watching, not the job.

        Raises:
            JobFailedError: with the cause, the script's file and line, and where the log is.
            JobCanceledError: somebody canceled the job.
            WatchTimeoutError, WatchCancelledError: the job goes on.
        """
        clock = self._client.clock
        start = clock.now()
        log = LiveLog(self._history, job if isinstance(job, str) else job.name)
        while True:
            current = self.status(job)
            text = log.read(newest_overview) if current.status in STATES_WITH_STEPS else None
            on_progress(parse_overview(current.status, text or ""))
            if current.finished:
                return self._completed(current)
            if cancelled():
                raise WatchCancelledError(f"Watching job '{current.name}' was stopped; it goes on.", current)
            watched = clock.now() - start
            pause = min(current.retry_after or 0.0, _LONGEST_RETRY_AFTER) or min(
                max(_SHORTEST_WAIT, watched * _WAIT_SHARE), _LONGEST_WAIT
            )
            if timeout is not None and watched + pause > timeout:
                raise WatchTimeoutError(
                    f"Job '{current.name}' is still {current.status} after {timeout:g} s. It goes on: watch it "
                    f"again with `azureml-stack watch {current.name}`, or stop it with "
                    f"`azureml-stack cancel {current.name}`.",
                    current,
                )
            clock.sleep(pause)

    def cancel(self, job: BatchJob | str) -> None:
        """Ask the service to stop the job; it is ``CancelRequested``, then ``Canceled``."""
        name = _name(job)
        self._client.request("POST", f"{self._arm_id(name)}/cancel", operation=f"cancel job {name}")

    def jobs(self, endpoint: str, *, deployment: str | None = None, limit: int | None = None) -> list[BatchJob]:
        """The jobs of an endpoint or of one deployment, in the service's order, at most ``limit``."""
        return [job_from_document(each) for each in islice(self._history.jobs(endpoint, deployment), limit)]

    def logs(self, job: BatchJob | str) -> dict[str, Callable[[], str]]:
        """The logs of the job and of its steps: each name with the function that reads the log."""
        files = self._log_files(_name(job))
        return {name: partial(self._history.read_log, url, name) for name, url in files.items()}

    def failure(self, job: BatchJob | str) -> JobFailure:
        """Why the job failed: from its error, and from its logs where the error does not tell."""
        name = _name(job)
        runs = [*self._history.children(name), name]
        details = [self._history.details(run) for run in runs]
        told = next((found for found in details if found.error_message), details[-1])
        if is_screen(told.error_message):
            return explain(name, told.error_code, told.error_message)
        files = {log: url for found in reversed(details) for log, url in found.log_files.items()}
        for log in error_logs(files):
            try:
                text = self._history.read_log(files[log], log)
            except ArmError:
                continue
            if text.strip():
                return explain(name, told.error_code, told.error_message, log=log, log_text=text)
        return explain(name, told.error_code, told.error_message)

    def output(self, job: BatchJob | str) -> Location:
        """Where the job's predictions are: its own record, its custom output, or the default place.

        Raises:
            OutputError: the job has not ended, or ended before its scoring step began.
        """
        current = self._ended(job)
        steps = self._history.children(current.name)
        if not steps:
            raise OutputError(
                f"Job '{current.name}' ended as {current.status} before scoring began, so it has no output. "
                f"See why: azureml-stack logs {current.name}"
            )
        default = self._default_datastore()
        uri = next(filter(None, map(self._history.score_uri, steps)), None) or current.output_uri
        if uri is None:
            return Location(default, default_output(steps[0]))
        return parse_location(uri, default, str(self._container(self._client, default).url))

    def outputs(self, job: BatchJob | str) -> dict[str, Location]:
        """Where the outputs of a pipeline's job are, by name; nothing for a job of a model.

        Raises:
            OutputError: the job has not ended.
        """
        current = self._ended(job)
        found = {**self._history.output_uris(current.name), **current.outputs}
        if set(found) <= {SCORE}:
            return {}
        default = self._default_datastore()
        url = str(self._container(self._client, default).url)
        return {name: parse_location(uri, default, url) for name, uri in found.items()}

    def download(self, job: BatchJob | str, folder: str | Path, *, on_status: Status = _silent) -> list[Path]:
        """Download the job's output into ``folder`` and return the files; each output of a pipeline into a folder
        of its name.

        Raises:
            OutputError: there is no output, or the job has not ended.
            StorageError: the storage refused or did not answer.
        """
        current = self._ended(job)
        places = {Path(folder, name): place for name, place in self.outputs(current).items()}
        if not places:
            places = {Path(folder): self.output(current)}
        files = []
        for target, place in places.items():
            container = self._container(self._client, place.datastore)
            files += download_location(container, place, target, status=on_status, job=current)
        return files

    def _ended(self, job: BatchJob | str) -> BatchJob:
        current = job if isinstance(job, BatchJob) and job.finished else self.status(job)
        if not current.finished:
            raise OutputError(
                f"Job '{current.name}' is {current.status}, and its output is complete only when it has ended. "
                f"Wait for it with `azureml-stack watch {current.name}`."
            )
        return current

    def _completed(self, job: BatchJob) -> BatchJob:
        if job.status == COMPLETED:
            return job
        if job.status == CANCELED:
            raise JobCanceledError(job)
        try:
            failure = self.failure(job)
        except ArmError as error:  # that the job failed must not be hidden by a history that cannot be read
            failure = JobFailure(job.name, "", f"it is {job.status}; the reason cannot be read ({error.message})")
        raise JobFailedError(job, failure)

    def _log_files(self, job: str) -> dict[str, str]:
        runs = [job, *self._history.children(job)]
        return {log: url for run in runs for log, url in self._history.details(run).log_files.items()}

    def _default_datastore(self) -> str:
        url = f"{self._client.settings.workspace_id}/datastores"
        body = self._client.request(
            "GET", url, params={"isDefault": "true"}, operation="find the default datastore"
        ).body
        found = (body or {}).get("value") or [{}]
        return str(found[0].get("name") or "workspaceblobstore")

    def _arm_id(self, job: str) -> str:
        return f"{self._client.settings.workspace_id}/jobs/{job}"


def _name(job: BatchJob | str) -> str:
    return job if isinstance(job, str) else job.name
