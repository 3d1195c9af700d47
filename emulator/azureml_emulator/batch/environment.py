"""Environments: a conda file becomes a virtual environment, built once for each content and then shared.

``uv`` builds it from PyPI packages, in the user's cache folder. A file lock lets jobs that need the same
environment at the same time build it once. The container image is recorded only: nothing here runs containers,
and the job's log says so.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from azureml_emulator.batch.conda import CondaFileError, Requirements, read_conda_file
from azureml_emulator.batch.failure import Failure, JobFailedError
from azureml_emulator.batch.logs import BUILD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from azureml_emulator.batch.spec import EnvironmentSpec

OLDEST_PYTHON = (3, 8)
"""The oldest interpreter that the worker runs on."""
FORMAT = 2
FOREIGN = frozenset({"VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH"})
"""Variables by which uv would look into another environment than the one that it is told."""
TAIL = 40
LOOK_EVERY = 0.1
"""Seconds between two looks whether another job has built the environment."""
_DISTRIBUTION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Environment:
    """An environment that is ready: its interpreter, and what the job's log should say about it."""

    python: Path
    notices: tuple[str, ...] = ()


def prepare(
    spec: EnvironmentSpec,
    cache: Path,
    log: Callable[[str], None],
    check: Callable[[], None] = lambda: None,
    *,
    runtime: tuple[str, ...] = (),
) -> Environment:
    """Return the environment for a specification, building it when nobody has yet.

    Args:
        spec: conda file, image, and whether the running interpreter may serve.
        cache: the folder that holds built environments.
        log: takes the lines of the build log, also of a build that was done for an earlier job.
        check: is called while another job builds the same environment; what it raises ends the wait.
        runtime: packages that what runs the script needs in it; those that the conda file names stay its own.

    Raises:
        JobFailedError: the conda file cannot be read, or a package cannot be had (in uv's own words).
    """
    try:
        wanted = read_conda_file(spec.conda_file)
    except CondaFileError as error:
        raise JobFailedError(Failure("environment", str(error))) from error
    wanted = replace(wanted, lines=(*wanted.lines, *_missing(runtime, wanted)))
    notices = list(_notices(spec, wanted))
    if spec.reuse and _satisfied(wanted):
        log("Every package is satisfied by the running interpreter, which is used as it is.")
        return Environment(Path(sys.executable), tuple(notices))
    interpreter = _interpreter(wanted.python, notices)
    folder = cache / environment_key(interpreter, wanted)
    python = folder / "bin" / "python"
    with _locked(folder.with_suffix(".lock"), log, check):
        if (folder / "ready").exists() and python.exists():
            log(f"Environment {folder.name[:12]} was built before. The log of its build:")
            log((folder / "build.log").read_text(encoding="utf-8"))
        else:
            _build(folder, interpreter, wanted, log)
    return Environment(python, tuple(notices))


def of_model(spec: EnvironmentSpec, models: Path) -> EnvironmentSpec:
    """The environment that an MLflow model brings along, where the deployment names none.

    Raises:
        JobFailedError: the model has no ``conda.yaml``.
    """
    if not spec.of_model:
        return spec
    found = sorted(models.rglob("conda.yaml"))
    if not found:
        title = "the deployment names no environment, and the model folder has no conda.yaml (an MLflow model has)"
        raise JobFailedError(Failure("environment", title))
    return replace(spec, conda_file=found[0].read_text(encoding="utf-8"))


def environment_key(interpreter: str, wanted: Requirements) -> str:
    """The name of an environment: a digest of everything that decides its content."""
    content = json.dumps([FORMAT, interpreter, sys.platform, os.uname().machine, wanted.lines])
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def _missing(packages: tuple[str, ...], wanted: Requirements) -> Iterator[str]:
    """The packages that no line of the requirements names."""
    named = {_canonical(match[0]) for line in wanted.lines if (match := _DISTRIBUTION.match(line.strip()))}
    return (package for package in packages if _canonical(package) not in named)


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _notices(spec: EnvironmentSpec, wanted: Requirements) -> Iterator[str]:
    if spec.image:
        yield (
            f"The image {spec.image} is recorded, not run: the script runs on this machine, without the image's "
            "operating system, its system libraries and the packages that are only in the image."
        )
    if wanted.skipped:
        yield f"Conda packages that PyPI does not have were left out: {', '.join(wanted.skipped)}."


