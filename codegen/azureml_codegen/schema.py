"""Schemas of an OpenAPI document, read into shapes: references followed, and only what a client can use kept.

Both spellings are read, Swagger 2.0 (``definitions``) and OpenAPI 3 (``components/schemas``): a reference is
followed wherever in the document it leads. What is not understood is the shape ``any``, which takes everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .errors import DocumentError

Type = Literal["object", "array", "string", "number", "integer", "boolean", "any"]
TYPES: tuple[Type, ...] = ("object", "array", "string", "number", "integer", "boolean")
_DEEPEST = 30


@dataclass(frozen=True)
class Shape:
    """What a value must look like.

    ``properties`` are an object's known entries and ``values`` the shape of all others, where the document tells;
    ``closed`` says that there are no others. ``items`` is the shape of an array's elements, ``least`` and ``most``
    bound a number.
    """

    type: Type = "any"
    properties: Mapping[str, Shape] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    values: Shape | None = None
    closed: bool = False
    items: Shape | None = None
    choices: tuple[Any, ...] = ()
    least: float | None = None
    most: float | None = None
    default: Any = None
    example: Any = None
    description: str = ""

    @property
    def free(self) -> bool:
        """Whether the document says nothing about such a value but, perhaps, that it is an object."""
        return self.type == "any" or (self.type == "object" and not self.properties and self.values is None)

    def sample(self) -> Any:
        """A value of this shape: the document's own example, or one made up."""
        if self.example is not None:
            return self.example
        if self.default is not None:
            return self.default
        if self.choices:
            return self.choices[0]
        if self.type == "object":
            return {name: each.sample() for name, each in self.properties.items()}
        if self.type == "array":
            return [] if self.items is None else [self.items.sample()]
        made_up = {"string": "text", "number": 0.5, "integer": 1, "boolean": True}
        return self.least if self.least is not None else made_up.get(self.type, {})

    def checks(self) -> dict[str, Any]:
        """The part of the schema that generated clients check before they send a body."""
        found: dict[str, Any] = {} if self.type == "any" else {"type": self.type}
        if self.properties:
            found["properties"] = {name: each.checks() for name, each in self.properties.items()}
        if self.required:
            found["required"] = list(self.required)
        if self.values is not None:
            found["additionalProperties"] = self.values.checks()
        if self.closed:
            found["additionalProperties"] = False
        if self.items is not None:
            found["items"] = self.items.checks()
        bounds = {"enum": list(self.choices) or None, "minimum": self.least, "maximum": self.most}
        return found | {name: bound for name, bound in bounds.items() if bound is not None}


def read_shape(schema: Any, document: Mapping[str, Any], depth: int = 0) -> Shape:
    """The shape that a schema of a document describes.

    Raises:
        DocumentError: a reference leads nowhere.
    """
    if not isinstance(schema, Mapping) or depth > _DEEPEST:  # a schema that contains itself is cut off
        return Shape()
    schema = follow(schema, document)

    def inner(value: Any) -> Shape:
        return read_shape(value, document, depth + 1)

    properties = schema.get("properties")
    known = {str(name): inner(value) for name, value in properties.items()} if isinstance(properties, Mapping) else {}
    others, items = schema.get("additionalProperties"), schema.get("items")
    return Shape(
        type=_type(schema),
        properties=known,
        required=tuple(name for name in _texts(schema.get("required")) if name in known),
        values=inner(others) if isinstance(others, Mapping) else None,
        closed=others is False,
        items=inner(items) if isinstance(items, Mapping) else None,
        choices=tuple(_scalars(schema.get("enum"))),
        least=_number(schema.get("minimum")),
        most=_number(schema.get("maximum")),
        default=schema.get("default"),
        example=schema.get("example"),
        description=str(schema.get("description") or ""),
    )


def follow(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema itself, or the one that its ``$ref`` leads to."""
    for _ in range(_DEEPEST):
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return schema
        found: Any = document
        for key in reference.removeprefix("#/").split("/"):
            found = found.get(key.replace("~1", "/").replace("~0", "~")) if isinstance(found, Mapping) else None
        if not isinstance(found, Mapping):
            raise DocumentError(f"The OpenAPI document refers to '{reference}', which it does not hold.")
        schema = found
    raise DocumentError(f"The OpenAPI document's reference '{schema['$ref']}' leads to itself.")


def _type(schema: Mapping[str, Any]) -> Type:
    named = schema.get("type")
    for each in TYPES:
        if named == each:
            return each
    return "object" if isinstance(schema.get("properties"), Mapping) else "any"


def _texts(value: Any) -> Iterator[str]:
    yield from (each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def _scalars(value: Any) -> Iterator[Any]:
    yield from (each for each in value if isinstance(each, str | int | float)) if isinstance(value, list) else ()


def _number(value: Any) -> float | None:
    """A number, whole ones without a fraction, so that they read as people write them."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return int(value) if float(value).is_integer() else value
