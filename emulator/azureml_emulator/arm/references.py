"""References from one resource to another: every form that the service takes, resolved to an ARM id."""

from __future__ import annotations

import re

from azureml_emulator import registries
from azureml_emulator.arm import errors
from azureml_emulator.arm.kind import Target
from azureml_emulator.http import ServiceError
from azureml_emulator.uris import UriError, address, resolve

_LABEL = "latest"
_ID = re.compile(
    r"(?:azureml:)?(?P<workspace>/subscriptions/[^/]+/resourceGroups/[^/]+/providers"
    r"/Microsoft\.MachineLearningServices/workspaces/[^/]+)"
    r"/(?P<plural>\w+)/(?P<name>[^/]+)/(?:versions/(?P<version>[^/]+)|(?:versions/)?labels/(?P<label>[^/]+))/?",
    re.IGNORECASE,
)
_LOCATION = re.compile(
    r"azureml://locations/[^/]+/workspaces/(?P<workspace>[^/]+)"
    r"/(?P<plural>\w+)/(?P<name>[^/]+)/(?:(?:versions/)?labels/(?P<label>[^/]+)|versions/(?P<version>[^/]+))/?",
    re.IGNORECASE,
)
_SHORT = re.compile(r"azureml:(?P<name>[^/:@]+)(?::(?P<version>[^/:@]+)|@(?P<label>[^/:@]+))")
_COMPUTE = re.compile(
    r"(?:azureml:)?(?P<workspace>/subscriptions/[^/]+/resourceGroups/[^/]+/providers"
    r"/Microsoft\.MachineLearningServices/workspaces/[^/]+)/computes/(?P<name>[^/]+)/?",
    re.IGNORECASE,
)
_DATASTORE = re.compile(
    r"azureml://(?:subscriptions/[^/]+/resourcegroups/[^/]+/workspaces/[^/]+/)?datastores/(?P<name>[^/]+)/paths/.*"
    r"|/subscriptions/.+/workspaces/[^/]+/datastores/(?P<arm_name>[^/]+)/paths/.*",
    re.IGNORECASE,
)
_OTHER_URI = re.compile(r"(https|wasbs|abfss|adl)://[^/]+/.*|azureml:.+", re.IGNORECASE | re.DOTALL)


def asset(target: Target, reference: str, plural: str, property_path: str) -> str:
    """The ARM id of the asset version that a reference names.

    Takes ARM ids (with a version or the label ``latest``), ``azureml:name:version``,
    ``azureml:name@latest`` and ``azureml://locations/...`` ids; what is in a registry is named by, and kept as,
    ``azureml://registries/...`` (:func:`registries.asset` finds either). Raises :class:`ServiceError` 400 when there
    is no such version, 501 for one of Microsoft's own registries.
    """
    if registries.is_reference(reference):
        return _shared(target, reference, plural, property_path)
    if target.in_registry:
        raise errors.user_error(
            f"An asset of a registry can refer to assets of registries only, not to '{reference}'.", property_path
        )
    match = _ID.fullmatch(reference) or _LOCATION.fullmatch(reference) or _SHORT.fullmatch(reference)
    found = match and _find(target, match, plural)
    if not match or not found:
        raise errors.bad_reference(_name(target, match, reference, plural), property_path)
    return found


def compute(target: Target, reference: str, property_path: str) -> str:
    """The ARM id of the compute that a reference names: an ARM id, ``azureml:name``, or the plain name."""
    match = _COMPUTE.fullmatch(reference)
    name = match["name"] if match else reference.removeprefix("azureml:")
    document = None
    if "/" not in name and (match is None or match["workspace"].lower() == target.workspace["id"].lower()):
        document = target.emulator.store.get(f"{target.workspace['id']}/computes/{name}")
    if document is None:
        raise errors.user_error(
            f"The compute '{reference}' does not exist in the workspace '{target.workspace['name']}'.", property_path
        )
    return str(document["id"])


def uri(target: Target, value: str, property_path: str) -> str:
    """A data address: any form that the service takes; a datastore or a job's output that it names must exist.

    Returns the address to keep: that of a job's output becomes its place's.
    """
    match = _DATASTORE.fullmatch(value)
    if match is None or target.in_registry:
        if target.in_registry:
            return _in_registry(target, value, property_path)
        if registries.is_reference(value):
            raise ServiceError(501, "NotImplemented", f"The emulator does not support addresses such as '{value}'.")
        if value.lower().startswith("azureml://jobs/"):
            return _output_of_job(target, value, property_path)
        if not _OTHER_URI.fullmatch(value):
            raise errors.user_error(
                f"'{value}' is not the address of a blob, a datastore path or an asset.", property_path
            )
        return value
    name = match["name"] or match["arm_name"]
    if target.emulator.store.get(f"{target.workspace['id']}/datastores/{name}") is None:
        raise errors.user_error(
            f"The datastore '{name}' in '{value}' does not exist in the workspace '{target.workspace['name']}'.",
            property_path,
        )
    return value


def _shared(target: Target, reference: str, plural: str, property_path: str) -> str:
    """A reference into a registry, in the form that it is kept in."""
    found = registries.asset(target.emulator.store, reference)
    if found is None and registries.is_public(reference):
        raise ServiceError(
            501, "NotImplemented", f"The emulator does not support assets of Microsoft's own registries: '{reference}'."
        )
    if found is None or registries.plural_of(reference).lower() != plural.lower():
        raise errors.bad_reference(reference, property_path)
    return registries.uri(found["id"])


def _in_registry(target: Target, value: str, property_path: str) -> str:
    """An address of a registry's own storage: what lies in a workspace's could not be read by another one."""
    own = target.emulator.urls.blob(f"{target.guid}-")
    if not value.startswith(own):
        raise errors.user_error(
            f"'{value}' is not in the storage of the registry '{target.workspace['name']}'. Upload the files to where "
            "startPendingUpload says.",
            property_path,
        )
    return value


def _output_of_job(target: Target, value: str, property_path: str) -> str:
    """The address of the place that ``azureml://jobs/{job}/outputs/{output}`` names."""
    workspace_id, store = target.workspace["id"], target.emulator.store
    try:
        location = resolve(value, workspace_id, store)
    except UriError as error:
        raise errors.user_error(str(error), property_path) from error
    return address(location, workspace_id, store) or target.emulator.urls.blob(location.container, location.path)


def _find(target: Target, match: re.Match[str], plural: str) -> str | None:
    groups = match.groupdict()
    workspace = target.workspace
    if (groups.get("plural") or plural).lower() != plural.lower():
        return None
    if (groups.get("workspace") or workspace["id"]).lower() not in {
        workspace["id"].lower(),
        target.guid,
    }:
        return None
    container = f"{workspace['id']}/{plural}/{groups['name']}"
    version = groups["version"]
    if version is None:
        if str(groups["label"]).lower() != _LABEL:
            return None
        holder = target.emulator.store.get(container)
        version = holder["properties"]["latestVersion"] if holder else None
    document = target.emulator.store.get(f"{container}/versions/{version}")
    return str(document["id"]) if document else None


def _name(target: Target, match: re.Match[str] | None, reference: str, plural: str) -> str:
    if match is None:
        return reference
    groups = match.groupdict()
    version = groups["version"] or groups["label"]
    return errors.asset_named(target, groups.get("plural") or plural, groups["name"], version)
