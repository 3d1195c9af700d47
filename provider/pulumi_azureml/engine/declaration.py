"""The vocabulary of a resource declaration: typed inputs, where each goes in the ARM body, what cannot change.

A kind is data. Its inputs are a Pydantic model; each field says by annotation where it belongs::

    class BatchEndpointInputs(Inputs):
        name: Annotated[str, arm(url=True), Field(pattern=…, description=…)]
        description: Annotated[str | None, arm("properties.description"), Field(description=…)] = None

A field without a marker goes to `properties.{camelCaseName}` and can be updated in place.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from ..arm import ArmClient, Settings

Values = dict[str, Any]


class InputError(ValueError):
    """One input is not acceptable.

    Attributes:
        path: the property's path, such as `retrySettings.timeout`.
    """

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}")


@dataclass(frozen=True)
class Place:
    """Where an input belongs.

    Attributes:
        body: dotted path in the ARM body; empty when it is not sent.
        immutable: a change replaces the resource. What is in the URL always is.
        url: part of the ARM id.
        refers_to: the collection under the workspace that a short name stands for, such as `computes`; with a
            namespace, such as `Microsoft.DataFactory/factories`, the one in the workspace's resource group.
        compared: whether a change of it alone means a change of the resource.
        pinned: a mapping of which an entry that changes replaces the resource; one that comes or goes means nothing.
        made_of: the input of the resource referred to that a local folder, given in its place, becomes.
        computed: whether the kind works it out from the other inputs, so that no program gives it.
        setting: the stack's setting that stands in when it is not given, such as `location`.
    """

    body: str = ""
    immutable: bool = False
    url: bool = False
    refers_to: str = ""
    compared: bool = True
    pinned: bool = False
    made_of: str = ""
    computed: bool = False
    setting: str = ""


def arm(body: str = "", *, immutable: bool = False, url: bool = False, setting: str = "") -> Place:
    """An input at dotted path `body` of the ARM document, or in the URL; `setting` of the stack is its default."""
    return Place(body=body, immutable=immutable or url, url=url, setting=setting)


def reference(
    collection: str,
    body: str = "",
    *,
    url: bool = False,
    immutable: bool = False,
    compared: bool = True,
    made_of: str = "",
) -> Place:
    """An input that names another resource: an ARM id, a plain name, or `azureml:{name}:{version}`."""
    return Place(
        body=body,
        immutable=immutable or url,
        url=url,
        refers_to=collection,
        compared=compared,
        made_of=made_of,
    )


def local(*, compared: bool = True, pinned: bool = False) -> Place:
    """An input for the provider alone, never sent; with `compared=False` its change is no change."""
    return Place(compared=compared, pinned=pinned)


def computed(*, compared: bool = True) -> Place:
    """Kept with the inputs and never sent: what the kind's `derive` works out, such as a digest of other inputs."""
    return Place(compared=compared, computed=True)


class Inputs(BaseModel):
    """The inputs of a kind, or of a nested object of one. Names are snake_case here, camelCase on the wire."""

    model_config = ConfigDict(
        extra="forbid", alias_generator=to_camel, populate_by_name=True, coerce_numbers_to_str=True
    )


@dataclass(frozen=True, eq=False)
class InputField:
    """A declared input with everything that the engine asks about it.

    `nested` is the model of a nested object; with `mapped`, of each of many that have names.
    """

    name: str
    key: str
    info: FieldInfo
    place: Place
    doc: str
    nested: type[Inputs] | None
    mapped: bool = False


@cache
def input_fields(model: type[Inputs]) -> tuple[InputField, ...]:
    """The fields of `model` in order of declaration."""
    found = []
    for name, info in model.model_fields.items():
        key = info.alias or to_camel(name)
        marks = list(_metadata(info))
        place = next((item for item in marks if isinstance(item, Place)), Place(f"properties.{key}"))
        doc = info.description or next((m.description for m in marks if isinstance(m, FieldInfo) and m.description), "")
        nested = next((item for item in marks if isinstance(item, type) and issubclass(item, Inputs)), None)
        mapped = nested is not None and any(typing.get_origin(item) is dict for item in marks)
        found.append(InputField(name, key, info, place, doc, nested, mapped))
    return tuple(found)


