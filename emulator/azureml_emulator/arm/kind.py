"""The declaration of a resource kind, and the resource that a request is about."""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from pydantic.alias_generators import to_snake

from azureml_emulator.arm.schema import Body, Tags
from azureml_emulator.http import Call, ServiceError
from azureml_emulator.store import Document

if TYPE_CHECKING:
    from azureml_emulator.emulator import Emulator

_PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class NameRule:
    """What a resource may be called: a pattern, and the rule in words for the error."""

    pattern: re.Pattern[str]
    rule: str

    @classmethod
    def of(cls, pattern: str, rule: str) -> NameRule:
        """A rule from a pattern that the whole name must match."""
        return cls(re.compile(pattern), rule)


ANY_NAME = NameRule.of(
    r"[a-zA-Z0-9][a-zA-Z0-9\-_.]{0,254}",
    "1 to 255 letters, digits, '-', '_' and '.', starting with a letter or digit",
)


class Tracked(Body):
    """The envelope of a resource with a location."""

    location: str | None = None
    tags: Tags
    identity: dict[str, Any] | None = None
    kind: str | None = None
    sku: dict[str, Any] | Body | None = None


def region(location: str) -> str:
    """A location as the service writes it: ``eastus`` for ``East US``."""
    return location.replace(" ", "").lower()


@dataclass(frozen=True)
class Target:
    """One resource of one request: where it is, what it belongs to, who asks."""

    emulator: Emulator
    kind: Kind
    id: str
    name: str
    owner: Document | None
    old: Document | None
    caller: str
    api_version: str

    @cached_property
    def workspace(self) -> Document:
        """The workspace, or the registry, that the resource lies in."""
        parts = self.id.split("/")
        document = self.emulator.store.get("/".join(parts[:9]))
        if document is None:
            raise ServiceError(404, "ResourceNotFound", f"There is neither a workspace nor a registry for '{self.id}'.")
        return document

    @property
    def in_registry(self) -> bool:
        """Whether it lies in a registry rather than in a workspace."""
        return self.id.split("/")[7].lower() == "registries"

    @property
    def guid(self) -> str:
        """What tells the workspace, or the registry, from every other one."""
        properties = self.workspace["properties"]
        return str(properties.get("workspaceId") or uuid.uuid5(uuid.NAMESPACE_URL, self.workspace["id"].lower()))

    @property
    def storage_account(self) -> str:
        """The ARM id of the storage account behind the workspace or the registry."""
        group = self.id.partition("/providers/")[0]
        return f"{group}/providers/Microsoft.Storage/storageAccounts/{self.emulator.urls.account}"

    @property
    def region(self) -> str:
        """The region of the workspace, such as ``eastus``."""
        return str(self.workspace["location"])


Properties = dict[str, Any]


def _as_sent(_target: Target, body: Any) -> Properties:
    properties: Properties = body.properties.dump()
    return properties


def _nothing(_target: Target, _document: Document) -> None:
    """The default of hooks that have nothing to do."""


@dataclass(frozen=True)
class Patch:
    """What PATCH takes and how it changes the stored document."""

    body: type[Body]
    apply: Callable[[Target, Document, Any], Document]


@dataclass(frozen=True)
class Action:
    """A POST below a resource, such as ``listSecrets``; few are a GET."""

    name: str
    handler: Callable[[Call, Target], Any]
    exists: bool = True
    method: str = "POST"


@dataclass(frozen=True)
class Lack:
    """Values of a property that Azure takes and the emulator does not: refused by name, and listed as missing.

    ``path`` is the property's place in the body (``properties.computeType``), ``what`` what its values are in
    messages (``computes of the type``).
    """

    path: str
    values: tuple[str, ...]
    what: str

    def check(self, body: Any) -> None:
        """Refuse a body that asks for one of them; raises :class:`ServiceError` 501."""
        value = body
        for key in self.path.split("."):
            value = value.get(key) if isinstance(value, dict) else getattr(value, to_snake(key), None)
        if value in self.values:
            raise ServiceError(501, "NotImplemented", f"The emulator does not support {self.what} '{value}'.")


