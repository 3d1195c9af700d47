"""Print the folder whose `pulumi` this project runs; provide it first where the machine has none.

In this order: the `pulumi` on PATH when it is 3.200 or newer and has its Python language host beside it; the
engine that an earlier run left in the cache; the official release of the pinned version, verified against the
checksums published with it; a build from source out of the Go module proxy. Only the standard library is used,
so that any Python 3.11 can run this before anything is installed.
"""

import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
OLDEST = (3, 200)
RELEASES = "https://github.com/pulumi/pulumi/releases/download"
LANGUAGE_HOST = "pulumi-language-python"
CONNECT_TIMEOUT_S = 10.0
NOTE_EVERY_S = 20.0


class EngineError(Exception):
    """No engine can be had; the text says what was tried and what to do."""


class UnreachableError(Exception):
    """The release cannot be downloaded here; the source build is the next thing to try."""


def say(text: str) -> None:
    """Tell the user something; standard output is kept for the folder alone."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def pinned_version() -> str:
    """Return the engine version of `cli/go.mod`, such as `3.259.0`: the one place where it is written."""
    found = re.search(r"github\.com/pulumi/pulumi/sdk/v3 v(\S+)", (HERE / "cli/go.mod").read_text())
    if found is None:
        raise EngineError(f"{HERE}/cli/go.mod names no version of github.com/pulumi/pulumi/sdk/v3")
    return found[1]


def cache_key() -> str:
    """Return the name of the cache folder: the platform and a digest of every pinned source."""
    sums = b"".join((HERE / part / "go.sum").read_bytes() for part in ("cli", "language"))
    return f"{platform.system()}-{platform.machine()}-{hashlib.sha256(sums).hexdigest()[:16]}".lower()


def parse_version(text: str) -> tuple[int, ...]:
    """Return `(3, 259, 0)` for `v3.259.0-dev.1`, and `()` for a text that is no version."""
    found = re.match(r"v?(\d+)\.(\d+)\.(\d+)", text.strip())
    return tuple(int(number) for number in found.groups()) if found else ()


def on_path() -> Path | None:
    """Return the folder of a usable `pulumi` on PATH, or None."""
    found = shutil.which("pulumi")
    if found is None:
        return None
    answer = subprocess.run([found, "version"], capture_output=True, text=True, check=False, timeout=30)
    folder = Path(found).resolve().parent
    if parse_version(answer.stdout) < OLDEST or not (folder / LANGUAGE_HOST).exists():
        return None
    return folder


def release_name(version: str, system: str, machine: str) -> str:
    """Return the file name of the official release for a platform as `platform` names it."""
    arch = {"x86_64": "x64", "amd64": "x64", "arm64": "arm64", "aarch64": "arm64"}.get(machine.lower(), machine)
    return f"pulumi-v{version}-{system.lower()}-{arch}.tar.gz"


def fetch(url: str) -> bytes:
    """Return what a URL answers. Raises UnreachableError when it does not answer in time or answers an error."""
    try:
        with urllib.request.urlopen(url, timeout=CONNECT_TIMEOUT_S) as answer:  # noqa: S310 -- https only, above
            return bytes(answer.read())
    except OSError as error:
        raise UnreachableError(f"{url}: {getattr(error, 'reason', error)}") from error


def download(target: Path, get: Callable[[str], bytes] = fetch) -> None:
    """Unpack the official release into `target`, after its SHA-256 has been compared with the published one.

    Raises UnreachableError when the release cannot be had here, EngineError when what came is not what was published.
    """
    version = pinned_version()
    name = release_name(version, platform.system(), platform.machine())
    checksums = get(f"{RELEASES}/v{version}/pulumi-{version}-checksums.txt").decode()
    published = {line.split()[-1].lstrip("*"): line.split()[0] for line in checksums.splitlines() if line.strip()}
    if name not in published:
        raise UnreachableError(f"there is no release {name}")
    content = get(f"{RELEASES}/v{version}/{name}")
    if hashlib.sha256(content).hexdigest() != published[name].lower():
        raise EngineError(
            f"the downloaded {name} does not have the SHA-256 that its publisher states. Nothing was installed; "
            "try again, or install Pulumi yourself: https://www.pulumi.com/docs/install/"
        )
    with tempfile.TemporaryDirectory(dir=target.parent) as parts:
        archive = Path(parts, name)
        archive.write_bytes(content)
        with tarfile.open(archive) as packed:
            packed.extractall(parts, filter="data")
        (Path(parts) / "pulumi").rename(target)


def build(target: Path, script: Path = HERE / "build.sh", every: float = NOTE_EVERY_S) -> None:
    """Build the engine into `target`, telling how long it has been at it. Raises EngineError with the log's end."""
    log = target.with_suffix(".log")
    started = time.monotonic()
    say("building the Pulumi engine from source: some seven minutes on two cores, once per machine")
    with log.open("w") as out:
        building = subprocess.Popen([str(script), str(target)], stdout=out, stderr=subprocess.STDOUT)
        while True:
            try:
                code = building.wait(timeout=every)
                break
            except subprocess.TimeoutExpired:
                say(f"  still building the engine ({time.monotonic() - started:.0f} s)")
    if code != 0:
        end = "\n".join(log.read_text().splitlines()[-15:])
        raise EngineError(f"building the Pulumi engine failed (exit {code}). The log is {log}; it ends:\n{end}")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the cache, so that two runs at the same time build one engine."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another process is providing the Pulumi engine; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def provide(cache: Path) -> Path:
    """Return the engine's folder, from the machine or from `cache`, which is filled when need be."""
    if (folder := on_path()) is not None:
        return folder
    target = cache / cache_key()
    if (target / "pulumi").exists():
        return target
    with locked(cache):
        if (target / "pulumi").exists():
            return target
        try:
            download(target)
        except UnreachableError as why:
            if shutil.which("go") is None:
                raise EngineError(
                    f"there is no Pulumi engine on this machine and none could be had: no `pulumi` of version "
                    f"{'.'.join(map(str, OLDEST))} or newer on PATH, the official release did not come ({why}), and "
                    "there is no `go` to build it with. Install one of the two and run this again: Pulumi "
                    "(https://www.pulumi.com/docs/install/) or Go 1.25 or newer (https://go.dev/doc/install)."
                ) from why
            say(f"the official release cannot be downloaded here ({why})")
            build(target)
    return target


def main() -> int:
    """Print the folder; exit code 1 with one message when there is none."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    try:
        print(provide(home / "pulumi-azureml" / "engine"))  # noqa: T201
    except EngineError as error:
        say(f"error: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
