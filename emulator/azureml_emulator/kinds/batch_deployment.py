"""Batch deployments: what an endpoint runs - model, code, environment - and how it cuts the work."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from azureml_emulator import registries
from azureml_emulator.arm import errors, references
from azureml_emulator.arm.kind import Kind, Lack, NameRule, Patch, Properties, Target, Tracked
from azureml_emulator.arm.schema import Body, Duration, NewTags, Object, Strings, choice
from azureml_emulator.kinds.batch_endpoint import BATCH_ENDPOINT
from azureml_emulator.kinds.deployments import INT_MAX, CodeConfiguration, Positive, code_of, environment_of
from azureml_emulator.kinds.endpoints import kept_properties
from azureml_emulator.pipeline.deployment import check_settings
from azureml_emulator.store import Document

_NOT_IN_FILE_NAMES = set('~"#%&*:<>?/\\{|}')


class ModelReference(Body):
    """Where the model is: an asset, a path in a datastore, or a path in a job's output."""

    reference_type: Annotated[str, choice("Id", "DataPath", "OutputPath")]
    asset_id: str | None = None
    datastore_id: str | None = None
    job_id: str | None = None
    path: str | None = None


class Resources(Body):
    """How many nodes a job takes."""

    instance_count: Positive = 1
    instance_type: str | None = None
    properties: Object


class RetrySettings(Body):
    """How often and how long a mini-batch is tried."""

    max_retries: Annotated[int, Field(ge=0, le=INT_MAX)] = 3
    timeout: Duration = "PT30S"


class ComponentReference(Body):
    """The pipeline component that a deployment runs."""

    reference_type: Annotated[str, choice("Id")] = "Id"
    asset_id: str | None = None


class DeploymentConfiguration(Body):
    """The other sort of deployment: a pipeline component."""

    deployment_configuration_type: Annotated[str, choice("PipelineComponent", "Model")]
    component_id: ComponentReference | None = None
    description: str | None = None
    settings: Object
    tags: Strings


class DeploymentProperties(Body):
    """The properties of a batch deployment."""

    description: str | None = None
    properties: Strings
    model: ModelReference | None = None
    code_configuration: CodeConfiguration | None = None
    environment_id: str | None = None
    environment_variables: Strings
    compute: str | None = None
    resources: Resources | None = None
    mini_batch_size: Annotated[int, Field(ge=1)] = 10
    max_concurrency_per_instance: Positive = 1
    error_threshold: Annotated[int, Field(ge=-1, le=INT_MAX)] = -1
    retry_settings: RetrySettings | None = None
    output_action: Annotated[str, choice("AppendRow", "SummaryOnly")] = "AppendRow"
    output_file_name: str | None = None
    logging_level: Annotated[str, choice("Info", "Warning", "Debug")] = "Info"
    deployment_configuration: DeploymentConfiguration | None = None


class DeploymentBody(Tracked):
    """PUT of a batch deployment."""

    properties: DeploymentProperties


class DeploymentPatchProperties(Body):
    """The properties that PATCH may change."""

    description: str | None = None


class DeploymentPatch(Body):
    """PATCH of a batch deployment: tags and description, nothing else."""

    tags: NewTags = None
    properties: DeploymentPatchProperties | None = None


def _prepare(target: Target, body: Any) -> Properties:
    asked: DeploymentProperties = body.properties
    if asked.deployment_configuration is not None:
        return _pipeline(target, asked, asked.deployment_configuration)
    given = asked.dump()
    model, is_mlflow = _model(target, asked.model)
    if not asked.compute:
        raise errors.must_not_be_empty("Compute Id", "properties.compute")
    return {
        **given,
        "properties": kept_properties(target, given),
        "model": model,
        "codeConfiguration": code_of(target, asked.code_configuration, optional=is_mlflow),
        "environmentId": environment_of(target, asked.environment_id, optional=is_mlflow),
        "compute": references.compute(target, asked.compute, "properties.compute"),
        "resources": (asked.resources or Resources()).dump(),
        "retrySettings": (asked.retry_settings or RetrySettings()).dump(),
        "outputFileName": _output_file(asked),
        "provisioningState": "Succeeded",
    }


