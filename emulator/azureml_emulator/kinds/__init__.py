"""The kinds of resources that the emulator has: one short declaration each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azureml_emulator.arm import documents, errors
from azureml_emulator.arm.kind import Kind
from azureml_emulator.kinds.batch_deployment import BATCH_DEPLOYMENT
from azureml_emulator.kinds.batch_endpoint import BATCH_ENDPOINT
from azureml_emulator.kinds.code import CODE
from azureml_emulator.kinds.component import COMPONENT
from azureml_emulator.kinds.compute import COMPUTE
from azureml_emulator.kinds.data import DATA, DATASET
from azureml_emulator.kinds.data_factory import FACTORY, LINKED_SERVICE, PIPELINE
from azureml_emulator.kinds.datastore import DATASTORE
from azureml_emulator.kinds.environment import ENVIRONMENT
from azureml_emulator.kinds.model import MODEL
from azureml_emulator.kinds.online_deployment import ONLINE_DEPLOYMENT
from azureml_emulator.kinds.online_endpoint import ONLINE_ENDPOINT
from azureml_emulator.kinds.registry import REGISTRY
from azureml_emulator.kinds.workspace import GROUP, WORKSPACE, make_datastores
from azureml_emulator.settings import LOCATION, RESOURCE_GROUP, SUBSCRIPTION_ID, WORKSPACE_NAME

if TYPE_CHECKING:
    from azureml_emulator.emulator import Emulator

ASSETS = (CODE, MODEL, ENVIRONMENT, DATA, DATASET, COMPONENT)
SHARED = (CODE, MODEL, ENVIRONMENT, DATA, COMPONENT)
"""What registries hold."""

KINDS: tuple[Kind, ...] = (
    GROUP,
    WORKSPACE,
    DATASTORE,
    *(kind for asset in ASSETS for kind in asset.kinds(WORKSPACE)),
    COMPUTE,
    BATCH_ENDPOINT,
    BATCH_DEPLOYMENT,
    ONLINE_ENDPOINT,
    ONLINE_DEPLOYMENT,
    REGISTRY,
    *(kind for asset in SHARED for kind in asset.kinds(REGISTRY, long_running=True)),
    FACTORY,
    PIPELINE,
    LINKED_SERVICE,
)
"""Every kind, each after its owner."""


def seed(emulator: Emulator) -> None:
    """Make the resource group and the workspace that an emulator has from the start, unless they are there."""
    add_workspace(emulator, WORKSPACE_NAME, LOCATION)


def add_workspace(emulator: Emulator, name: str, location: str) -> str:
    """Make a workspace in the emulator's resource group, unless it is there; returns its id.

    Raises:
        ServiceError: 400, a workspace cannot have this name.
    """
    with emulator.store.transaction():
        workspace = _add(emulator, WORKSPACE, name, {"location": location})
        make_datastores(documents.target_of(emulator, WORKSPACE, workspace))  # older states have one only
    return workspace


def add_registry(emulator: Emulator, name: str, location: str) -> str:
    """Make a registry in the emulator's resource group, unless it is there; returns its id.

    Raises:
        ServiceError: 400, a registry cannot have this name; 409, it is in another group.
    """
    properties = {"regionDetails": [{"location": location}]}
    return _add(emulator, REGISTRY, name, {"location": location, "properties": properties})


def _add(emulator: Emulator, kind: Kind, name: str, body: dict[str, object]) -> str:
    """Make a resource of a kind whose owner is a resource group, and the group, unless they are there."""
    group = f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/{RESOURCE_GROUP}"
    resource = f"{group}/{kind.place_of({kind.own_parameter: name})}"
    if not kind.names.pattern.fullmatch(name):
        raise errors.invalid_name(kind, name)
    with emulator.store.transaction():
        for each, resource_id in ((GROUP, group), (kind, resource)):
            if emulator.store.get(resource_id) is not None:
                continue
            target = documents.target_of(emulator, each, resource_id)
            asked = body if each is kind else {"location": body["location"]}
            properties = each.prepare(target, each.body.read(asked))
            documents.finish(target, documents.document(target, properties, location=body["location"], tags={}))
    return resource
