"""The front: the engine's kinds as Pulumi dynamic resource providers, and the base of the resource classes.

The names of the provider classes below go into every stack's state, as references by which a later
version of this package refreshes and destroys the stack: they are for ever. Providers have no attributes
of their own, for those would be frozen into the state too.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)

from .arm import ArmClient, Settings
from .arm.settings import KEYS
from .engine import UNKNOWN, Context, Kind, check, diff, lifecycle_of
from .engine.check import ARM_ID, URN
from .engine.lifecycle import MARK
from .resources import (
    BATCH_DEPLOYMENT,
    BATCH_ENDPOINT,
    CODE,
    COMPUTE,
    DATA,
    DATASTORE,
    DEFAULT_DEPLOYMENT,
    ENVIRONMENT,
    MODEL,
    WORKSPACE,
)
from .status_line import StatusLine

_PROVIDER = "__provider"


class AzureMLProvider(ResourceProvider):
    """One kind's handlers. What they do is the engine's; here it meets the host's types."""

    # The pickled provider is a reference to the class and holds nothing secret.
    serialize_as_secret_always = False
    kind: ClassVar[Kind]

    def configure(self, req: ConfigureRequest) -> None:
        """Keep the stack's `azureml:` configuration for this process (it is not part of the pickle)."""
        self._config = {key: req.config.get(f"azureml:{key}") for key in KEYS}

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Validate and complete the inputs."""
        with _boundary(self.kind):
            given = _known(news)
            settings = self._settings()
            checked = check(self.kind, given, settings, owner=_owner(given))
            failures = [CheckFailure(failure.path, failure.reason) for failure in checked.failures]
            return CheckResult(_unknown(checked.inputs), failures)

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Compare the state with the checked inputs."""
        with _boundary(self.kind):
            found = diff(self.kind, _known(olds), _known(news))
            return DiffResult(
                changes=bool(found.changes),
                replaces=list(found.replaces),
                delete_before_replace=found.delete_before_replace,
            )

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make the resource."""
        with self._working(props) as (inputs, context):
            state = lifecycle_of(self.kind).create(inputs, context)
            return CreateResult(state.id, dict(state.outputs))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """The resource as it is; an empty id says that it is gone."""
        with self._working(props) as (state, context):
            outputs = {output.key for output in self.kind.outputs} | {MARK}
            inputs = {key: value for key, value in state.items() if key not in outputs}
            found = lifecycle_of(self.kind).read(id_, inputs, context)
            if found is None:
                return ReadResult("", {})
            return ReadResult(found.id, dict(found.outputs), dict(found.inputs))

    def update(self, id_: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Change the resource in place."""
        with self._working(news) as (inputs, context):
            state = lifecycle_of(self.kind).update(id_, _known(olds), inputs, context)
            return UpdateResult(dict(state.outputs))

    def delete(self, id_: str, props: dict[str, Any]) -> None:
        """Delete the resource."""
        with self._working(props) as (state, context):
            lifecycle_of(self.kind).delete(id_, state, context)

    @contextmanager
    def _working(self, props: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], Context]]:
        """The properties as plain values and the context of one operation; clears its progress when it is done."""
        with _boundary(self.kind):
            known = _known(props)
            context = self._context(known)
            yield known, context
            context.status("")

    def _settings(self) -> Settings:
        return Settings.from_mapping(self._config)

    def _context(self, inputs: Mapping[str, Any]) -> Context:
        urn = str(inputs.get(URN) or "")
        stack, project, name = _urn_parts(urn)
        return Context(_client(self._settings()), project, stack, name, status=StatusLine(urn))


class CodeProvider(AzureMLProvider):
    """Handlers of code versions."""

    kind = CODE


class ModelProvider(AzureMLProvider):
    """Handlers of model versions."""

    kind = MODEL


class EnvironmentProvider(AzureMLProvider):
    """Handlers of environment versions."""

    kind = ENVIRONMENT


class ComputeProvider(AzureMLProvider):
    """Handlers of computes."""

    kind = COMPUTE


class BatchEndpointProvider(AzureMLProvider):
    """Handlers of batch endpoints."""

    kind = BATCH_ENDPOINT


class BatchDeploymentProvider(AzureMLProvider):
    """Handlers of batch deployments."""

    kind = BATCH_DEPLOYMENT


