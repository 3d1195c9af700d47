"""Declarations: what a program says to declare the resources that were found. Pure functions."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..arm import Settings
from ..arm.resource_id import ResourceId
from ..engine import Inputs, Kind
from ..engine.check import parse_value
from ..engine.declaration import InputField, input_fields
from ..engine.shape import read_inputs
from ..engine.values import canonical, get
from ..resources import CODE, DATA, DATASTORE, DEFAULT_DEPLOYMENT, ENVIRONMENT, MODEL, TRAFFIC
from .discovery import ENDPOINTS, Found

# Properties that the service adds to the bag by itself.
_SERVICES_OWN = re.compile(r"azureml\.|AzureAsyncOperationUri$", re.IGNORECASE)
# The official client gives code that is declared within a deployment such a name.
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ADDRESS = {MODEL.name: "properties.modelUri", DATA.name: "properties.dataUri"}


@dataclass(frozen=True)
class Reference:
    """An input that is another resource of the program, named by that one's ARM id."""

    id: str


@dataclass(frozen=True)
class Declaration:
    """One resource of the program.

    Attributes:
        kind: its kind.
        id: its ARM id as the service writes it.
        name: its logical name, unique among the kind.
        variable: its variable in the program, unique in it.
        arguments: the constructor's, by name; JSON values, a `Reference`, or a mapping of such to JSON values.
        files: contents of the files beside the program that it needs, by path relative to the program.
        code_uri: for code, where its files are now; they belong into the folder of its argument `path`.
    """

    kind: Kind
    id: str
    name: str
    variable: str
    arguments: Mapping[str, Any]
    files: Mapping[str, str] = field(default_factory=dict)
    code_uri: str = ""


def declare(found: Sequence[Found], settings: Settings) -> list[Declaration]:
    """Declarations of all that was found, in the same order, referring to each other."""
    there = {item.id.lower() for item in found}
    names = _unique([(item.kind.name, _logical(item)) for item in found], [_longer(item) for item in found])
    variables = _unique([("", _variable(item)) for item in found], [_snake(_longer(item)) for item in found])
    return [
        _declaration(item, name, variable, there, settings)
        for item, name, variable in zip(found, names, variables, strict=True)
    ]


def _declaration(item: Found, name: str, variable: str, there: Iterable[str], settings: Settings) -> Declaration:
    if item.kind is DEFAULT_DEPLOYMENT:
        return Declaration(item.kind, item.id, name, variable, _default_arguments(item, there))
    if item.kind is TRAFFIC:
        return Declaration(item.kind, item.id, name, variable, _traffic_arguments(item, there))
    values = {**_url_values(item), **read_inputs(item.kind, item.document, {})}
    arguments = {
        declared.name: _argument(declared, values[declared.key], there)
        for declared in item.kind.fields
        if declared.key in values and not _unsaid(declared, values[declared.key], settings)
    }
    if address := _ADDRESS.get(item.kind.name):
        arguments = {"path": get(item.document, address), **arguments}
    if item.kind is DATASTORE and get(item.document, "properties.credentials.credentialsType") == "AccountKey":
        arguments["account_key_variable"] = f"{_snake(name)}_account_key".upper()
    files: dict[str, str] = {}
    if item.kind is ENVIRONMENT and "conda_file" in arguments:
        file = f"environments/{name}.yaml"
        files[file] = str(values["condaFile"])
        arguments["conda_file"] = file
    code_uri = ""
    if item.kind is CODE:
        code_uri = str(get(item.document, "properties.codeUri"))
        arguments = {"path": f"code/{name}", **arguments}
    return Declaration(item.kind, item.id, name, variable, arguments, files, code_uri)


def _default_arguments(item: Found, there: Iterable[str]) -> dict[str, Any]:
    endpoint = item.id.removesuffix("/defaults")
    name = get(item.document, "properties.defaults.deploymentName")
    deployment = f"{endpoint}/deployments/{name}"
    return {
        "endpoint": Reference(endpoint) if endpoint.lower() in there else endpoint,
        # A default may name a deployment that does not exist, or that cannot be declared.
        "deployment": Reference(deployment) if deployment.lower() in there else name,
    }


