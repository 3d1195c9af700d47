"""Online deployment: a model with the code, environment and instances that answer with it in real time.

Generated from `pulumi_azureml.resources.online_deployment` by `make sdk`; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi

from ..dynamic import OnlineDeploymentProvider
from ..resource import AzureMLResource, lent
from .code import Code
from .environment import Environment
from .model import Model
from .online_endpoint import OnlineEndpoint
from .shared import TimeoutsArgs


class RequestSettingsArgs(TypedDict, total=False):
    """How requests are handed to the instances."""

    max_concurrent_requests_per_instance: pulumi.Input[int]
    """Requests that an instance works on at a time; as many again may wait, more are refused with 429. Above 1 it takes as many workers: set the environment variable `WORKER_COUNT`. Default: 1."""

    request_timeout: pulumi.Input[str]
    """Time for one request with its wait, an ISO 8601 duration up to PT3M. Default: 'PT5S'."""


class ProbeSettingsArgs(TypedDict, total=False):
    """How an instance's health is watched."""

    initial_delay: pulumi.Input[str]
    """Time after the start before the first probe. Default: 'PT10S'."""

    period: pulumi.Input[str]
    """Time between two probes. Default: 'PT10S'."""

    timeout: pulumi.Input[str]
    """Time for the answer to a probe. Default: 'PT2S'."""

    success_threshold: pulumi.Input[int]
    """Successes in a row after which an instance is healthy again. Default: 1."""

    failure_threshold: pulumi.Input[int]
    """Failures in a row after which an instance is unhealthy. Default: 30."""


class OnlineScaleSettingsArgs(TypedDict, total=False):
    """How the number of instances changes."""

    scale_type: pulumi.Input[str]
    """`Default`, the one that managed deployments have: `instance_count` instances. Default: 'Default'."""


