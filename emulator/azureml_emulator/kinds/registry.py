"""Registries: assets that several workspaces share, beside the workspaces and not in one of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field

from azureml_emulator import registries
from azureml_emulator.arm import documents, errors
from azureml_emulator.arm.assets import upload_place
from azureml_emulator.arm.kind import Kind, NameRule, Patch, Properties, Target, Tracked, region
from azureml_emulator.arm.schema import Body, NewTags, choice
from azureml_emulator.http import Call, Reply, Route, ServiceError
from azureml_emulator.kinds.workspace import GROUP
from azureml_emulator.store import Document


class RegionDetails(Body):
    """A region that the registry is in; its storage is the emulator's own, whatever is asked."""

    location: Annotated[str, Field(min_length=1)]
    storage_account_details: list[dict[str, Any]] | None = None
    acr_details: list[dict[str, Any]] | None = None


class RegistryProperties(Body):
    """The properties of a registry."""

    region_details: list[RegionDetails] | None = None
    public_network_access: Annotated[str, choice("Enabled", "Disabled")] = "Enabled"
    intellectual_property_publisher: str | None = None


class RegistryBody(Tracked):
    """PUT of a registry."""

    properties: RegistryProperties


class RegistryPatch(Body):
    """PATCH of a registry: its tags."""

    tags: NewTags = None


def _prepare(target: Target, body: Any) -> Properties:
    asked: RegistryProperties = body.properties
    if not asked.region_details:
        raise errors.must_not_be_empty("Region Details", "properties.regionDetails")
    home = region(str(body.location))
    regions = [region(each.location) for each in asked.region_details]
    if home not in regions:
        raise errors.user_error(
            f"The registry's location '{home}' is not among its regions: {', '.join(regions)}.",
            "properties.regionDetails",
        )
    if target.old is None and (other := registries.registry_named(target.emulator.store, target.name)) is not None:
        raise ServiceError(
            409, "Conflict", f"The registry name '{target.name}' is taken: names are unique. It is {other['id']}."
        )
    account = target.storage_account
    return {
        **asked.dump(),
        "regionDetails": [
            {
                "location": name,
                "storageAccountDetails": [{"systemCreatedStorageAccount": {"armResourceId": {"resourceId": account}}}],
                "acrDetails": [],
            }
            for name in regions
        ],
        "discoveryUrl": f"{target.emulator.urls.services(home)}{_DISCOVERY.format(registry=target.name)}",
        "mlFlowRegistryUri": f"azureml://{target.emulator.urls.services(home).removeprefix('https://')}/mlflow/v1.0"
        + target.id,
    }


def _patch(_target: Target, old: Document, body: Any) -> Document:
    return old if body.tags is None else {**old, "tags": body.tags}


def _marks(target: Target, _document: Document) -> dict[str, str]:
    return {registries.MARK: target.name.lower()}


REGISTRY = Kind(
    place="providers/Microsoft.MachineLearningServices/registries/{registry}",
    body=RegistryBody,
    owner=GROUP,
    long_running=True,
    operations="registryOperations",
    names=NameRule.of(
        r"[a-zA-Z0-9][-\w]{2,32}",
        "3 to 33 letters, digits, '-' and '_', starting with a letter or digit",
    ),
    prepare=_prepare,
    patch=Patch(RegistryPatch, _patch),
    marks=_marks,
)

_DISCOVERY = "/registrymanagement/v1.0/registries/{registry}/discovery"


_MFE = ["mferp", "managementfrontend"]


def plain_path(segments: list[str]) -> list[str]:
    """The path of a resource of a registry without what the region's services put before it.

    Clients that have found a registry by its name ask there, and not Resource Manager.
    """
    behind = segments[2:]
    own = segments[:2] == _MFE and [part.lower() for part in behind[6:7]] == ["registries"]
    return behind if own else segments


def by_reference(reply: Reply) -> Reply:
    """An answer of the region's services, where an asset's id is its reference: clients read it as one."""

    def shown(document: Any) -> Any:
        if isinstance(document, dict) and isinstance(document.get("value"), list):
            return {**document, "value": [shown(each) for each in document["value"]]}
        asset = isinstance(document, dict) and "/versions/" in str(document.get("id"))
        return {**document, "id": registries.uri(document["id"])} if asset else document

    return replace(reply, body=shown(reply.body))


