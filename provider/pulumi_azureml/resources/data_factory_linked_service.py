"""Data Factory linked service: the way from a data factory to the workspace, by the factory's managed identity."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ..engine import Kind, arm
from ._data_factory import Factory, NameInFactory
from ._types import ResourceInputs


class DataFactoryLinkedServiceInputs(ResourceInputs):
    """Inputs of a linked service of the type `AzureMLService`, which v1 pipelines are run through."""

    factory: Factory
    name: NameInFactory | None = None
    subscription_id: (
        Annotated[
            str,
            arm("properties.typeProperties.subscriptionId", setting="subscription_id"),
            Field(description="Subscription of the workspace. Default: the stack's."),
        ]
        | None
    ) = None
    resource_group_name: (
        Annotated[
            str,
            arm("properties.typeProperties.resourceGroupName", setting="resource_group"),
            Field(description="Resource group of the workspace. Default: the stack's."),
        ]
        | None
    ) = None
    workspace_name: (
        Annotated[
            str,
            arm("properties.typeProperties.mlWorkspaceName", setting="workspace"),
            Field(description="The workspace. Default: the stack's."),
        ]
        | None
    ) = None
    description: (
        Annotated[str, arm("properties.description"), Field(description="What the linked service is for.")] | None
    ) = None


DATA_FACTORY_LINKED_SERVICE = Kind(
    name="DataFactoryLinkedService",
    title="data factory linked service",
    path="{factory}/linkedservices/{name}",
    inputs=DataFactoryLinkedServiceInputs,
    tags="properties.annotations",
    tag_form="list",
    fixed={"properties.type": "AzureMLService", "properties.typeProperties.authentication": "MSI"},
)
