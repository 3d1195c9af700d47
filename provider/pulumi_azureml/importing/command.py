"""The command: read the workspace, write the program with what it needs beside it, and the file to import."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..arm import ArmClient
from ..assets import digest_path
from ..assets.digest import HASH_VERSION
from ..consume.project import Project
from ..engine.values import get
from .code_files import download_code
from .declare import Declaration, declare
from .discovery import Discovery, Found
from .errors import ImportRefusedError
from .program import render
from .state import States, import_file


@dataclass(frozen=True)
class ImportOptions:
    """What to import, and what to write.

    Attributes:
        resources: as `Discovery.resources` takes them.
        program: the program's file, relative to the program's folder of the project.
        file: the file for `pulumi import --file`.
        force: overwrite what is there.
    """

    resources: Sequence[str]
    program: Path = Path("__main__.py")
    file: Path = Path("import.json")
    force: bool = False


@dataclass(frozen=True)
class Imported:
    """What was written.

    Attributes:
        program: the program's file.
        file: the file for `pulumi import --file`.
        ids: the ARM ids of all resources, in order of dependence.
        notes: what was left out, or will change, and why.
    """

    program: Path
    file: Path
    ids: list[str]
    notes: list[str]


def import_resources(
    client: ArmClient, project: Project, options: ImportOptions, *, status: Callable[[str], None] = lambda _text: None
) -> Imported:
    """Write the program and the import file for resources that exist. Nothing in the workspace is changed.

    Raises:
        ImportRefusedError: a resource cannot be declared, or a file is there already; nothing is written then.
        ArmError: the workspace cannot be read.
    """
    program = project.program / options.program
    if not program.resolve().is_relative_to(project.program):
        raise ImportRefusedError(
            f"The program {program} would lie outside the project's program folder {project.program}: paths in a "
            "program are relative to that folder."
        )
    discovery = Discovery(client, status)
    found = discovery.resources(options.resources)
    declarations = declare(found, client.settings)
    written = [program, options.file, *_beside(declarations, project.program)]
    with _only_new(written, force=options.force):
        notes = _write_files(client, declarations, found, project.program, status)
        states = States(client, project, project.program)
        entries = states.entries(declarations)
        notes = [*discovery.notes, *notes, *states.notes]
        program.write_text(render(declarations, discovery.notes, client.settings.workspace), encoding="utf-8")
        options.file.write_text(json.dumps(import_file(entries), indent=2) + "\n", encoding="utf-8")
    return Imported(program, options.file, [item.id for item in declarations], notes)


def _beside(declarations: Sequence[Declaration], folder: Path) -> list[Path]:
    """The files and folders beside the program."""
    files = [folder / name for item in declarations for name in item.files]
    return files + [folder / str(item.arguments["path"]) for item in declarations if item.code_uri]


@contextmanager
def _only_new(paths: Sequence[Path], *, force: bool) -> Iterator[None]:
    """Refuse to overwrite; remove what was written when it cannot be finished."""
    there = [path for path in paths if path.exists()]
    if there and not force:
        raise ImportRefusedError(
            "An import overwrites nothing, and there is already:\n  "
            + "\n  ".join(map(str, there))
            + "\n  what to do: move it away, choose another file with --program or --file, or overwrite with --force."
        )
    for path in there:
        _remove(path)
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for path in paths:
            _remove(path)
        raise


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _write_files(
    client: ArmClient,
    declarations: Sequence[Declaration],
    found: Sequence[Found],
    folder: Path,
    status: Callable[[str], None],
) -> list[str]:
    """Write what the program refers to; return what is worth knowing about it."""
    notes = []
    for item, source in zip(declarations, found, strict=True):
        for name, content in item.files.items():
            with (folder / name).open("w", encoding="utf-8", newline="") as file:
                file.write(content)
        if item.code_uri:
            target = folder / str(item.arguments["path"])
            status(f"downloading the code {item.name}")
            download_code(client, item.id, item.code_uri, target)
            known = get(source.document, "properties.properties") or {}
            same = known.get("hash_sha256") in {None, digest_path(target).sha256}
            if known.get("hash_version") == HASH_VERSION and not same:
                notes.append(f"the files of {item.id} are not those that its hash_sha256 was made of")
    return notes
