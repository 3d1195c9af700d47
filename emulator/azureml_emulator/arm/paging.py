"""Lists: pages with ``$top``, ``$skip`` and ``nextLink``, their order, and the filters that they share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from azureml_emulator.http import Call, Reply, ServiceError
from azureml_emulator.store import Document, Page

PAGE = 100
_CURSOR = "~"
_ORDER = re.compile(r"(?P<by>createdtime|modifiedtime|name)(?:\s+(?P<way>asc|desc))?", re.IGNORECASE)
_OLD_ORDER = re.compile(r"(?P<by>created|updated)at(?P<way>asc|desc)", re.IGNORECASE)
_VIEWS = {"activeonly": False, "archivedonly": True, "all": None}

Keep = Callable[[Document], bool]


def page_reply(call: Call, kind: str, parent: str, keep: Keep | None) -> Reply:
    """One page of a list.

    ``$top`` (or ``count``) is the page's size, ``$skip`` a number of resources or the place that a
    ``nextLink`` names, ``$orderBy`` the order: ``createdtime`` or ``modifiedtime``, ``asc`` (default) or ``desc``.
    """
    size = min(_number(call, "$top") or _number(call, "count") or PAGE, PAGE)
    skip = call.query.get("$skip", "")
    by, newest_first = _order(call)
    if by == "createdtime":
        page = _by_creation(call, kind, parent, keep, size=size, skip=skip, newest_first=newest_first)
    else:
        page = _sorted(call, kind, parent, keep, size=size, skip=skip, by=by, newest_first=newest_first)
    body: dict[str, object] = {"value": page.documents}
    if page.cursor is not None:
        query = {**call.query, "$skip": f"{_CURSOR}{page.cursor}"}
        body["nextLink"] = f"{call.address}?{urlencode(query)}"
    return Reply(body)


def _by_creation(
    call: Call, kind: str, parent: str, keep: Keep | None, *, size: int, skip: str, newest_first: bool
) -> Page:
    """A page in order of creation: its cost does not depend on how many resources there are."""
    store = call.emulator.store
    cursor = whole("$skip", skip[1:]) if skip.startswith(_CURSOR) else None
    if skip and cursor is None and (count := whole("$skip", skip)):
        before = store.page(kind, parent, size=count, newest_first=newest_first, keep=keep)
        if before.cursor is None:
            return Page([], None)
        cursor = before.cursor
    return store.page(kind, parent, size=size, cursor=cursor, newest_first=newest_first, keep=keep)


def _sorted(
    call: Call, kind: str, parent: str, keep: Keep | None, *, size: int, skip: str, by: str, newest_first: bool
) -> Page:
    """A page in another order, which asks for all resources of the list."""
    kept = [document for document in call.emulator.store.list(kind, parent) if keep is None or keep(document)]

    def key(document: Document) -> str:
        return str(document["name"] if by == "name" else document["systemData"]["lastModifiedAt"])

    kept.sort(key=key, reverse=newest_first)
    start = whole("$skip", skip.removeprefix(_CURSOR)) if skip else 0
    end = start + size
    return Page(kept[start:end], end if end < len(kept) else None)


def _order(call: Call) -> tuple[str, bool]:
    """What a list is ordered by, and whether the last comes first."""
    text = (call.query.get("$orderBy") or call.query.get("orderBy") or "").strip()
    if not text:
        return "createdtime", False
    match = _ORDER.fullmatch(text) or _OLD_ORDER.fullmatch(text)
    if match is None:
        raise ServiceError(400, "UserError", "Please choose OrderBy value from ['createdtime', 'modifiedtime']")
    by = {"created": "createdtime", "updated": "modifiedtime"}.get(match["by"].lower(), match["by"].lower())
    way = match["way"] or ("desc" if call.query.get("orderByAsc", "").lower() == "false" else "asc")
    return by, way.lower() == "desc"


def asset_filter(call: Call) -> Keep:
    """What the lists of assets filter by: ``listViewType``, and for versions their tags and properties."""
    query, in_view = call.query, view_filter(call)
    wanted = {
        "tags": key_values(query.get("tags") or query.get("$tags", "")),
        "properties": key_values(query.get("properties", "")),
    }
    version, description = query.get("version"), query.get("description")

    def keep(document: Document) -> bool:
        properties = document["properties"]
        return (
            in_view(properties)
            and (not version or document["name"] == version)
            and (not description or properties.get("description") == description)
            and all(has_all(properties.get(part) or {}, pairs) for part, pairs in wanted.items())
        )

    return keep


def view_filter(call: Call) -> Callable[[Mapping[str, Any]], bool]:
    """Whether properties are in the view that ``listViewType`` asks for; the archived are not by default."""
    text = call.query.get("listViewType", "ActiveOnly")
    if text.lower() not in _VIEWS:
        raise ServiceError(400, "UserError", f"'{text}' is not a list view: ActiveOnly, ArchivedOnly or All.")
    archived = _VIEWS[text.lower()]
    return lambda properties: archived is None or bool(properties.get("isArchived")) == archived


def has_all(entries: Mapping[str, str], pairs: Iterable[tuple[str, str | None]]) -> bool:
    """Whether entries have these keys, with these values where the pair names one."""
    return all(key in entries and (value is None or entries[key] == value) for key, value in pairs)


def key_values(text: str) -> list[tuple[str, str | None]]:
    """``key1=value1,key2`` as pairs; a key alone asks only that it is there."""
    pairs: list[tuple[str, str | None]] = []
    for item in text.split(",") if text else ():
        key, separator, value = item.partition("=")
        pairs.append((key.strip(), value.strip() if separator else None))
    return pairs


def whole(name: str, text: str) -> int:
    """A whole number of a query; raises :class:`ServiceError` 400."""
    if not text.isdecimal() or len(text) > 18:  # noqa: PLR2004 - SQLite's integers
        raise ServiceError(400, "UserError", f"The value '{text}' of '{name}' is not a whole number.", name)
    return int(text)


def _number(call: Call, name: str) -> int | None:
    text = call.query.get(name)
    return None if not text else max(1, whole(name, text))
