"""The rules: what production needs of each resource. Pure, no I/O, of no front.

A rule looks at a resource's inputs by wire name, as the provider has checked them. What a preview does not know yet is
not guessed: reading it raises, and the front says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

TYPE = "pulumi-python:dynamic/azureml:"
"""What the types of this package's resources begin with."""

_CONTENT = ("Code", "Model", "Data")
_TAGGED = ("Compute", "BatchEndpoint", "BatchDeployment", "OnlineEndpoint", "OnlineDeployment")
_NODES = ("BatchDeployment", "OnlineDeployment")

Inputs = Mapping[str, Any]
Limits = Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        name: as a policy is called.
        description: what it asks for, and why.
        check: takes the kind (`Model`), the inputs and the limits; yields what is wrong, each with what to do.
        limits: its own limits with their defaults, which a configuration can change.
    """

    name: str
    description: str
    check: Callable[[str, Inputs, Limits], Iterator[str]]
    limits: Limits


def _no_local_assets(kind: str, inputs: Inputs, _limits: Limits) -> Iterator[str]:
    if kind in _CONTENT and "://" not in str(inputs.get("path")):
        yield (
            f"its content is the local path {inputs.get('path')!r}, which no other stack has tested: deploy a release "
            "(azureml:release)"
        )
    if kind == "Environment" and not inputs.get("registry") and "release" not in (inputs.get("tags") or {}):
        yield "it is declared here and comes from no release: deploy one (azureml:release), or share it in a registry"


def _gates(kind: str, inputs: Inputs, _limits: Limits) -> Iterator[str]:
    if kind == "DefaultDeployment" and not inputs.get("gate"):
        yield (
            "nothing is asked of the new deployment before the default moves to it: give the DefaultDeployment "
            "gate=ScoringGate(…)"
        )


def _bounded_compute(kind: str, inputs: Inputs, limits: Limits) -> Iterator[str]:
    most = int(limits["maxNodes"])
    if kind == "Compute":
        scale: Mapping[str, Any] = inputs.get("scaleSettings") or {}
        if int(scale.get("maxNodeCount") or 0) > most:
            yield f"it may grow to {int(scale['maxNodeCount'])} nodes, and {most} are allowed: lower max_node_count"
        if int(scale.get("minNodeCount") or 0) > int(limits["idleNodes"]):
            yield (
                f"{int(scale['minNodeCount'])} of its nodes are paid for when nothing runs, and "
                f"{int(limits['idleNodes'])} are allowed: lower min_node_count"
            )
    if kind in _NODES and int(inputs.get("instanceCount") or 0) > most:
        yield f"it takes {int(inputs['instanceCount'])} nodes, and {most} are allowed: lower instance_count"


def _tags(kind: str, inputs: Inputs, limits: Limits) -> Iterator[str]:
    if kind in _TAGGED:
        tags = inputs.get("tags") or {}
        for name in limits["required"]:
            if name not in tags:
                yield f"it has no tag {name!r}: set it for all resources with azureml:defaultTags"


RULES = (
    Rule(
        "no-local-assets",
        "Code, models, environments and data come from a release or from storage: what runs is what was tested.",
        _no_local_assets,
        {},
    ),
    Rule(
        "gates",
        "A new deployment passes a gate before the default moves to it.",
        _gates,
        {},
    ),
    Rule(
        "bounded-compute",
        "Clusters and deployments have at most `maxNodes` nodes, and at most `idleNodes` of a cluster stay when idle.",
        _bounded_compute,
        {"maxNodes": 10, "idleNodes": 0},
    ),
    Rule(
        "tags",
        "What costs money bears the tags of `required`, so that it is known whose it is.",
        _tags,
        {"required": ["owner"]},
    ),
)
