"""Compute: a cluster of virtual machines that batch jobs run on (AmlCompute)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from ..engine import InputError, Inputs, Kind, Output, arm
from ..engine.values import get
from ._types import Duration, Location, ResourceInputs, ResourceTags, any_case


class ScaleSettings(Inputs):
    """How far a cluster grows and shrinks."""

    min_node_count: Annotated[int, Field(ge=0, description="Nodes that are kept when idle; 0 costs nothing.")] = 0
    max_node_count: Annotated[int, Field(ge=0, description="Nodes at most.")] = 1
    node_idle_time_before_scale_down: Annotated[
        Duration, Field(description="Idle time after which a node is given back, an ISO 8601 duration.")
    ] = "PT2M"


class ComputeInputs(ResourceInputs):
    """Inputs of a cluster. Its size of machine is immutable; how many there are is not."""

    vm_size: Annotated[
        str,
        arm("properties.properties.vmSize", immutable=True),
        Field(pattern=r"^[A-Za-z]+_[A-Za-z0-9_\-]+$", description="Size of the machines, such as `STANDARD_D2_V2`."),
    ]
    name: (
        Annotated[
            str,
            arm(url=True),
            Field(
                pattern=r"^[a-zA-Z][a-zA-Z0-9\-]{0,30}[a-zA-Z0-9]$",
                description="Name in the workspace, 2 to 32 letters, digits and `-`. Default: the logical name.",
            ),
        ]
        | None
    ) = None
    scale_settings: Annotated[
        ScaleSettings,
        arm("properties.properties.scaleSettings"),
        Field(default_factory=ScaleSettings, description="How far the cluster grows and shrinks."),
    ]
    vm_priority: Annotated[
        Literal["Dedicated", "LowPriority"],
        any_case("Dedicated", "LowPriority"),
        arm("properties.properties.vmPriority", immutable=True),
        Field(description="`Dedicated`, or `LowPriority`: cheaper, and may be taken away."),
    ] = "Dedicated"
    os_type: Annotated[
        Literal["Linux", "Windows"],
        any_case("Linux", "Windows"),
        arm("properties.properties.osType", immutable=True),
        Field(description="Operating system: `Linux` or `Windows`."),
    ] = "Linux"
    description: (
        Annotated[str, arm("properties.description", immutable=True), Field(description="What the cluster is for.")]
        | None
    ) = None
    location: Location | None = None
    tags: ResourceTags | None = None


def _rules(values: Mapping[str, Any]) -> Iterator[InputError]:
    low, high = (get(values, f"scaleSettings.{key}") for key in ("minNodeCount", "maxNodeCount"))
    if isinstance(low, int) and isinstance(high, int) and low > high:
        yield InputError("scaleSettings.minNodeCount", f"should be at most maxNodeCount ({high}), not {low}")


COMPUTE = Kind(
    name="Compute",
    title="compute",
    path="computes/{name}",
    inputs=ComputeInputs,
    outputs=(Output("provisioningState", "properties.provisioningState", "State of the cluster itself."),),
    fixed={"properties.computeType": "AmlCompute"},
    # What a cluster that was imported may have and no input says: the service takes a PUT without it for a change.
    carried=(
        "identity",
        "properties.disableLocalAuth",
        "properties.properties.subnet",
        "properties.properties.remoteLoginPortPublicAccess",
        "properties.properties.isolatedNetwork",
        "properties.properties.enableNodePublicIp",
        "properties.properties.virtualMachineImage",
    ),
    # The service asks what becomes of the machines beneath; a stack that made them removes them.
    query_on_delete={"underlyingResourceAction": "Delete"},
    rules=_rules,
)
