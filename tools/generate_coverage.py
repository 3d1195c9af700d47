"""Write docs/emulator-coverage.md from the emulator's route table: what it serves, and what it refuses by name.

`make coverage` runs this; a test compares the page with it. An argument is another place to write to.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from azureml_emulator import unsupported
from azureml_emulator.app import ROUTES, SUPPORTED
from azureml_emulator.arm.kind import Kind
from azureml_emulator.data_factory.pipeline import OTHER_ACTIVITIES
from azureml_emulator.http import WORKSPACE, Route
from azureml_emulator.kinds import KINDS
from azureml_emulator.kinds.registry import REGISTRY

PAGE = Path(__file__).parents[1] / "docs/emulator-coverage.md"
VERBS = ("PUT", "GET", "PATCH", "DELETE")
FACES = {
    "dataplane": "The data plane of endpoints: a token for `https://ml.azure.com`, errors unwrapped",
    "history": "Run history and the data services: a management token, no `api-version`",
    "pipelines": 'The first interface of pipelines: a management token, no `api-version`, errors as `{"Error": {…}}`',
    "open": "Open to all, or to either token",
    "control": "The emulator's own switches: the header `x-emulator-key`",
}


def page() -> str:
    """Return the page."""
    return "\n".join([*head(), *resources(), *other_arm(), *faces(), *refused()]) + "\n"


def head() -> Iterator[str]:
    yield "# What the emulator covers"
    yield ""
    yield "Written by `make coverage` from the emulator's route table and its kinds; a test fails when it is stale."
    yield "How it behaves is told in [emulator.md](emulator.md)."
    yield ""


def resources() -> Iterator[str]:
    yield "## Resources"
    yield ""
    yield "Below a workspace where nothing else is said; `{registry}` is a registry. *Long-running* operations answer"
    yield "with the header of an operation; *fixed* properties cannot be changed by a PUT of what exists."
    yield ""
    yield "| Kind | PUT | GET | List | PATCH | DELETE | Actions | Long-running | Fixed |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    routed = {(route.method, route.path) for route in ROUTES}
    for kind in KINDS:
        yield f"| {' | '.join(cells(kind, routed))} |"
    yield ""


def cells(kind: Kind, routed: set[tuple[str, str]]) -> Iterator[str]:
    def mark(*, there: bool) -> str:
        return "✓" if there else ""

    yield f"`{below_workspace(kind.path)}`"
    for verb in VERBS[:2]:
        yield mark(there=(verb, kind.path) in routed)
    yield mark(there=("GET", kind.path.rpartition("/")[0]) in routed)
    for verb in VERBS[2:]:
        yield mark(there=(verb, kind.path) in routed)
    yield ", ".join(f"`{action.name}`" for action in kind.actions)
    yield mark(there=kind.long_running)
    yield ", ".join(f"`{path.removeprefix('properties.')}`" for path in kind.immutable)


def other_arm() -> Iterator[str]:
    of_kinds = {kind.name for kind in KINDS}
    yield "## Jobs and operations"
    yield ""
    yield from listing(route for route in ROUTES if route.face == "arm" and route.name not in of_kinds)


def faces() -> Iterator[str]:
    for face, title in FACES.items():
        yield f"## {title.partition(':')[0]}"
        yield ""
        if ":" in title:
            yield f"They need{title.partition(':')[2]}."
            yield ""
        yield from listing(route for route in ROUTES if route.face == face)


def listing(routes: Iterator[Route]) -> Iterator[str]:
    verbs: dict[str, list[str]] = {}
    for route in routes:
        verbs.setdefault(below_workspace(route.path), []).append(route.method)
    yield "| Address | Verbs |"
    yield "| --- | --- |"
    for path, methods in verbs.items():
        yield f"| `{path}` | {', '.join(methods)} |"
    yield ""


def refused() -> Iterator[str]:
    yield "## Refused by name"
    yield ""
    yield "What Azure has and the emulator does not is answered with 501 `NotImplemented` and its name."
    yield ""
    yield from wrapped("Kinds of a workspace's resources", [k for k in unsupported.KINDS if k.lower() not in SUPPORTED])
    yield from wrapped("Asked of a workspace", list(unsupported.ACTIONS))
    actions = {action.name.lower() for kind in KINDS for action in kind.actions}
    below = [name for name in unsupported.BELOW if name.lower() not in actions]
    yield from wrapped("Asked of a resource, unless the table above has it", below)
    yield from wrapped("Services of a workspace, in what the tables above do not have", list(unsupported.SERVICES))
    for kind in KINDS:
        for lack in kind.lacks:
            yield from wrapped(f"`{lack.path}` of `{below_workspace(kind.path)}`", list(lack.values))
    yield from wrapped("Activities of a data factory's pipeline", list(OTHER_ACTIVITIES))
    yield "- Runs, triggers and datasets of data factories: their pipelines and linked services are kept and checked."
    yield "- Other resource providers, and what else there is of Azure Resource Manager."
    yield "- Storage accounts other than the emulator's own."
    yield "- What [realtime.md](realtime.md) says of online endpoints and [pipelines.md](pipelines.md) of components."


def wrapped(title: str, names: list[str]) -> Iterator[str]:
    """One item of a list, in lines that are not too long."""
    line = f"- {title}:"
    for number, name in enumerate(names, 1):
        word = f" `{name}`" + ("," if number < len(names) else ".")
        if len(line) + len(word) > 118:  # noqa: PLR2004 - as long as lines of the documents are
            yield line
            line = " "
        line += word
    yield line


def below_workspace(path: str) -> str:
    """A path without the long way to its workspace."""
    path = path.replace(REGISTRY.path, "{registry}", 1) if path != REGISTRY.path else path
    return (
        path.replace(f"{WORKSPACE}/", "", 1)
        if path.startswith(f"{WORKSPACE}/")
        else path.replace(WORKSPACE, "{workspace}")
    )


if __name__ == "__main__":
    Path(sys.argv[1] if len(sys.argv) > 1 else PAGE).write_text(page())
