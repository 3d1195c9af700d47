"""What `azureml-stack plan` does, once its options are parsed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..arm.resource_id import registry_asset
from ..consume.project import open_project
from ..consume.stack import Stack
from ..release.errors import ReleaseError
from ..release.lock import read_release
from .errors import PlanError
from .plan import Plan, Transfer, make_plan
from .text import markdown, plain

if TYPE_CHECKING:
    from ..consume.display import Display
    from .steps import Change


def plan(stack: Stack, display: Display, *, refresh: bool, as_markdown: bool, options: Sequence[str] = ()) -> Plan:
    """Preview the stack, and show what would be done.

    Raises:
        PlanError: the preview failed; the text is all that it said.
        StackError: there is no project, or no `pulumi`.
    """
    program = open_project(stack.name or "-", stack.cwd).program
    display.status(f"previewing {stack}")
    preview = read_preview(stack, refresh=refresh, options=options)
    release = str((preview.get("config") or {}).get("azureml:release") or "")
    made = make_plan(preview, transfers(program, release))
    display.result("plan", markdown(made) if as_markdown else plain(made), **made.document())
    return made


def read_preview(stack: Stack, *, refresh: bool, options: Sequence[str]) -> Mapping[str, Any]:
    """What the preview answers; PlanError with everything that it said when it fails."""
    done = stack.run_preview(*(["--refresh"] if refresh else []), *options)
    start = 0 if done.stdout.startswith("{") else done.stdout.find("\n{") + 1
    try:
        found = json.loads(done.stdout[start:] or "{}")
    except json.JSONDecodeError:
        found = {}
    if done.returncode or not found:
        said = [str(each.get("message") or "").rstrip() for each in found.get("diagnostics") or []]
        rest = done.stdout[:start] if found else done.stdout
        whole = "\n".join(filter(None, (*said, rest.strip(), done.stderr.strip())))
        raise PlanError(f"The preview of {stack} failed, so there is no plan (exit code {done.returncode}):\n{whole}")
    return dict(found)


def transfers(program: Path, release: str) -> Callable[[Change], Transfer | None]:
    """What the content of a new asset is: local files with their sizes, or an asset of the stack's release."""
    try:
        held = read_release(release, program) if release else None
    except ReleaseError:
        held = None  # the preview would have failed: it belongs to no resource that is planned

    def find(change: Change) -> Transfer | None:
        if held and (asset := held.asset(change.kind, change.name)):
            source = held.origin.workspace.rpartition("/")[2]
            if not asset.manifest or registry_asset(asset.id):  # what lies in a registry is deployed from there
                return None
            return Transfer("copy", change.kind, change.name, source, asset.files, asset.size)
        from ..assets import EmptyAssetError, list_files  # noqa: PLC0415 - a plan without changes does not pay for it

        path = (change.after or {}).get("path")
        if not isinstance(path, str) or "://" in path:
            return None
        try:
            files = list_files(program / path)
        except (OSError, EmptyAssetError):
            return None
        return Transfer("upload", change.kind, change.name, path, len(files), sum(file.size for file in files))

    return find
