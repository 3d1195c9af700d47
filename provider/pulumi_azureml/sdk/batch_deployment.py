"""Batch deployment: a model with the code, environment and compute that score with it, or a pipeline component.

Generated from `pulumi_azureml.resources.batch_deployment` by `make sdk`; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi

from ..dynamic import BatchDeploymentProvider
from ..resource import AzureMLResource, lent
from .batch_endpoint import BatchEndpoint
from .code import Code
from .component import Component
from .compute import Compute
from .environment import Environment
from .model import Model
from .shared import TimeoutsArgs


class PipelineSettingsArgs(TypedDict, total=False):
    """Run-time settings of a pipeline component's jobs; the service spells them in snake case."""

    default_compute: pulumi.Input[str] | Compute
    """Cluster of the jobs that name none: resource, ARM id or name."""

    continue_on_step_failure: pulumi.Input[bool]
    """Whether steps that do not depend on one that failed still run."""

    default_datastore: pulumi.Input[str]
    """Datastore of the outputs, by name."""

    force_rerun: pulumi.Input[bool]
    """Whether results of earlier runs are never taken."""


class RetrySettingsArgs(TypedDict, total=False):
    """What happens to a mini-batch that fails."""

    max_retries: pulumi.Input[int]
    """Retries of a failed mini-batch. Default: 3."""

    timeout: pulumi.Input[str]
    """Time for one mini-batch, an ISO 8601 duration. Default: 'PT30S'."""


