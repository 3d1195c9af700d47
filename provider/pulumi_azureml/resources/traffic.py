"""Traffic: which deployments of an online endpoint answer, and how much of the requests each one gets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from ..arm import Settings
from ..arm.resource_id import same_id
from ..engine import Facet, InputError, Inputs, Kind, arm, local, reference

_ALL = 100
_MOST_MIRRORED = 50  # Azure ML, "Test the deployment with mirrored traffic"

Percent = Annotated[int, Field(ge=0, le=100)]


class TrafficInputs(Inputs):
    """Inputs of an endpoint's traffic. Moving it is an update in place."""

    endpoint: Annotated[
        str, reference("onlineEndpoints", url=True), Field(description="The endpoint: resource, ARM id or name.")
    ]
    traffic: Annotated[
        dict[str, Percent],
        arm("properties.traffic"),
        Field(
            description="Percent of the requests by deployment, 100 together: `{blue: 90, green: 10}`. A deployment is "
            "given as resource, ARM id or name."
        ),
    ]
    mirror_traffic: (
        Annotated[
            dict[str, Percent],
            arm("properties.mirrorTraffic"),
            Field(
                description="Percent of the requests that one further deployment gets a copy of, at most 50: "
                "`{green: 10}`. Callers get the answers of the others alone."
            ),
        ]
        | None
    ) = None
    instance_types: (
        Annotated[
            dict[str, str],
            local(pinned=True),
            Field(
                description="Machines of the deployments in `traffic`: a change replaces a deployment, which must "
                "have no traffic then."
            ),
        ]
        | None
    ) = None
    mirror_instance_types: (
        Annotated[dict[str, str], local(pinned=True), Field(description="The same for `mirror_traffic`.")] | None
    ) = None


def _rules(values: Mapping[str, Any]) -> Iterator[InputError]:
    live, copied = _shares(values, "traffic"), _shares(values, "mirrorTraffic")
    if live is not None and (total := sum(live.values())) != _ALL:
        yield InputError("traffic", f"should add up to 100, not {total}; for no traffic at all, leave the resource out")
    if copied is None:
        return
    if len(copied) > 1:
        yield InputError("mirrorTraffic", f"should name one deployment, not {', '.join(map(_name, copied))}")
    for name, percent in copied.items():
        if percent > _MOST_MIRRORED:
            yield InputError("mirrorTraffic", f"should be at most {_MOST_MIRRORED}, not {percent}")
        if _name(name) in map(_name, live or {}):
            yield InputError("mirrorTraffic", f"should name a deployment without live traffic, not {_name(name)}")


def _shares(values: Mapping[str, Any], key: str) -> dict[str, int] | None:
    """The shares that are more than nothing; None while a preview does not know them."""
    given = values.get(key)
    if not isinstance(given, dict) or not all(isinstance(share, int) for share in given.values()):
        return None
    return {name: share for name, share in given.items() if share}


def _derive(values: dict[str, Any], _settings: Settings) -> dict[str, Any]:
    """The endpoint holds names; a deployment given by its id must be one of this endpoint's."""
    derived = dict(values)
    for key in ("traffic", "mirrorTraffic"):
        if (shares := _shares(values, key)) is not None:
            derived[key] = {_of(values["endpoint"], name, key): share for name, share in shares.items()}
    return derived


def _of(endpoint: Any, deployment: str, key: str) -> str:
    owner, _, name = deployment.rpartition("/deployments/")
    if owner and isinstance(endpoint, str) and not same_id(owner, endpoint):
        raise InputError(key, f"should name deployments of the endpoint {endpoint}, not {deployment}")
    return name


def _name(deployment: str) -> str:
    return deployment.rpartition("/deployments/")[2]


TRAFFIC = Kind(
    name="Traffic",
    title="traffic",
    path="{endpoint}/traffic",
    inputs=TrafficInputs,
    tags="",
    facet=Facet(
        unset=("properties.traffic", "properties.mirrorTraffic"),
        suffix="/traffic",
        loss="callers would get no answer",
        carried=(
            "location",
            "tags",
            "identity",
            "kind",
            "sku",
            "properties.authMode",
            "properties.compute",
            "properties.description",
            "properties.properties",
            "properties.publicNetworkAccess",
        ),
    ),
    borrows={"instanceTypes": ("traffic", "instanceType"), "mirrorInstanceTypes": ("mirror_traffic", "instanceType")},
    derive=_derive,
    rules=_rules,
)
