"""Errors of Azure Resource Manager and of the machine learning service, in their wording."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azureml_emulator.http import ServiceError

if TYPE_CHECKING:
    from azureml_emulator.arm.kind import Kind, Target

_HELP = "For more details please go to https://aka.ms/ARMResourceNotFoundFix"


def resource_not_found(resource_id: str) -> ServiceError:
    """ARM's answer for a tracked resource that does not exist."""
    parts = resource_id.strip("/").split("/")
    if len(parts) <= 4:  # noqa: PLR2004 - subscriptions/{s}/resourceGroups/{g}
        return ServiceError(404, "ResourceGroupNotFound", f"Resource group '{parts[-1]}' could not be found.")
    types, names = parts[6::2], parts[7::2]
    label = "/".join([parts[5], *(f"{kind}/{name}" for kind, name in zip(types, names, strict=False))])
    message = f"The Resource '{label}' under resource group '{parts[3]}' was not found. {_HELP}"
    return ServiceError(404, "ResourceNotFound", message)


def asset_id(region: str, workspace_guid: str, plural: str, name: str, version: str) -> str:
    """The asset id that the service names in its messages."""
    return f"azureml://locations/{region}/workspaces/{workspace_guid}/{plural}/{name}/versions/{version}"


def asset_named(target: Target, plural: str, name: str, version: str) -> str:
    """The asset id, in the workspace or the registry of a request, that the service names in its messages."""
    if target.in_registry:
        return f"azureml://registries/{target.workspace['name']}/{plural}/{name}/versions/{version}"
    return asset_id(target.region, target.guid, plural, name, version)


def asset_not_found(asset: str) -> ServiceError:
    """The service's answer for an asset version that does not exist; ``asset`` is an asset id."""
    return ServiceError(404, "UserError", f"Could not find asset with ID: {asset}")


def bad_reference(asset: str, target: str) -> ServiceError:
    """The service's answer for a body that refers to an asset that does not exist."""
    return ServiceError(400, "UserError", f"Could not find asset with ID: {asset}", target=target)


def must_not_be_empty(name: str, target: str) -> ServiceError:
    """The service's answer for something that a resource cannot do without."""
    message = f"'{name}' must not be empty."
    detail = {"code": "ArgumentNullOrEmpty", "message": message, "target": target}
    return ServiceError(400, "UserError", message, target=target, details=[detail])


def user_error(message: str, target: str | None = None, *, status: int = 400) -> ServiceError:
    """A rule of the service that a request breaks."""
    return ServiceError(status, "UserError", message, target=target)


def invalid_name(kind: Kind, name: str) -> ServiceError:
    """A name that the kind does not allow."""
    label = kind.name.rpartition("/")[2]
    return ServiceError(
        400, "UserError", f"'{name}' is not a valid name in {label}: it takes {kind.names.rule}.", target="name"
    )


def busy(resource_id: str, state: str) -> ServiceError:
    """A change of a resource on which another operation is under way."""
    return ServiceError(
        409,
        "Conflict",
        f"The resource '{resource_id}' has the provisioning state '{state}': another operation on it is in "
        "progress. Wait until it has finished.",
    )


def busy_endpoint(name: str, state: str) -> ServiceError:
    """A new deployment in an endpoint on which an operation is under way."""
    message = f"Cannot create a deployment in endpoint {name} because it is in {state} provisioning state."
    return ServiceError(409, "Conflict", message)


def other_location(target: Target, there: str, here: str) -> ServiceError:
    """A PUT that would move a resource to another region."""
    group = target.id.split("/")[4]
    return ServiceError(
        409,
        "InvalidResourceLocation",
        f"The resource '{target.name}' already exists in location '{there}' in resource group '{group}'. A "
        f"resource with the same name cannot be created in location '{here}'. Please select a new resource name.",
    )


def location_required() -> ServiceError:
    """A tracked resource without a location."""
    return ServiceError(400, "LocationRequired", "The location property is required for this definition.")


def unknown_api_version(kind: Kind, version: str) -> ServiceError:
    """ARM's answer for an api-version that a resource provider does not have for a type."""
    namespace, _, label = kind.type.partition("/")
    return ServiceError(
        400,
        "InvalidResourceType",
        f"The resource type '{label}' could not be found in the namespace '{namespace}' for api version '{version}'. "
        f"The supported api-versions are '{', '.join(kind.api_versions)}'.",
    )
