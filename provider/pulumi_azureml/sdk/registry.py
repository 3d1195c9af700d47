"""Registry: a lookup of a registry, which holds assets that several workspaces share.

Generated from `pulumi_azureml.resources.registry` by `make sdk`; do not edit.
"""

from __future__ import annotations

from typing import Any

import pulumi

from ..dynamic import RegistryProvider
from ..resource import AzureMLResource


class Registry(AzureMLResource, module="azureml", name="Registry"):
    """Registry: a lookup of a registry, which holds assets that several workspaces share."""

    def __init__(
        self,
        resource_name: str,
        *,
        name: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the registry.

        Args:
            resource_name: The logical name in the program, unique among resources of this kind.
            name: Name of the registry: 3 to 33 letters, digits, `-` and `_`. Default: the logical name. A change
                replaces the resource.
            opts: The engine's own options: parent, protect, aliases and others.
        """
        given: dict[str, Any] = {
            "name": name,
        }
        made = ("location", "discoveryUrl")
        super().__init__(RegistryProvider(), resource_name, given, made, opts)

    @property
    def name(self) -> pulumi.Output[str]:
        """Name of the registry: 3 to 33 letters, digits, `-` and `_`. Default: the logical name."""
        return self._output("name")

    @property
    def location(self) -> pulumi.Output[str]:
        """Azure region that it was made in."""
        return self._output("location")

    @property
    def discovery_url(self) -> pulumi.Output[str]:
        """Where clients learn the addresses of its services."""
        return self._output("discoveryUrl")
