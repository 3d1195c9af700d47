"""Workspace: a lookup of the stack's workspace, for what other resources of a program need to know of it."""

from __future__ import annotations

from ..engine import Inputs, Kind, Output


class WorkspaceInputs(Inputs):
    """A lookup of the workspace that the stack's configuration names takes no inputs."""


WORKSPACE = Kind(
    name="Workspace",
    title="workspace",
    path="",
    inputs=WorkspaceInputs,
    tags="",
    lookup=True,
    outputs=(
        Output("name", "name", "The workspace's name."),
        Output("location", "location", "Azure region."),
        Output("workspaceId", "properties.workspaceId", "The workspace's own GUID."),
        Output("discoveryUrl", "properties.discoveryUrl", "Where clients learn the addresses of its services."),
        Output("storageAccount", "properties.storageAccount", "ARM id of the storage account behind it."),
        Output("keyVault", "properties.keyVault", "ARM id of its key vault."),
        Output("containerRegistry", "properties.containerRegistry", "ARM id of its container registry."),
        Output("principalId", "identity.principalId", "Object id of its managed identity."),
    ),
)
