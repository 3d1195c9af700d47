"""The vocabulary of the emulator's HTTP side: a call, a reply, a service error, a route.

Handlers are functions from :class:`Call` to :class:`Reply`; they never see a socket. One place
(:mod:`azureml_emulator.app`) reads requests, writes answers and turns errors into the JSON form that the
route's face has in the service.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from azureml_emulator.emulator import Emulator

PROVIDER = "Microsoft.MachineLearningServices"
WORKSPACE = (
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.MachineLearningServices"
    "/workspaces/{workspace}"
)
"""Path template of a workspace; fixed segments match without regard to case, as in ARM."""

Face = Literal["arm", "history", "pipelines", "dataplane", "open", "control"]
"""How a route is protected and how it words its errors.

- ``arm``: Azure Resource Manager: management token, ``api-version``, ``{"error": {...}}``.
- ``history``: run history and the data services: management token, no ``api-version``, ``{"error": {...}}``.
- ``pipelines``: the first interface of pipelines: management token, no ``api-version``, ``{"Error": {...}}``.
- ``dataplane``: scoring: token for ``https://ml.azure.com``, ``{"code", "message", "details"}`` unwrapped.
- ``open``: no token; errors as the handler words them.
- ``control``: the emulator's own switches: header ``x-emulator-key``.
"""


class CaseInsensitive(Mapping[str, str]):
    """A read-only mapping whose keys match without regard to case (query parameters, headers)."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, str] | Sequence[tuple[str, str]] = ()) -> None:
        pairs = items.items() if isinstance(items, Mapping) else items
        self._items = {key.lower(): value for key, value in pairs}

    def __getitem__(self, key: str) -> str:
        return self._items[key.lower()]

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key.lower() in self._items

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return f"CaseInsensitive({sorted(self._items)})"


@dataclass(frozen=True)
class Reply:
    """An answer: a JSON document (``None`` for an empty body), a status, extra headers."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class ServiceError(Exception):
    """An error answer of the service.

    ``status`` is the HTTP status, ``code`` the service's error code, ``target`` the property or resource
    that the error is about, ``details`` further errors as ``{"code", "message", "target"}``.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        target: str | None = None,
        details: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.target = target
        self.details = tuple(dict(detail) for detail in details)
        self.headers = dict(headers or {})


class OAuthError(Exception):
    """A refusal of the token endpoint: HTTP status, OAuth error, AADSTS number and text."""

    def __init__(self, status: int, error: str, number: int, text: str) -> None:
        super().__init__(f"AADSTS{number}: {text}" if number else text)
        self.status = status
        self.error = error
        self.number = number


@dataclass(frozen=True)
class Call:
    """One request, decoded.

    ``path`` is the decoded path; ``address`` the whole address that the client asked, without its query;
    ``params`` the values of the route's path parameters as the client wrote
    them; ``body`` the JSON document (``None`` when empty), or a mapping of strings for a form; ``claims``
    the token's claims (empty for faces without a token).
    """

    method: str
    path: str
    address: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    claims: Mapping[str, Any] = field(repr=False)
    emulator: Emulator = field(repr=False)


Handler = Callable[[Call], Reply | Awaitable[Reply]]


@dataclass(frozen=True)
class Route:
    """One line of the route table.

    ``path`` holds parameters as ``{name}``, also within a segment (``{endpoint}.{region}``). ``name`` is
    the resource kind or service that the request counts for (``codes``, ``inference``).
    """

    method: str
    path: str
    handler: Handler
    face: Face
    name: str
