"""What the providers do: the engine's operations between the host's types.

Nothing here is named in a state; it is loaded in the plugin process alone.
"""

from __future__ import annotations

import atexit
import functools
import gc
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import pulumi
from pulumi.dynamic import CheckFailure, CheckResult, Config, CreateResult, DiffResult, ReadResult, UpdateResult

from .arm import ArmClient, Settings
from .arm.settings import KEYS
from .engine import UNKNOWN, Context, Kind, check, diff, lifecycle_of
from .resources import kind_named
from .state_keys import MARK, URN
from .status_line import StatusLine

_PROVIDER = "__provider"
# The host calls from several threads. One that imports a package while another imports a part of it deadlocks, so what
# is loaded late is loaded by one at a time.
_IMPORTS = threading.Lock()
# The engine waits for the plugin's end, and an interpreter that ends looks through everything that it has loaded for
# what could be freed, for a sixth of a second with Azure's libraries. What is frozen is left to the system.
atexit.register(gc.freeze)


class Handlers:
    """The operations of one kind, in one stack."""

    def __init__(self, name: str, config: Config) -> None:
        self._config = config
        with _IMPORTS:
            self._kind = kind_named(name)
            if config.get("azureml:release") or config.get("azureml:mode") == "production":
                import_module(".release.resolve", __package__)

    def check(self, news: Mapping[str, Any]) -> CheckResult:
        """Validate and complete the inputs."""
        with _boundary(self._kind):
            given = _known(news)
            checked = check(self._kind, given, self._settings(), owner=_owner(given))
            failures = [CheckFailure(failure.path, failure.reason) for failure in checked.failures]
            return CheckResult(_unknown(checked.inputs), failures)

    def diff(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> DiffResult:
        """Compare the state with the checked inputs."""
        with _boundary(self._kind):
            found = diff(self._kind, _known(olds), _known(news), mode=self._settings().mode)
            return DiffResult(
                changes=bool(found.changes),
                replaces=list(found.replaces),
                delete_before_replace=found.delete_before_replace,
            )

    def create(self, props: Mapping[str, Any]) -> CreateResult:
        """Make the resource."""
        with self._working(props) as (inputs, context):
            state = lifecycle_of(self._kind).create(inputs, context)
            return CreateResult(state.id, dict(state.outputs))

    def read(self, id_: str, props: Mapping[str, Any]) -> ReadResult:
        """The resource as it is; an empty id says that it is gone."""
        with self._working(props) as (state, context):
            outputs = {output.key for output in self._kind.outputs} | {MARK}
            inputs = {key: value for key, value in state.items() if key not in outputs}
            if self._kind.perform:
                return ReadResult(id_, state, inputs)  # what was done is done: there is nothing to look at
            found = lifecycle_of(self._kind).read(id_, inputs, context)
            if found is None:
                return ReadResult("", {})
            return ReadResult(found.id, dict(found.outputs), dict(found.inputs))

    def update(self, id_: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> UpdateResult:
        """Change the resource in place."""
        with self._working(news) as (inputs, context):
            state = lifecycle_of(self._kind).update(id_, _known(olds), inputs, context)
            return UpdateResult(dict(state.outputs))

    def delete(self, id_: str, props: Mapping[str, Any]) -> None:
        """Delete the resource."""
        with self._working(props) as (state, context):
            lifecycle_of(self._kind).delete(id_, state, context)

    @contextmanager
    def _working(self, props: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], Context]]:
        """The properties as plain values and the context of one operation; clears its progress when it is done."""
        with _boundary(self._kind):
            known = _known(props)
            context = self._context(known)
            yield known, context
            context.status("")

    def _settings(self) -> Settings:
        return Settings.from_mapping({key: self._config.get(f"azureml:{key}") for key in KEYS})

    def _context(self, inputs: Mapping[str, Any]) -> Context:
        urn = str(inputs.get(URN) or "")
        stack, project, name = _urn_parts(urn)
        status = StatusLine(urn)
        return Context(_client(self._settings()).reporting(status), project, stack, name, status=status)


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
