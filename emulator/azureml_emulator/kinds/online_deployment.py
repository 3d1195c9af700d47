"""Online deployments: a model that answers in real time, with the code, environment and instances to do so.

Sources: the OpenAPI document of ``ManagedOnlineDeployment``; Azure ML "CLI (v2) managed online deployment YAML
schema" for defaults and limits.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from azureml_emulator import registries
from azureml_emulator.arm import errors, references
from azureml_emulator.arm.kind import Action, Kind, Patch, Properties, Target, Tracked
from azureml_emulator.arm.schema import Body, Duration, NewTags, Strings, choice, duration_seconds
from azureml_emulator.http import Call, Reply, ServiceError
from azureml_emulator.kinds.deployments import INT_MAX, CodeConfiguration, Positive, code_of, environment_of
from azureml_emulator.kinds.endpoints import ENDPOINT_NAMES, kept_properties
from azureml_emulator.kinds.online_endpoint import ONLINE_ENDPOINT
from azureml_emulator.online import logs
from azureml_emulator.store import Document

_LONGEST_REQUEST = 180.0


class RequestSettings(Body):
    """How many requests an instance takes at a time, and how long one may take."""

    max_concurrent_requests_per_instance: Positive = 1
    max_queue_wait: Duration = "PT0.5S"
    request_timeout: Duration = "PT5S"


class ProbeSettings(Body):
    """How an instance's health is watched."""

    failure_threshold: Positive = 30
    initial_delay: Duration = "PT10S"
    period: Duration = "PT10S"
    success_threshold: Positive = 1
    timeout: Duration = "PT2S"


class ScaleSettings(Body):
    """How the number of instances changes; managed deployments keep the one of their SKU."""

    scale_type: Annotated[str, choice("Default", "TargetUtilization")]


class DeploymentProperties(Body):
    """The properties of an online deployment."""

    endpoint_compute_type: Annotated[str, choice("Managed", "Kubernetes", "AzureMLCompute")]
    description: str | None = None
    properties: Strings
    model: str | None = None
    model_mount_path: str | None = None
    code_configuration: CodeConfiguration | None = None
    environment_id: str | None = None
    environment_variables: Strings
    instance_type: str | None = None
    request_settings: RequestSettings | None = None
    liveness_probe: ProbeSettings | None = None
    readiness_probe: ProbeSettings | None = None
    scale_settings: ScaleSettings | None = None
    app_insights_enabled: bool = False
    data_collector: dict[str, Any] | None = None
    egress_public_network_access: Annotated[str, choice("Enabled", "Disabled")] = "Enabled"


class Sku(Body):
    """The number of instances, as ``capacity`` of the SKU named Default."""

    name: str = "Default"
    capacity: Positive = 1


class DeploymentBody(Tracked):
    """PUT of an online deployment."""

    sku: Annotated[Sku, BeforeValidator(lambda value: {} if value is None else value)] = Field(default_factory=Sku)
    properties: DeploymentProperties


class NewSku(Body):
    """The SKU of a PATCH."""

    capacity: Positive | None = None


class DeploymentPatch(Body):
    """PATCH of an online deployment: tags and the number of instances, nothing else."""

    tags: NewTags = None
    sku: NewSku | None = None


def _prepare(target: Target, body: Any) -> Properties:
    asked: DeploymentProperties = body.properties
    _refuse_unsupported(asked)
    if not asked.instance_type:
        raise errors.must_not_be_empty("Instance Type", "properties.instanceType")
    requests = asked.request_settings or RequestSettings()
    _check_durations(asked, requests)
    model, is_mlflow = _model(target, asked.model)
    code = code_of(target, asked.code_configuration, optional=is_mlflow)
    given = asked.dump()
    return {
        **given,
        "properties": kept_properties(target, given),
        "model": model,
        "codeConfiguration": code,
        # A script of one's own needs an environment of one's own, for an MLflow model too.
        "environmentId": _environment(target, asked.environment_id, optional=is_mlflow and code is None),
        "requestSettings": requests.dump(),
        "livenessProbe": (asked.liveness_probe or ProbeSettings()).dump(),
        "readinessProbe": (asked.readiness_probe or ProbeSettings()).dump(),
        "scaleSettings": {"scaleType": "Default"},
        "provisioningState": "Succeeded",
    }


