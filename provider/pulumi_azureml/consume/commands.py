"""What the commands of ``azureml-stack`` do, once their options are parsed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pulumi_azureml.arm import ArmClient

from .batch import BatchClient
from .errors import OutputError, WatchInterruptedError
from .generate import generate_client
from .rows import convert, parse_columns
from .target import Target, TargetOptions

if TYPE_CHECKING:
    from .display import Display
    from .jobs import BatchJob
    from .references import InputType
    from .request import InvokeOptions


@dataclass(frozen=True)
class Fetch:
    """Where predictions go, and how they are read.

    ``folder`` is ``None`` for no download; ``columns`` names the columns of the rows file, which is
    ``rows_file`` or, when ``None``, the output's only file or the one of the job's output file name.
    """

    folder: Path | None = None
    columns: str | None = None
    rows_file: str | None = None


def invoke(
    target: TargetOptions,
    display: Display,
    data: str | Mapping[str, str],
    *,
    input_type: InputType | None,
    options: InvokeOptions,
    watching: bool,
    timeout: float | None,
    fetch: Fetch,
) -> None:
    """Start a job; watch it and fetch its predictions where that is asked for."""
    columns = _columns(fetch)
    display.status("finding the endpoint")
    settings, scoring_uri = Target(target).settings_and_scoring_uri()
    client = BatchClient.from_settings(settings)
    job = client.invoke(scoring_uri, data, input_type=input_type, options=options, on_status=display.status)
    watching = watching or fetch.folder is not None
    text = f"Job {job.name} started."
    if not watching:
        text += f" Watch it with `azureml-stack watch {job.name}`."
    display.result("submitted", text, **job.summary())
    if watching:
        _fetch(client, display, _watch(client, display, job, timeout), fetch, columns)


def watch(target: TargetOptions, display: Display, job: str, *, timeout: float | None, fetch: Fetch) -> None:
    """Watch a job to its end and fetch its predictions where that is asked for."""
    columns = _columns(fetch)
    client = BatchClient.from_settings(Target(target).settings())
    _fetch(client, display, _watch(client, display, job, timeout), fetch, columns)


def download(target: TargetOptions, display: Display, job: str, fetch: Fetch) -> None:
    """Fetch the predictions of a job."""
    columns = _columns(fetch)
    client = BatchClient.from_settings(Target(target).settings())
    _fetch(client, display, client.status(job), fetch, columns)


def cancel(target: TargetOptions, display: Display, job: str) -> None:
    """Ask the service to stop a job, or say that it has ended already."""
    client = BatchClient.from_settings(Target(target).settings())
    current = client.status(job)
    if current.finished:
        display.result("finished", f"Job {job} has ended already: {current.status}.", **current.summary())
        return
    client.cancel(job)
    current = client.status(job)
    display.result("canceling", f"Job {job} is being canceled ({current.status}).", **current.summary())


def jobs(target: TargetOptions, display: Display, *, deployment: str | None, limit: int, as_json: bool) -> None:
    """List the jobs of the endpoint."""
    found = Target(target)
    endpoint = found.endpoint()
    listed = BatchClient.from_settings(found.settings()).jobs(endpoint, deployment=deployment, limit=limit)
    if as_json:
        for job in listed:
            display.result("job", "", **{**job.summary(), "endpoint": job.endpoint or endpoint})
    elif not listed:
        display.result("jobs", f"Endpoint {endpoint} has no jobs. Start one with `azureml-stack invoke`.")
    else:
        display.result("jobs", "\n".join(_table(listed)))


def logs(target: TargetOptions, display: Display, job: str, *, name: str | None, folder: Path | None) -> None:
    """List a job's logs, print one, or save them all."""
    found = BatchClient.from_settings(Target(target).settings()).logs(job)
    if name is not None:
        if name not in found:
            raise OutputError(f"Job '{job}' has no log '{name}'. Its logs: {', '.join(sorted(found)) or 'none yet'}.")
        content = found[name]()
        display.result("log", content.rstrip("\n"), job=job, log=name, content=content)
        return
    for log in sorted(found):
        if folder is None:
            display.result("log", log, job=job, log=log)
            continue
        file = folder.joinpath(*(part for part in log.split("/") if part not in ("", ".", "..")))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(found[log](), encoding="utf-8")
        display.result("log", str(file), job=job, log=log, file=str(file))


def consume(
    target: TargetOptions, display: Display, *, language: str, deployment: str | None, output: Path | None
) -> None:
    """Write client code for the endpoint: to a file, into a folder, or to standard output."""
    found = Target(target)
    endpoint = found.endpoint()
    display.status(f"reading what the endpoint {endpoint} takes")
    made = generate_client(ArmClient.from_settings(found.settings()), endpoint, language, deployment=deployment)
    facts = {"endpoint": endpoint, "language": made.language}
    if output is None:
        display.result("client", made.text.rstrip("\n"), **facts, file_name=made.file_name, content=made.text)
        return
    file = output / made.file_name if output.is_dir() else output
    file.write_text(made.text, encoding="utf-8")
    display.result("client", f"Wrote {file}: its first lines say how to run it.", **facts, file=str(file))


def _columns(fetch: Fetch) -> tuple[str, ...] | None:
    return None if fetch.columns is None else parse_columns(fetch.columns)


def _watch(client: BatchClient, display: Display, job: BatchJob | str, timeout: float | None) -> BatchJob:
    name = job if isinstance(job, str) else job.name
    try:
        done = client.watch(job, display.progress, timeout=timeout)
    except KeyboardInterrupt:
        raise WatchInterruptedError(name) from None
    display.result("completed", f"Job {name} completed.", **done.summary())
    return done


def _fetch(client: BatchClient, display: Display, job: BatchJob, fetch: Fetch, columns: Sequence[str] | None) -> None:
    if fetch.folder is None:
        return
    files = client.download(job, fetch.folder, on_status=display.status)
    text = f"Downloaded {files[0]}" if len(files) == 1 else f"Downloaded {len(files)} files to {fetch.folder}"
    display.result("downloaded", text, files=[str(file) for file in files])
    if columns is not None:
        rows_file = _rows_file(files, fetch.rows_file, job)
        rows = convert(rows_file, columns)
        text = f"Wrote {rows} rows with the columns {','.join(columns)} to {rows_file}"
        display.result("rows", text, file=str(rows_file), rows=rows, columns=list(columns))


def _rows_file(files: Sequence[Path], chosen: str | None, job: BatchJob) -> Path:
    if chosen is None and len(files) == 1:
        return files[0]
    wanted = chosen or job.output_file_name or "predictions.csv"
    for file in files:
        if file.name == wanted:
            return file
    there = ", ".join(str(file) for file in files[:10])
    raise OutputError(
        f"The output has no file '{wanted}' to give columns to. Downloaded: {there}. Name the file of rows with "
        "--rows-file NAME, or leave --columns out (a deployment with SummaryOnly writes its own files)."
    )


def _table(listed: Sequence[BatchJob]) -> list[str]:
    """Aligned columns that any pipe can read; colours would say nothing more."""
    rows = [("JOB", "STATUS", "DEPLOYMENT", "CREATED (UTC)")]
    rows += [(job.name, job.status, job.deployment or "-", _minute(job.created)) for job in listed]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _minute(created: str | None) -> str:
    """The service's time stamp (ISO 8601, always UTC) without fractions and offset."""
    return created[:19].replace("T", " ") if created else "-"
