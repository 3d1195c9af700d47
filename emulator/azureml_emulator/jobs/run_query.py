"""``POST experiments/{name}/runs:query`` of run history: by it callers of the first interface find runs under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azureml_emulator.arm.paging import whole
from azureml_emulator.batch import lookup
from azureml_emulator.batch.lenient import BodyError, Fields
from azureml_emulator.batch.run_filter import FilterError, parse
from azureml_emulator.http import WORKSPACE, Call, Reply, Route, ServiceError
from azureml_emulator.pipeline import shown

if TYPE_CHECKING:
    from azureml_emulator.store import Document

_PAGE = 100
_CURSOR = "continuationToken"


def query_runs(call: Call) -> Reply:
    """The runs of an experiment that a filter takes, newest first, a page at a time."""
    workspace = lookup.workspace(call)
    try:
        asked = Fields({} if call.body is None else call.body)
        fits, cursor, most = parse(asked.text("filter") or ""), asked.text(_CURSOR), asked.whole("top", 1)
    except FilterError as error:
        raise ServiceError(400, "UserError", str(error), "filter") from error
    except BodyError as error:
        raise ServiceError(400, "UserError", str(error)) from error

    def keep(record: Document) -> bool:
        same = str(record["asked"]["experiment"]).lower() == call.params["experiment"].lower()
        return same and fits(shown.run(record, workspace, step=False))

    records, following = call.emulator.jobs.records.page(
        workspace["id"],
        size=min(most or _PAGE, _PAGE),
        cursor=whole(_CURSOR, cursor) if cursor else None,
        keep=keep,
    )
    found = [shown.run(record, workspace, step=False) for record in records]
    return Reply({"value": found, _CURSOR: None if following is None else str(following)})


ROUTES = (
    Route("POST", f"/history/v1.0{WORKSPACE}/experiments/{{experiment}}/runs:query", query_runs, "history", "history"),
)
