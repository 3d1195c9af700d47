"""What `azureml-stack release …` and `azureml-stack rollback` do, once their options are parsed."""

from __future__ import annotations

import datetime
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..arm import ArmClient, Settings
from ..consume.project import Project, open_project
from ..consume.stack import Stack, find_pulumi
from .compare import differences
from .create import make_release
from .errors import ContentError, ReleaseError
from .history import CONFIG_KEY, previous_release
from .lock import Origin, Release, lock_file, read_release, write_release
from .size import megabytes
from .source_tree import source_tree, who
from .state import resources_of
from .verify import verify

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..consume.display import Display


@dataclass(frozen=True)
class Where:
    """The stack and project that a command is about: as its options name them."""

    stack: str | None
    cwd: Path

    def project(self) -> Project:
        """The project and the stack's name."""
        return open_project(self.stack, self.cwd)

    def as_stack(self) -> Stack:
        """The stack, to be asked by `pulumi`."""
        return Stack(self.stack, self.cwd)


def create(where: Where, display: Display, name: str, *, force: bool, allow_dirty: bool) -> None:
    """Make a release of what the stack has deployed."""
    project, stack = where.project(), where.as_stack()
    path = lock_file(name, project.program)
    tree = source_tree(project.program)
    if tree.changes and not allow_dirty:
        raise ReleaseError(
            f"The git tree of {project.program} has changes that no commit has: {tree.shown()}. A release says which "
            "commit it is of.\n  what to do: commit them, or make the release all the same with --allow-dirty."
        )
    if path.exists() and not force:
        write_release(read_release(name, project.program), path)  # says that a release is never changed
    display.status(f"reading {stack}")
    settings = Settings.from_mapping(stack.configuration())
    resources = resources_of(stack.state(), stack)
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    origin = Origin(
        workspace=settings.workspace_id,
        location=settings.location,
        project=project.name,
        stack=project.stack,
        commit=tree.version,
        created=now.isoformat().replace("+00:00", "Z"),
        by=who(project.program),
    )
    made = make_release(ArmClient.from_settings(settings), resources, path.stem, origin, display.status)
    write_release(made.release, path, force=force)
    for note in made.notes:
        display.result("note", f"Note: {note}.", message=note)
    release = made.release
    size = sum(asset.size for asset in release.assets)
    display.result(
        "released",
        f"Wrote {path}: {len(release.assets)} assets, {megabytes(size)}. Next: commit it, and in the next stack\n"
        f"  pulumi config set {CONFIG_KEY} {name} --stack STACK && pulumi up --stack STACK",
        file=str(path),
        **_summary(release),
    )


def show(where: Where, display: Display, name: str) -> None:
    """Show what a release holds, and where it comes from."""
    release = read_release(name, _program(where))
    display.result("release", "\n".join(_shown(release)), **release.document())


def diff(where: Where, display: Display, first: str, second: str) -> bool:
    """Show where two releases come from and what differs between them; whether anything does."""
    folder = _program(where)
    pair = (read_release(first, folder), read_release(second, folder))
    for release in pair:
        text = "\n".join((f"release   {release.name}", *_lineage(release)))
        display.result("lineage", text, release=release.name, **asdict(release.origin))
    found = differences(*pair)
    for difference in found:
        display.result("difference", difference.text(), **asdict(difference))
    if not found:
        display.result("same", f"{first} and {second} hold the same assets and settings.")
    return bool(found)


def verify_release(where: Where, display: Display, name: str, *, source: bool) -> None:
    """Read every byte that a workspace has of a release, and compare."""
    release = read_release(name, _program(where))
    stack = where.as_stack()
    settings = Settings.from_mapping(stack.configuration())
    client = ArmClient.from_settings(settings)
    if source:
        client = client.for_workspace(release.origin.workspace)
    resources = None if source else resources_of(stack.state(), stack)
    verdicts = verify(client, release, resources, display.status)
    for verdict in verdicts:
        text = f"{'differs' if verdict.problem else 'same   '}  {verdict.asset}"
        display.result("asset", f"{text}: {verdict.problem}" if verdict.problem else text, **verdict.as_json())
    wrong = [verdict for verdict in verdicts if verdict.problem]
    place = f"workspace {client.settings.workspace}"
    if wrong:
        raise ContentError(
            f"{place} does not have release {name}: {len(wrong)} of {len(verdicts)} assets differ.\n"
            "  what to do: run `pulumi up` with azureml:release, or find out who changed the assets named above."
        )
    display.result("verified", f"{place} has release {name}, byte by byte.", release=name, workspace=place)


def rollback(where: Where, display: Display, release: str | None, *, options: Sequence[str], up: bool) -> int:
    """Set the stack back to the release before, and bring it up; returns pulumi's exit code."""
    stack = where.as_stack()
    current = stack.configuration().get(CONFIG_KEY.removeprefix("azureml:")) or ""
    wanted = release or previous_release(stack.history(), current, stack)
    read_release(wanted, _program(where))
    chosen = ("--stack", where.stack) if where.stack else ()
    pulumi = find_pulumi()
    subprocess.run([pulumi, "config", "set", CONFIG_KEY, wanted, *chosen], cwd=where.cwd, check=True)
    display.result(
        "rollback", f"{stack} goes back from release {current or 'none'} to {wanted}.", before=current, release=wanted
    )
    if not up:
        display.result("next", "Next: pulumi up", command=["pulumi", "up", *chosen])
        return 0
    display.close()
    return subprocess.run([pulumi, "up", *chosen, *options], cwd=where.cwd, check=False).returncode


def _program(where: Where) -> Path:
    """The program's folder, which a release is looked for in; no stack is needed to read a file."""
    return open_project(where.stack or "-", where.cwd).program


def _summary(release: Release) -> dict[str, object]:
    return {"release": release.name, "digest": release.digest, "assets": len(release.assets)}


def _lineage(release: Release) -> list[str]:
    origin = release.origin
    return [
        f"made      {origin.created} by {origin.by}",
        f"from      stack {origin.project}/{origin.stack}, commit {origin.commit or 'unknown'}",
        f"workspace {origin.workspace}",
    ]


def _shown(release: Release) -> list[str]:
    lines = [
        f"release   {release.name}",
        *_lineage(release),
        f"digest    {release.digest}",
        "assets",
    ]
    for asset in release.assets:
        size = f", {asset.files} files, {megabytes(asset.size)}" if asset.manifest else ""
        lines.append(f"  {asset.kind} {asset.logical_name}: {asset.name}:{asset.version}{size}")
        lines.append(f"      sha256 {asset.digest}")
    if release.deployments:
        lines.append("deployments")
    for deployment in release.deployments:
        lines.append(f"  {deployment.kind} {deployment.logical_name}")
        lines += [f"      {key}: {value}" for key, value in deployment.settings.items() if value is not None]
    if release.gates:
        lines.append("gates passed")
    lines += [f"  {gate.logical_name}: {gate.metric} {gate.value:g} ({gate.job})" for gate in release.gates]
    return lines
