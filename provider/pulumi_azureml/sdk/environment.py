"""Environment: an image and, on top of it, a conda file's packages.

Generated from `pulumi_azureml.resources.environment` by `make sdk`; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from ..dynamic import EnvironmentProvider
from ..resource import AzureMLResource
from .registry import Registry
from .shared import TimeoutsArgs


class Environment(AzureMLResource, module="azureml", name="Environment"):
    """Environment: an image and, on top of it, a conda file's packages."""

    def __init__(
        self,
        resource_name: str,
        *,
        image: pulumi.Input[str],
        conda_file: pulumi.Input[str | Mapping[str, Any]] | None = None,
        name: pulumi.Input[str] | None = None,
        version: pulumi.Input[str] | None = None,
        registry: pulumi.Input[str] | Registry | None = None,
        os_type: pulumi.Input[str] | None = None,
        description: pulumi.Input[str] | None = None,
        tags: pulumi.Input[Mapping[str, str]] | None = None,
        on_delete: pulumi.Input[str] | None = None,
        adopt: pulumi.Input[bool] | None = None,
        timeouts: pulumi.Input[TimeoutsArgs] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the environment.

        Args:
            resource_name: The logical name in the program, unique among resources of this kind.
            image: Container image that the environment is based on, with its tag. A change replaces the resource.
            conda_file: Conda file: its path relative to the program, or its content as text or as a mapping. A change
                replaces the resource.
            name: Name of the asset, 1 to 255 letters, digits, `-` and `_`. Default: the resource's logical name. A
                change replaces the resource.
            version: Version of the asset. Default: derived from its content, so that new content makes a new version.
                A change replaces the resource.
            registry: The registry that the asset lies in, in place of the workspace, for several workspaces to share:
                resource, ARM id, or name in the workspace's resource group. A change replaces the resource.
            os_type: Operating system of the image: `Linux` or `Windows`. Default: 'Linux'. A change replaces the
                resource.
            description: What the asset is.
            tags: Tags: names to values, none of them empty; changed in place.
            on_delete: What becomes of a version that the stack no longer needs: `delete` removes it, `archive` hides
                it in the workspace, `retain` leaves it as it is. Default: 'delete'.
            adopt: Take over, as it is, a resource of this name that exists already and was not made by this stack.
            timeouts: How long each operation may take; the kind's own limits unless set.
            opts: The engine's own options: parent, protect, aliases and others.
        """
        given: dict[str, Any] = {
            "image": image,
            "condaFile": conda_file,
            "name": name,
            "version": version,
            "registry": registry,
            "osType": os_type,
            "description": description,
            "tags": tags,
            "onDelete": on_delete,
            "adopt": adopt,
            "timeouts": timeouts,
        }
        made = ("environmentType",)
        super().__init__(EnvironmentProvider(), resource_name, given, made, opts)

    @property
    def timeouts(self) -> pulumi.Output[dict[str, Any]]:
        """How long each operation may take; the kind's own limits unless set."""
        return self._output("timeouts")

    @property
    def image(self) -> pulumi.Output[str]:
        """Container image that the environment is based on, with its tag."""
        return self._output("image")

    @property
    def conda_file(self) -> pulumi.Output[dict[str, Any]]:
        """Conda file: its path relative to the program, or its content as text or as a mapping."""
        return self._output("condaFile")

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
    def os_type(self) -> pulumi.Output[str]:
        """Operating system of the image: `Linux` or `Windows`."""
        return self._output("osType")

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
    def environment_type(self) -> pulumi.Output[str]:
        """`UserCreated` or `Curated`."""
        return self._output("environmentType")
