"""Traffic: which deployments of an online endpoint answer, and how much of the requests each one gets.

Generated from `pulumi_azureml.resources.traffic` by `make sdk`; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from ..dynamic import TrafficProvider
from ..resource import AzureMLResource, lent
from .online_deployment import OnlineDeployment
from .online_endpoint import OnlineEndpoint


class Traffic(AzureMLResource, module="azureml", name="Traffic"):
    """Traffic: which deployments of an online endpoint answer, and how much of the requests each one gets."""

    def __init__(
        self,
        resource_name: str,
        *,
        endpoint: pulumi.Input[str] | OnlineEndpoint,
        traffic: pulumi.Input[Mapping[str, int]] | Mapping[OnlineDeployment, int],
        mirror_traffic: pulumi.Input[Mapping[str, int]] | Mapping[OnlineDeployment, int] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the traffic.

        Args:
            resource_name: The logical name in the program, unique among resources of this kind.
            endpoint: The endpoint: resource, ARM id or name. A change replaces the resource.
            traffic: Percent of the requests by deployment, 100 together: `{blue: 90, green: 10}`. A deployment is
                given as resource, ARM id or name.
            mirror_traffic: Percent of the requests that one further deployment gets a copy of, at most 50: `{green:
                10}`. Callers get the answers of the others alone.
            opts: The engine's own options: parent, protect, aliases and others.
        """
        given: dict[str, Any] = {
            "endpoint": endpoint,
            "traffic": traffic,
            "mirrorTraffic": mirror_traffic,
            "instanceTypes": lent(traffic, "instanceType"),
            "mirrorInstanceTypes": lent(mirror_traffic, "instanceType"),
        }
        made = ()
        super().__init__(TrafficProvider(), resource_name, given, made, opts)

    @property
    def endpoint(self) -> pulumi.Output[str]:
        """The endpoint: resource, ARM id or name."""
        return self._output("endpoint")

    @property
    def traffic(self) -> pulumi.Output[dict[str, Any]]:
        """Percent of the requests by deployment, 100 together: `{blue: 90, green: 10}`. A deployment is given as resource, ARM id or name."""
        return self._output("traffic")

    @property
    def mirror_traffic(self) -> pulumi.Output[dict[str, Any]]:
        """Percent of the requests that one further deployment gets a copy of, at most 50: `{green: 10}`. Callers get the answers of the others alone."""
        return self._output("mirrorTraffic")
