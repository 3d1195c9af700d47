"""Model: a file or folder, local or already in storage, registered as a version."""

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


class ModelInputs(ResourceInputs):
    """Inputs of a model version. The model's content is immutable: new content is a new version."""

    path: Annotated[
        str,
        local(compared=False),
        Field(
            description="The model's file or folder, relative to the program; or where it is already: "
            "`azureml://…` or `https://…`."
        ),
    ]
    name: AssetName | None = None
    version: AssetVersion | None = None
    registry: Registry | None = None
    model_type: Annotated[
        Literal["custom_model", "mlflow_model", "triton_model"],
        any_case("custom_model", "mlflow_model", "triton_model"),
        arm("properties.modelType", immutable=True),
        Field(description="Format of the model: `custom_model`, `mlflow_model` or `triton_model`."),
    ] = "custom_model"
    description: AssetDescription | None = None
    tags: AssetTags | None = None
    on_delete: OnDelete = "delete"


def _derive(values: dict[str, Any], _settings: Settings) -> dict[str, Any]:
    return versioned(values, digest_of_path_or_uri(values["path"]))


def _prepare(client: ArmClient, values: dict[str, Any], status: Callable[[str], None]) -> Mapping[str, Any]:
    path = values["path"]
    if is_remote(path):
        return {"properties.modelUri": path}
    uri = upload_folder(client, Path(path), asset=values["armId"], status=status)
    return {"properties.modelUri": uri}


MODEL = Kind(
    name="Model",
    title="model",
    path="models/{name}/versions/{version}",
    inputs=ModelInputs,
    outputs=(Output("modelUri", "properties.modelUri", "Where the model lies in the workspace's storage."),),
    tags="properties.tags",
    # `flavors` must be an object: the service's own clients fail on null.
    fixed={"properties.flavors": {}},
    carried=("properties.modelUri", "properties.flavors", "properties.properties", "properties.isAnonymous"),
    derive=_derive,
    prepare=_prepare,
)
