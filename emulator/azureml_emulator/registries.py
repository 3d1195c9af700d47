"""References into registries, ``azureml://registries/{registry}/{plural}/{name}/versions/{version}``.

A registry is found by its name alone, as in the service, where that is unique in the tenant.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azureml_emulator.store import Document, Store

PREFIX = "azureml://registries/"
MARK = "registry.name"
"""The scope of the mark that a registry is found by."""

_LABEL = "latest"
_REFERENCE = re.compile(
    r"(?:azureml:)?azureml://registries/(?P<registry>[^/]+)/(?P<plural>\w+)/(?P<name>[^/]+)"
    r"/(?:versions/(?P<version>[^/]+)|(?:versions/)?labels/(?P<label>[^/]+))/?",
    re.IGNORECASE,
)
_VERSION_PARTS = 13


def is_reference(text: str) -> bool:
    """Whether a text begins as a reference into a registry does."""
    return text.lower().removeprefix("azureml:azureml:").removeprefix("azureml:").startswith("//registries/")


def is_public(reference: str) -> bool:
    """Whether a reference leads into a registry of Microsoft's, such as ``azureml`` with the curated environments."""
    match = _REFERENCE.fullmatch(reference)
    return match is not None and match["registry"].lower().split("-")[0] in {"azureml", "huggingface", "nvidia"}


def asset(store: Store, reference: str) -> Document | None:
    """The asset version that a reference names: an ARM id, or one into a registry; ``None`` where there is none."""
    plain = reference.removeprefix("azureml:")
    if plain.startswith("/subscriptions/"):
        return store.get(plain)
    match = _REFERENCE.fullmatch(reference)
    registry = registry_named(store, match["registry"]) if match else None
    if match is None or registry is None:
        return None
    container = f"{registry['id']}/{match['plural']}/{match['name']}"
    version = match["version"]
    if version is None and match["label"].lower() == _LABEL:
        version = (store.get(container) or {}).get("properties", {}).get("latestVersion")
    return store.get(f"{container}/versions/{version}")


def registry_named(store: Store, name: str) -> Document | None:
    """The registry of a name, in whatever resource group it is."""
    return next(iter(store.find(MARK, name.lower())), None)


def storage_accounts(store: Store, registry_id: str) -> set[str]:
    """The names of the storage accounts that a registry's assets lie in."""
    regions = (store.get(registry_id) or {}).get("properties", {}).get("regionDetails") or []
    accounts = [account for each in regions for account in each["storageAccountDetails"]]
    ids = (each["systemCreatedStorageAccount"]["armResourceId"]["resourceId"] for each in accounts)
    return {str(each).rpartition("/")[2] for each in ids}


def uri(asset_id: str) -> str:
    """The reference that names an asset version of a registry, from its ARM id."""
    parts = asset_id.split("/")
    return f"{PREFIX}{'/'.join(parts[8:_VERSION_PARTS])}"


def plural_of(reference: str) -> str:
    """The plural in a reference, such as ``models``; empty for what is none."""
    match = _REFERENCE.fullmatch(reference)
    return match["plural"] if match else ""
