"""Model assets."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator

from azureml_emulator.arm import errors, references
from azureml_emulator.arm.assets import Asset, AssetProperties
from azureml_emulator.arm.contents import has_blobs
from azureml_emulator.arm.kind import Properties, Target
from azureml_emulator.arm.schema import Body, Object
from azureml_emulator.http import ServiceError
from azureml_emulator.uris import UriError, resolve

_TYPES = {
    "custommodel": "custom_model",
    "mlflowmodel": "mlflow_model",
    "tritonmodel": "triton_model",
}


def _model_type(value: Any) -> Any:
    """Model types in any spelling: ``custom_model``, or ``CustomModel`` of older API versions."""
    if not value:
        return "custom_model"
    known = _TYPES.get(str(value).replace("_", "").lower())
    if known is None:
        raise ValueError(f"is '{value}', which is not one of: {', '.join(_TYPES.values())}.")
    return known


class ModelProperties(AssetProperties):
    """The properties of a model version."""

    model_uri: str | None = None
    model_type: Annotated[str, BeforeValidator(_model_type)] = "custom_model"
    flavors: Object
    job_name: str | None = None
    stage: str | None = None


class ModelBody(Body):
    """PUT of a model version."""

    properties: ModelProperties


def _prepare(target: Target, body: Any) -> Properties:
    properties: Properties = body.properties.dump()
    if not properties["modelUri"]:
        raise errors.must_not_be_empty("Model Uri", "properties.modelUri")
    return {**properties, "modelUri": references.uri(target, properties["modelUri"], "properties.modelUri")}


async def _verify(target: Target, body: Any) -> None:
    """Refuse a model that has no files; addresses outside the workspace's storage cannot be looked at."""
    uri = body.properties.model_uri
    if not uri or target.emulator.storage.state == "off":
        return
    references.uri(target, uri, "properties.modelUri")
    try:
        place = resolve(uri, target.workspace["id"], target.emulator.store)
    except UriError:
        return
    if not await has_blobs(target.emulator.storage, place.container, place.path):
        message = f"No blobs found in storage at model asset path: {place.path}"
        detail = {"code": "ModelAssetPathNotFoundInStorage", "message": message, "target": "properties.modelUri"}
        raise ServiceError(400, "UserError", "The request is invalid.", "properties.modelUri", [detail])


MODEL = Asset(
    plural="models",
    label="model",
    body=ModelBody,
    content=("modelUri", "modelType"),
    what="model uri",
    prepare=_prepare,
    verify=_verify,
)
