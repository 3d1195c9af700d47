"""Write `pulumi_azureml.sdk`, the typed resource classes, from the declarations in `pulumi_azureml.resources`.

Run by `make sdk`; a test fails when what is committed differs from what this writes.
"""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import textwrap
import typing
from pathlib import Path

from pulumi_azureml.engine import Inputs, Kind
from pulumi_azureml.engine.declaration import InputField, input_fields
from pulumi_azureml.resources import KINDS
from pulumi_azureml.resources._types import ResourceInputs

SDK = Path(__file__).parents[1] / "provider" / "pulumi_azureml" / "sdk"
HEADER = '"""{doc}\n\nGenerated from `pulumi_azureml.resources.{module}` by `make sdk`; do not edit.\n"""\n'
# In the order of a collection's kind: what an input that refers to it may be given as.
CLASS_OF_COLLECTION = {kind.path.split("/")[0]: kind.name for kind in KINDS if kind.path and kind.path[0] != "{"}
PARENT_CLASS = {
    "deployment": "BatchDeployment",
    "gate": "ScoringGate",
    "labels": "Data",
    "linked_service": "DataFactoryLinkedService",
}
# What the keys of a mapping may be given as.
KEY_CLASS = {"traffic": "OnlineDeployment", "mirror_traffic": "OnlineDeployment"}


