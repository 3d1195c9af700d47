"""Models, environments, data and components: their versions, what is in them, and who uses them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azureml_emulator import uris
from azureml_emulator.studio import blobs, usage
from azureml_emulator.studio.frame import MissingError, Visit

if TYPE_CHECKING:
    from starlette.responses import Response

    from azureml_emulator.store import Document

_PAGE = 50
_MOST_VERSIONS = 200
_MOST_FILES = 100


@dataclass(frozen=True)
class Sort:
    """A sort of assets: its words, what else there is to say of none, and the property that leads to its files."""

    plural: str
    title: str
    one: str
    empty: str
    files: str = ""


SORTS = {
    sort.plural: sort
    for sort in (
        Sort("models", "Models", "model", "A deployment scores with a model.", "modelUri"),
        Sort("environments", "Environments", "environment", "An environment is what a scoring script runs in."),
        Sort("data", "Data", "data asset", "A data asset names a file or folder by name and version.", "dataUri"),
        Sort("components", "Components", "component", "A component is a step of a pipeline, or a whole one."),
    )
}


def _sort(visit: Visit) -> Sort:
    asked = visit.params["sort"].lower()
    if asked not in SORTS:
        raise MissingError(f"page “{asked}”", ("The workspace", visit.workspace.link()))
    return SORTS[asked]


def _find(visit: Visit) -> Document:
    sort, name = _sort(visit), visit.params["name"]
    found = visit.emulator.store.get(f"{visit.workspace.id}/{sort.plural}/{name}")
    if found is None:
        raise MissingError(f"{sort.one} “{name}”", (f"All {sort.title.lower()}", visit.workspace.link(sort.plural)))
    return found


def _versions(visit: Visit, container: Document) -> list[Document]:
    """The newest versions of an asset."""
    kind = f"{_sort(visit).plural}/versions"
    return visit.emulator.store.list(kind, container["id"], newest_first=True, top=_MOST_VERSIONS)


async def index(visit: Visit) -> Response:
    """The assets of a sort, newest first."""
    sort = _sort(visit)
    store, before = visit.emulator.store, visit.request.query_params.get("before", "")
    cursor = int(before) if before.isdecimal() else None
    page = store.page(sort.plural, visit.workspace.id, size=_PAGE, cursor=cursor, newest_first=True)
    used: Counter[str] = Counter()
    for asset, users in usage.find(visit.emulator, visit.workspace).items():
        used[asset.rpartition("/versions/")[0]] += len(users)
    rows = [
        (each, store.count(f"{sort.plural}/versions", each["id"]), used[each["id"].lower()]) for each in page.documents
    ]
    return visit.page("assets.html", section=sort.plural, sort=sort, rows=rows, following=page.cursor)


async def versions(visit: Visit) -> Response:
    """The versions of an asset, and who uses each."""
    container = _find(visit)
    sort = _sort(visit)
    uses = usage.find(visit.emulator, visit.workspace)
    rows = [(version, uses.get(version["id"].lower(), [])) for version in _versions(visit, container)]
    count = visit.emulator.store.count(f"{sort.plural}/versions", container["id"])
    return visit.page("asset.html", section=sort.plural, sort=sort, asset=container, rows=rows, count=count)


async def version(visit: Visit) -> Response:
    """One version: its properties, its files, and who uses it."""
    container, sort = _find(visit), _sort(visit)
    name = visit.params["version"]
    found = visit.emulator.store.get(f"{container['id']}/versions/{name}")
    if found is None:
        back = (container["name"], visit.workspace.link(sort.plural, container["name"]))
        raise MissingError(f"version “{name}” of the {sort.one} “{container['name']}”", back)
    uses = usage.find(visit.emulator, visit.workspace)
    return visit.page(
        "version.html",
        section=sort.plural,
        sort=sort,
        asset=container,
        version=found,
        users=uses.get(found["id"].lower(), []),
        files=await _files(visit, sort, found),
        most_files=_MOST_FILES,
    )


async def _files(visit: Visit, sort: Sort, found: Document) -> list[tuple[str, int]] | None:
    """The files of an asset; ``None`` where it has none of its own, or they are elsewhere."""
    address: Any = found["properties"].get(sort.files) if sort.files else None
    if not address or visit.emulator.storage.state == "off":
        return None
    try:
        place = uris.resolve(str(address), visit.workspace.id, visit.emulator.store)
    except uris.UriError:
        return None
    return await blobs.names(visit.emulator.storage, place.container, place.path, most=_MOST_FILES)