class OnlineDeployment(AzureMLResource, module="azureml", name="OnlineDeployment"):
    """Online deployment: a model with the code, environment and instances that answer with it in real time."""

    def __init__(
        self,
        resource_name: str,
        *,
        endpoint: pulumi.Input[str] | OnlineEndpoint,
        instance_type: pulumi.Input[str],
        model: pulumi.Input[str] | Model | None = None,
        name: pulumi.Input[str] | None = None,
        versioned: pulumi.Input[bool] | None = None,
        code: pulumi.Input[str] | Code | None = None,
        scoring_script: pulumi.Input[str] | None = None,
        environment: pulumi.Input[str] | Environment | None = None,
        environment_variables: pulumi.Input[Mapping[str, str]] | None = None,
        instance_count: pulumi.Input[int] | None = None,
        request_settings: pulumi.Input[RequestSettingsArgs] | None = None,
        liveness_probe: pulumi.Input[ProbeSettingsArgs] | None = None,
        readiness_probe: pulumi.Input[ProbeSettingsArgs] | None = None,
        scale_settings: pulumi.Input[OnlineScaleSettingsArgs] | None = None,
        app_insights_enabled: pulumi.Input[bool] | None = None,
        egress_public_network_access: pulumi.Input[str] | None = None,
        description: pulumi.Input[str] | None = None,
        properties: pulumi.Input[Mapping[str, str]] | None = None,
        location: pulumi.Input[str] | None = None,
        tags: pulumi.Input[Mapping[str, str]] | None = None,
        adopt: pulumi.Input[bool] | None = None,
        timeouts: pulumi.Input[TimeoutsArgs] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the online deployment.

        Args:
            resource_name: The logical name in the program, unique among resources of this kind.
            endpoint: The endpoint: resource, ARM id or name. A change replaces the resource.
            instance_type: Size of the machines, such as `Standard_DS3_v2`. A deployment that has traffic loses it
                while it is replaced: better deploy beside it under another name, and move the traffic. A change
                replaces the resource.
            model: The model: resource, ARM id, or `azureml:{name}:{version}`.
            name: Name in the endpoint, 3 to 32 letters, digits and `-`. Default: the logical name. A change replaces
                the resource.
            versioned: Whether the name ends in a digest of model, code, environment, script and variables: new
                content is then a new deployment beside the old one, which can be tried before the traffic moves to
                it, and not a change in place. Default: true in production, else false.
            code: The code: resource, ARM id, or `azureml:{name}:{version}`. None for an MLflow model.
            scoring_script: The script in the code's folder that has `init()` and `run(raw_data)`.
            environment: The environment: resource, ARM id, or `azureml:{name}:{version}`. None for MLflow models.
            environment_variables: Environment variables that the scoring script sees.
            instance_count: Instances. Default: 1.
            request_settings: How requests are handed to the instances.
            liveness_probe: When an instance is taken for dead and started again.
            readiness_probe: When an instance gets requests.
            scale_settings: How the number of instances changes.
            app_insights_enabled: Whether logs and metrics go to the workspace's Application Insights. Default: False.
            egress_public_network_access: `Disabled`: the deployment reaches the workspace's resources by private
                endpoints only. Default: 'Enabled'.
            description: What the deployment is for.
            properties: Properties: entries can be added and changed; the service keeps those that are left out.
            location: Azure region. Default: `azureml:location` of the stack. A change replaces the resource.
            tags: Tags: names to values, none of them empty; changed in place.
            adopt: Take over, as it is, a resource of this name that exists already and was not made by this stack.
            timeouts: How long each operation may take; the kind's own limits unless set.
            opts: The engine's own options: parent, protect, aliases and others.
        """
        given: dict[str, Any] = {
            "endpoint": endpoint,
            "instanceType": instance_type,
            "model": model,
            "name": name,
            "versioned": versioned,
            "code": code,
            "scoringScript": scoring_script,
            "environment": environment,
            "environmentVariables": environment_variables,
            "instanceCount": instance_count,
            "requestSettings": request_settings,
            "livenessProbe": liveness_probe,
            "readinessProbe": readiness_probe,
            "scaleSettings": scale_settings,
            "appInsightsEnabled": app_insights_enabled,
            "egressPublicNetworkAccess": egress_public_network_access,
            "description": description,
            "properties": properties,
            "location": location,
            "tags": tags,
            "adopt": adopt,
            "timeouts": timeouts,
            "codePath": lent(code, "path"),
        }
        made = ("provisioningState",)
        super().__init__(OnlineDeploymentProvider(), resource_name, given, made, opts)

    @property
    def timeouts(self) -> pulumi.Output[dict[str, Any]]:
        """How long each operation may take; the kind's own limits unless set."""
        return self._output("timeouts")

    @property
    def endpoint(self) -> pulumi.Output[str]:
        """The endpoint: resource, ARM id or name."""
        return self._output("endpoint")

    @property
    def instance_type(self) -> pulumi.Output[str]:
        """Size of the machines, such as `Standard_DS3_v2`. A deployment that has traffic loses it while it is replaced: better deploy beside it under another name, and move the traffic."""
        return self._output("instanceType")

    @property
    def model(self) -> pulumi.Output[str]:
        """The model: resource, ARM id, or `azureml:{name}:{version}`."""
        return self._output("model")

    @property
    def name(self) -> pulumi.Output[str]:
        """Name in the endpoint, 3 to 32 letters, digits and `-`. Default: the logical name."""
        return self._output("name")

    @property
    def code(self) -> pulumi.Output[str]:
        """The code: resource, ARM id, or `azureml:{name}:{version}`. None for an MLflow model."""
        return self._output("code")

    @property
    def scoring_script(self) -> pulumi.Output[str]:
        """The script in the code's folder that has `init()` and `run(raw_data)`."""
        return self._output("scoringScript")

    @property
    def environment(self) -> pulumi.Output[str]:
        """The environment: resource, ARM id, or `azureml:{name}:{version}`. None for MLflow models."""
        return self._output("environment")

    @property
    def environment_variables(self) -> pulumi.Output[dict[str, Any]]:
        """Environment variables that the scoring script sees."""
        return self._output("environmentVariables")

    @property
    def instance_count(self) -> pulumi.Output[int]:
        """Instances."""
        return self._output("instanceCount")

    @property
    def request_settings(self) -> pulumi.Output[dict[str, Any]]:
        """How requests are handed to the instances."""
        return self._output("requestSettings")

    @property
    def liveness_probe(self) -> pulumi.Output[dict[str, Any]]:
        """When an instance is taken for dead and started again."""
        return self._output("livenessProbe")

    @property
    def readiness_probe(self) -> pulumi.Output[dict[str, Any]]:
        """When an instance gets requests."""
        return self._output("readinessProbe")

    @property
    def scale_settings(self) -> pulumi.Output[dict[str, Any]]:
        """How the number of instances changes."""
        return self._output("scaleSettings")

    @property
    def app_insights_enabled(self) -> pulumi.Output[bool]:
        """Whether logs and metrics go to the workspace's Application Insights."""
        return self._output("appInsightsEnabled")

    @property
    def egress_public_network_access(self) -> pulumi.Output[str]:
        """`Disabled`: the deployment reaches the workspace's resources by private endpoints only."""
        return self._output("egressPublicNetworkAccess")

    @property
    def description(self) -> pulumi.Output[str]:
        """What the deployment is for."""
        return self._output("description")

    @property
    def properties(self) -> pulumi.Output[dict[str, Any]]:
        """Properties: entries can be added and changed; the service keeps those that are left out."""
        return self._output("properties")

    @property
    def location(self) -> pulumi.Output[str]:
        """Azure region. Default: `azureml:location` of the stack."""
        return self._output("location")

    @property
    def tags(self) -> pulumi.Output[dict[str, Any]]:
        """Tags: names to values, none of them empty; changed in place."""
        return self._output("tags")

    @property
    def provisioning_state(self) -> pulumi.Output[str]:
        """State of the deployment itself."""
        return self._output("provisioningState")
