"""Model: a file or folder, local or already in storage, registered as a version.

Generated from `pulumi_azureml.resources.model` by `make sdk`; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from ..dynamic import ModelProvider
from ..resource import AzureMLResource
from .registry import Registry
from .shared import TimeoutsArgs


class Model(AzureMLResource, module="azureml", name="Model"):
    """Model: a file or folder, local or already in storage, registered as a version."""

    def __init__(
        self,
        resource_name: str,
        *,
        path: pulumi.Input[str],
        name: pulumi.Input[str] | None = None,
        version: pulumi.Input[str] | None = None,
        registry: pulumi.Input[str] | Registry | None = None,
        model_type: pulumi.Input[str] | None = None,
        description: pulumi.Input[str] | None = None,
        tags: pulumi.Input[Mapping[str, str]] | None = None,
        on_delete: pulumi.Input[str] | None = None,
        adopt: pulumi.Input[bool] | None = None,
        timeouts: pulumi.Input[TimeoutsArgs] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the model.

        Args:
            resource_name: The logical name in the program, unique among resources of this kind.
            path: The model's file or folder, relative to the program; or where it is already: `azureml://…` or
                `https://…`.
            name: Name of the asset, 1 to 255 letters, digits, `-` and `_`. Default: the resource's logical name. A
                change replaces the resource.
            version: Version of the asset. Default: derived from its content, so that new content makes a new version.
                A change replaces the resource.
            registry: The registry that the asset lies in, in place of the workspace, for several workspaces to share:
                resource, ARM id, or name in the workspace's resource group. A change replaces the resource.
            model_type: Format of the model: `custom_model`, `mlflow_model` or `triton_model`. Default:
                'custom_model'. A change replaces the resource.
            description: What the asset is.
            tags: Tags: names to values, none of them empty; changed in place.
            on_delete: What becomes of a version that the stack no longer needs: `delete` removes it, `archive` hides
                it in the workspace, `retain` leaves it as it is. Default: 'delete'.
            adopt: Take over, as it is, a resource of this name that exists already and was not made by this stack.
            timeouts: How long each operation may take; the kind's own limits unless set.
            opts: The engine's own options: parent, protect, aliases and others.
        """
        given: dict[str, Any] = {
            "path": path,
            "name": name,
            "version": version,
            "registry": registry,
            "modelType": model_type,
            "description": description,
            "tags": tags,
            "onDelete": on_delete,
            "adopt": adopt,
            "timeouts": timeouts,
        }
        made = ("modelUri",)
        super().__init__(ModelProvider(), resource_name, given, made, opts)

    @property
    def timeouts(self) -> pulumi.Output[dict[str, Any]]:
        """How long each operation may take; the kind's own limits unless set."""
        return self._output("timeouts")

    @property
    def path(self) -> pulumi.Output[str]:
        """The model's file or folder, relative to the program; or where it is already: `azureml://…` or `https://…`."""
        return self._output("path")

    @property
    def name(self) -> pulumi.Output[str]:
        """Name of the asset, 1 to 255 letters, digits, `-` and `_`. Default: the resource's logical name."""
        return self._output("name")

    @property
    def version(self) -> pulumi.Output[str]:
        """Version of the asset. Default: derived from its content, so that new content makes a new version."""
        return self._output("version")

    @property
    def registry(self) -> pulumi.Output[str]:
        """The registry that the asset lies in, in place of the workspace, for several workspaces to share: resource, ARM id, or name in the workspace's resource group."""
        return self._output("registry")

    @property
    def model_type(self) -> pulumi.Output[str]:
        """Format of the model: `custom_model`, `mlflow_model` or `triton_model`."""
        return self._output("modelType")

    @property
    def description(self) -> pulumi.Output[str]:
        """What the asset is."""
        return self._output("description")

    @property
    def tags(self) -> pulumi.Output[dict[str, Any]]:
        """Tags: names to values, none of them empty; changed in place."""
        return self._output("tags")

    @property
    def on_delete(self) -> pulumi.Output[str]:
        """What becomes of a version that the stack no longer needs: `delete` removes it, `archive` hides it in the workspace, `retain` leaves it as it is."""
        return self._output("onDelete")

    @property
    def model_uri(self) -> pulumi.Output[str]:
        """Where the model lies in the workspace's storage."""
        return self._output("modelUri")
