"""The providers' names: what Pulumi pickles into the state of every resource, and calls back in its plugin.

The names of the provider classes below go into every stack's state, as references by which a later
version of this package refreshes and destroys the stack: they are for ever. Providers have no attributes
of their own, for those would be frozen into the state too.

A stack's program only needs the names, so what the handlers do is imported when one is called: in the plugin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulumi.dynamic import (
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

if TYPE_CHECKING:
    from .handlers import Handlers


class AzureMLProvider(ResourceProvider):
    """One kind's provider; the class's name less `Provider` is the kind's."""

    # The pickled provider is a reference to the class and holds nothing secret.
    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        """Keep the stack's configuration for this process (it is not part of the pickle)."""
        self._config = req.config

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Validate and complete the inputs."""
        return self._handlers().check(news)

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Compare the state with the checked inputs."""
        return self._handlers().diff(olds, news)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make the resource."""
        return self._handlers().create(props)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """The resource as it is; an empty id says that it is gone."""
        return self._handlers().read(id_, props)

    def update(self, id_: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Change the resource in place."""
        return self._handlers().update(id_, olds, news)

    def delete(self, id_: str, props: dict[str, Any]) -> None:
        """Delete the resource."""
        self._handlers().delete(id_, props)

    def _handlers(self) -> Handlers:
        from .handlers import Handlers  # noqa: PLC0415 - only the plugin needs it

        return Handlers(type(self).__name__.removesuffix("Provider"), self._config)


class CodeProvider(AzureMLProvider):
    """Handlers of code versions."""


class ModelProvider(AzureMLProvider):
    """Handlers of model versions."""


class EnvironmentProvider(AzureMLProvider):
    """Handlers of environment versions."""


class ComponentProvider(AzureMLProvider):
    """Handlers of component versions."""


class ComputeProvider(AzureMLProvider):
    """Handlers of computes."""


class BatchEndpointProvider(AzureMLProvider):
    """Handlers of batch endpoints."""


class BatchDeploymentProvider(AzureMLProvider):
    """Handlers of batch deployments."""


class DefaultDeploymentProvider(AzureMLProvider):
    """Handlers of the default deployment of a batch endpoint."""


class DataProvider(AzureMLProvider):
    """Handlers of data versions."""


class DatastoreProvider(AzureMLProvider):
    """Handlers of datastores."""


class WorkspaceProvider(AzureMLProvider):
    """Handlers of the workspace's lookup."""


class OnlineEndpointProvider(AzureMLProvider):
    """Handlers of online endpoints."""


class OnlineDeploymentProvider(AzureMLProvider):
    """Handlers of online deployments."""


class RegistryProvider(AzureMLProvider):
    """Handlers of the lookup of a registry."""


class TrafficProvider(AzureMLProvider):
    """Handlers of the traffic of an online endpoint."""


class ScoringGateProvider(AzureMLProvider):
    """Handlers of scoring gates."""


class DataFactoryPipelineProvider(AzureMLProvider):
    """Handlers of pipelines of a data factory."""


class DataFactoryLinkedServiceProvider(AzureMLProvider):
    """Handlers of linked services of a data factory."""
