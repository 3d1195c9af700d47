"""What the emulator does not have: refused loudly and by name, never answered as if it were done."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from azureml_emulator.http import PROVIDER, ServiceError

KINDS = (
    "batchEndpoints", "codes", "components", "computes", "connections", "data", "datasets", "datastores",
    "environments", "featuresets", "featurestoreEntities", "inferencePools", "jobs", "labelingJobs",
    "marketplaceSubscriptions", "models", "onlineEndpoints", "outboundRules", "privateEndpointConnections",
    "schedules", "serverlessEndpoints",
)  # fmt: skip
"""Kinds of resources that a workspace has in Azure; what the route table has of them is supported."""

ACTIONS = (
    "diagnose", "listKeys", "listNotebookAccessToken", "listNotebookKeys", "listStorageAccountKeys",
    "notifyStorageSync", "outboundNetworkDependenciesEndpoints", "prepareNotebook", "privateLinkResources",
    "provisionManagedNetwork", "resyncKeys", "services", "skus",
)  # fmt: skip
"""What can be asked of a workspace in Azure beyond its resources."""

BELOW = (
    "allowedResizeSizes", "backfill", "cancel", "createOrGetStartPendingUpload", "enableSso", "features", "getLogs",
    "listKeys", "listNodes", "listSecrets", "package", "publish", "regenerateKeys", "resize", "restart", "skus",
    "start", "startPendingUpload", "stop", "token", "updateCustomServices", "updateDataMounts",
    "updateIdleShutdownSetting",
)  # fmt: skip
"""What can be asked of a resource of a workspace in Azure."""

SERVICES = (
    "artifact", "content", "data", "datastore", "discover", "execution", "history", "hyperdrive", "metric", "mferp",
    "mlflow", "modelmanagement", "modelregistry", "pipelines", "rp", "studioservice",
)  # fmt: skip
"""The services behind a workspace's ``discoveryUrl``, by the first segment of their addresses."""

_SPELLING = {name.lower(): name for name in (*KINDS, *ACTIONS)}
_BELOW = {name.lower() for name in BELOW}
_KEPT = frozenset({"microsoft.datafactory", "microsoft.storage"})
"""Other resource providers that the route table has something of."""
_PROVIDERS, _WORKSPACE = 4, 8


def unknown_path(segments: Sequence[str], supported: Collection[str]) -> ServiceError:
    """The answer for an address that no route has: 501 for what Azure has, 404 for what nobody has.

    ``supported`` are the kinds of a workspace's resources that the route table has, in lower case.
    """
    path = "/" + "/".join(segments)
    lowered = [segment.lower() for segment in segments]
    if lowered[:1] and lowered[0] in SERVICES:
        return _not_implemented(f"'{path}' of the workspace's services")
    if lowered[:1] != ["subscriptions"]:
        return ServiceError(404, "NotFound", f"The emulator has nothing at '{path}'.")
    provider = segments[lowered.index("providers") + 1 :][:1] if "providers" in lowered else []
    if provider and provider[0].lower() != PROVIDER.lower():
        known = provider[0].lower() in _KEPT
        what = f"'{path.rpartition('/providers/')[2]}'" if known else f"the resource provider '{provider[0]}'"
        return _not_implemented(what)
    if lowered[_PROVIDERS : _PROVIDERS + 1] != ["providers"] or len(segments) <= _WORKSPACE:
        return _not_implemented(f"'{path}' of Azure Resource Manager")
    kind = _SPELLING.get(lowered[_WORKSPACE])
    if kind is not None and (kind.lower() not in supported or lowered[-1] in _BELOW):
        place = "/".join([kind, *segments[_WORKSPACE + 1 :]])
        return _not_implemented(f"'{place}' of a workspace")
    types = "/".join([segments[_WORKSPACE - 2], segments[_WORKSPACE], *segments[_WORKSPACE + 2 :: 2]])
    return ServiceError(
        404,
        "InvalidResourceType",
        f"The resource type '{types}' could not be found in the namespace '{PROVIDER}'.",
    )


def _not_implemented(what: str) -> ServiceError:
    return ServiceError(501, "NotImplemented", f"The emulator does not support {what}.")
