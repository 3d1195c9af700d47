"""The logs of a deployment: one of its preparation, one for each instance."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from azureml_emulator.arm.schema import Body, choice
from azureml_emulator.http import Call, Reply

if TYPE_CHECKING:
    from azureml_emulator.arm.kind import Target

PREPARATION = "storage-initializer.log"
LARGEST = 32 << 20
"""Bytes of a log after which its older half is given up."""
_MOST_READ = 4 << 20


class LogsBody(Body):
    """The body of ``getLogs``."""

    container_type: Annotated[str | None, choice("StorageInitializer", "InferenceServer")] = None
    tail: Annotated[int | None, Field(ge=1)] = None


def folder_of(home: Path, deployment: str) -> Path:
    """The folder of a deployment's files; short, and the same for every spelling of its id."""
    return home / "online" / hashlib.sha256(deployment.lower().encode()).hexdigest()[:16]


def instance_log(folder: Path, number: int) -> Path:
    """The log of an instance of the deployment in ``folder``."""
    return folder / "logs" / f"inference-server-{number}.log"


def add(path: Path, text: str) -> None:
    """Append a line with the time in UTC."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    stamp = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S,%f")[:-3]
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{stamp} I [emulator] {text}\n")


def last_lines(path: Path, most: int | None = None) -> list[str]:
    """The end of a log."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _MOST_READ))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []
    return lines if most is None else lines[-most:]


def shorten(path: Path) -> None:
    """Give up the older half of a log that has grown large; who writes appends, and goes on at the new end."""
    if path.stat().st_size <= LARGEST:
        return
    with path.open("r+b") as file:
        file.seek(-LARGEST // 2, 2)
        rest = file.read().partition(b"\n")[2]
        file.seek(0)
        file.write(rest)
        file.truncate()


def get_logs(call: Call, target: Target) -> Reply:
    """``POST getLogs``: the end of the preparation's log, or of the instances' logs."""
    asked = LogsBody.read(call.body or {})
    folder = folder_of(call.emulator.home, target.id) / "logs"
    if asked.container_type == "StorageInitializer":
        return Reply({"content": "\n".join(last_lines(folder / PREPARATION, asked.tail))})
    paths = sorted(folder.glob("inference-server-*.log"))
    lines: list[str] = []
    for path in paths:
        lines += [f"==> {path.stem} <=="] * (len(paths) > 1) + last_lines(path, asked.tail)
    return Reply({"content": "\n".join(lines)})
