"""The official client's own environment, made once by uv and kept in the cache."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements.txt"


def official_python() -> Path:
    """Return the Python that has the official client, after installing it where that is not done yet."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pulumi-azureml" / "official-client"
    place = cache / hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]
    if not place.exists():
        cache.mkdir(parents=True, exist_ok=True)
        _install(place, Path(tempfile.mkdtemp(dir=cache, prefix="new-")))
    return place / "bin/python"


def _install(place: Path, new: Path) -> None:
    uv = Path(sys.executable).parent / "uv"
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    try:
        _run([uv, "venv", "--quiet", "--allow-existing", "--python", python, new])
        _run([uv, "pip", "install", "--quiet", "--python", new / "bin/python", "--requirement", REQUIREMENTS])
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
