"""Shapes as types of the languages that have them."""

from __future__ import annotations

import keyword
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from .literals import Code, comment, quoted
from .names import distinct, pascal
from .schema import Shape

_PYTHON = {
    "string": "str",
    "number": "float",
    "integer": "int",
    "boolean": "bool",
    "any": "Any",
    "object": "dict[str, Any]",
}
_JAVASCRIPT = {"string": "string", "number": "number", "integer": "number", "boolean": "boolean", "any": "any"}
_CSHARP = {"string": "string", "number": "double", "integer": "long", "boolean": "bool", "any": "object"}


class Types(Protocol):
    """Writes the types of shapes in one language."""

    declarations: list[Code]
    """What the types need declared, each after those that it refers to."""

    def type_of(self, shape: Shape, name: str) -> Code:
        """The type of a value; ``name`` is what its class is called where it needs one."""
        ...


@dataclass
class Untyped:
    """A language without types."""

    declarations: list[Code] = field(default_factory=list)

    def type_of(self, shape: Shape, name: str) -> Code:  # noqa: ARG002 - see Types
        """Nothing."""
        return Code()


@dataclass
class Python:
    """Type expressions, and the ``TypedDict`` declarations that they need."""

    declarations: list[Code] = field(default_factory=list)
    _names: set[str] = field(default_factory=set)

    def type_of(self, shape: Shape, name: str) -> Code:
        """The type of a value; ``name`` is what its class is called where it needs one."""
        if shape.type == "array":
            return Code(f"list[{self.type_of(shape.items or Shape(), f'{name}Item')}]")
        if shape.choices and shape.type == "string":
            return Code(f"Literal[{', '.join(quoted(str(each)) for each in shape.choices)}]")
        if shape.type == "object" and shape.properties:
            return self._class(shape, name)
        if shape.type == "object" and shape.values is not None:
            return Code(f"dict[str, {self.type_of(shape.values, f'{name}Value')}]")
        return Code(_PYTHON[shape.type])

    def _class(self, shape: Shape, wanted: str) -> Code:
        name = next(iter(distinct([wanted], Code, self._names).values()))
        self._names.add(name)
        fields = {key: self.type_of(each, pascal(key)) for key, each in shape.properties.items()}
        self.declarations.append(_typed_dict(name, shape, fields))
        return name


def _typed_dict(name: str, shape: Shape, fields: dict[str, Code]) -> Code:
    optional = [key for key in fields if key not in shape.required]
    marked = {
        key: f"NotRequired[{kind}]" if shape.required and key in optional else kind for key, kind in fields.items()
    }
    total = "" if shape.required else ", total=False"
    if all(key.isidentifier() and key.isascii() and not keyword.iskeyword(key) for key in fields):
        lines = [f"class {name}(TypedDict{total}):"]
        lines += [f"    {key}: {kind}{_remark(shape.properties[key], '  # ')}" for key, kind in marked.items()]
    else:
        lines = [f'{name} = TypedDict("{name}", {{']
        lines += [f"    {quoted(key)}: {kind},{_remark(shape.properties[key], '  # ')}" for key, kind in marked.items()]
        lines += [f"}}{total})"]
    return Code("\n".join(lines))


@dataclass
class JavaScript:
    """Type expressions as JSDoc and TypeScript write them; nothing need be declared."""

    declarations: list[Code] = field(default_factory=list)

    def type_of(self, shape: Shape, name: str) -> Code:  # noqa: ARG002 - types are written out where they are used
        """The type of a value."""
        return _expression(shape)


def _expression(shape: Shape) -> Code:
    if shape.choices and shape.type == "string":
        return Code("(" + "|".join(_key(str(each), always=True) for each in shape.choices) + ")")
    if shape.type == "array":
        return Code(f"{_expression(shape.items or Shape())}[]")
    if shape.type == "object" and shape.properties:
        marks = ("" if key in shape.required else "?" for key in shape.properties)
        fields = (f"{_key(key)}{next(marks)}: {_expression(each)}" for key, each in shape.properties.items())
        return Code("{" + ", ".join(fields) + "}")
    if shape.type == "object":
        return Code(f"Object<string, {_expression(shape.values or Shape())}>")
    return Code(_JAVASCRIPT[shape.type])


def _key(name: str, *, always: bool = False) -> Code:
    """A key inside a comment, quoted unless it is a plain name."""
    plain = name.isidentifier() and name.isascii() and not always
    return Code(name) if plain else comment(quoted(name), "", 10_000)


@dataclass
class CSharp:
    """Type expressions, and the data contracts that they need."""

    declarations: list[Code] = field(default_factory=list)
    _names: set[str] = field(default_factory=set)

    def type_of(self, shape: Shape, name: str) -> Code:
        """The type of a value; ``name`` is what its class is called where it needs one."""
        if shape.type == "array":
            return Code(f"{self.type_of(shape.items or Shape(), f'{name}Item')}[]")
        if shape.type == "object" and shape.properties:
            return self._class(shape, name)
        if shape.type == "object":
            values = self.type_of(shape.values, f"{name}Value") if shape.values is not None else "object"
            return Code(f"Dictionary<string, {values}>")
        return Code(_CSHARP[shape.type])

    def _class(self, shape: Shape, wanted: str) -> Code:
        name = next(iter(distinct([wanted], Code, self._names).values()))
        self._names.add(name)
        members = distinct(shape.properties, pascal, [name])
        lines = []
        for key, each in shape.properties.items():
            required = key in shape.required
            kind = self.type_of(each, pascal(key))
            rules = "IsRequired = true" if required else "EmitDefaultValue = false"
            optional = "" if required or kind not in {"double", "long", "bool"} else "?"
            lines += list(_csharp_remark(each))
            lines.append(f"    [DataMember(Name = {quoted(key)}, {rules})] public {kind}{optional} {members[key]};")
        self.declarations.append(Code("\n".join(["[DataContract]", f"public partial class {name}", "{", *lines, "}"])))
        return name


def _csharp_remark(shape: Shape) -> Iterator[str]:
    if shape.description:
        yield from comment(shape.description, "    // ").splitlines()


def _remark(shape: Shape, prefix: str) -> str:
    return comment(shape.description, prefix, 10_000) if shape.description else ""
