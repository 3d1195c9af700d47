"""Registry: a lookup of a registry, which holds assets that several workspaces share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ..engine import Inputs, Kind, Output, arm


class RegistryInputs(Inputs):
    """Inputs of a registry's lookup; it is in the workspace's resource group."""

    name: (
        Annotated[
            str,
            arm(url=True),
            Field(
                pattern=r"^[a-zA-Z0-9][a-zA-Z0-9\-_]{2,32}$",
                description="Name of the registry: 3 to 33 letters, digits, `-` and `_`. Default: the logical name.",
            ),
        ]
        | None
    ) = None


REGISTRY = Kind(
    name="Registry",
    title="registry",
    path="registries/{name}",
    inputs=RegistryInputs,
    tags="",
    lookup=True,
    outputs=(
        Output("location", "location", "Azure region that it was made in."),
        Output("discoveryUrl", "properties.discoveryUrl", "Where clients learn the addresses of its services."),
    ),
)
