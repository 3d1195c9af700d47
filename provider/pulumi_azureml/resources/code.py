"""Code: a folder of scripts, uploaded through the service and registered as a version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from ..arm import ArmClient, Settings
from ..assets import upload_code
from ..assets.digest import HASH_VERSION
from ..engine import Kind, Output, local
from ._content import digest_of, versioned
from ._types import AssetDescription, AssetName, AssetTags, AssetVersion, OnDelete, Registry, ResourceInputs


class CodeInputs(ResourceInputs):
    """Inputs of a code version. The code's content is immutable: new content is a new version."""

    path: Annotated[
        str, local(compared=False), Field(description="Folder of scripts, relative to the program; not empty.")
    ]
    name: AssetName | None = None
    version: AssetVersion | None = None
    registry: Registry | None = None
    description: AssetDescription | None = None
    tags: AssetTags | None = None
    on_delete: OnDelete = "delete"


def _derive(values: dict[str, Any], _settings: Settings) -> dict[str, Any]:
    return versioned(values, digest_of(values["path"]))


def _prepare(client: ArmClient, values: dict[str, Any], status: Callable[[str], None]) -> Mapping[str, Any]:
    uri = upload_code(client, values["armId"], Path(values["path"]), status=status)
    return {
        "properties.codeUri": uri,
        "properties.properties": {"hash_sha256": values["contentDigest"], "hash_version": HASH_VERSION},
    }


CODE = Kind(
    name="Code",
    title="code",
    path="codes/{name}/versions/{version}",
    inputs=CodeInputs,
    outputs=(Output("codeUri", "properties.codeUri", "Where the service keeps the code."),),
    tags="properties.tags",
    carried=("properties.codeUri", "properties.properties", "properties.isAnonymous"),
    derive=_derive,
    prepare=_prepare,
)