def _pipeline(target: Target, asked: DeploymentProperties, configuration: DeploymentConfiguration) -> Properties:
    """A deployment of a pipeline component, which has neither model nor code of its own."""
    where = "properties.deploymentConfiguration"
    for name in ("model", "codeConfiguration", "environmentId"):
        if asked.dump()[name]:
            text = f"'{name}' is for model deployments; a deployment of a pipeline component has none."
            raise errors.user_error(text, f"properties.{name}")
    reference = configuration.component_id.asset_id if configuration.component_id else None
    if not reference:
        raise errors.must_not_be_empty("Component Id", f"{where}.componentId")
    found = references.asset(target, reference, "components", f"{where}.componentId.assetId")
    settings = check_settings(target, found, configuration.settings, where)
    given = asked.dump()
    component = {"referenceType": "Id", "assetId": found}
    return {
        **given,
        "properties": kept_properties(target, given),
        "deploymentConfiguration": {**configuration.dump(), "componentId": component, "settings": settings},
        "provisioningState": "Succeeded",
    }


def _model(target: Target, model: ModelReference | None) -> tuple[Properties, bool]:
    """The model reference as it is stored, and whether it is an MLflow model."""
    if model is None:
        raise errors.must_not_be_empty("Model Reference", "properties.model")
    if model.reference_type == "DataPath":
        if not model.path:
            raise errors.must_not_be_empty("Path", "properties.model.path")
        store = target.emulator.store
        if not model.datastore_id or store.get(model.datastore_id) is None:
            raise errors.user_error(
                f"The datastore '{model.datastore_id}' does not exist.", "properties.model.datastoreId"
            )
        return {"referenceType": "DataPath", "datastoreId": model.datastore_id, "path": model.path}, False
    if not model.asset_id:
        raise errors.must_not_be_empty("Model Reference", "properties.model.assetId")
    found = references.asset(target, model.asset_id, "models", "properties.model.assetId")
    document = registries.asset(target.emulator.store, found) or {}
    is_mlflow = document["properties"]["modelType"] == "mlflow_model"
    return {"referenceType": "Id", "assetId": found}, is_mlflow


def _output_file(asked: DeploymentProperties) -> str | None:
    name = asked.output_file_name
    where = "properties.outputFileName"
    if asked.output_action == "SummaryOnly":
        if name:
            raise errors.user_error("When outputAction is SummaryOnly, outputFileName must not be specified.", where)
        return None
    if name is not None and (not name or _NOT_IN_FILE_NAMES & set(name)):
        wrong = " ".join(sorted(_NOT_IN_FILE_NAMES))
        raise errors.user_error(f"The output file name '{name}' is empty or holds one of {wrong}", where)
    return name or "predictions.csv"


def _patch(_target: Target, old: Document, body: Any) -> Document:
    changed = dict(old)
    if body.tags is not None:
        changed["tags"] = body.tags
    if body.properties is not None and "description" in body.properties.model_fields_set:
        changed["properties"] = {**old["properties"], "description": body.properties.description}
    return changed


BATCH_DEPLOYMENT = Kind(
    place="deployments/{deployment}",
    body=DeploymentBody,
    owner=BATCH_ENDPOINT,
    long_running=True,
    operation_in_properties=True,
    names=NameRule.of(
        r"[a-zA-Z0-9][a-zA-Z0-9\-_]{0,254}",
        "1 to 255 letters, digits, '-' and '_', starting with a letter or digit",
    ),
    prepare=_prepare,
    patch=Patch(DeploymentPatch, _patch),
    lacks=(
        Lack("properties.model.referenceType", ("OutputPath",), "model references of the type"),
        Lack(
            "properties.deploymentConfiguration.deploymentConfigurationType",
            ("Model",),
            "deployment configurations of the type",
        ),
    ),
)
