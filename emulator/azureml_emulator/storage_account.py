"""The storage account as Azure Resource Manager shows it: one account, in every resource group that there is."""

from __future__ import annotations

from typing import Any

from azureml_emulator.arm import errors
from azureml_emulator.http import Call, Reply, Route, ServiceError
from azureml_emulator.store import Document

_PROVIDER = "Microsoft.Storage"
_ACCOUNTS = f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{_PROVIDER}/storageAccounts"
_ACCOUNT = f"{_ACCOUNTS}/{{account}}"


def _group(call: Call) -> Document:
    group_id = "/subscriptions/{subscription}/resourceGroups/{group}".format(**call.params)
    group = call.emulator.store.get(group_id)
    if group is None:
        raise errors.resource_not_found(group_id)
    return group


def _find(call: Call) -> Document:
    group, name = _group(call), call.params["account"]
    if name.lower() != call.emulator.storage.account_name:
        raise ServiceError(
            404,
            "ResourceNotFound",
            f"The Resource '{_PROVIDER}/storageAccounts/{name}' under resource group '{group['name']}' was not found. "
            f"The emulator has one storage account, '{call.emulator.storage.account_name}'.",
        )
    return group


def _shown(call: Call, group: Document) -> dict[str, Any]:
    name, created = call.emulator.storage.account_name, group["systemData"]["createdAt"]
    return {
        "id": f"{group['id']}/providers/{_PROVIDER}/storageAccounts/{name}",
        "name": name,
        "type": f"{_PROVIDER}/storageAccounts",
        "location": group["location"],
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS", "tier": "Standard"},
        "tags": {},
        "properties": {
            "provisioningState": "Succeeded",
            "creationTime": created,
            "keyCreationTime": {"key1": created, "key2": created},
            "primaryEndpoints": {"blob": f"{call.emulator.urls.blob_endpoint}/"},
            "primaryLocation": group["location"],
            "statusOfPrimary": "available",
            "accessTier": "Hot",
            "isHnsEnabled": False,
            "allowSharedKeyAccess": True,
            "supportsHttpsTrafficOnly": True,
        },
    }


def _list(call: Call) -> Reply:
    return Reply({"value": [_shown(call, _group(call))]})


def _get(call: Call) -> Reply:
    return Reply(_shown(call, _find(call)))


def _list_keys(call: Call) -> Reply:
    group, storage = _find(call), call.emulator.storage
    created = group["systemData"]["createdAt"]
    keys = enumerate(storage.account_keys, 1)
    shown = [
        {"keyName": f"key{number}", "value": key, "permissions": "FULL", "creationTime": created}
        for number, key in keys
    ]
    return Reply({"keys": shown})


ROUTES = (
    Route("GET", _ACCOUNTS, _list, "arm", "storageAccounts"),
    Route("GET", _ACCOUNT, _get, "arm", "storageAccounts"),
    Route("POST", f"{_ACCOUNT}/listKeys", _list_keys, "arm", "storageAccounts"),
)
