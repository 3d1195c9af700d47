"""Clients from templates: one for each language and kind of endpoint."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import jinja2

from . import literals, names, types
from .api import MODEL_JOBS, Input, JobApi, RealTimeApi, read_jobs, read_real_time
from .endpoint import Endpoint, Kind
from .errors import DocumentError, UnknownLanguageError
from .hints import hints
from .literals import Code, comment
from .schema import Shape

_ONE_LINE = 10_000


@dataclass(frozen=True)
class Language:
    """How one language spells things.

    ``title`` is its name as people write it; ``file_name`` makes the client's file out of the endpoint's name;
    ``literal`` writes a value, ``variable`` a name, ``types`` the types of shapes; ``remark`` begins a comment's line.
    """

    title: str
    file_name: Callable[[str], str]
    literal: Callable[..., Code]
    variable: names.Style
    types: Callable[[], types.Types] = types.Untyped
    remark: str = "# "


LANGUAGES: Mapping[str, Language] = {
    "python": Language(
        "Python", lambda name: f"{names.snake(name)}_client.py", literals.python, names.snake, types.Python
    ),
    "csharp": Language(
        "C#", lambda name: f"{names.pascal(name)}Client.cs", literals.csharp, names.camel, types.CSharp, "// "
    ),
    "r": Language("R", lambda name: f"{names.snake(name)}_client.R", literals.r, names.snake),
    "curl": Language("curl", lambda name: f"{names.kebab(name)}.sh", literals.shell, names.snake),
    "javascript": Language(
        "JavaScript",
        lambda name: f"{names.kebab(name)}-client.mjs",
        literals.javascript,
        names.camel,
        types.JavaScript,
        "// ",
    ),
}
"""The languages that there is a generator for."""


@dataclass(frozen=True)
class Client:
    """A generated client: the name of its file, and the file's text."""

    language: str
    file_name: str
    text: str


def generate(endpoint: Endpoint, language: str) -> Client:
    """Write a client for an endpoint. It holds addresses and no secret.

    Raises:
        UnknownLanguageError: there is no generator for the language.
        DocumentError: the endpoint's OpenAPI document does not describe what such an endpoint takes.
    """
    spelt = check_language(language)
    chosen = LANGUAGES[spelt]
    file_name = chosen.file_name(endpoint.name)
    template = _environment(spelt).get_template(f"{spelt}/{endpoint.kind}.j2")
    text = template.render(_context(endpoint, chosen, file_name))
    return Client(spelt, file_name, text.rstrip("\n") + "\n")


def check_language(language: str) -> str:
    """The name of a language as it is spelt here.

    Raises:
        UnknownLanguageError: there is no generator for it.
    """
    if language.lower() not in LANGUAGES:
        raise UnknownLanguageError(f"There is no client in '{language}'. The languages are: {', '.join(LANGUAGES)}.")
    return language.lower()


@cache
def _environment(language: str) -> jinja2.Environment:
    chosen = LANGUAGES[language]
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("azureml_codegen", "templates"),
        autoescape=False,  # noqa: S701 - it is no HTML; _only_code lets nothing through that is not a literal
        undefined=jinja2.StrictUndefined,
        finalize=_only_code,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["literal"] = chosen.literal
    environment.filters["literal_json"] = lambda value: chosen.literal(json.dumps(value, ensure_ascii=False))
    environment.filters["said"] = partial(_said, chosen.remark)
    environment.filters["plain"] = partial(comment, width=_ONE_LINE)
    return environment


def _said(remark: str, text: str, indent: str = "") -> Code:
    """Lines of a comment in a language, each with an indentation after the sign that begins it."""
    return comment(text, remark + indent)


def _only_code(value: Any) -> Any:
    """Refuse what is not known to be source text: a template that forgot a filter must not get far."""
    if isinstance(value, Code | int):
        return value
    raise TypeError(f"a template prints {value!r} as it is; it needs a filter such as 'literal'")


def _context(endpoint: Endpoint, language: Language, file_name: str) -> dict[str, Any]:
    workspace = endpoint.workspace
    context: dict[str, Any] = {
        "name": endpoint.name,
        "kind": Code(endpoint.kind),
        "auth": endpoint.auth,
        "url": endpoint.url,
        "deployment": endpoint.deployment,
        "workspace_id": workspace.id,
        "arm": workspace.arm,
        "region_api": workspace.api,
        "arm_audience": workspace.arm_audience,
        "ml_audience": workspace.ml_audience,
        "api_version": workspace.api_version,
        "datastore": workspace.datastore,
        "token_url": f"{workspace.arm}{workspace.id}/onlineEndpoints/{endpoint.name}/token"
        f"?api-version={workspace.api_version}",
        "hints": hints(endpoint),
        "client": names.pascal(f"{endpoint.name} client"),
        "file_name": Code(file_name),
    }
    if endpoint.document is None and endpoint.kind == "batch":
        return context | _jobs(MODEL_JOBS, endpoint.kind, language)
    if endpoint.document is None:
        raise DocumentError(f"The endpoint '{endpoint.name}' has no OpenAPI document, which tells what it takes.")
    if endpoint.kind == "real-time":
        return context | _real_time(read_real_time(endpoint.document), language)
    return context | _jobs(read_jobs(endpoint.document), endpoint.kind, language)


def _real_time(api: RealTimeApi, language: Language) -> dict[str, Any]:
    written = language.types()
    return {
        "request_type": written.type_of(api.request, "Request"),
        "response_type": written.type_of(api.response, "Response"),
        "declarations": written.declarations,
        "typing_names": Code(", ".join(_typing([*written.declarations, written.type_of(api.request, "Request")]))),
        "request": api.request,
        "response": api.response,
        "checks": api.request.checks(),
        "sample": api.request.sample(),
    }


def _jobs(api: JobApi, kind: Kind, language: Language) -> dict[str, Any]:
    inputs = Shape(
        "object",
        {each.name: replace(each.value, description=_remark(each)) for each in api.inputs},
        required=tuple(each.name for each in api.inputs if each.required),
        closed=True,
    )
    written = language.types()
    return {
        "inputs": inputs,
        "inputs_type": written.type_of(inputs, "Inputs") if kind == "pipeline" else Code(),
        "members": names.distinct(inputs.properties, names.pascal, ["Inputs"]),
        "kinds_of_inputs": {each.name: each.kind for each in api.inputs},
        "outputs": {each.name: each.kind for each in api.outputs},
        "data_types": api.data_types,
        "settings": api.settings,
        "settings_type": written.type_of(api.settings, "Settings") if kind == "batch" else Code(),
        "declarations": written.declarations,
        "checks": inputs.checks(),
        "typing_names": Code(", ".join(_typing(written.declarations))),
        "usage": " ".join(_usage(each) for each in sorted(api.inputs, key=lambda each: not each.required)),
    }


def _remark(given: Input) -> str:
    """What there is to know of an input: its type, its default, its description."""
    default = "" if given.value.default is None else f"default {json.dumps(given.value.default)}"
    kind = "" if given.literal else given.kind
    return "; ".join(part for part in (kind, default, given.description) if part)


def _typing(declarations: Sequence[str]) -> list[str]:
    """The names of Python's ``typing`` that declarations need, and those that every client needs."""
    text = " ".join(declarations)
    return [name for name in ("Any", "Literal", "NotRequired", "TypedDict") if name == "Any" or name in text]


def _usage(given: Input) -> str:
    """An input as an argument of a command."""
    word = f"{given.name}={'VALUE' if given.literal else 'DATA'}"
    return word if given.required else f"[{word}]"
