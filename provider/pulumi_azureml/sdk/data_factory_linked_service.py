"""Data Factory linked service: the way from a data factory to the workspace, by the factory's managed identity.

Generated from `pulumi_azureml.resources.data_factory_linked_service` by `make sdk`; do not edit.
"""

from __future__ import annotations

from typing import Any

import pulumi

from ..dynamic import DataFactoryLinkedServiceProvider
from ..resource import AzureMLResource
from .shared import TimeoutsArgs


class DataFactoryLinkedService(AzureMLResource, module="azureml", name="DataFactoryLinkedService"):
    """Data Factory linked service: the way from a data factory to the workspace, by the factory's managed identity."""

    def __init__(
        self,
        resource_name: str,
        *,
        factory: pulumi.Input[str],
        name: pulumi.Input[str] | None = None,
        subscription_id: pulumi.Input[str] | None = None,
        resource_group_name: pulumi.Input[str] | None = None,
        workspace_name: pulumi.Input[str] | None = None,
        description: pulumi.Input[str] | None = None,
        adopt: pulumi.Input[bool] | None = None,
        timeouts: pulumi.Input[TimeoutsArgs] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the data factory linked service.

        Args:
            resource_name: The logical name in the program, unique among resources of this kind.
            factory: The data factory: ARM id, or name in the workspace's resource group. A change replaces the
                resource.
            name: Name in the factory. Default: the resource's logical name. A change replaces the resource.
            subscription_id: Subscription of the workspace. Default: the stack's.
            resource_group_name: Resource group of the workspace. Default: the stack's.
            workspace_name: The workspace. Default: the stack's.
            description: What the linked service is for.
            adopt: Take over, as it is, a resource of this name that exists already and was not made by this stack.
            timeouts: How long each operation may take; the kind's own limits unless set.
            opts: The engine's own options: parent, protect, aliases and others.
        """
        given: dict[str, Any] = {
            "factory": factory,
            "name": name,
            "subscriptionId": subscription_id,
            "resourceGroupName": resource_group_name,
            "workspaceName": workspace_name,
            "description": description,
            "adopt": adopt,
            "timeouts": timeouts,
        }
        made = ()
        super().__init__(DataFactoryLinkedServiceProvider(), resource_name, given, made, opts)

    @property
    def timeouts(self) -> pulumi.Output[dict[str, Any]]:
        """How long each operation may take; the kind's own limits unless set."""
        return self._output("timeouts")

    @property
    def factory(self) -> pulumi.Output[str]:
        """The data factory: ARM id, or name in the workspace's resource group."""
        return self._output("factory")

    @property
    def name(self) -> pulumi.Output[str]:
        """Name in the factory. Default: the resource's logical name."""
        return self._output("name")

    @property
    def subscription_id(self) -> pulumi.Output[str]:
        """Subscription of the workspace. Default: the stack's."""
        return self._output("subscriptionId")

    @property
    def resource_group_name(self) -> pulumi.Output[str]:
        """Resource group of the workspace. Default: the stack's."""
        return self._output("resourceGroupName")

    @property
    def workspace_name(self) -> pulumi.Output[str]:
        """The workspace. Default: the stack's."""
        return self._output("workspaceName")

    @property
    def description(self) -> pulumi.Output[str]:
        """What the linked service is for."""
        return self._output("description")