def _discovery(call: Call) -> Reply:
    """Where a registry is, for clients that know its name alone."""
    found = _named(call)
    parts = found["id"].split("/")
    return Reply(
        {
            "registryName": found["name"],
            "subscriptionId": parts[2],
            "resourceGroup": parts[4],
            "primaryRegion": found["location"],
            "regions": [each["location"] for each in found["properties"]["regionDetails"]],
            "primaryRegionResourceProviderUri": f"{call.emulator.urls.services(found['location'])}/",
        }
    )


def _named(call: Call) -> Document:
    name = call.params["registry"]
    found = registries.registry_named(call.emulator.store, name)
    if found is None:
        raise ServiceError(404, "RegistryNotFound", f"Registry with name '{name}' does not exist.")
    return found


class DataReference(Body):
    """What is to be read: the blobs of one asset version."""

    asset_id: Annotated[str, Field(min_length=1)]
    blob_uri: Annotated[str, Field(min_length=1)]


async def _data_reference(call: Call) -> Reply:
    """A signature to read the files of a registry's asset with."""
    asked = DataReference.read(call.body)
    emulator = call.emulator
    document = registries.asset(emulator.store, asked.asset_id)
    names = (call.params["registry"], call.params["name"], call.params["version"])
    if document is None or tuple(document["id"].split("/")[8::2]) != names:
        raise errors.asset_not_found(asked.asset_id)
    properties = document["properties"]
    held = str(next((properties[key] for key in ("modelUri", "codeUri", "dataUri") if properties.get(key)), ""))
    if not held or f"{asked.blob_uri}/".partition(f"{held}/")[0]:
        raise errors.user_error(f"'{asked.blob_uri}' is not where {asked.asset_id} lies.", "blobUri")
    container = held.removeprefix(f"{emulator.urls.blob_endpoint}/").partition("/")[0]
    uri = emulator.urls.blob(container)
    return Reply(
        {
            "blobReferenceForConsumption": {
                "blobUri": asked.blob_uri,
                "storageAccountArmId": f"{document['id'].partition('/providers/')[0]}"
                f"/providers/Microsoft.Storage/storageAccounts/{emulator.urls.account}",
                "credential": {
                    "credentialType": "SAS",
                    "sasUri": f"{uri}?{emulator.storage.sas(container, permissions='rl')}",
                },
            }
        }
    )


class TemporaryReference(Body):
    """What is to be written: an asset version that there is not yet."""

    asset_id: Annotated[str, Field(min_length=1)]


async def _temporary_reference(call: Call) -> Reply:
    """A place to upload the files of a new asset version to, in the older form that the official client asks in."""
    asked = TemporaryReference.read(call.body)
    registry, plural = call.params["registry"], registries.plural_of(asked.asset_id)
    found = _named(call)
    kind = next((each for each in call.emulator.kinds if each.name == f"registries/{plural}/versions"), None)
    asset_id = f"{found['id']}/{plural}/{call.params['name']}/versions/{call.params['version']}"
    if kind is None or registries.uri(asset_id).lower() != asked.asset_id.lower():
        raise errors.user_error(f"'{asked.asset_id}' is not an asset of the registry '{registry}'.", "assetId")
    if call.emulator.store.get(asset_id) is not None:
        raise ServiceError(409, "Conflict", f"The asset {asked.asset_id} exists already.")
    place = await upload_place(documents.target_of(call.emulator, kind, asset_id))
    return Reply(
        {
            "id": f"{found['id']}/tempdatarefs/{call.params['name']}/versions/{call.params['version']}",
            "blobReferenceForConsumption": place,
            "temporaryDataReferenceId": place["blobUri"].rpartition("/")[2],
            "temporaryDataReferenceType": "TemporaryBlobReference",
        }
    )


ROUTES = (
    Route("GET", _DISCOVERY, _discovery, "history", "registries"),
    Route(
        "POST",
        f"{REGISTRY.path}/datareferences/{{name}}/versions/{{version}}",
        _data_reference,
        "arm",
        "registries",
    ),
    Route(
        "PUT",
        f"{REGISTRY.path}/tempdatarefs/{{name}}/versions/{{version}}",
        _temporary_reference,
        "arm",
        "registries",
    ),
)