def _metadata(info: FieldInfo) -> Iterator[Any]:
    """All that is said of a field: its own metadata, then its types and, in `Annotated[X, …] | None`, theirs."""
    yield from info.metadata
    waiting = [info.annotation]
    while waiting:
        annotation = waiting.pop(0)
        yield annotation
        yield from getattr(annotation, "__metadata__", ())
        waiting += typing.get_args(annotation)[: 1 if hasattr(annotation, "__metadata__") else None]


@dataclass(frozen=True)
class Output:
    """A value that the service gives: property name, dotted path in the ARM document, documentation and type."""

    key: str
    body: str
    doc: str
    type: type = str


@dataclass(frozen=True)
class Facet:
    """A kind that is a part of another resource, such as an endpoint's default deployment: its fields with a body.

    Attributes:
        unset: parts of the owner's body, by dotted path, that are empty objects without the facet.
        carried: what a full PUT of the owner must send back unchanged.
        suffix: what makes the facet's id out of its owner's.
        loss: what it would mean to be without it, for the refusal in production.
    """

    unset: tuple[str, ...]
    carried: tuple[str, ...]
    suffix: str
    loss: str


# Fills in inputs that follow from the others (digest, version, file contents); raises InputError.
Derive = Callable[[Values, Settings], Values]
# Checks inputs against each other; a value may be missing, or UNKNOWN in a preview.
Rules = Callable[[Mapping[str, Any]], Iterator[InputError]]
# Uploads what is local; returns additions to the ARM body by dotted path.
Prepare = Callable[[ArmClient, Values, Callable[[str], None]], Mapping[str, Any]]
# Why a resource (its ARM id, and its state) must not be deleted; empty when it may be.
InUse = Callable[[ArmClient, str, Values], str]
# Does what the kind is for, with the inputs and a time limit in seconds; returns its outputs.
Perform = Callable[[ArmClient, Values, float, Callable[[str], None]], Values]


@dataclass(frozen=True)
class Kind:
    """A resource kind: one short declaration.

    Attributes:
        name: the class in the SDK, such as `BatchEndpoint`.
        title: in words, for messages: `batch endpoint`.
        path: the ARM path with inputs in braces; under the workspace unless it begins with one.
        inputs: the Pydantic model.
        outputs: what the service gives.
        tags: dotted path of the tags, where the mark of ownership is kept.
        tag_form: whether they are a mapping, or a list of texts `key=value` where the service has no tags.
        naming: whether the default name is the logical name, or that with a suffix (unique per region).
        separator: what joins the parts of a name.
        fixed: parts of the body that no input changes, by dotted path; those of an object only where it is there.
        carried: parts of the body, by dotted path, that an update sends back as they are.
        timeout: seconds allowed for each operation.
        query_on_delete: query parameters of the DELETE.
        borrows: inputs that are taken from the resource given as another input: `{"codePath": ("code", "path")}`.
        protected: whether the stack of a production environment protects such a resource from deletion.
        in_use: returns why it must not be deleted, or nothing: asked in production before a deletion, and elsewhere
            when the service has refused one, which is then waited for a minute.
        facet: set when the kind is a property of another resource.
        lookup: whether the kind only reads what exists, and never makes or deletes it.
        perform: set when the kind is not a resource of the service but something that is done; returns its outputs.
        prepare_updates: whether `prepare` is run for updates too, and not only for what is new.
        derive, rules, prepare: the only hooks; typed functions in the kind's own file.
    """

    name: str
    title: str
    path: str
    inputs: type[Inputs]
    outputs: tuple[Output, ...] = ()
    tags: str = "tags"
    tag_form: Literal["mapping", "list"] = "mapping"
    naming: Literal["logical", "suffixed"] = "logical"
    separator: str = "-"
    fixed: Mapping[str, Any] = field(default_factory=dict)
    carried: tuple[str, ...] = ()
    timeout: float = 1800.0
    query_on_delete: Mapping[str, str] = field(default_factory=dict)
    borrows: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    protected: bool = False
    in_use: InUse | None = None
    facet: Facet | None = None
    lookup: bool = False
    perform: Perform | None = None
    prepare_updates: bool = False
    derive: Derive | None = None
    rules: Rules | None = None
    prepare: Prepare | None = None

    @property
    def fields(self) -> tuple[InputField, ...]:
        """The declared inputs."""
        return input_fields(self.inputs)