def _interpreter(version: str, notices: list[str]) -> str:
    """Find a Python of the version that is asked for; the running one where it is not installed."""
    here = str(Path(sys.executable).resolve())  # beyond a virtual environment, so that checkouts share
    numbers = tuple(int(part) for part in version.split(".")) if version else ()
    if sys.version_info[: len(numbers)] == numbers:
        return here
    if numbers >= OLDEST_PYTHON and (found := _installed(version)):
        return found
    minor = numbers[:2]
    if minor >= OLDEST_PYTHON and (found := _installed(".".join(map(str, minor)))):
        notices.append(f"Python {version} is not installed on this machine; another {minor[0]}.{minor[1]} is used.")
        return found
    running = f"{sys.version_info[0]}.{sys.version_info[1]}"
    notices.append(f"Python {version} is not installed on this machine; Python {running} is used instead.")
    return here


def _installed(version: str) -> str | None:
    """The path of an interpreter of this version, as uv finds it.

    pyenv's shims fail for versions that are installed but not chosen, so its versions come first on PATH.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    path = [*map(str, sorted(pyenv.glob("*/bin"), reverse=True)), os.environ.get("PATH", "")]
    found = subprocess.run(
        [_uv(), "python", "find", "--no-project", "--no-config", version],
        env={**uv_variables(), "PATH": os.pathsep.join(path)},
        capture_output=True,
        text=True,
        check=False,
    )
    return str(Path(found.stdout.strip()).resolve()) if found.returncode == 0 else None


def _satisfied(wanted: Requirements) -> bool:
    """Whether the running interpreter has every package already."""
    running = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if wanted.python and ".".join(wanted.python.split(".")[:2]) not in {running, "3"}:
        return False
    if not wanted.lines:
        return True
    answer = subprocess.run(
        [_uv(), "pip", "install", "--dry-run", "--offline", "--python", sys.executable, "-r", "-"],
        input="\n".join(wanted.lines),
        env=uv_variables(),
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.returncode == 0 and "Would make no changes" in answer.stderr


def _build(folder: Path, interpreter: str, wanted: Requirements, log: Callable[[str], None]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    log(f"Building environment {folder.name[:12]} with {interpreter}: {', '.join(wanted.lines) or 'no packages'}")
    words = _run_uv(["venv", "--no-project", "--no-config", "--python", interpreter, str(folder)], log)
    if wanted.lines:
        requirements = folder / "requirements.txt"
        requirements.write_text("\n".join(wanted.lines) + "\n", encoding="utf-8")
        python = str(folder / "bin" / "python")
        # Workers write no byte code into what all jobs share: made now, or at each start of each worker.
        words += _run_uv(["pip", "install", "--compile-bytecode", "--python", python, "-r", str(requirements)], log)
    (folder / "build.log").write_text("\n".join(words) + "\n", encoding="utf-8")
    (folder / "ready").touch()


def _run_uv(arguments: list[str], log: Callable[[str], None]) -> list[str]:
    """Run uv, passing its words on as they come.

    Raises:
        JobFailedError: uv failed.
    """
    words: list[str] = []
    with subprocess.Popen(
        [_uv(), *arguments],
        env=uv_variables(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        process_group=0,
    ) as process:
        for line in process.stdout or ():
            words.append(line.rstrip())
            log(words[-1])
    if process.returncode != 0:
        said = "\n".join(words[-TAIL:])
        title = f"the environment could not be built (uv {arguments[0]} ended with code {process.returncode})"
        raise JobFailedError(Failure("environment", title, traceback=said, log=BUILD))
    return words


def _uv() -> str:
    import uv  # noqa: PLC0415 - most jobs find their environment built

    return uv.find_uv_bin()


def uv_variables() -> dict[str, str]:
    """The environment of uv: this process's, no interpreter downloads, no virtual environment in force."""
    ours = {key: value for key, value in os.environ.items() if key not in FOREIGN}
    certificates = {} if "SSL_CERT_FILE" in ours else {"UV_SYSTEM_CERTS": "1"}
    return {**ours, **certificates, "UV_PYTHON_DOWNLOADS": "never", "NO_COLOR": "1", "UV_NO_PROGRESS": "1"}


@contextmanager
def _locked(path: Path, log: Callable[[str], None], check: Callable[[], None]) -> Iterator[None]:
    """Hold an exclusive lock on a file; the kernel frees it when the process ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        said = False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not said:
                    log("Another job is building this environment; this one waits for it.")
                said = True
                check()
                time.sleep(LOOK_EVERY)
        yield