def _refuse_unsupported(asked: DeploymentProperties) -> None:
    if asked.endpoint_compute_type != "Managed":
        raise _unsupported(f"online deployments on {asked.endpoint_compute_type} compute")
    if asked.scale_settings is not None and asked.scale_settings.scale_type != "Default":
        raise errors.user_error(
            "Managed online deployments support the scale type Default only.", "properties.scaleSettings.scaleType"
        )
    if asked.app_insights_enabled:
        raise _unsupported("Application Insights (appInsightsEnabled)")
    if asked.data_collector is not None:
        raise _unsupported("the collection of data (dataCollector)")
    if asked.egress_public_network_access == "Disabled":
        raise _unsupported("private networks (egressPublicNetworkAccess Disabled)")
    if asked.model_mount_path:
        raise _unsupported("custom containers (modelMountPath)")


def _check_durations(asked: DeploymentProperties, requests: RequestSettings) -> None:
    where = "properties.requestSettings.requestTimeout"
    if not 0 < duration_seconds(requests.request_timeout) <= _LONGEST_REQUEST:
        raise errors.user_error(
            f"The request timeout '{requests.request_timeout}' is not between 1 ms and "
            f"{_LONGEST_REQUEST:g} s, the longest that an online endpoint allows.",
            where,
        )
    for name, probe in (("livenessProbe", asked.liveness_probe), ("readinessProbe", asked.readiness_probe)):
        for part in ("initial_delay", "period", "timeout") if probe is not None else ():
            value = getattr(probe, part)
            if duration_seconds(value) < 1:
                text = f"'{part.replace('_', ' ')}' of the probe is '{value}'; it must be at least PT1S."
                raise errors.user_error(text, f"properties.{name}")
    if asked.liveness_probe is not None and asked.liveness_probe.success_threshold != 1:
        raise errors.user_error(
            "The success threshold of a liveness probe must be 1.", "properties.livenessProbe.successThreshold"
        )


def _model(target: Target, model: str | None) -> tuple[str | None, bool]:
    """The model's ARM id, and whether it is an MLflow model."""
    if not model:
        return None, False
    found = references.asset(target, model, "models", "properties.model")
    kind = (registries.asset(target.emulator.store, found) or {})["properties"]["modelType"]
    if kind == "triton_model":
        raise _unsupported("Triton models")
    return found, kind == "mlflow_model"


def _environment(target: Target, environment: str | None, *, optional: bool) -> str | None:
    found = environment_of(target, environment, optional=optional)
    if found and (registries.asset(target.emulator.store, found) or {})["properties"].get("inferenceConfig"):
        raise _unsupported("custom containers (an environment with inferenceConfig)")
    return found


def _unsupported(what: str) -> ServiceError:
    return ServiceError(501, "NotImplemented", f"The emulator does not support {what}.")


def _patch(_target: Target, old: Document, body: Any) -> Document:
    changed = dict(old)
    if body.tags is not None:
        changed["tags"] = body.tags
    if body.sku is not None and body.sku.capacity is not None:
        changed["sku"] = {**old["sku"], "capacity": body.sku.capacity}
    return changed


def _keep_back(target: Target, _document: Document) -> None:
    """A deployment that callers are sent to cannot go away."""
    properties = (target.owner or {}).get("properties", {})
    traffic = {**properties.get("traffic", {})}
    for name, percent in properties.get("mirrorTraffic", {}).items():
        traffic[name] = traffic.get(name) or percent
    if any(percent and name.lower() == target.name.lower() for name, percent in traffic.items()):
        raise errors.user_error(f"Can't delete deployment [{target.name}] with non-zero traffic weight.")


def _work(target: Target, action: str, document: Document) -> Coroutine[Any, Any, None] | None:
    serving = target.emulator.online
    return serving.end(target.id) if action == "delete" else serving.serve(document)


def _removed(target: Target, _document: Document) -> None:
    target.emulator.online.forget(target.id.rsplit("/", 2)[0])


def _skus(_call: Call, target: Target) -> Reply:
    """``GET skus``: the one SKU that managed deployments have, with the numbers of instances that it takes."""
    capacity = {"minimum": 1, "maximum": INT_MAX, "default": 1, "scaleType": "Manual"}
    sku = {"name": "Default", "tier": "Standard"}
    return Reply({"value": [{"resourceType": target.kind.type, "sku": sku, "capacity": capacity}]})


ONLINE_DEPLOYMENT = Kind(
    place="deployments/{deployment}",
    body=DeploymentBody,
    owner=ONLINE_ENDPOINT,
    long_running=True,
    operation_in_properties=True,
    names=ENDPOINT_NAMES,  # the service has one rule for both
    prepare=_prepare,
    patch=Patch(DeploymentPatch, _patch),
    immutable=("properties.instanceType",),
    changed="The property '{property}' of the deployment '{name}' cannot be changed; delete the deployment first.",
    removed=_removed,
    keep_back=_keep_back,
    work=_work,
    actions=(Action("getLogs", logs.get_logs), Action("skus", _skus, method="GET")),
)