class BatchDeployment(AzureMLResource, module="azureml", name="BatchDeployment"):
    """Batch deployment: a model with the code, environment and compute that score with it, or a pipeline component."""

    def __init__(
        self,
        resource_name: str,
        *,
        endpoint: pulumi.Input[str] | BatchEndpoint,
        model: pulumi.Input[str] | Model | None = None,
        compute: pulumi.Input[str] | Compute | None = None,
        component: pulumi.Input[str] | Component | None = None,
        settings: pulumi.Input[PipelineSettingsArgs] | None = None,
        name: pulumi.Input[str] | None = None,
        versioned: pulumi.Input[bool] | None = None,
        code: pulumi.Input[str] | Code | None = None,
        scoring_script: pulumi.Input[str] | None = None,
        environment: pulumi.Input[str] | Environment | None = None,
        environment_variables: pulumi.Input[Mapping[str, str]] | None = None,
        instance_count: pulumi.Input[int] | None = None,
        mini_batch_size: pulumi.Input[int] | None = None,
        max_concurrency_per_instance: pulumi.Input[int] | None = None,
        error_threshold: pulumi.Input[int] | None = None,
        retry_settings: pulumi.Input[RetrySettingsArgs] | None = None,
        output_action: pulumi.Input[str] | None = None,
        output_file_name: pulumi.Input[str] | None = None,
        logging_level: pulumi.Input[str] | None = None,
        description: pulumi.Input[str] | None = None,
        properties: pulumi.Input[Mapping[str, str]] | None = None,
        location: pulumi.Input[str] | None = None,
        tags: pulumi.Input[Mapping[str, str]] | None = None,
        adopt: pulumi.Input[bool] | None = None,
        timeouts: pulumi.Input[TimeoutsArgs] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the batch deployment.

        Args:
            resource_name: The logical name in the program, unique among resources of this kind.
            endpoint: The endpoint: resource, ARM id or name. A change replaces the resource.
            model: The model: resource, ARM id, or `azureml:{name}:{version}`. Required without a component.
            compute: The cluster that scores: resource, ARM id or name. Required without a component.
            component: The pipeline component that jobs run, in place of a model: resource, ARM id, or
                `azureml:{name}:{version}`.
            settings: Run-time settings of the pipeline.
            name: Name in the endpoint, 3 to 32 letters, digits and `-`. Default: the logical name. A change replaces
                the resource.
            versioned: Whether the name ends in a digest of model, code, environment, script and variables: new
                content is then a new deployment beside the old one, which a gate can try before the default moves to
                it, and not a change in place. Default: true in production, else false.
            code: The code: resource, ARM id, or `azureml:{name}:{version}`. None for an MLflow model.
            scoring_script: The script in the code's folder that has `init()` and `run(mini_batch)`.
            environment: The environment: resource, ARM id, or `azureml:{name}:{version}`. None for MLflow models.
            environment_variables: Environment variables that the scoring script sees.
            instance_count: Nodes for each job. Default: 1.
            mini_batch_size: Files in each call of `run`. Default: 10.
            max_concurrency_per_instance: Worker processes on each node. Default: 1.
            error_threshold: Failed items that a job may have; -1 allows any number. Default: -1.
            retry_settings: What happens to a mini-batch that fails.
            output_action: `AppendRow` gathers what `run` returns in one file; `SummaryOnly` counts it. Default:
                'AppendRow'.
            output_file_name: File for the gathered rows; `predictions.csv` unless set.
            logging_level: Log level handed to the script: `Debug`, `Info` or `Warning`. Default: 'Info'.
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
            "model": model,
            "compute": compute,
            "component": component,
            "settings": settings,
            "name": name,
            "versioned": versioned,
            "code": code,
            "scoringScript": scoring_script,
            "environment": environment,
            "environmentVariables": environment_variables,
            "instanceCount": instance_count,
            "miniBatchSize": mini_batch_size,
            "maxConcurrencyPerInstance": max_concurrency_per_instance,
            "errorThreshold": error_threshold,
            "retrySettings": retry_settings,
            "outputAction": output_action,
            "outputFileName": output_file_name,
            "loggingLevel": logging_level,
            "description": description,
            "properties": properties,
            "location": location,
            "tags": tags,
            "adopt": adopt,
            "timeouts": timeouts,
            "codePath": lent(code, "path"),
        }
        made = ("provisioningState", "scoringDigest")
        super().__init__(BatchDeploymentProvider(), resource_name, given, made, opts)

    @property
    def timeouts(self) -> pulumi.Output[dict[str, Any]]:
        """How long each operation may take; the kind's own limits unless set."""
        return self._output("timeouts")

    @property
    def endpoint(self) -> pulumi.Output[str]:
        """The endpoint: resource, ARM id or name."""
        return self._output("endpoint")

    @property
    def model(self) -> pulumi.Output[str]:
        """The model: resource, ARM id, or `azureml:{name}:{version}`. Required without a component."""
        return self._output("model")

    @property
    def compute(self) -> pulumi.Output[str]:
        """The cluster that scores: resource, ARM id or name. Required without a component."""
        return self._output("compute")

    @property
    def component(self) -> pulumi.Output[str]:
        """The pipeline component that jobs run, in place of a model: resource, ARM id, or `azureml:{name}:{version}`."""
        return self._output("component")

    @property
    def settings(self) -> pulumi.Output[dict[str, Any]]:
        """Run-time settings of the pipeline."""
        return self._output("settings")

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
        """The script in the code's folder that has `init()` and `run(mini_batch)`."""
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
        """Nodes for each job."""
        return self._output("instanceCount")

    @property
    def mini_batch_size(self) -> pulumi.Output[int]:
        """Files in each call of `run`."""
        return self._output("miniBatchSize")

    @property
    def max_concurrency_per_instance(self) -> pulumi.Output[int]:
        """Worker processes on each node."""
        return self._output("maxConcurrencyPerInstance")

    @property
    def error_threshold(self) -> pulumi.Output[int]:
        """Failed items that a job may have; -1 allows any number."""
        return self._output("errorThreshold")

    @property
    def retry_settings(self) -> pulumi.Output[dict[str, Any]]:
        """What happens to a mini-batch that fails."""
        return self._output("retrySettings")

    @property
    def output_action(self) -> pulumi.Output[str]:
        """`AppendRow` gathers what `run` returns in one file; `SummaryOnly` counts it."""
        return self._output("outputAction")

    @property
    def output_file_name(self) -> pulumi.Output[str]:
        """File for the gathered rows; `predictions.csv` unless set."""
        return self._output("outputFileName")

    @property
    def logging_level(self) -> pulumi.Output[str]:
        """Log level handed to the script: `Debug`, `Info` or `Warning`."""
        return self._output("loggingLevel")

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
