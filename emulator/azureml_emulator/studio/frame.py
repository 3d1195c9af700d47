"""A visit to one page, and how pages are written: the templates, with everything in them escaped."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import jinja2
from starlette.responses import HTMLResponse, Response

from azureml_emulator.studio import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from azureml_emulator.emulator import Emulator
    from azureml_emulator.online.router import OnlineRouter
    from azureml_emulator.store import Document, Documents
    from azureml_emulator.studio.sessions import Session

ROOT = "/studio"
HERE = Path(__file__).parent


class MissingError(Exception):
    """There is no such thing; ``what`` names it for the page that says so, ``back`` is a way on from there."""

    def __init__(self, what: str, back: tuple[str, str] | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.back = back


@dataclass(frozen=True)
class Workspace:
    """A workspace and the segment of the studio's addresses that stands for it."""

    document: Document
    segment: str

    @property
    def id(self) -> str:
        """Its ARM id."""
        return str(self.document["id"])

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.document["name"])

    def link(self, *segments: str, tail: str = "") -> str:
        """The address of a page: path segments, then a ``tail`` whose slashes are kept."""
        path = "/".join(quote(each, safe="") for each in ("w", self.segment, *segments))
        return f"{ROOT}/{path}" + (f"/{quote(tail)}" if tail else "")


def workspaces(emulator: Emulator) -> list[Workspace]:
    """All workspaces, oldest first; of several with one name, the later ones are told apart by their GUID."""
    found: list[Workspace] = []
    for document in emulator.store.all("workspaces"):
        taken = {each.segment.lower() for each in found}
        name = str(document["name"])
        guid = str(document["properties"]["workspaceId"])
        found.append(Workspace(document, name if name.lower() not in taken else f"{name}~{guid[:8]}"))
    return found


@dataclass(frozen=True)
class Visit:
    """One request of a signed-in browser."""

    request: Request
    emulator: Emulator
    online: OnlineRouter
    session: Session
    workspaces: list[Workspace] = field(repr=False)
    form: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def params(self) -> dict[str, str]:
        """The parameters of the path."""
        return dict(self.request.path_params)

    @property
    def workspace(self) -> Workspace:
        """The workspace that the path names.

        Raises:
            MissingError: there is none.
        """
        asked = self.params.get("workspace", "")
        for each in self.workspaces:
            if each.segment.lower() == asked.lower():
                return each
        raise MissingError(f"workspace “{asked}”", ("All workspaces", ROOT))

    def documents(self, kind: str) -> Documents:
        """The workspace's resources of a kind, oldest first."""
        return self.emulator.store.list(kind, self.workspace.id)

    def page(self, template: str, *, section: str = "", status: int = 200, **values: Any) -> Response:
        """A page of the studio; ``section`` is where it belongs in the navigation."""
        named = "workspace" in self.params and any(
            each.segment.lower() == self.params["workspace"].lower() for each in self.workspaces
        )
        frame = {
            "form_token": self.session.form_token,
            "workspaces": self.workspaces,
            "ws": self.workspace if named else None,
            "section": section,
        }
        return HTMLResponse(render(template, **frame, **values), status)


def render(template: str, **values: Any) -> str:
    """The text of a template."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(shown.FILTERS)
    environment.globals.update(root=ROOT, static_version=version())
    return environment


@cache
def version() -> str:
    """A short digest of the static files, so that a browser's copy is never an older emulator's."""
    digest = hashlib.sha256()
    for path in sorted((HERE / "static").iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
