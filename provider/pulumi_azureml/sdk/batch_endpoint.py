"""Batch endpoint: a stable address that jobs are sent to, with deployments behind it.

Generated from `pulumi_azureml.resources.batch_endpoint` by `make sdk`; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi

from ..dynamic import BatchEndpointProvider
from ..resource import AzureMLResource
from .shared import TimeoutsArgs


class IdentityArgs(TypedDict, total=False):
    """The endpoint's own identity."""

    type: pulumi.Input[str]
    """`SystemAssigned` is the one kind that batch endpoints have."""


class BatchEndpoint(AzureMLResource, module="azureml", name="BatchEndpoint"):
    """Batch endpoint: a stable address that jobs are sent to, with deployments behind it."""

    _protected = True

    def __init__(
        self,
        resource_name: str,
        *,
        name: pulumi.Input[str] | None = None,
        auth_mode: pulumi.Input[str] | None = None,
        description: pulumi.Input[str] | None = None,
        properties: pulumi.Input[Mapping[str, str]] | None = None,
        identity: pulumi.Input[IdentityArgs] | None = None,
        location: pulumi.Input[str] | None = None,
        tags: pulumi.Input[Mapping[str, str]] | None = None,
        adopt: pulumi.Input[bool] | None = None,
        timeouts: pulumi.Input[TimeoutsArgs] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the batch endpoint.

        Args:
            resource_name: The logical name in the program, unique among resources of this kind.
            name: Name, unique in the region: 3 to 32 letters, digits and `-`, beginning with a letter. Default: the
                logical name with a suffix. A change replaces the resource.
            auth_mode: How callers sign in: batch endpoints take Entra tokens (`AADToken`) only. Default: 'AADToken'.
                A change replaces the resource.
            description: What the endpoint is for.
            properties: Properties: entries can be added and changed; the service keeps those that are left out.
            identity: The endpoint's own identity.
            location: Azure region. Default: `azureml:location` of the stack. A change replaces the resource.
            tags: Tags: names to values, none of them empty; changed in place.
            adopt: Take over, as it is, a resource of this name that exists already and was not made by this stack.
            timeouts: How long each operation may take; the kind's own limits unless set.
            opts: The engine's own options: parent, protect, aliases and others.
        """
        given: dict[str, Any] = {
            "name": name,
            "authMode": auth_mode,
            "description": description,
            "properties": properties,
            "identity": identity,
            "location": location,
            "tags": tags,
            "adopt": adopt,
            "timeouts": timeouts,
        }
        made = ("scoringUri", "swaggerUri")
        super().__init__(BatchEndpointProvider(), resource_name, given, made, opts)

    @property
    def timeouts(self) -> pulumi.Output[dict[str, Any]]:
        """How long each operation may take; the kind's own limits unless set."""
        return self._output("timeouts")

    @property
    def name(self) -> pulumi.Output[str]:
        """Name, unique in the region: 3 to 32 letters, digits and `-`, beginning with a letter. Default: the logical name with a suffix."""
        return self._output("name")

    @property
    def auth_mode(self) -> pulumi.Output[str]:
        """How callers sign in: batch endpoints take Entra tokens (`AADToken`) only."""
        return self._output("authMode")

    @property
    def description(self) -> pulumi.Output[str]:
        """What the endpoint is for."""
        return self._output("description")

    @property
    def properties(self) -> pulumi.Output[dict[str, Any]]:
        """Properties: entries can be added and changed; the service keeps those that are left out."""
        return self._output("properties")

    @property
    def identity(self) -> pulumi.Output[dict[str, Any]]:
        """The endpoint's own identity."""
        return self._output("identity")

    @property
    def location(self) -> pulumi.Output[str]:
        """Azure region. Default: `azureml:location` of the stack."""
        return self._output("location")

    @property
    def tags(self) -> pulumi.Output[dict[str, Any]]:
        """Tags: names to values, none of them empty; changed in place."""
        return self._output("tags")

    @property
    def scoring_uri(self) -> pulumi.Output[str]:
        """Where jobs are sent."""
        return self._output("scoringUri")

    @property
    def swagger_uri(self) -> pulumi.Output[str]:
        """The endpoint's OpenAPI document."""
        return self._output("swaggerUri")
