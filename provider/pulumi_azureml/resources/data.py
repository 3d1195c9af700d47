"""Data: a file or folder, local or already in storage, registered as a version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from ..arm import ArmClient, Settings
from ..assets import upload_folder
from ..engine import Kind, Output, arm, local
from ._content import digest_of_path_or_uri, is_remote, versioned
from ._types import AssetDescription, AssetName, AssetTags, AssetVersion, OnDelete, Registry, ResourceInputs, any_case


class DataInputs(ResourceInputs):
    """Inputs of a data version. Its content is immutable: new content is a new version."""

    path: Annotated[
        str,
        local(compared=False),
        Field(
            description="The file or folder, relative to the program; or where it is already: "
            "`azureml://…` or `https://…`."
        ),
    ]
    name: AssetName | None = None
    version: AssetVersion | None = None
    registry: Registry | None = None
    data_type: (
        Annotated[
            Literal["uri_file", "uri_folder", "mltable"],
            any_case("uri_file", "uri_folder", "mltable"),
            arm("properties.dataType", immutable=True),
            Field(
                description="`uri_file`, `uri_folder` or `mltable`. Default: what a local path is; `uri_folder` for "
                "what is in storage already."
            ),
        ]
        | None
    ) = None
    description: AssetDescription | None = None
    tags: AssetTags | None = None
    on_delete: OnDelete = "delete"


def _derive(values: dict[str, Any], _settings: Settings) -> dict[str, Any]:
    path = values["path"]
    if isinstance(path, str):
        is_file = not is_remote(path) and Path(path).is_file()
        values = {"dataType": "uri_file" if is_file else "uri_folder", **values}
    return versioned(values, digest_of_path_or_uri(path))


def _prepare(client: ArmClient, values: dict[str, Any], status: Callable[[str], None]) -> Mapping[str, Any]:
    path = values["path"]
    if is_remote(path):
        return {"properties.dataUri": path}
    uri = upload_folder(client, Path(path), asset=values["armId"], status=status)
    return {"properties.dataUri": uri}


DATA = Kind(
    name="Data",
    title="data",
    path="data/{name}/versions/{version}",
    inputs=DataInputs,
    outputs=(Output("dataUri", "properties.dataUri", "Where the data lies in the workspace's storage."),),
    tags="properties.tags",
    carried=("properties.dataUri", "properties.properties", "properties.isAnonymous"),
    derive=_derive,
    prepare=_prepare,
)
