"""Lists: pages with ``$top``, ``$skip`` and ``nextLink``, and the filters that asset lists share."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from azureml_emulator.http import Call, Reply, ServiceError
from azureml_emulator.store import Document

PAGE = 100
_CURSOR = "~"

Keep = Callable[[Document], bool]


def page_reply(call: Call, kind: str, parent: str, keep: Keep | None) -> Reply:
    """One page of a list.

    ``$top`` (or ``count``) is the page's size, ``$skip`` a number of resources or the place that a
    ``nextLink`` names, ``$orderBy`` may ask for the newest first (``createdtime desc``).
    """
    store = call.emulator.store
    size = min(_number(call, "$top") or _number(call, "count") or PAGE, PAGE)
    newest_first = "desc" in call.query.get("$orderBy", "").lower()
    skip = call.query.get("$skip", "")
    cursor = _whole("$skip", skip[1:]) if skip.startswith(_CURSOR) else None
    if skip and cursor is None:
        before = store.page(kind, parent, size=max(1, _whole("$skip", skip)), newest_first=newest_first, keep=keep)
        if skip != "0" and before.cursor is None:
            return Reply({"value": []})
        cursor = before.cursor if skip != "0" else None
    page = store.page(kind, parent, size=size, cursor=cursor, newest_first=newest_first, keep=keep)
    body: dict[str, object] = {"value": page.documents}
    if page.cursor is not None:
        query = {**call.query, "$skip": f"{_CURSOR}{page.cursor}"}
        body["nextLink"] = f"{call.emulator.urls.arm(call.path)}?{urlencode(query)}"
    return Reply(body)


def asset_filter(call: Call) -> Keep:
    """What the lists of assets filter by: ``listViewType``, and for versions their tags and properties."""
    query = call.query
    view = query.get("listViewType", "ActiveOnly").lower()
    if view not in {"activeonly", "archivedonly", "all"}:
        raise ServiceError(
            400, "UserError", f"'{query['listViewType']}' is not a list view: ActiveOnly, ArchivedOnly or All."
        )
    wanted = {part: _pairs(query[part]) for part in ("tags", "properties") if query.get(part)}
    version, description = query.get("version"), query.get("description")

    def keep(document: Document) -> bool:
        properties = document["properties"]
        archived = bool(properties.get("isArchived"))
        if view != "all" and archived != (view == "archivedonly"):
            return False
        if version and document["name"] != version:
            return False
        if description and properties.get("description") != description:
            return False
        return all(
            _has(properties.get(part) or {}, key, value) for part, pairs in wanted.items() for key, value in pairs
        )

    return keep


def _has(entries: dict[str, str], key: str, value: str | None) -> bool:
    return key in entries and (value is None or entries[key] == value)


def _pairs(text: str) -> list[tuple[str, str | None]]:
    """``key1=value1,key2`` as pairs; a key alone asks only that it is there."""
    pairs: list[tuple[str, str | None]] = []
    for item in text.split(","):
        key, separator, value = item.partition("=")
        pairs.append((key.strip(), value.strip() if separator else None))
    return pairs


def _number(call: Call, name: str) -> int | None:
    text = call.query.get(name)
    return None if not text else max(1, _whole(name, text))


def _whole(name: str, text: str) -> int:
    if not text.isdecimal() or len(text) > 18:  # noqa: PLR2004 - SQLite's integers
        raise ServiceError(400, "UserError", f"The value '{text}' of '{name}' is not a whole number.", name)
    return int(text)
