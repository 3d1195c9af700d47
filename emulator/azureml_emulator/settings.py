"""What an emulator process is started with, and the names of the things that it is seeded with."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

DEFAULT_PORT = 7443
HOME_VARIABLE = "AZUREML_EMULATOR_HOME"

TENANT_ID = "00000000-0000-0000-0000-00000000000a"
CLIENT_ID = "00000000-0000-0000-0000-00000000000c"
MANAGED_ID = "00000000-0000-0000-0000-00000000000d"
MANAGED_HEADER = "identity.header"  # the file of the home folder that holds it
MANAGED_ENDPOINT = "/msi/token"
CERTIFICATES, FEDERATED = "certificates", "federated"  # folders of the home folder: what may prove the application
EXCHANGE_AUDIENCE = "api://AzureADTokenExchange"
SUBSCRIPTION_ID = "00000000-0000-0000-0000-000000000001"
RESOURCE_GROUP = "local"
WORKSPACE_NAME = "local"
LOCATION = "eastus"
STORAGE_ACCOUNT = "amlemulator"

_LOOPBACK = re.compile(r"(127\.\d+\.\d+\.\d+|localhost|::1)$")


@dataclass(frozen=True)
class LongRunning:
    """How long-running operations proceed.

    ``instant``: finished at the first poll. ``timed``: finished after ``seconds``. ``polls``: finished at
    the poll number ``polls``.
    """

    mode: Literal["instant", "timed", "polls"] = "instant"
    seconds: float = 3.0
    polls: int = 1

    @classmethod
    def parse(cls, text: str) -> LongRunning:
        """Read ``instant``, ``timed``, ``timed=SECONDS`` or ``polls=N``.

        Raises ``ValueError`` for anything else.
        """
        match = re.fullmatch(r"(instant)|timed(?:=(\d+(?:\.\d+)?))?|polls=([1-9]\d*)", text.strip().lower())
        if match is None:
            raise ValueError(
                f"the mode of long-running operations is 'instant', 'timed', 'timed=SECONDS' or 'polls=N', not '{text}'"
            )
        if match[1]:
            return cls()
        if match[3]:
            return cls(mode="polls", polls=int(match[3]))
        return cls(mode="timed", seconds=float(match[2] or cls.seconds))

    def __str__(self) -> str:
        if self.mode == "timed":
            return f"timed={self.seconds:g}"
        return "instant" if self.mode == "instant" else f"polls={self.polls}"


@dataclass(frozen=True)
class Settings:
    """Where an emulator keeps its state and where it listens.

    ``proxy_port`` 0 is the one that its proxy had before, else a free one.
    """

    home: Path
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    long_running: LongRunning = LongRunning()
    blobs: bool = True
    proxy_port: int = 0

    @property
    def loopback_only(self) -> bool:
        """Whether only this machine can reach the emulator."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's loopback interface."""
    return _LOOPBACK.match(host) is not None


def default_home() -> Path:
    """The folder of the emulator's state: ``$AZUREML_EMULATOR_HOME``, else ``~/.azureml-emulator``."""
    configured = os.environ.get(HOME_VARIABLE, "")
    return Path(configured).expanduser().absolute() if configured else Path.home() / ".azureml-emulator"


def cache_folder() -> Path:
    """The folder for what is installed once per user: ``${XDG_CACHE_HOME:-~/.cache}/pulumi-azureml``."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base).expanduser() if base else Path.home() / ".cache") / "pulumi-azureml"