def _traffic_arguments(item: Found, there: Iterable[str]) -> dict[str, Any]:
    endpoint = item.id.removesuffix("/traffic")
    arguments: dict[str, Any] = {"endpoint": Reference(endpoint) if endpoint.lower() in there else endpoint}
    for name, key in (("traffic", "traffic"), ("mirror_traffic", "mirrorTraffic")):
        shares = {each: share for each, share in (get(item.document, f"properties.{key}") or {}).items() if share}
        references = {Reference(f"{endpoint}/deployments/{each}"): share for each, share in shares.items()}
        # Deployments lend the traffic their machines: all of them, or none where one of them cannot be declared.
        declared = all(each.id.lower() in there for each in references)
        if shares:
            arguments[name] = references if declared else shares
    return arguments


def _url_values(item: Found) -> dict[str, Any]:
    """What the ARM id says: name, version, and the endpoint of a deployment."""
    resource = ResourceId.parse(item.id)
    if item.kind in ENDPOINTS.values():
        return {"endpoint": str(resource.parent), "name": resource.name}
    if item.kind.path.endswith("/versions/{version}"):
        return {"name": resource.path[-2][1], "version": resource.name}
    return {"name": resource.name}


def _unsaid(item: InputField, value: Any, settings: Settings) -> bool:
    """Whether a program need not say it: nothing, the default, or the stack's own."""
    if value in (None, "", {}, []):
        return True
    if item.key == "location":
        return str(value).replace(" ", "").lower() == settings.location
    if item.key == "properties":
        return all(_SERVICES_OWN.match(key) for key in value)
    if item.info.is_required():
        return False
    default = item.info.get_default(call_default_factory=True)
    return default is not None and bool(canonical(parse_value(item, default)) == canonical(value))


def _argument(item: InputField, value: Any, there: Iterable[str]) -> Any:
    if item.place.refers_to and isinstance(value, str) and value.lower() in there:
        return Reference(value)
    if item.key == "properties":
        return {key: text for key, text in value.items() if not _SERVICES_OWN.match(key)}
    if item.key == "tags":
        return {key: text for key, text in value.items() if text}
    return _by_name(item.nested, value) if item.nested and isinstance(value, Mapping) else value


def _by_name(model: type[Inputs], value: Mapping[str, Any]) -> dict[str, Any]:
    return {item.name: value[item.key] for item in input_fields(model) if item.key in value}


def _logical(item: Found) -> str:
    """The logical name: the asset's or resource's own."""
    if item.kind in (DEFAULT_DEPLOYMENT, TRAFFIC):
        endpoint, _, part = item.id.rpartition("/")
        return f"{ResourceId.parse(endpoint).name}-{part.removesuffix('s')}"
    path = ResourceId.parse(item.id).path
    name = path[-2][1] if path[-1][0].lower() == "versions" else path[-1][1]
    return item.kind.title.replace(" ", "-") if _GUID.fullmatch(name) else name  # of no use to a reader


def _longer(item: Found) -> str:
    """A name that is unique among the kind: version or endpoint included."""
    if item.kind in (DEFAULT_DEPLOYMENT, TRAFFIC):
        return _logical(item)
    return "-".join(name for _, name in ResourceId.parse(item.id).path[1:])


def _variable(item: Found) -> str:
    if item.kind.name in ENDPOINTS:
        return "endpoint"
    logical, noun = _snake(_logical(item)), item.kind.title.split()[-1]
    return logical if logical.endswith(noun) else f"{logical}_{noun}"


def _snake(text: str) -> str:
    name = re.sub(r"[^0-9a-zA-Z]+", "_", text).strip("_").lower() or "resource"
    return f"r_{name}" if name[0].isdigit() or keyword.iskeyword(name) else name


def _unique(wanted: Sequence[tuple[str, str]], longer: Sequence[str]) -> list[str]:
    """The wanted names; those that several want in one scope become the longer ones, and numbered if need be."""
    taken: set[tuple[str, str]] = set()
    names = []
    for (scope, name), more in zip(wanted, longer, strict=True):
        free = base = more if wanted.count((scope, name)) > 1 else name
        number = 2
        while (scope, free.lower()) in taken:
            free, number = f"{base}_{number}", number + 1
        taken.add((scope, free.lower()))
        names.append(free)
    return names
