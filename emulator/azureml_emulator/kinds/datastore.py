"""Datastores: containers of the emulator's storage account, with their secrets.

Only blob containers of the emulator's own account can be registered: what lies elsewhere could not be
read by a job, so it is refused by name.
"""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from azureml_emulator.arm import errors
from azureml_emulator.arm.kind import Action, Kind, Lack, NameRule, Properties, Target
from azureml_emulator.arm.schema import Body, Strings, Tags, choice
from azureml_emulator.http import Call, Reply, ServiceError
from azureml_emulator.kinds.workspace import DATASTORES, WORKSPACE
from azureml_emulator.store import Document
from azureml_emulator.urls import BLOB_SUFFIX

DEFAULT = DATASTORES[0]


_OTHER_TYPES = ("AzureDataLakeGen1", "AzureDataLakeGen2", "AzureFile", "OneLake", "Hdfs")
_NEEDED = {
    "AccountKey": ("secrets",),
    "Certificate": ("clientId", "secrets", "tenantId", "thumbprint"),
    "Sas": ("secrets",),
    "ServicePrincipal": ("clientId", "secrets", "tenantId"),
}
"""What each type of credentials cannot do without."""


class Credentials(Body):
    """How the storage is reached. Taken, but neither kept nor answered: the emulator has its own keys."""

    credentials_type: Annotated[str, choice("AccountKey", "Certificate", "None", "Sas", "ServicePrincipal")]
    secrets: dict[str, Any] | None = Field(default=None, repr=False)
    client_id: str | None = None
    tenant_id: str | None = None
    thumbprint: str | None = None
    authority_url: str | None = None
    resource_url: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        given = self.sent()
        missing = [name for name in _NEEDED.get(self.credentials_type, ()) if given.get(name) is None]
        if missing:
            raise ValueError(f"of the type {self.credentials_type} need {' and '.join(missing)}.")
        return self


class DatastoreProperties(Body):
    """The properties of a blob datastore."""

    datastore_type: Annotated[str, choice("AzureBlob", *_OTHER_TYPES)]
    credentials: Credentials
    account_name: str | None = None
    container_name: str | None = None
    endpoint: str | None = None
    protocol: str | None = None
    resource_group: str | None = None
    subscription_id: str | None = None
    service_data_access_auth_identity: Annotated[
        str, choice("None", "WorkspaceSystemAssignedIdentity", "WorkspaceUserAssignedIdentity")
    ] = "None"
    description: str | None = None
    tags: Tags
    properties: Strings


class DatastoreBody(Body):
    """PUT of a datastore."""

    properties: DatastoreProperties


def _prepare(target: Target, body: Any) -> Properties:
    given = body.properties.dump()
    storage = target.emulator.storage
    account = given["accountName"] or storage.account_name
    if account != storage.account_name:
        raise ServiceError(
            501,
            "NotImplemented",
            f"The emulator does not support the storage account '{account}': it has '{storage.account_name}'.",
        )
    container = given["containerName"] or (
        storage.default_container(target.workspace["id"]) if target.name in DATASTORES else None
    )
    if not container:
        raise errors.must_not_be_empty("Container Name", "properties.containerName")
    by_key = given["credentials"]["credentialsType"] == "AccountKey"
    return {
        **given,
        "accountName": account,
        "containerName": container,
        "endpoint": BLOB_SUFFIX,
        "protocol": "https",
        "credentials": {"credentialsType": "AccountKey" if by_key else "Sas"},
        "isDefault": target.name == DEFAULT,
    }


async def _secrets(call: Call, target: Target) -> Reply:
    properties = (target.old or {})["properties"]
    container = properties["containerName"]
    await call.emulator.storage.ensure_container(container)
    if properties["credentials"]["credentialsType"] == "AccountKey":
        return Reply({"secretsType": "AccountKey", "key": call.emulator.storage.account_key})
    return Reply({"secretsType": "Sas", "sasToken": call.emulator.storage.sas(container)})


def _keep_default(target: Target, document: Document) -> None:
    if document["properties"]["isDefault"]:
        raise errors.user_error(
            f"The datastore '{target.name}' is the default datastore of the workspace and cannot be deleted.", "name"
        )


def _keep(call: Call) -> Any:
    """Filters of the list: ``isDefault``, ``names`` (with commas between them), ``searchText`` in the name."""
    wanted = call.query.get("isDefault", "").lower()
    names = {name.strip().lower() for name in call.query.get("names", "").split(",")} - {""}
    text = call.query.get("searchText", "").lower()

    def keep(document: Document) -> bool:
        name = document["name"].lower()
        return (
            (wanted not in {"true", "false"} or bool(document["properties"]["isDefault"]) == (wanted == "true"))
            and (not names or name in names)
            and text in name
        )

    return keep


DATASTORE = Kind(
    place="datastores/{datastore}",
    body=DatastoreBody,
    owner=WORKSPACE,
    names=NameRule.of(r"[a-zA-Z0-9_]{1,255}", "1 to 255 letters, digits and '_'"),
    prepare=_prepare,
    keep=_keep,
    keep_back=_keep_default,
    lacks=(Lack("properties.datastoreType", _OTHER_TYPES, "datastores of the type"),),
    actions=(Action("listSecrets", _secrets),),
)
