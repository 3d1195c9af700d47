"""Workspace: a lookup of the stack's workspace, for what other resources of a program need to know of it.

Generated from `pulumi_azureml.resources.workspace` by `make sdk`; do not edit.
"""

from __future__ import annotations

from typing import Any

import pulumi

from ..dynamic import WorkspaceProvider
from ..resource import AzureMLResource


class Workspace(AzureMLResource, module="azureml", name="Workspace"):
    """Workspace: a lookup of the stack's workspace, for what other resources of a program need to know of it."""

    def __init__(
        self,
        resource_name: str,
        *,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the workspace.

        Args:
            resource_name: The logical name in the program, unique among resources of this kind.
            opts: The engine's own options: parent, protect, aliases and others.
        """
        given: dict[str, Any] = {}
        made = (
            "name",
            "location",
            "workspaceId",
            "discoveryUrl",
            "storageAccount",
            "keyVault",
            "containerRegistry",
            "principalId",
        )
        super().__init__(WorkspaceProvider(), resource_name, given, made, opts)

    @property
    def name(self) -> pulumi.Output[str]:
        """The workspace's name."""
        return self._output("name")

    @property
    def location(self) -> pulumi.Output[str]:
        """Azure region."""
        return self._output("location")

    @property
    def workspace_id(self) -> pulumi.Output[str]:
        """The workspace's own GUID."""
        return self._output("workspaceId")

    @property
    def discovery_url(self) -> pulumi.Output[str]:
        """Where clients learn the addresses of its services."""
        return self._output("discoveryUrl")

    @property
    def storage_account(self) -> pulumi.Output[str]:
        """ARM id of the storage account behind it."""
        return self._output("storageAccount")

    @property
    def key_vault(self) -> pulumi.Output[str]:
        """ARM id of its key vault."""
        return self._output("keyVault")

    @property
    def container_registry(self) -> pulumi.Output[str]:
        """ARM id of its container registry."""
        return self._output("containerRegistry")

    @property
    def principal_id(self) -> pulumi.Output[str]:
        """Object id of its managed identity."""
        return self._output("principalId")
