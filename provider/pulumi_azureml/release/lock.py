"""The lock file of a release: its form, its reading with every check, its writing."""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from .errors import LockError, ReleaseError

FORMAT_VERSION = 1
FOLDER = "releases"
_SUFFIX = ".json"


@dataclass(frozen=True)
class Origin:
    """Where a release comes from.

    Attributes:
        workspace: ARM id of the workspace whose assets it holds.
        location: that workspace's region.
        project, stack: whose state it was made from.
        commit: the git commit of the program, with `-dirty` when there were changes; empty outside of git.
        created: when, ISO 8601 in UTC.
        by: who made it.
    """

    workspace: str
    location: str
    project: str
    stack: str
    commit: str
    created: str
    by: str


@dataclass(frozen=True)
class Asset:
    """One asset version of a release.

    Attributes:
        kind: `Code`, `Model`, `Environment` or another class of the SDK.
        logical_name: the resource's name in the program, by which a stack finds it here.
        name, version: of the asset in the source workspace.
        digest: content digest, hexadecimal SHA-256, from which the version follows unless one was given.
        id: ARM id of the version in the source workspace.
        uri: where its files lie there; empty for what has none, such as an environment.
        manifest: hexadecimal SHA-256 over path, size and MD5 of every file; empty without files.
        files, size: number of files, and bytes in all.
        settings: the immutable inputs by wire name, such as `modelType` or `condaFile`.
    """

    kind: str
    logical_name: str
    name: str
    version: str
    digest: str
    id: str
    uri: str = ""
    manifest: str = ""
    files: int = 0
    size: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.kind} {self.logical_name!r} ({self.name}:{self.version})"


@dataclass(frozen=True)
class Deployment:
    """The settings of one deployment, by wire name, as they were tested."""

    kind: str
    logical_name: str
    settings: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.kind} {self.logical_name!r}"


@dataclass(frozen=True)
class Gate:
    """What a gate of the source stack found out: the evidence that a release goes with.

    Attributes:
        logical_name: the gate's name in the program.
        metric: what was measured.
        value: and what came out.
        deployment, job: what was measured, and the job that scored.
    """

    logical_name: str
    metric: str
    value: float
    deployment: str
    job: str


