"""Datastore: a container of a storage account, known to the workspace by a name.

Generated from `pulumi_azureml.resources.datastore` by `make sdk`; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from ..dynamic import DatastoreProvider
from ..resource import AzureMLResource
from .shared import TimeoutsArgs


class Datastore(AzureMLResource, module="azureml", name="Datastore"):
    """Datastore: a container of a storage account, known to the workspace by a name."""

    def __init__(
        self,
        resource_name: str,
        *,
        account_name: pulumi.Input[str],
        container_name: pulumi.Input[str],
        name: pulumi.Input[str] | None = None,
        endpoint: pulumi.Input[str] | None = None,
        account_key_variable: pulumi.Input[str] | None = None,
        description: pulumi.Input[str] | None = None,
        tags: pulumi.Input[Mapping[str, str]] | None = None,
        adopt: pulumi.Input[bool] | None = None,
        timeouts: pulumi.Input[TimeoutsArgs] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the datastore.

        Args:
            resource_name: The logical name in the program, unique among resources of this kind.
            account_name: Storage account. A change replaces the resource.
            container_name: Blob container in the account. A change replaces the resource.
            name: Name in the workspace: letters, digits and `_`. Default: the logical name. A change replaces the
                resource.
            endpoint: Domain of the storage service. Default: 'core.windows.net'. A change replaces the resource.
            account_key_variable: Environment variable that holds the account's key when `pulumi up` runs. Without it,
                jobs and users reach the storage by their own identity.
            description: What the asset is.
            tags: Tags: names to values, none of them empty; changed in place.
            adopt: Take over, as it is, a resource of this name that exists already and was not made by this stack.
            timeouts: How long each operation may take; the kind's own limits unless set.
            opts: The engine's own options: parent, protect, aliases and others.
        """
        given: dict[str, Any] = {
            "accountName": account_name,
            "containerName": container_name,
            "name": name,
            "endpoint": endpoint,
            "accountKeyVariable": account_key_variable,
            "description": description,
            "tags": tags,
            "adopt": adopt,
            "timeouts": timeouts,
        }
        made = ()
        super().__init__(DatastoreProvider(), resource_name, given, made, opts)

    @property
    def timeouts(self) -> pulumi.Output[dict[str, Any]]:
        """How long each operation may take; the kind's own limits unless set."""
        return self._output("timeouts")

    @property
    def account_name(self) -> pulumi.Output[str]:
        """Storage account."""
        return self._output("accountName")

    @property
    def container_name(self) -> pulumi.Output[str]:
        """Blob container in the account."""
        return self._output("containerName")

    @property
    def name(self) -> pulumi.Output[str]:
        """Name in the workspace: letters, digits and `_`. Default: the logical name."""
        return self._output("name")

    @property
    def endpoint(self) -> pulumi.Output[str]:
        """Domain of the storage service."""
        return self._output("endpoint")

    @property
    def account_key_variable(self) -> pulumi.Output[str]:
        """Environment variable that holds the account's key when `pulumi up` runs. Without it, jobs and users reach the storage by their own identity."""
        return self._output("accountKeyVariable")

    @property
    def description(self) -> pulumi.Output[str]:
        """What the asset is."""
        return self._output("description")

    @property
    def tags(self) -> pulumi.Output[dict[str, Any]]:
        """Tags: names to values, none of them empty; changed in place."""
        return self._output("tags")