def module_of(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def referred(item: InputField) -> str | None:
    return CLASS_OF_COLLECTION.get(item.place.refers_to) or PARENT_CLASS.get(item.name)


def python_type(annotation: object) -> str:
    """The plain Python type of an annotation as it is written in source."""
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        return python_type(args[0])
    if origin is typing.Literal:
        return "str"
    if origin is list:
        return f"Sequence[{python_type(args[0])}]"
    if origin is dict:
        return f"Mapping[str, {python_type(args[1])}]"
    if args:
        return " | ".join(python_type(arg) for arg in args if arg is not type(None))
    if annotation is typing.Any:
        return "Any"
    if isinstance(annotation, type) and issubclass(annotation, Inputs):
        return f"{annotation.__name__}Args"
    return getattr(annotation, "__name__", str(annotation))


def input_type(item: InputField) -> str:
    plain = python_type(item.info.annotation)
    given = f"pulumi.Input[{plain}]"
    if other := referred(item):
        given += f" | {other}"
    if other := KEY_CLASS.get(item.name):
        given += f" | {plain.replace('[str,', f'[{other},')}"
    return given if item.info.is_required() else f"{given} | None"


def output_type(item: InputField) -> str:
    plain = python_type(item.info.annotation)
    return f"pulumi.Output[{'dict[str, Any]' if item.nested or 'Mapping' in plain else plain}]"


def documented(item: InputField) -> str:
    default = "" if item.info.is_required() or item.info.default is None or item.nested else repr(item.info.default)
    known = f" Default: {default}." if default and "PydanticUndefined" not in default else ""
    immutable = " A change replaces the resource." if item.place.immutable else ""
    return f"{item.name}: {item.doc.rstrip('.')}.{known}{immutable}"


def wrap(text: str, indent: int, hanging: int = 0) -> str:
    lead = " " * indent
    return textwrap.fill(text, 118, initial_indent=lead, subsequent_indent=lead + " " * hanging, break_on_hyphens=False)


def nested_class(model: type[Inputs]) -> str:
    lines = [f"class {model.__name__}Args(TypedDict, total=False):", f'    """{inspect.getdoc(model)}"""', ""]
    for item in input_fields(model):
        other = f" | {referred(item)}" if referred(item) else ""
        lines += [f"    {item.name}: pulumi.Input[{python_type(item.info.annotation)}]{other}"]
        lines += [f'    """{documented(item).split(": ", 1)[1]}"""', ""]
    return "\n".join(lines)


def plain_name(kind: type) -> str:
    return "dict[str, Any]" if kind is dict else kind.__name__


def getter(name: str, key: str, annotation: str, doc: str) -> str:
    return (
        f"    @property\n    def {name}(self) -> {annotation}:\n"
        f'        """{doc}"""\n        return self._output({key!r})\n'
    )


def made_beside(item: InputField) -> list[str]:
    """The lines that make a resource of its own of a local folder."""
    other, source = referred(item), item.place.made_of
    kept = "on_delete=on_delete, opts=beside(opts)"
    return [
        f"        if is_folder({item.name}):",
        f'            {item.name} = {other}(f"{{resource_name}}-{item.name}", {source}={item.name}, {kept})',
    ]


def resource_class(kind: Kind, doc: str) -> str:
    items = [item for item in kind.fields if item.key not in kind.borrows and not item.place.computed]
    ordered = sorted(items, key=lambda item: (not item.info.is_required(), item.name in ResourceInputs.model_fields))
    parameters = [
        f"        {item.name}: {input_type(item)}{'' if item.info.is_required() else ' = None'}," for item in ordered
    ]
    arguments = [wrap(documented(item), 12, 4) for item in ordered]
    computed = [item.key for item in kind.fields if item.place.computed]
    body = [
        f'class {kind.name}(AzureMLResource, module="azureml", name="{kind.name}"):',
        f'    """{doc}"""',
        "",
        *(["    _protected = True", ""] if kind.protected else []),
        "    def __init__(",
        "        self,",
        "        resource_name: str,",
        "        *,",
        *parameters,
        "        opts: pulumi.ResourceOptions | None = None,",
        "    ) -> None:",
        f'        """Declare the {kind.title}.',
        "",
        "        Args:",
        "            resource_name: The logical name in the program, unique among resources of this kind.",
        *arguments,
        "            opts: The engine's own options: parent, protect, aliases and others.",
        '        """',
        *(line for item in ordered if item.place.made_of for line in made_beside(item)),
        "        given: dict[str, Any] = {",
        *(f'            "{item.key}": {item.name},' for item in ordered),
        *(f'            "{key}": lent({source}, "{other}"),' for key, (source, other) in kind.borrows.items()),
        "        }",
        f"        made = {(*(output.key for output in kind.outputs), *computed)!r}",
        f"        super().__init__({kind.name}Provider(), resource_name, given, made, opts)",
        "",
    ]
    shown = [item for item in items if item.place.compared or item.name == "path"]
    getters = [getter(item.name, item.key, output_type(item), item.doc.rstrip(".") + ".") for item in shown]
    own = {item.key for item in shown}
    getters += [
        getter(module_of(output.key), output.key, f"pulumi.Output[{plain_name(output.type)}]", output.doc)
        for output in kind.outputs
        if output.key not in own
    ]
    return "\n".join([*body, *getters])


def module_text(kind: Kind) -> str:
    module = sys.modules[kind.inputs.__module__]
    doc = inspect.getdoc(module) or kind.title
    models = list(dict.fromkeys(item.nested for item in kind.fields if item.nested and not is_shared(item.nested)))
    shared = sorted(f"{item.nested.__name__}Args" for item in kind.fields if item.nested and is_shared(item.nested))
    named = (referred(item) or KEY_CLASS.get(item.name) for item in every_field(kind))
    others = sorted({name for name in named if name and name != kind.name})
    classes = [nested_class(model) for model in models] + [resource_class(kind, doc)]
    text = "\n\n".join(classes)
    imports = ["from __future__ import annotations", ""]
    if abstract := [name for name in ("Mapping", "Sequence") if f"{name}[" in text]:
        imports.append(f"from collections.abc import {', '.join(abstract)}")
    typings = [name for name in ("Any", "TypedDict") if re.search(rf"\b{name}\b", text)]
    if typings:
        imports.append(f"from typing import {', '.join(typings)}")
    imports += ["", "import pulumi", "", f"from ..dynamic import {kind.name}Provider"]
    helpers = [name for name in ("beside", "is_folder", "lent") if re.search(rf"\b{name}\(", text)]
    imports.append(f"from ..resource import {', '.join(['AzureMLResource', *helpers])}")
    imports += [f"from .{module_of(name)} import {name}" for name in others]
    imports += [f"from .shared import {name}" for name in shared]
    return HEADER.format(doc=doc, module=module_of(kind.name)) + "\n" + "\n".join(imports) + "\n\n\n" + text


def every_field(kind: Kind) -> list[InputField]:
    """The inputs of a kind, those of its nested objects too."""
    return [inner for item in kind.fields for inner in (item, *(input_fields(item.nested) if item.nested else ()))]


def is_shared(model: type[Inputs]) -> bool:
    """Whether several kinds have this nested object: it is then written once, in `shared`."""
    return model.__module__.endswith("._types")


def shared_models() -> list[type[Inputs]]:
    found = {item.nested.__name__: item.nested for kind in KINDS for item in kind.fields if item.nested}
    return [model for _, model in sorted(found.items()) if is_shared(model)]


def shared_text() -> str:
    head = HEADER.format(doc="Nested objects that several kinds have.", module="_types")
    imports = "from __future__ import annotations\n\nfrom typing import TypedDict\n\nimport pulumi\n\n\n"
    return f"{head}\n{imports}" + "\n\n".join(nested_class(model) for model in shared_models())


def package_text() -> str:
    names = sorted(kind.name for kind in KINDS)
    nested = sorted(
        {
            (f"{item.nested.__name__}Args", "shared" if is_shared(item.nested) else module_of(kind.name))
            for kind in KINDS
            for item in kind.fields
            if item.nested
        }
    )
    lines = [f"from .{module_of(name)} import {name}" for name in names]
    lines += [f"from .{module} import {name}" for name, module in nested]
    exported = sorted([*names, *(name for name, _ in nested)])
    listed = "\n".join(f'    "{name}",' for name in exported)
    doc = (
        '"""The typed resource classes.\n\nGenerated from `pulumi_azureml.resources` by `make sdk`; do not edit.\n"""\n'
    )
    return f"{doc}\nfrom __future__ import annotations\n\n" + "\n".join(lines) + f"\n\n__all__ = [\n{listed}\n]\n"


def generated() -> dict[str, str]:
    """File name to text of the whole package, before formatting."""
    files = {f"{module_of(kind.name)}.py": module_text(kind) for kind in KINDS}
    return {**files, "shared.py": shared_text(), "__init__.py": package_text()}


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else SDK
    target.mkdir(parents=True, exist_ok=True)
    for name, text in generated().items():
        (target / name).write_text(text)
    ruff = [sys.executable, "-m", "ruff", "--config", str(SDK.parents[2] / "pyproject.toml")]
    for command in (["check", "--quiet", "--fix", "--select", "I"], ["format", "--quiet"]):
        subprocess.run([*ruff, *command, str(target)], check=True)
