"""Microsoft's own clients, each in an environment of its own, made once by uv and kept in the cache."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
_INSTALL = ("pip", "install", "--quiet", "--compile-bytecode")


def official_python() -> Path:
    """Return the Python that has `azure-ai-ml`, after installing it where that is not done yet."""
    return _environment("azure-ai-ml") / "bin/python"


def azure_cli() -> Path:
    """Return the folder of the command `az`, after installing it where that is not done yet."""
    return _environment("azure-cli") / "bin"


def _environment(client: str) -> Path:
    requirements = HERE / f"{client}.txt"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pulumi-azureml" / "official-client"
    place = cache / hashlib.sha256(" ".join(_INSTALL).encode() + requirements.read_bytes()).hexdigest()[:16]
    if not place.exists():
        cache.mkdir(parents=True, exist_ok=True)
        _install(requirements, place, Path(tempfile.mkdtemp(dir=cache, prefix="new-")))
    return place


def _install(requirements: Path, place: Path, new: Path) -> None:
    uv = Path(sys.executable).parent / "uv"
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    try:
        _run([uv, "venv", "--quiet", "--allow-existing", "--relocatable", "--python", python, new])
        _run([uv, *_INSTALL, "--python", new / "bin/python", "--requirement", requirements])
        new.rename(place)
    except OSError:
        if not place.exists():  # otherwise another test run was first
            raise
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _run(command: list[str | Path]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))} failed:\n{done.stdout}")