@dataclass(frozen=True)
class Kind:
    """A kind of resource: its place, its body, its rules.

    ``place`` is the path below the owner (``batchEndpoints/{endpoint}``). ``prepare`` turns a valid body
    into the stored ``properties`` and raises :class:`ServiceError` where a rule is broken. ``written``
    and ``removed`` run in the same transaction as the write. ``verify`` asks, before a new resource is
    written, what only other services know; ``asked_on_delete`` checks the query of a DELETE, and ``keep_back``
    raises where a resource cannot be deleted.
    ``work`` gives what an operation (put, patch, delete) has to do outside the store before it can end, ``None``
    for nothing; it raises :class:`ServiceError` when it fails. ``lacks`` are values that only Azure takes;
    ``immutable`` are paths in the document that a PUT of an existing resource cannot change. ``marks`` are
    what the resource can be found by; ``search`` answers a list from them when the query asks so.
    """

    place: str
    body: type[Body]
    owner: Kind | None = None
    names: NameRule = ANY_NAME
    long_running: bool = False
    operations: str = "mfeOperations"
    operation_in_properties: bool = False
    prepare: Callable[[Target, Any], Properties] = _as_sent
    written: Callable[[Target, Document], None] = _nothing
    removed: Callable[[Target, Document], None] = _nothing
    verify: Callable[[Target, Any], Awaitable[None]] | None = None
    asked_on_delete: Callable[[Mapping[str, str]], None] = lambda _query: None
    keep_back: Callable[[Target, Document], None] = _nothing
    work: Callable[[Target, str, Document], Coroutine[Any, Any, None] | None] = lambda _target, _action, _document: None
    patch: Patch | None = None
    lacks: tuple[Lack, ...] = ()
    immutable: tuple[str, ...] = ()
    changed: str = "The property '{property}' of '{name}' cannot be changed."
    marks: Callable[[Target, Document], Mapping[str, str]] | None = None
    actions: tuple[Action, ...] = ()
    methods: frozenset[str] = frozenset({"GET", "LIST", "PUT", "PATCH", "DELETE"})
    keep: Callable[[Call], Callable[[Document], bool] | None] = field(default=lambda _call: None)
    search: Callable[[Call, Document], list[Document] | None] | None = None
    missing: Literal["resource", "asset"] = "resource"
    api_versions: tuple[str, ...] = ()
    """The api-versions that there are, where the resource provider's are not machine learning's; empty for any."""
    latest_alias: str = ""
    """A version's name that stands for the latest one when it is read."""

    @cached_property
    def name(self) -> str:
        """The kind's name below the workspace, ``batchEndpoints/deployments``; the store's kind."""
        own = "/".join(segment for segment in self.place.split("/") if not segment.startswith("{"))
        if self.owner is None or self.owner.owner is None:
            return own.rpartition("/")[2]
        return own if self.owner.name == "workspaces" else f"{self.owner.name}/{own}"

    @cached_property
    def type(self) -> str:
        """The ARM resource type."""
        if self.owner is None:
            return "Microsoft.Resources/resourceGroups"
        segments = self.path.partition("/providers/")[2].split("/")
        return "/".join(segment for segment in segments if not segment.startswith("{"))

    @cached_property
    def path(self) -> str:
        """The path template of one resource."""
        return f"{self.owner.path if self.owner else ''}/{self.place}"

    def place_of(self, params: Mapping[str, str]) -> str:
        """The place with the parameters filled in."""
        return _PARAMETER.sub(lambda match: params[match[1]], self.place)

    @property
    def own_parameter(self) -> str:
        """The name of the last path parameter, which holds the resource's name."""
        return str(_PARAMETER.findall(self.place)[-1])

    def id_of(self, params: Mapping[str, str]) -> str:
        """The ARM id for path parameters, as the client spelt it."""
        return f"{self.owner.id_of(params) if self.owner else ''}/{self.place_of(params)}"


def parent_id(resource_id: str) -> str:
    """The id of what a resource is listed under: the id without its last two segments."""
    return re.sub(r"/providers/[^/]+$", "", resource_id.rsplit("/", 2)[0])
