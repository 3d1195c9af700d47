"""Compute clusters (AmlCompute): nodes that batch jobs run on, scaled between a minimum and a maximum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from azureml_emulator.arm import errors
from azureml_emulator.arm.kind import Action, Kind, Lack, NameRule, Patch, Properties, Target, Tracked, region
from azureml_emulator.arm.schema import Body, Duration, choice
from azureml_emulator.http import Call, Reply
from azureml_emulator.kinds.workspace import WORKSPACE
from azureml_emulator.store import Document

_OTHER_TYPES = (
    "ComputeInstance",
    "Kubernetes",
    "AKS",
    "VirtualMachine",
    "HDInsight",
    "DataFactory",
    "Databricks",
    "DataLakeAnalytics",
    "SynapseSpark",
)
_ACTION = "underlyingResourceAction"
_STATES = ("idle", "leaving", "preempted", "preparing", "running", "unusable")


class ScaleSettings(Body):
    """How many nodes a cluster may have, and how long an idle node stays."""

    max_node_count: Annotated[int, Field(ge=0)]
    min_node_count: Annotated[int, Field(ge=0)] = 0
    node_idle_time_before_scale_down: Duration = "PT2M"


class ResourceId(Body):
    """Another resource of Azure, by its ARM id."""

    id: str


class NodeAccount(Body):
    """The user of each node."""

    admin_user_name: str
    admin_user_ssh_public_key: str | None = None
    admin_user_password: Annotated[str | None, Field(repr=False)] = None


class ClusterProperties(Body):
    """The properties of the cluster itself."""

    vm_size: Annotated[str, Field(min_length=1)]
    vm_priority: Annotated[str, choice("Dedicated", "LowPriority")] = "Dedicated"
    os_type: Annotated[str, choice("Linux", "Windows")] = "Linux"
    scale_settings: ScaleSettings
    remote_login_port_public_access: Annotated[str, choice("Enabled", "Disabled", "NotSpecified")] = "NotSpecified"
    isolated_network: bool = False
    enable_node_public_ip: bool | None = True
    subnet: ResourceId | None = None
    virtual_machine_image: ResourceId | None = None
    user_account_credentials: NodeAccount | None = None
    property_bag: dict[str, Any] | None = None


class ComputeProperties(Body):
    """The properties of a compute resource."""

    compute_type: Annotated[
        str,
        choice("AmlCompute", *_OTHER_TYPES),
    ]
    compute_location: str | None = None
    description: str | None = None
    resource_id: str | None = None
    disable_local_auth: bool = False
    properties: dict[str, Any] | None = None


class ComputeBody(Tracked):
    """PUT of a compute."""

    properties: ComputeProperties


class ClusterPatch(Body):
    """What PATCH may change of a cluster."""

    scale_settings: ScaleSettings


class ComputePatchProperties(Body):
    """The properties of a PATCH, as deep as they are in the resource."""

    properties: ClusterPatch


class ComputePatch(Body):
    """PATCH of a compute."""

    properties: ComputePatchProperties


class _Cluster(Body):
    """Where the cluster's properties lie, so that errors name their full path."""

    class Inner(Body):
        """The outer properties."""

        properties: ClusterProperties

    properties: Inner


def _prepare(target: Target, body: Any) -> Properties:
    given = body.properties.dump()
    inner = _Cluster.read({"properties": {"properties": given["properties"] or {}}}).properties.properties
    cluster = inner.dump()
    cluster.pop("userAccountCredentials")
    _check_scale(cluster["scaleSettings"])
    old = (target.old or {}).get("properties", {})
    target.emulator.jobs.compute_changes(target.id)
    now = target.emulator.clock.timestamp()
    return {
        **given,
        "computeLocation": given["computeLocation"] or region(body.location),
        "createdOn": old.get("createdOn", now),
        "modifiedOn": now,
        "resourceId": None,
        "provisioningErrors": None,
        "provisioningState": "Succeeded",
        "isAttachedCompute": False,
        "properties": {**cluster, **_nodes(cluster["scaleSettings"]["minNodeCount"], now)},
    }


def _nodes(count: int, now: str) -> Properties:
    """The state of a cluster that has settled at its minimum."""
    return {
        "allocationState": "Steady",
        "allocationStateTransitionTime": now,
        "errors": None,
        "currentNodeCount": count,
        "targetNodeCount": count,
        "nodeStateCounts": {f"{state}NodeCount": count if state == "idle" else 0 for state in _STATES},
    }


def _check_scale(scale: Properties) -> None:
    low, high = scale["minNodeCount"], scale["maxNodeCount"]
    if low > high:
        raise errors.user_error(
            f"The minimum node count {low} is larger than the maximum node count {high}.",
            "properties.properties.scaleSettings.minNodeCount",
        )


def _patch(target: Target, old: Document, body: Any) -> Document:
    scale = body.properties.properties.scale_settings.dump()
    _check_scale(scale)
    target.emulator.jobs.compute_changes(target.id)
    now = target.emulator.clock.timestamp()
    cluster = {**old["properties"]["properties"], "scaleSettings": scale, **_nodes(scale["minNodeCount"], now)}
    return {**old, "properties": {**old["properties"], "modifiedOn": now, "properties": cluster}}


def _check_action(query: Mapping[str, str]) -> None:
    """DELETE says what becomes of the machines; the parameter is required in the service's API."""
    action = query.get(_ACTION, "")
    if action.lower() == "detach":
        raise errors.user_error("A compute of the type AmlCompute cannot be detached, only deleted.", _ACTION)
    if action.lower() != "delete":
        raise errors.user_error(f"The query parameter '{_ACTION}' is required: Delete or Detach.", _ACTION)


def _list_nodes(call: Call, target: Target) -> Reply:
    """The nodes that a cluster has now: those of running jobs, and idle ones."""
    counts = (target.old or {})["properties"]["properties"]["nodeStateCounts"]
    busy = [
        record["name"]
        for record in call.emulator.jobs.records.active()
        if record["compute"].lower() == target.id.lower() and record["status"] in {"Running", "Finalizing"}
        for _ in range(record["nodes"])
    ]
    runs = [*busy, *[None] * counts["idleNodeCount"]]
    nodes = [
        {
            "nodeId": f"{target.name}-{number:03d}",
            "privateIpAddress": None,
            "publicIpAddress": None,
            "port": None,
            "nodeState": "idle" if run is None else "running",
            "runId": run,
        }
        for number, run in enumerate(runs)
    ]
    return Reply({"nodes": nodes})


COMPUTE = Kind(
    place="computes/{compute}",
    body=ComputeBody,
    owner=WORKSPACE,
    long_running=True,
    operations="computeOperations",
    names=NameRule.of(
        r"[a-zA-Z](?=.{2,31}$)[-a-zA-Z0-9]*[a-zA-Z0-9]",
        "3 to 32 letters, digits and '-', starting with a letter and ending with a letter or digit",
    ),
    prepare=_prepare,
    patch=Patch(ComputePatch, _patch),
    asked_on_delete=_check_action,
    lacks=(Lack("properties.computeType", _OTHER_TYPES, "computes of the type"),),
    actions=(Action("listNodes", _list_nodes),),
    immutable=(
        "properties.computeType",
        "properties.properties.vmSize",
        "properties.properties.vmPriority",
        "properties.properties.osType",
        "properties.properties.subnet",
        "properties.properties.remoteLoginPortPublicAccess",
    ),
    changed="The property '{property}' of the existing compute '{name}' cannot be changed; delete the compute first.",
)
