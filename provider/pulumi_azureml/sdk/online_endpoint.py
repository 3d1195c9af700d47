"""Online endpoint: a stable address that answers in real time, with deployments behind it.

Generated from `pulumi_azureml.resources.online_endpoint` by `make sdk`; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi

from ..dynamic import OnlineEndpointProvider
from ..resource import AzureMLResource
from .shared import TimeoutsArgs


class OnlineIdentityArgs(TypedDict, total=False):
    """The endpoint's identity, by which its deployments reach other services of Azure."""

    type: pulumi.Input[str]
    """`SystemAssigned`: the endpoint's own; `UserAssigned`: those that are listed."""

    user_assigned_identities: pulumi.Input[Mapping[str, Mapping[str, str]]]
    """ARM ids of the user-assigned identities, each with an empty mapping: `{id: {}}`."""


class OnlineEndpoint(AzureMLResource, module="azureml", name="OnlineEndpoint"):
    """Online endpoint: a stable address that answers in real time, with deployments behind it."""

    _protected = True

    def __init__(
        self,
        resource_name: str,
        *,
        name: pulumi.Input[str] | None = None,
        auth_mode: pulumi.Input[str] | None = None,
        public_network_access: pulumi.Input[str] | None = None,
        description: pulumi.Input[str] | None = None,
        properties: pulumi.Input[Mapping[str, str]] | None = None,
        identity: pulumi.Input[OnlineIdentityArgs] | None = None,
        location: pulumi.Input[str] | None = None,
        tags: pulumi.Input[Mapping[str, str]] | None = None,
        adopt: pulumi.Input[bool] | None = None,
        timeouts: pulumi.Input[TimeoutsArgs] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the online endpoint.

        Args:
            resource_name: The logical name in the program, unique among resources of this kind.
            name: Name, unique in the region: 3 to 32 letters, digits and `-`, beginning with a letter. Default: the
                logical name with a suffix. A change replaces the resource.
            auth_mode: How callers sign in: `Key`, `AMLToken` (Azure Machine Learning's own, which expires) or
                `AADToken` (Entra ID). Default: 'Key'.
            public_network_access: `Disabled`: callers come by the workspace's private endpoint only. Default:
                'Enabled'.
            description: What the endpoint is for.
            properties: Properties: entries can be added and changed; the service keeps those that are left out.
            identity: The endpoint's identity.
            location: Azure region. Default: `azureml:location` of the stack. A change replaces the resource.
            tags: Tags: names to values, none of them empty; changed in place.
            adopt: Take over, as it is, a resource of this name that exists already and was not made by this stack.
            timeouts: How long each operation may take; the kind's own limits unless set.
            opts: The engine's own options: parent, protect, aliases and others.
        """
        given: dict[str, Any] = {
            "name": name,
            "authMode": auth_mode,
            "publicNetworkAccess": public_network_access,
            "description": description,
            "properties": properties,
            "identity": identity,
            "location": location,
            "tags": tags,
            "adopt": adopt,
            "timeouts": timeouts,
        }
        made = ("scoringUri", "swaggerUri")
        super().__init__(OnlineEndpointProvider(), resource_name, given, made, opts)

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
        """How callers sign in: `Key`, `AMLToken` (Azure Machine Learning's own, which expires) or `AADToken` (Entra ID)."""
        return self._output("authMode")

    @property
    def public_network_access(self) -> pulumi.Output[str]:
        """`Disabled`: callers come by the workspace's private endpoint only."""
        return self._output("publicNetworkAccess")

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
        """The endpoint's identity."""
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
        """Where requests are posted."""
        return self._output("scoringUri")

    @property
    def swagger_uri(self) -> pulumi.Output[str]:
        """The endpoint's OpenAPI document."""
        return self._output("swaggerUri")
