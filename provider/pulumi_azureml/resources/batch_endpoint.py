"""Batch endpoint: a stable address that jobs are sent to, with deployments behind it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ..engine import Inputs, Kind, Output, arm
from ._deployment import EndpointName, Properties
from ._types import Location, ResourceInputs, ResourceTags, any_case


class Identity(Inputs):
    """The endpoint's own identity."""

    type: Annotated[
        Literal["SystemAssigned"],
        any_case("SystemAssigned"),
        Field(description="`SystemAssigned` is the one kind that batch endpoints have."),
    ]


class BatchEndpointInputs(ResourceInputs):
    """Inputs of a batch endpoint."""

    name: EndpointName | None = None
    auth_mode: Annotated[
        Literal["AADToken"],
        any_case("AADToken"),
        arm("properties.authMode", immutable=True),
        Field(description="How callers sign in: batch endpoints take Entra tokens (`AADToken`) only."),
    ] = "AADToken"
    description: (
        Annotated[str, arm("properties.description"), Field(description="What the endpoint is for.")] | None
    ) = None
    properties: Properties | None = None
    identity: Annotated[Identity, arm("identity"), Field(description="The endpoint's own identity.")] | None = None
    location: Location | None = None
    tags: ResourceTags | None = None


BATCH_ENDPOINT = Kind(
    name="BatchEndpoint",
    title="batch endpoint",
    path="batchEndpoints/{name}",
    inputs=BatchEndpointInputs,
    naming="suffixed",
    protected=True,
    outputs=(
        Output("scoringUri", "properties.scoringUri", "Where jobs are sent."),
        Output("swaggerUri", "properties.swaggerUri", "The endpoint's OpenAPI document."),
    ),
    # The default deployment belongs to the resource DefaultDeployment: an update of the endpoint keeps it.
    carried=("properties.defaults",),
)
