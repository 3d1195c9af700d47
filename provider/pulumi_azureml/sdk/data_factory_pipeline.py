"""Data Factory pipeline: runs an endpoint from a data factory, and fails when its job does.

Generated from `pulumi_azureml.resources.data_factory_pipeline` by `make sdk`; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from ..dynamic import DataFactoryPipelineProvider
from ..resource import AzureMLResource
from .batch_deployment import BatchDeployment
from .batch_endpoint import BatchEndpoint
from .data_factory_linked_service import DataFactoryLinkedService
from .shared import TimeoutsArgs


class DataFactoryPipeline(AzureMLResource, module="azureml", name="DataFactoryPipeline"):
    """Data Factory pipeline: runs an endpoint from a data factory, and fails when its job does."""

    def __init__(
        self,
        resource_name: str,
        *,
        factory: pulumi.Input[str],
        endpoint: pulumi.Input[str] | BatchEndpoint | None = None,
        deployment: pulumi.Input[str] | BatchDeployment | None = None,
        inputs: pulumi.Input[Mapping[str, Any]] | None = None,
        outputs: pulumi.Input[Mapping[str, Any]] | None = None,
        experiment: pulumi.Input[str] | None = None,
        poll_seconds: pulumi.Input[int] | None = None,
        timeout: pulumi.Input[str] | None = None,
        pipeline_endpoint_id: pulumi.Input[str] | None = None,
        pipeline_version: pulumi.Input[str] | None = None,
        pipeline_id: pulumi.Input[str] | None = None,
        linked_service: pulumi.Input[str] | DataFactoryLinkedService | None = None,
        continue_on_step_failure: pulumi.Input[bool] | None = None,
        name: pulumi.Input[str] | None = None,
        description: pulumi.Input[str] | None = None,
        folder: pulumi.Input[str] | None = None,
        adopt: pulumi.Input[bool] | None = None,
        timeouts: pulumi.Input[TimeoutsArgs] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the data factory pipeline.

        Args:
            resource_name: The logical name in the program, unique among resources of this kind.
            factory: The data factory: ARM id, or name in the workspace's resource group. A change replaces the
                resource.
            endpoint: The batch endpoint that it runs: resource, ARM id or name.
            deployment: The deployment: resource, ARM id or name. Default: the endpoint's default.
            inputs: By name: a literal, `{type: number, value: 0.5}`, or data as `{type: uri_folder, path: …}`. Each
                becomes a parameter of the pipeline, whose default is the value or path where there is one.
            outputs: Outputs of a batch endpoint by name, as `{type: uri_folder, path: …}`; parameters likewise.
            experiment: Name that the job is listed under.
            poll_seconds: Seconds between two looks at the job's status, 1 to 86400. Default: 30.
            timeout: Longest time for the job, an ISO 8601 duration. Default: 'PT12H'.
            pipeline_endpoint_id: GUID of the v1 pipeline endpoint that it runs.
            pipeline_version: Version of the v1 pipeline endpoint. Default: its default version.
            pipeline_id: GUID of the v1 published pipeline that it runs.
            linked_service: The linked service by which a v1 pipeline is reached: resource, ARM id or name.
            continue_on_step_failure: Whether a v1 pipeline goes on when a step fails.
            name: Name in the factory. Default: the resource's logical name. A change replaces the resource.
            description: What the pipeline is for.
            folder: Folder in the factory.
            adopt: Take over, as it is, a resource of this name that exists already and was not made by this stack.
            timeouts: How long each operation may take; the kind's own limits unless set.
            opts: The engine's own options: parent, protect, aliases and others.
        """
        given: dict[str, Any] = {
            "factory": factory,
            "endpoint": endpoint,
            "deployment": deployment,
            "inputs": inputs,
            "outputs": outputs,
            "experiment": experiment,
            "pollSeconds": poll_seconds,
            "timeout": timeout,
            "pipelineEndpointId": pipeline_endpoint_id,
            "pipelineVersion": pipeline_version,
            "pipelineId": pipeline_id,
            "linkedService": linked_service,
            "continueOnStepFailure": continue_on_step_failure,
            "name": name,
            "description": description,
            "folder": folder,
            "adopt": adopt,
            "timeouts": timeouts,
        }
        made = ("definition",)
        super().__init__(DataFactoryPipelineProvider(), resource_name, given, made, opts)

    @property
    def timeouts(self) -> pulumi.Output[dict[str, Any]]:
        """How long each operation may take; the kind's own limits unless set."""
        return self._output("timeouts")

    @property
    def factory(self) -> pulumi.Output[str]:
        """The data factory: ARM id, or name in the workspace's resource group."""
        return self._output("factory")

    @property
    def endpoint(self) -> pulumi.Output[str]:
        """The batch endpoint that it runs: resource, ARM id or name."""
        return self._output("endpoint")

    @property
    def deployment(self) -> pulumi.Output[str]:
        """The deployment: resource, ARM id or name. Default: the endpoint's default."""
        return self._output("deployment")

    @property
    def inputs(self) -> pulumi.Output[dict[str, Any]]:
        """By name: a literal, `{type: number, value: 0.5}`, or data as `{type: uri_folder, path: …}`. Each becomes a parameter of the pipeline, whose default is the value or path where there is one."""
        return self._output("inputs")

    @property
    def outputs(self) -> pulumi.Output[dict[str, Any]]:
        """Outputs of a batch endpoint by name, as `{type: uri_folder, path: …}`; parameters likewise."""
        return self._output("outputs")

    @property
    def experiment(self) -> pulumi.Output[str]:
        """Name that the job is listed under."""
        return self._output("experiment")

    @property
    def poll_seconds(self) -> pulumi.Output[int]:
        """Seconds between two looks at the job's status, 1 to 86400."""
        return self._output("pollSeconds")

    @property
    def timeout(self) -> pulumi.Output[str]:
        """Longest time for the job, an ISO 8601 duration."""
        return self._output("timeout")

    @property
    def pipeline_endpoint_id(self) -> pulumi.Output[str]:
        """GUID of the v1 pipeline endpoint that it runs."""
        return self._output("pipelineEndpointId")

    @property
    def pipeline_version(self) -> pulumi.Output[str]:
        """Version of the v1 pipeline endpoint. Default: its default version."""
        return self._output("pipelineVersion")

    @property
    def pipeline_id(self) -> pulumi.Output[str]:
        """GUID of the v1 published pipeline that it runs."""
        return self._output("pipelineId")

    @property
    def linked_service(self) -> pulumi.Output[str]:
        """The linked service by which a v1 pipeline is reached: resource, ARM id or name."""
        return self._output("linkedService")

    @property
    def continue_on_step_failure(self) -> pulumi.Output[bool]:
        """Whether a v1 pipeline goes on when a step fails."""
        return self._output("continueOnStepFailure")

    @property
    def name(self) -> pulumi.Output[str]:
        """Name in the factory. Default: the resource's logical name."""
        return self._output("name")

    @property
    def description(self) -> pulumi.Output[str]:
        """What the pipeline is for."""
        return self._output("description")

    @property
    def folder(self) -> pulumi.Output[str]:
        """Folder in the factory."""
        return self._output("folder")

    @property
    def definition(self) -> pulumi.Output[dict[str, Any]]:
        """The pipeline as the factory has it."""
        return self._output("definition")