@dataclass(frozen=True)
class Release:
    """A release as its lock file holds it."""

    name: str
    origin: Origin
    assets: tuple[Asset, ...]
    deployments: tuple[Deployment, ...] = ()
    gates: tuple[Gate, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 over everything else in the file, in canonical JSON."""
        return _digest(self._content())

    def document(self) -> dict[str, Any]:
        """The whole file."""
        content = self._content()
        return {**content, "digest": _digest(content)}

    def asset(self, kind: str, logical_name: str) -> Asset | None:
        """The asset of a kind and logical name."""
        return next((a for a in self.assets if (a.kind, a.logical_name) == (kind, logical_name)), None)

    def deployment(self, kind: str, logical_name: str) -> Deployment | None:
        """The deployment of a kind and logical name."""
        return next((d for d in self.deployments if (d.kind, d.logical_name) == (kind, logical_name)), None)

    def _content(self) -> dict[str, Any]:
        return {"formatVersion": FORMAT_VERSION, **_camel(asdict(self))}


def lock_file(reference: str, folder: Path | None = None) -> Path:
    """The file that `reference` names: a path that ends in `.json`, else a name in the folder `releases`."""
    path = Path(reference) if reference.endswith(_SUFFIX) else Path(FOLDER, f"{reference}{_SUFFIX}")
    return (folder or Path()) / path


def read_release(reference: str, folder: Path | None = None) -> Release:
    """Read a lock file and check it.

    Args:
        reference: what `azureml:release` says: a name in `releases/`, or a path.
        folder: what paths are relative to: the program's folder; the working folder unless given.

    Raises:
        LockError: it is not there, is of another format, or was edited.
    """
    path = lock_file(reference, folder)
    try:
        stat = path.stat()
    except OSError as error:
        there = sorted(file.stem for file in path.parent.glob(f"*{_SUFFIX}"))
        known = f"; there are {', '.join(there)}" if there else ""
        raise LockError(
            f"There is no release {reference!r}: {path.absolute()} cannot be read ({error.strerror}){known}.\n"
            "  what to do: make it with `azureml-stack release create NAME`, or set azureml:release to one that exists."
        ) from None
    return _read(path.absolute(), stat.st_mtime_ns, stat.st_size)


@functools.lru_cache(maxsize=16)
def _read(path: Path, _changed: int, _size: int) -> Release:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LockError(f"The lock file {path} cannot be read: {error}. {_RESTORE.format(path=path)}") from None
    return parse_release(document, str(path))


_RESTORE = "Take it back from git (`git checkout -- {path}`), or make a new release."


def parse_release(document: Any, source: str) -> Release:
    """The release that a lock file's JSON holds; LockError names `source`."""
    restore = _RESTORE.format(path=source)
    if not isinstance(document, dict) or "formatVersion" not in document:
        raise LockError(f"{source} is no lock file of a release: it has no formatVersion. {restore}")
    if document["formatVersion"] != FORMAT_VERSION:
        raise LockError(
            f"{source} has the format version {document['formatVersion']}, and this version of pulumi-azureml reads "
            f"{FORMAT_VERSION}. Update pulumi-azureml, or make the release with this version."
        )
    content = {key: value for key, value in document.items() if key != "digest"}
    if document.get("digest") != (found := _digest(content)):
        raise LockError(
            f"{source} was changed after it was made: its digest says {_short(document.get('digest'))}, its content is "
            f"{_short(found)}. A release is never edited. {restore}"
        )
    try:
        return Release(
            name=document["name"],
            origin=Origin(**_snake(document["origin"])),
            assets=tuple(Asset(**_snake(asset)) for asset in document["assets"]),
            deployments=tuple(Deployment(**_snake(each)) for each in document["deployments"]),
            gates=tuple(Gate(**_snake(each)) for each in document["gates"]),
        )
    except (KeyError, TypeError) as error:
        raise LockError(f"{source} is not complete ({error}). {restore}") from None


def write_release(release: Release, path: Path, *, force: bool = False) -> None:
    """Write a lock file, whole or not at all.

    Raises:
        ReleaseError: there is one already, and `force` is not set: a release is never changed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_text(json.dumps(release.document(), indent=2, sort_keys=True) + "\n", encoding="utf-8")
        if force:
            part.replace(path)
        else:
            path.hardlink_to(part)  # fails when another run was faster, which a check before could not see
    except FileExistsError:
        raise ReleaseError(
            f"The release {path} exists already, and a release is never changed.\n"
            "  what to do: choose another name, or overwrite it with --force while nobody has deployed it."
        ) from None
    finally:
        part.unlink(missing_ok=True)


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _short(digest: Any) -> str:
    return str(digest).removeprefix("sha256:")[:12]


_NAMES = {item.name for kind in (Origin, Asset, Deployment, Gate, Release) for item in fields(kind)}
_CAMEL = {name: name.split("_")[0] + "".join(part.title() for part in name.split("_")[1:]) for name in _NAMES}
_SNAKE = {camel: name for name, camel in _CAMEL.items()}


def _camel(values: Mapping[str, Any]) -> dict[str, Any]:
    """Our own keys as JSON has them; those of `settings` are wire names already."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name == "settings":
            found[name] = dict(value)
        elif isinstance(value, Mapping):
            found[_CAMEL[name]] = _camel(value)
        elif isinstance(value, list | tuple):
            found[_CAMEL[name]] = [_camel(item) for item in value]
        else:
            found[_CAMEL[name]] = value
    return found


def _snake(values: Mapping[str, Any]) -> dict[str, Any]:
    return {_SNAKE.get(key, key): value for key, value in values.items()}
