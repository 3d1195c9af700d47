"""Datastore: a container of a storage account, known to the workspace by a name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import Field

from ..arm import ArmClient, ConfigError
from ..engine import Kind, arm, local
from ._types import AssetDescription, AssetTags, ResourceInputs


class DatastoreInputs(ResourceInputs):
    """Inputs of a blob datastore. The credential itself is never an input: only where to find it is."""

    account_name: Annotated[
        str, arm("properties.accountName", immutable=True), Field(min_length=1, description="Storage account.")
    ]
    container_name: Annotated[
        str,
        arm("properties.containerName", immutable=True),
        Field(pattern=r"^[a-z0-9][a-z0-9\-]{1,61}[a-z0-9]$", description="Blob container in the account."),
    ]
    name: (
        Annotated[
            str,
            arm(url=True),
            Field(
                pattern=r"^[a-zA-Z0-9_]{1,255}$",
                description="Name in the workspace: letters, digits and `_`. Default: the logical name.",
            ),
        ]
        | None
    ) = None
    endpoint: Annotated[
        str, arm("properties.endpoint", immutable=True), Field(description="Domain of the storage service.")
    ] = "core.windows.net"
    account_key_variable: (
        Annotated[
            str,
            local(),
            Field(
                description="Environment variable that holds the account's key when `pulumi up` runs. "
                "Without it, jobs and users reach the storage by their own identity."
            ),
        ]
        | None
    ) = None
    description: AssetDescription | None = None
    tags: AssetTags | None = None


def _prepare(_client: ArmClient, values: dict[str, Any], _status: Callable[[str], None]) -> Mapping[str, Any]:
    variable = values.get("accountKeyVariable")
    if not variable:
        return {"properties.credentials": {"credentialsType": "None"}}
    key = os.environ.get(variable)
    if not key:
        raise ConfigError(f"The environment variable {variable} is not set: it is to hold the storage account's key.")
    secrets = {"secretsType": "AccountKey", "key": key}
    return {"properties.credentials": {"credentialsType": "AccountKey", "secrets": secrets}}


DATASTORE = Kind(
    name="Datastore",
    title="datastore",
    path="datastores/{name}",
    separator="_",
    inputs=DatastoreInputs,
    tags="properties.tags",
    fixed={"properties.datastoreType": "AzureBlob", "properties.protocol": "https"},
    prepare=_prepare,
    prepare_updates=True,
)
