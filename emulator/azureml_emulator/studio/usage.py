"""Who uses an asset: the deployments, components and jobs of its workspace that name it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azureml_emulator import uris

if TYPE_CHECKING:
    from azureml_emulator.emulator import Emulator
    from azureml_emulator.store import Document, Store
    from azureml_emulator.studio.frame import Workspace

MOST_JOBS, MOST_COMPONENTS = 200, 500
"""The newest jobs and components that are looked at."""


@dataclass(frozen=True)
class User:
    """One that uses an asset: what it is, its name, and its page."""

    what: str
    name: str
    link: str


Uses = dict[str, list[User]]
"""The users of each asset version, by its ARM id in lower case."""


def find(emulator: Emulator, workspace: Workspace) -> Uses:
    """Everything in a workspace that uses an asset version."""
    found: Uses = {}
    for user, document in _users(emulator, workspace):
        for asset in mentioned(document, workspace.id, emulator.store):
            found.setdefault(asset, []).append(user)
    return found


def mentioned(document: Any, workspace_id: str, store: Store) -> set[str]:
    """The ARM ids, in lower case, of the asset versions that a document names."""
    found = set()
    for text in _texts(document):
        if not text.startswith(("/subscriptions/", "azureml:")):
            continue
        plain = text.removeprefix("azureml:").rstrip("/").lower()
        if plain.startswith("/subscriptions/"):
            found.add(plain)
        for collection in ("data", "models"):
            try:
                asset = uris.asset_id(text, workspace_id, store, collection)
            except uris.UriError:
                continue
            if asset is not None:
                found.add(asset.lower())
    return found


def _users(emulator: Emulator, workspace: Workspace) -> Iterator[tuple[User, Any]]:
    store = emulator.store
    for kind, word in (("batchEndpoints", "batch"), ("onlineEndpoints", "real-time")):
        for endpoint in store.list(kind, workspace.id):
            for deployment in store.list(f"{kind}/deployments", endpoint["id"]):
                name = f"{endpoint['name']} / {deployment['name']}"
                link = workspace.link("endpoints", word, endpoint["name"])
                yield User("deployment", name, link), deployment["properties"]
    for component in store.list("components", workspace.id, newest_first=True, top=MOST_COMPONENTS):
        for version in store.list("components/versions", component["id"]):
            link = workspace.link("components", component["name"], version["name"])
            yield User("component", component["name"], link), version["properties"]["componentSpec"]
    for job in store.list("jobs", workspace.id, newest_first=True, top=MOST_JOBS):
        yield User("job", job["name"], workspace.link("jobs", job["name"])), _named_by_job(job)


def _named_by_job(job: Document) -> Any:
    """What a job names itself; what its deployment names is the deployment's."""
    asked = job["asked"]
    return [asked.get("inputUri"), asked.get("inputs"), [step["component"] for step in job.get("steps", [])]]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