class DefaultDeploymentProvider(AzureMLProvider):
    """Handlers of the default deployment of a batch endpoint."""

    kind = DEFAULT_DEPLOYMENT


class DataProvider(AzureMLProvider):
    """Handlers of data versions."""

    kind = DATA


class DatastoreProvider(AzureMLProvider):
    """Handlers of datastores."""

    kind = DATASTORE


class WorkspaceProvider(AzureMLProvider):
    """Handlers of the workspace's lookup."""

    kind = WORKSPACE


class AzureMLResource(Resource, module="azureml", name="Resource"):
    """The base of every resource class. Properties are kept by their wire name and read through getters."""

    def __init__(
        self,
        provider: AzureMLProvider,
        resource_name: str,
        inputs: Mapping[str, Any],
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        kind = provider.kind
        given = {item.key: _reference(inputs.get(item.name)) for item in kind.fields}
        for key, (source, attribute) in kind.borrows.items():
            lender = inputs.get(source)
            given[key] = lender._output(attribute) if isinstance(lender, AzureMLResource) else None
        parent = (opts or pulumi.ResourceOptions()).parent
        urn = pulumi.create_urn(resource_name, f"pulumi-python:{self._resource_type_name}", parent)
        # Without what it was computed from: to depend on a component is to depend on its children, so a child
        # whose inputs depend on its parent would wait for itself.
        urn = pulumi.Output(set(), urn.future(), urn.is_known())  # type: ignore[arg-type]  # None only if unknown
        outputs: dict[str, Any] = dict.fromkeys(output.key for output in kind.outputs)
        super().__init__(provider, resource_name, {**outputs, **given, URN: urn, ARM_ID: None}, opts)

    @property
    def arm_id(self) -> pulumi.Output[str]:
        """The ARM id: known in a preview already, unlike `id`."""
        return self._output(ARM_ID)

    def _output(self, key: str) -> pulumi.Output[Any]:
        """The output of wire name `key`."""
        found: pulumi.Output[Any] = self.__dict__[key]
        return found


def _reference(value: Any) -> Any:
    """A resource given as an input stands for its ARM id."""
    return value.arm_id if isinstance(value, AzureMLResource) else value


@functools.cache
def _client(settings: Settings) -> ArmClient:
    """One client for all providers of the process: one connection pool, one token."""
    return ArmClient.from_settings(settings)


def _known(props: Mapping[str, Any]) -> dict[str, Any]:
    """The host's properties as plain values, without the pickled provider, with the engine's UNKNOWN."""

    def plain(value: Any) -> Any:
        if isinstance(value, pulumi.output.Unknown):
            return UNKNOWN
        if isinstance(value, Mapping):
            return {key: plain(item) for key, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, list | tuple) else value

    return {key: plain(value) for key, value in props.items() if key != _PROVIDER}


def _unknown(values: Mapping[str, Any]) -> dict[str, Any]:
    """The engine's UNKNOWN as the host writes it."""

    def host(value: Any) -> Any:
        if value is UNKNOWN:
            return pulumi.output.UNKNOWN
        if isinstance(value, Mapping):
            return {key: host(item) for key, item in value.items()}
        return [host(item) for item in value] if isinstance(value, list) else value

    return {key: host(value) for key, value in values.items()}


def _urn_parts(urn: str) -> tuple[str, str, str]:
    """Stack, project and logical name of `urn:pulumi:{stack}::{project}::{type}::{name}`."""
    parts = urn.removeprefix("urn:pulumi:").split("::", 3)
    return (parts[0], parts[1], parts[3]) if len(parts) == 4 else ("", "", urn)  # noqa: PLR2004 - the form above


def _owner(inputs: Mapping[str, Any]) -> str:
    stack, project, name = _urn_parts(str(inputs.get(URN) or ""))
    return f"{project}/{stack}/{name}"


@contextmanager
def _boundary(kind: Kind) -> Iterator[None]:
    """Let nothing but plain exceptions reach the host: SystemExit or KeyboardInterrupt there hangs the CLI."""
    try:
        yield
    except Exception as error:
        if not str(error) or isinstance(error, KeyError):
            raise RuntimeError(f"{kind.title}: {type(error).__name__}: {error}") from error
        raise
    except BaseException as error:
        raise RuntimeError(f"{kind.title}: interrupted by {type(error).__name__}") from error
