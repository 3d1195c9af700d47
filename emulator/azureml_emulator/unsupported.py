"""What the emulator does not have: refused loudly and by name, never answered as if it were done."""

from __future__ import annotations

from collections.abc import Sequence

from azureml_emulator.http import PROVIDER, ServiceError

KINDS = frozenset(
    {
        "batchEndpoints", "components", "connections", "diagnose", "featuresets", "featurestoreEntities",
        "inferencePools", "jobs", "labelingJobs", "listKeys", "listNotebookAccessToken", "listNotebookKeys",
        "listStorageAccountKeys", "marketplaceSubscriptions", "notifyStorageSync", "onlineEndpoints",
        "outboundNetworkDependenciesEndpoints", "outboundRules", "prepareNotebook",
        "privateEndpointConnections", "privateLinkResources", "provisionManagedNetwork", "resyncKeys",
        "schedules", "serverlessEndpoints", "services", "skus",
    }
)  # fmt: skip
"""Kinds of resources and actions that a workspace has in Azure and not here."""

_SPELLING = {kind.lower(): kind for kind in KINDS}
_GROUP = 4
_WORKSPACE = 8


def unknown_path(segments: Sequence[str]) -> ServiceError:
    """The answer for an address that no route has: 501 for what Azure has, 404 for what nobody has."""
    path = "/" + "/".join(segments)
    lowered = [segment.lower() for segment in segments]
    if lowered[:1] != ["subscriptions"]:
        return ServiceError(404, "NotFound", f"The emulator has nothing at '{path}'.")
    provider = segments[lowered.index("providers") + 1 :][:1] if "providers" in lowered else []
    if provider and provider[0].lower() != PROVIDER.lower():
        return _not_implemented(f"the resource provider '{provider[0]}'")
    if lowered[_GROUP : _GROUP + 1] != ["providers"] or len(segments) <= _WORKSPACE:
        return _not_implemented(f"'{path}' of Azure Resource Manager")
    kind = segments[_WORKSPACE]
    if kind.lower() in _SPELLING:
        place = "/".join([_SPELLING[kind.lower()], *segments[_WORKSPACE + 1 :]])
        return _not_implemented(f"'{place}' of a workspace")
    return ServiceError(
        404,
        "InvalidResourceType",
        f"The resource type 'workspaces/{kind}' could not be found in the namespace '{PROVIDER}'.",
    )


def _not_implemented(what: str) -> ServiceError:
    return ServiceError(501, "NotImplemented", f"The emulator does not support {what}.")
