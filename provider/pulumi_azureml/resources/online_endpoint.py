"""Online endpoint: a stable address that answers in real time, with deployments behind it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from ..engine import Inputs, Kind, Output, arm
from ._deployment import EndpointName, Properties
from ._types import Location, ResourceInputs, ResourceTags, any_case


def _ids_alone(value: Any) -> Any:
    """The ARM ids of identities: a list of them, or the service's mapping of ids to what it knows about each."""
    return {identity: {} for identity in value} if isinstance(value, list | dict) else value


class OnlineIdentity(Inputs):
    """The endpoint's identity, by which its deployments reach other services of Azure."""

    type: Annotated[
        Literal["SystemAssigned", "UserAssigned"],
        any_case("SystemAssigned", "UserAssigned"),
        Field(description="`SystemAssigned`: the endpoint's own; `UserAssigned`: those that are listed."),
    ]
    user_assigned_identities: (
        Annotated[
            dict[str, dict[str, str]],
            BeforeValidator(_ids_alone),
            Field(description="ARM ids of the user-assigned identities, each with an empty mapping: `{id: {}}`."),
        ]
        | None
    ) = None


class OnlineEndpointInputs(ResourceInputs):
    """Inputs of an online endpoint. Its traffic is the resource `Traffic`; its keys are read when they are needed."""

    name: EndpointName | None = None
    auth_mode: Annotated[
        Literal["Key", "AMLToken", "AADToken"],
        any_case("Key", "AMLToken", "AADToken"),
        Field(
            description="How callers sign in: `Key`, `AMLToken` (Azure Machine Learning's own, which expires) or "
            "`AADToken` (Entra ID)."
        ),
    ] = "Key"
    public_network_access: Annotated[
        Literal["Enabled", "Disabled"],
        any_case("Enabled", "Disabled"),
        Field(description="`Disabled`: callers come by the workspace's private endpoint only."),
    ] = "Enabled"
    description: (
        Annotated[str, arm("properties.description"), Field(description="What the endpoint is for.")] | None
    ) = None
    properties: Properties | None = None
    identity: Annotated[OnlineIdentity, arm("identity"), Field(description="The endpoint's identity.")] | None = None
    location: Location | None = None
    tags: ResourceTags | None = None


ONLINE_ENDPOINT = Kind(
    name="OnlineEndpoint",
    title="online endpoint",
    path="onlineEndpoints/{name}",
    inputs=OnlineEndpointInputs,
    naming="suffixed",
    outputs=(
        Output("scoringUri", "properties.scoringUri", "Where requests are posted."),
        Output("swaggerUri", "properties.swaggerUri", "The endpoint's OpenAPI document."),
    ),
    # The traffic belongs to the resource Traffic: an update of the endpoint keeps it.
    carried=("properties.traffic", "properties.mirrorTraffic", "properties.compute"),
    protected=True,
)
