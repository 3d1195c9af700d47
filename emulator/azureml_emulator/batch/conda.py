"""Conda files, read for what a virtual environment from PyPI can offer. Pure.

An Azure ML environment lists its packages as a conda file. Its pip section is taken as it is; its conda
packages are taken where PyPI has them, under PyPI's name; the rest is named, so that the job's log can say it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

PYPI_NAMES = {
    "pytorch": "torch",
    "pytorch-cpu": "torch",
    "pytorch-gpu": "torch",
    "tensorflow-gpu": "tensorflow",
    "tensorflow-cpu": "tensorflow",
    "opencv": "opencv-python-headless",
    "py-opencv": "opencv-python-headless",
    "matplotlib-base": "matplotlib",
    "pytables": "tables",
    "py-xgboost": "xgboost",
    "py-xgboost-cpu": "xgboost",
    "dask-core": "dask",
    "python-graphviz": "graphviz",
    "pyyaml": "pyyaml",
    "ruamel_yaml": "ruamel.yaml",
    "msgpack-python": "msgpack",
    "python-blosc": "blosc",
    "faiss-cpu": "faiss-cpu",
    "importlib_metadata": "importlib-metadata",
}
"""Conda package → PyPI distribution, where the names differ."""

NOT_ON_PYPI = frozenset(
    {
        "cudatoolkit",
        "cudnn",
        "pytorch-cuda",
        "cpuonly",
        "mkl",
        "blas",
        "libblas",
        "openblas",
        "openssl",
        "ca-certificates",
        "libgcc-ng",
        "libstdcxx-ng",
        "gcc",
        "gxx",
        "gcc_linux-64",
        "gxx_linux-64",
        "git",
        "nodejs",
        "openmpi",
        "libpng",
        "zlib",
        "readline",
        "sqlite",
        "tk",
        "xz",
        "ncurses",
        "libffi",
        "cmake",
        "make",
        "ffmpeg",
    }
)
OWN = frozenset({"pip", "uv"})
"""Installers, which the virtual environment does not need."""

_SPEC = re.compile(r"^(?:[\w.\-]+::)?(?P<name>[A-Za-z0-9_.\-]+)(?P<extras>\[[^\]]*\])?\s*(?P<version>.*)$")
_CLAUSE = re.compile(r"^(?P<operator>==|=|>=|<=|!=|~=|>|<)?\s*(?P<version>[^=\s]+)")


class CondaFileError(ValueError):
    """The conda file cannot be read; the text says where and why."""


@dataclass(frozen=True)
class Requirements:
    """What a conda file asks for.

    ``python`` is a version such as ``3.10`` (empty: any), ``lines`` are lines of a requirements file,
    ``skipped`` are conda packages that PyPI does not have.
    """

    python: str = ""
    lines: tuple[str, ...] = ()
    skipped: tuple[str, ...] = field(default=())


def read_conda_file(text: str) -> Requirements:
    """Read a conda file's YAML text.

    Raises:
        CondaFileError: it is not YAML, or ``dependencies`` is not a list of packages.
    """
    if not text.strip():
        return Requirements()
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        message = f"The environment's conda file is not valid YAML: {error}"
        raise CondaFileError(message) from error
    dependencies = document.get("dependencies") if isinstance(document, dict) else None
    if not isinstance(dependencies, list):
        message = "The environment's conda file has no list named 'dependencies'."
        raise CondaFileError(message)
    return _collect(dependencies)


def _collect(dependencies: list[Any]) -> Requirements:
    python, lines, skipped = "", [], []
    for entry in dependencies:
        if isinstance(entry, dict):
            lines += [str(line) for line in entry.get("pip") or ()]
            continue
        match = _SPEC.match(str(entry).strip())
        if match is None:
            message = f"The environment's conda file names a package that cannot be read: {entry!r}"
            raise CondaFileError(message)
        name = match["name"].lower()
        if name == "python":
            python = _python_version(match["version"])
        elif name in NOT_ON_PYPI:
            skipped.append(str(entry))
        elif name not in OWN:
            lines.append(PYPI_NAMES.get(name, name) + (match["extras"] or "") + pip_version(match["version"]))
    return Requirements(python, tuple(lines), tuple(skipped))


def pip_version(conda: str) -> str:
    """Turn a conda version condition into pip's: ``=1.2`` is ``==1.2.*``, a build string is dropped."""
    clauses = []
    for clause in filter(None, (part.strip() for part in conda.split(","))):
        match = _CLAUSE.match(clause)
        if match is None:
            continue
        operator, version = match["operator"] or "=", match["version"]
        if operator == "=":
            operator = "=="
            version = version if version.endswith("*") else version + ".*"
        clauses.append("" if version.startswith("*") else operator + version)
    return ",".join(filter(None, clauses))


def _python_version(condition: str) -> str:
    match = re.search(r"\d+(?:\.\d+){0,2}", condition)
    return match[0].removesuffix(".") if match else ""
