"""Making a release: what a stack has deployed, looked at in its workspace."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..arm import ArmClient, NotFoundError
from ..assets import storage_errors
from ..assets.stored import open_stored
from .errors import ContentError, ReleaseError
from .lock import Asset, Deployment, Gate, Origin, Release
from .manifest import Manifest, read_content, read_manifest
from .promote import ADDRESS
from .resolve import ASSETS, TESTED_SETTINGS
from .size import megabytes
from .state import StackResource, holds_secret

# The immutable inputs of each kind of asset.
_IMMUTABLE: Mapping[str, tuple[str, ...]] = {
    "Code": (),
    "Model": ("modelType",),
    "Data": ("dataType",),
    "Environment": ("image", "condaFile", "osType"),
}
# Of a deployment, for the record: a release does not decide these.
_MACHINERY = ("instanceCount", "maxConcurrencyPerInstance", "loggingLevel")
_ASSET_REFERENCES = ("model", "code", "environment")

Status = Callable[[str], None]


@dataclass
class Made:
    """A release that was made, and what is worth knowing about it."""

    release: Release
    notes: list[str] = field(default_factory=list)


def make_release(
    client: ArmClient, resources: Sequence[StackResource], name: str, origin: Origin, status: Status
) -> Made:
    """Make a release of what a stack has deployed. Nothing is changed anywhere.

    Args:
        client: of the stack's workspace.
        resources: of the stack's state.
        name: the release's.
        origin: where it comes from.
        status: told how far it is.

    Raises:
        ReleaseError: there is nothing to release; an asset is gone or is not what was deployed; a gate was passed by
            something else than what is deployed.
        ArmError: the workspace cannot be read.
    """
    notes: list[str] = []
    found = (_asset(client, resource, notes, status) for resource in resources if resource.kind in ASSETS)
    assets = tuple(asset for asset in found if asset is not None)
    if not assets:
        raise ReleaseError(
            f"The stack {origin.stack} has deployed no code, model, environment or data, so there is nothing to "
            "release.\n  what to do: run `pulumi up` first, or name another stack with --stack NAME."
        )
    deployments = tuple(_deployment(each, notes) for each in resources if each.kind in TESTED_SETTINGS)
    gates = tuple(_gate(each, resources) for each in resources if each.kind == "ScoringGate")
    return Made(Release(name, origin, assets, deployments, gates), notes)


def _asset(client: ArmClient, resource: StackResource, notes: list[str], status: Status) -> Asset | None:
    outputs = resource.outputs
    named = f"{resource.kind} {resource.logical_name!r}"
    status(f"reading {named}")
    content = str(outputs["contentDigest"])
    # Of what was registered by its address, the digest in the state is only the address's.
    by_address = content == hashlib.sha256(str(outputs.get("path")).encode()).hexdigest()
    if by_address and resource.kind == "Data":
        notes.append(f"{named} lies in storage already ({outputs['path']}) and is not part of the release")
        return None
    document = _document(client, resource)
    settings = {key: outputs.get(key) for key in _IMMUTABLE[resource.kind]}
    asset = Asset(
        kind=resource.kind,
        logical_name=resource.logical_name,
        name=str(outputs["name"]),
        version=str(outputs["version"]),
        digest=content,
        id=resource.arm_id,
        settings={key: value for key, value in settings.items() if value is not None},
    )
    if resource.kind not in ADDRESS:
        return asset
    address = str(document["properties"][ADDRESS[resource.kind]])
    manifest, digest = _files(client, resource.arm_id, address, "" if by_address else content, status)
    count, size = len(manifest.files), manifest.size
    return replace(asset, digest=digest, uri=address, manifest=manifest.digest, files=count, size=size)


def _document(client: ArmClient, resource: StackResource) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = client.request(
            "GET", resource.arm_id, operation=f"read {resource.kind} {resource.logical_name!r}"
        ).body
    except NotFoundError:
        raise ContentError(
            f"No release can be made: {resource.kind} {resource.logical_name!r} is gone, {resource.arm_id} does not "
            "exist.\n  what to do: run `pulumi refresh` and `pulumi up`, which make it again."
        ) from None
    return found


def _files(client: ArmClient, asset_id: str, address: str, digest: str, status: Status) -> tuple[Manifest, str]:
    """The manifest and the content digest, read from the files where the state does not know it."""
    stored = open_stored(client, asset_id, address)
    with storage_errors(f"read {asset_id}", stored.container):
        manifest = read_manifest(stored)
        if not manifest.files:
            raise ContentError(
                f"No release can be made: there is no file at {address}, where {asset_id} should have them.\n"
                "  what to do: find out who removed them; `pulumi up --replace` of the resource uploads them again."
            )
        if not digest:
            read = 0

            def progress(count: int) -> None:
                nonlocal read
                read += count
                status(f"reading {asset_id.split('/')[-3]}: {megabytes(read)} of {megabytes(manifest.size)}")

            digest = read_content(stored, manifest.files, progress)
    return manifest, digest


def _deployment(resource: StackResource, notes: list[str]) -> Deployment:
    keys = (*TESTED_SETTINGS[resource.kind], *_MACHINERY)
    secret = [key for key in keys if holds_secret(resource.outputs.get(key))]
    if secret:
        notes.append(
            f"{', '.join(secret)} of {resource.kind} {resource.logical_name!r} hold secrets and are not part of the "
            "release: each environment's program says them"
        )
    settings = {key: resource.outputs.get(key) for key in keys if key not in secret}
    for key in _ASSET_REFERENCES:
        if isinstance(reference := resource.outputs.get(key), str):
            settings[key] = ":".join(reference.split("/")[-3::2])
    return Deployment(resource.kind, resource.logical_name, settings)


def _gate(resource: StackResource, resources: Sequence[StackResource]) -> Gate:
    outputs = resource.outputs
    tested = str(outputs["deployment"])
    if not any(each.arm_id == tested for each in resources if each.kind in TESTED_SETTINGS):
        raise ReleaseError(
            f"No release can be made: the gate {resource.logical_name!r} was passed by {tested.rpartition('/')[2]}, "
            "which is not what the stack has deployed now.\n  what to do: run `pulumi up` until the gate is passed."
        )
    return Gate(
        resource.logical_name,
        str(outputs["metric"]),
        float(outputs["value"]),
        tested.rpartition("/")[2],
        str(outputs["job"]),
    )
