"""Which data an invocation scores: what the user wrote, sorted into its kind. Pure, no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal
from urllib.parse import urlsplit

from .errors import InputError

InputType = Literal["file", "folder"]

JOB_INPUT_TYPES: Mapping[str, str] = {
    "file": "UriFile",
    "folder": "UriFolder",
    "uri_file": "UriFile",
    "uri_folder": "UriFolder",
    "mltable": "MLTable",
}
"""``jobInputType`` of the batch data plane by our own word and by the ``dataType`` of a data asset."""

LATEST = "latest"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_ASSET = re.compile(r"azureml:(?P<name>[^:@/]+)(?::(?P<version>[^:@/]+)|@(?P<label>[^:@/]+))?")
_DATA_ID = re.compile(
    r"(?:azureml:)?(?P<workspace>/subscriptions/.+/workspaces/[^/]+)/data/(?P<name>[^/]+)/versions/(?P<version>[^/]+)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class LocalData:
    """A file or folder on this machine, to be uploaded."""

    path: Path


@dataclass(frozen=True)
class RemoteData:
    """A URL that the service reads by itself."""

    uri: str
    job_input_type: str


@dataclass(frozen=True)
class RegisteredData:
    """A data asset. ``version`` is ``"latest"`` until it is looked up; ``workspace`` is ``None`` for the own one."""

    name: str
    version: str
    workspace: str | None = None


Data = LocalData | RemoteData | RegisteredData


def parse_data(data: str | Path, input_type: InputType | None = None) -> Data:
    """Sort ``data`` into its kind.

    Accepted: a local path; ``https://…`` and other URLs; ``azureml://…``; a datastore path as an ARM id;
    ``azureml:name:version``, ``azureml:name@latest``; a data version's ARM id. A URL is a folder unless its
    last segment has an extension; ``input_type`` says it outright (as the official client's ``type``).

    Raises:
        InputError: ``azureml:`` without version, with another label than ``latest``, or empty text.
    """
    text = str(data)
    if isinstance(data, Path):
        return LocalData(data)
    if not text.strip():
        raise InputError("The input is empty: name a folder, a file, a URL or a data asset (azureml:name:version).")
    if match := _DATA_ID.fullmatch(text.rstrip("/")):
        return RegisteredData(match["name"], match["version"], match["workspace"])
    if text.startswith("azureml:/subscriptions/"):
        text = text.removeprefix("azureml:")
    if _SCHEME.match(text) or text.startswith("/subscriptions/"):
        return RemoteData(text, JOB_INPUT_TYPES[input_type or guess_type(text)])
    if text.startswith("azureml:"):
        return _registered(text)
    return LocalData(Path(text).expanduser())


def _registered(text: str) -> RegisteredData:
    match = _ASSET.fullmatch(text)
    if match is None:
        raise InputError(
            f"'{text}' is not a data asset reference: write azureml:name:version, azureml:name@latest "
            "or azureml://datastores/NAME/paths/PATH."
        )
    if match["label"] and match["label"] != LATEST:
        raise InputError(f"'{text}': the only label is @latest; name a version with azureml:{match['name']}:VERSION.")
    if not match["label"] and not match["version"]:
        raise InputError(f"'{text}' names no version: write {text}:VERSION or {text}@latest.")
    return RegisteredData(match["name"], match["version"] or LATEST)


def guess_type(uri: str) -> InputType:
    """What an address names, by its last segment: a file where that has an extension, else a folder."""
    path = urlsplit(uri).path
    return "file" if PurePosixPath(path).suffix and not path.endswith("/") else "folder"
