"""Online deployment: a model with the code, environment and instances that answer with it in real time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from ..arm import ArmClient
from ..engine import InputError, Inputs, Kind, Output, arm, local, reference
from ..engine.values import duration_seconds, get
from ._deployment import (
    Code,
    CodePath,
    DeploymentName,
    Environment,
    EnvironmentVariables,
    Properties,
    script_rules,
    versioned_name,
)
from ._types import Duration, Location, ResourceInputs, ResourceTags, any_case

_INT_MAX = 2**31 - 1
_LONGEST_REQUEST = 180  # seconds; Azure ML, limits for online endpoints


class RequestSettings(Inputs):
    """How requests are handed to the instances."""

    max_concurrent_requests_per_instance: Annotated[
        int,
        Field(
            ge=1,
            le=_INT_MAX,
            description="Requests that an instance works on at a time; as many again may wait, more are refused with "
            "429. Above 1 it takes as many workers: set the environment variable `WORKER_COUNT`.",
        ),
    ] = 1
    request_timeout: Annotated[
        Duration, Field(description="Time for one request with its wait, an ISO 8601 duration up to PT3M.")
    ] = "PT5S"


class ProbeSettings(Inputs):
    """How an instance's health is watched."""

    initial_delay: Annotated[Duration, Field(description="Time after the start before the first probe.")] = "PT10S"
    period: Annotated[Duration, Field(description="Time between two probes.")] = "PT10S"
    timeout: Annotated[Duration, Field(description="Time for the answer to a probe.")] = "PT2S"
    success_threshold: Annotated[
        int, Field(ge=1, le=_INT_MAX, description="Successes in a row after which an instance is healthy again.")
    ] = 1
    failure_threshold: Annotated[
        int, Field(ge=1, le=_INT_MAX, description="Failures in a row after which an instance is unhealthy.")
    ] = 30


class OnlineScaleSettings(Inputs):
    """How the number of instances changes."""

    scale_type: Annotated[
        Literal["Default"],
        any_case("Default"),
        Field(description="`Default`, the one that managed deployments have: `instance_count` instances."),
    ] = "Default"


class OnlineDeploymentInputs(ResourceInputs):
    """Inputs of a managed online deployment. All but its name, endpoint and machines can change in place."""

    endpoint: Annotated[
        str, reference("onlineEndpoints", url=True), Field(description="The endpoint: resource, ARM id or name.")
    ]
    instance_type: Annotated[
        str,
        arm("properties.instanceType", immutable=True),
        Field(
            pattern=r"^[A-Za-z]+_[A-Za-z0-9_\-]+$",
            description="Size of the machines, such as `Standard_DS3_v2`. A deployment that has traffic loses it while "
            "it is replaced: better deploy beside it under another name, and move the traffic.",
        ),
    ]
    model: (
        Annotated[
            str,
            reference("models", "properties.model"),
            Field(description="The model: resource, ARM id, or `azureml:{name}:{version}`."),
        ]
        | None
    ) = None
    name: DeploymentName | None = None
    versioned: (
        Annotated[
            bool,
            local(compared=False),
            Field(
                description="Whether the name ends in a digest of model, code, environment, script and variables: new "
                "content is then a new deployment beside the old one, which can be tried before the traffic moves to "
                "it, and not a change in place. Default: true in production, else false."
            ),
        ]
        | None
    ) = None
    code: Code | None = None
    scoring_script: (
        Annotated[
            str,
            arm("properties.codeConfiguration.scoringScript"),
            Field(min_length=1, description="The script in the code's folder that has `init()` and `run(raw_data)`."),
        ]
        | None
    ) = None
    code_path: CodePath | None = None
    environment: Environment | None = None
    environment_variables: EnvironmentVariables | None = None
    instance_count: Annotated[int, arm("sku.capacity"), Field(ge=1, le=_INT_MAX, description="Instances.")] = 1
    request_settings: Annotated[
        RequestSettings,
        Field(default_factory=RequestSettings, description="How requests are handed to the instances."),
    ]
    liveness_probe: Annotated[
        ProbeSettings,
        Field(default_factory=ProbeSettings, description="When an instance is taken for dead and started again."),
    ]
    readiness_probe: Annotated[
        ProbeSettings, Field(default_factory=ProbeSettings, description="When an instance gets requests.")
    ]
    scale_settings: Annotated[
        OnlineScaleSettings,
        Field(default_factory=OnlineScaleSettings, description="How the number of instances changes."),
    ]
    app_insights_enabled: Annotated[
        bool, Field(description="Whether logs and metrics go to the workspace's Application Insights.")
    ] = False
    egress_public_network_access: Annotated[
        Literal["Enabled", "Disabled"],
        any_case("Enabled", "Disabled"),
        Field(description="`Disabled`: the deployment reaches the workspace's resources by private endpoints only."),
    ] = "Enabled"
    description: Annotated[str, Field(description="What the deployment is for.")] | None = None
    properties: Properties | None = None
    location: Location | None = None
    tags: ResourceTags | None = None


def _rules(values: Mapping[str, Any]) -> Iterator[InputError]:
    yield from script_rules(values, "run(raw_data)")
    timeout = get(values, "requestSettings.requestTimeout")
    if isinstance(timeout, str) and not 0 < (duration_seconds(timeout) or 0) <= _LONGEST_REQUEST:
        yield InputError(
            "requestSettings.requestTimeout", f"should be more than nothing and at most PT3M, not {timeout}"
        )
    for key in ("livenessProbe", "readinessProbe"):
        for part in ("initialDelay", "period", "timeout"):
            value = get(values, f"{key}.{part}")
            if isinstance(value, str) and (duration_seconds(value) or 0) < 1:
                yield InputError(f"{key}.{part}", f"should be at least PT1S, not {value}")
    successes = get(values, "livenessProbe.successThreshold")
    if isinstance(successes, int) and successes != 1:
        yield InputError("livenessProbe.successThreshold", f"should be 1 for a liveness probe, not {successes}")


def _in_use(client: ArmClient, resource: str, _state: dict[str, Any]) -> str:
    endpoint, _, name = resource.rpartition("/deployments/")
    found = client.request("GET", endpoint, operation=f"look whether {name} has traffic").body
    shares = [get(found, f"properties.{kind}") or {} for kind in ("traffic", "mirrorTraffic")]
    percent = sum(share for named in shares for key, share in named.items() if key.lower() == name.lower())
    return f"it has {percent} percent of the endpoint's traffic" if percent else ""


ONLINE_DEPLOYMENT = Kind(
    name="OnlineDeployment",
    title="online deployment",
    path="{endpoint}/deployments/{name}",
    inputs=OnlineDeploymentInputs,
    outputs=(Output("provisioningState", "properties.provisioningState", "State of the deployment itself."),),
    fixed={"properties.endpointComputeType": "Managed", "sku.name": "Default"},
    carried=("identity", "kind", "properties.dataCollector", "properties.modelMountPath"),
    borrows={"codePath": ("code", "path")},
    timeout=3600.0,
    in_use=_in_use,
    derive=versioned_name,
    rules=_rules,
)
