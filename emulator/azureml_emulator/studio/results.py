"""What a job has written: its logs, its predictions beside the pictures that they are about, its files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, Response

from azureml_emulator.batch import records
from azureml_emulator.studio import blobs, jobs, table
from azureml_emulator.studio.frame import MissingError, Visit, render
from azureml_emulator.studio.guard import FILE_HEADERS

if TYPE_CHECKING:
    from azureml_emulator.studio.jobs import Shown

ROWS = 48
MOST_LOG = 256 << 10
_MOST_ROWS_READ = 4 << 20
_MOST_INPUTS = 5000
_MOST_FILES = 200
_MOST_FILE = 32 << 20


@dataclass(frozen=True)
class Place:
    """A named place of a job in the blob service."""

    container: str
    path: str

    def below(self, name: str) -> str:
        """The path of a file below it; one that tries to leave it leads nowhere."""
        if any(part in {"", ".", ".."} for part in name.split("/")):
            raise MissingError(f"file “{name}”")
        return f"{self.path.strip('/')}/{name}".lstrip("/")


def places(job: Shown) -> dict[str, Place]:
    """Where the files of a job are: what it was given (``input``, or one for each), and its outputs."""
    record = job.record
    if job.is_pipeline:
        found = {f"output-{name}": output["place"] for name, output in record["outputs"].items()}
    elif job.is_step:
        spec = record["spec"]
        found = {f"input-{name}": given["place"] for name, given in spec["inputs"].items() if given.get("place")}
        found |= {f"output-{name}": output["place"] for name, output in spec["outputs"].items()}
    else:
        found = {"input": record["spec"]["data"], "output": record["spec"]["output"]}
    return {name: Place(place["container"], place["path"]) for name, place in found.items()}


# -- logs --------------------------------------------------------------------------------------------------


def _logs(job: Shown) -> dict[tuple[str, str], Place]:
    """The blobs of a job's logs, by scope and name."""
    record = job.record
    container = record["container"] if job.is_pipeline else record["spec"]["logs"]["container"]
    scopes = ("job",) if job.is_pipeline else ("step",) if job.is_step else ("job", "step")
    return {(scope, name): Place(container, path) for scope in scopes for name, path in records.logs(record, scope)}


async def log_list(visit: Visit) -> Response:
    """The names of a job's logs, and the one that is worth reading first."""
    job = jobs.find(visit)
    found = sorted(_logs(job))
    chosen = next((each for each in found if each[1].endswith(("std_log.txt", "job_progress_overview.txt"))), None)
    if job.error:
        chosen = next((each for each in found if each[1] == "logs/user/error.txt"), chosen)
    return await _log_page(visit, job, chosen or (found[0] if found else None))


async def log(visit: Visit) -> Response:
    """One log: its end."""
    job = jobs.find(visit)
    return await _log_page(visit, job, (visit.params["scope"], visit.params["log"]))


async def log_live(visit: Visit) -> Response:
    """The end of a log as it is now, without the page around it."""
    job = jobs.find(visit)
    text = render("_log.html", **await _log(visit, job, (visit.params["scope"], visit.params["log"])))
    return HTMLResponse(text, headers={jobs.DONE_HEADER: "yes"} if job.is_over else {})


async def _log_page(visit: Visit, job: Shown, chosen: tuple[str, str] | None) -> Response:
    shown = await _log(visit, job, chosen) if chosen else {}
    return visit.page(
        "logs.html", section="jobs", tab="logs", job=job, names=sorted(_logs(job)), chosen=chosen, log=shown
    )


async def _log(visit: Visit, job: Shown, chosen: tuple[str, str]) -> dict[str, Any]:
    place = _logs(job).get(chosen)
    if place is None:
        raise MissingError(f"log “{chosen[1]}”", ("The job's logs", job.link("logs")))
    part = await blobs.read_end(visit.emulator.storage, place.container, place.path, most=MOST_LOG)
    if part is None:
        return {"text": "", "size": 0, "cut": 0}
    text = part.data.decode("utf-8", "replace")
    return {"text": text.partition("\n")[2] if part.start else text, "size": part.size, "cut": part.start}


# -- predictions and files ---------------------------------------------------------------------------------


async def predictions(visit: Visit) -> Response:
    """The rows of a job's predictions beside their pictures; files where it has no rows."""
    job = jobs.find(visit)
    scoring = None if job.is_pipeline or job.is_step else job.record["spec"]["scoring"]
    if scoring is None or scoring["output_action"] != "AppendRow":
        return await _files(visit, job)
    place, given = places(job)["output"], places(job)["input"]
    storage = visit.emulator.storage
    name = scoring["output_file"]
    part = await blobs.read(storage, place.container, place.below(name), most=_MOST_ROWS_READ)
    lines: list[str] = []
    if part is not None:
        text = part.data.decode("utf-8", "replace")
        lines = (text if part.is_whole else text[: text.rfind("\n") + 1]).splitlines()
    asked = visit.request.query_params.get("page", "1")
    number = max(1, int(asked)) if asked.isdecimal() else 1
    shown = lines[(number - 1) * ROWS : number * ROWS]
    inputs = await blobs.names(storage, given.container, given.path, most=_MOST_INPUTS) if shown else []
    return visit.page(
        "predictions.html",
        section="jobs",
        tab="predictions",
        job=job,
        file=name,
        part=part,
        rows=table.read_rows(shown, [path for path, _ in inputs]),
        first=(number - 1) * ROWS + 1,
        count=len(lines),
        number=number,
        pages=max(1, -(-len(lines) // ROWS)),
    )


async def _files(visit: Visit, job: Shown) -> Response:
    found = []
    for name, place in places(job).items():
        if name.startswith("output"):
            listed = await blobs.names(visit.emulator.storage, place.container, place.path, most=_MOST_FILES + 1)
            found.append((name, name.removeprefix("output-"), listed[:_MOST_FILES], len(listed) > _MOST_FILES))
    return visit.page("files.html", section="jobs", tab="predictions", job=job, outputs=found, pictures=table.PICTURES)


async def file(visit: Visit) -> Response:
    """A file of a job: a picture to look at; all else to be saved, whatever it says that it is."""
    job = jobs.find(visit)
    place, name = places(job).get(visit.params["place"]), visit.params["file"]
    if place is None:
        raise MissingError(f"file “{name}”", (job.title, job.link()))
    storage = visit.emulator.storage
    part = await blobs.read(storage, place.container, place.below(name), most=_MOST_FILE)
    if part is None and place.path.rpartition("/")[2] == name:
        part = await blobs.read(storage, place.container, place.path, most=_MOST_FILE)
    if part is None:
        raise MissingError(f"file “{name}”", (job.title, job.link()))
    if not part.is_whole:
        text = f"“{name}” is larger than {_MOST_FILE >> 20} MB. Fetch it with: azureml-stack jobs download"
        return visit.page("problem.html", section="jobs", status=413, title="Too large to show", text=text)
    kind = table.picture_type(part.data)
    headers = {**FILE_HEADERS, "Content-Disposition": "inline" if kind else "attachment"}
    return Response(part.data, media_type=kind or "application/octet-stream", headers=headers)
