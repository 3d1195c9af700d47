"""Default deployment: which deployment of a batch endpoint takes the jobs that name none.

Generated from `pulumi_azureml.resources.default_deployment` by `make sdk`; do not edit.
"""

from __future__ import annotations

from typing import Any

import pulumi

from ..dynamic import DefaultDeploymentProvider
from ..resource import AzureMLResource, lent
from .batch_deployment import BatchDeployment
from .batch_endpoint import BatchEndpoint
from .scoring_gate import ScoringGate


class DefaultDeployment(AzureMLResource, module="azureml", name="DefaultDeployment"):
    """Default deployment: which deployment of a batch endpoint takes the jobs that name none."""

    def __init__(
        self,
        resource_name: str,
        *,
        endpoint: pulumi.Input[str] | BatchEndpoint,
        deployment: pulumi.Input[str] | BatchDeployment,
        gate: pulumi.Input[str] | ScoringGate | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the default deployment.

        Args:
            resource_name: The logical name in the program, unique among resources of this kind.
            endpoint: The endpoint: resource, ARM id or name. A change replaces the resource.
            deployment: The deployment: resource, ARM id or name.
            gate: The gate that the deployment must pass first: the default does not move until it has.
            opts: The engine's own options: parent, protect, aliases and others.
        """
        given: dict[str, Any] = {
            "endpoint": endpoint,
            "deployment": deployment,
            "gate": gate,
            "gatedDeployment": lent(gate, "deployment"),
        }
        made = ()
        super().__init__(DefaultDeploymentProvider(), resource_name, given, made, opts)

    @property
    def endpoint(self) -> pulumi.Output[str]:
        """The endpoint: resource, ARM id or name."""
        return self._output("endpoint")

    @property
    def deployment(self) -> pulumi.Output[str]:
        """The deployment: resource, ARM id or name."""
        return self._output("deployment")

    @property
    def gate(self) -> pulumi.Output[str]:
        """The gate that the deployment must pass first: the default does not move until it has."""
        return self._output("gate")
