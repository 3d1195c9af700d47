"""Compute: a cluster of virtual machines that batch jobs run on (AmlCompute).

Generated from `pulumi_azureml.resources.compute` by `make sdk`; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi

from ..dynamic import ComputeProvider
from ..resource import AzureMLResource
from .shared import TimeoutsArgs


class ScaleSettingsArgs(TypedDict, total=False):
    """How far a cluster grows and shrinks."""

    min_node_count: pulumi.Input[int]
    """Nodes that are kept when idle; 0 costs nothing. Default: 0."""

    max_node_count: pulumi.Input[int]
    """Nodes at most. Default: 1."""

    node_idle_time_before_scale_down: pulumi.Input[str]
    """Idle time after which a node is given back, an ISO 8601 duration. Default: 'PT2M'."""


class Compute(AzureMLResource, module="azureml", name="Compute"):
    """Compute: a cluster of virtual machines that batch jobs run on (AmlCompute)."""

    def __init__(
        self,
        resource_name: str,
        *,
        vm_size: pulumi.Input[str],
        name: pulumi.Input[str] | None = None,
        scale_settings: pulumi.Input[ScaleSettingsArgs] | None = None,
        vm_priority: pulumi.Input[str] | None = None,
        os_type: pulumi.Input[str] | None = None,
        description: pulumi.Input[str] | None = None,
        location: pulumi.Input[str] | None = None,
        tags: pulumi.Input[Mapping[str, str]] | None = None,
        adopt: pulumi.Input[bool] | None = None,
        timeouts: pulumi.Input[TimeoutsArgs] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the compute.

        Args:
            resource_name: The logical name in the program, unique among resources of this kind.
            vm_size: Size of the machines, such as `STANDARD_D2_V2`. A change replaces the resource.
            name: Name in the workspace, 2 to 32 letters, digits and `-`. Default: the logical name. A change replaces
                the resource.
            scale_settings: How far the cluster grows and shrinks.
            vm_priority: `Dedicated`, or `LowPriority`: cheaper, and may be taken away. Default: 'Dedicated'. A change
                replaces the resource.
            os_type: Operating system: `Linux` or `Windows`. Default: 'Linux'. A change replaces the resource.
            description: What the cluster is for. A change replaces the resource.
            location: Azure region. Default: `azureml:location` of the stack. A change replaces the resource.
            tags: Tags: names to values, none of them empty; changed in place.
            adopt: Take over, as it is, a resource of this name that exists already and was not made by this stack.
            timeouts: How long each operation may take; the kind's own limits unless set.
            opts: The engine's own options: parent, protect, aliases and others.
        """
        given: dict[str, Any] = {
            "vmSize": vm_size,
            "name": name,
            "scaleSettings": scale_settings,
            "vmPriority": vm_priority,
            "osType": os_type,
            "description": description,
            "location": location,
            "tags": tags,
            "adopt": adopt,
            "timeouts": timeouts,
        }
        made = ("provisioningState",)
        super().__init__(ComputeProvider(), resource_name, given, made, opts)

    @property
    def timeouts(self) -> pulumi.Output[dict[str, Any]]:
        """How long each operation may take; the kind's own limits unless set."""
        return self._output("timeouts")

    @property
    def vm_size(self) -> pulumi.Output[str]:
        """Size of the machines, such as `STANDARD_D2_V2`."""
        return self._output("vmSize")

    @property
    def name(self) -> pulumi.Output[str]:
        """Name in the workspace, 2 to 32 letters, digits and `-`. Default: the logical name."""
        return self._output("name")

    @property
    def scale_settings(self) -> pulumi.Output[dict[str, Any]]:
        """How far the cluster grows and shrinks."""
        return self._output("scaleSettings")

    @property
    def vm_priority(self) -> pulumi.Output[str]:
        """`Dedicated`, or `LowPriority`: cheaper, and may be taken away."""
        return self._output("vmPriority")

    @property
    def os_type(self) -> pulumi.Output[str]:
        """Operating system: `Linux` or `Windows`."""
        return self._output("osType")

    @property
    def description(self) -> pulumi.Output[str]:
        """What the cluster is for."""
        return self._output("description")

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
        """State of the cluster itself."""
        return self._output("provisioningState")
