"""An `up` in a process of its own, which is killed at one of its requests."""

from __future__ import annotations

import itertools
import os
import pickle
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from requests.adapters import HTTPAdapter

from emulator_provider.stack import Stack
from pulumi_azureml.arm import ArmClient, Settings
from pulumi_azureml.engine import Kind, ResourceState
from pulumi_azureml.resources import kind_named

from .program import up


class KeptStack(Stack):
    """A stack whose state is written after each resource, as the engine writes its own."""

    place: Path

    def up(self, kind: Kind, logical: str, **inputs: Any) -> ResourceState:
        state = super().up(kind, logical, **inputs)
        kept = {name: (made.name, state) for name, (made, state) in self.made.items()}
        whole = self.place.with_suffix(".new")
        whole.write_bytes(pickle.dumps(kept))
        whole.replace(self.place)
        return state


def kept(place: Path) -> dict[str, tuple[Kind, ResourceState]]:
    """The resources in the state that a process has left."""
    left = pickle.loads(place.read_bytes()) if place.exists() else {}
    return {logical: (kind_named(name), state) for logical, (name, state) in left.items()}


def up_until_killed(environment: Mapping[str, str], settings: Settings, source: Path, place: Path, last: int) -> None:
    """Be killed when request number `last` has been taken, before its answer is looked at.

    Requests of every sort count: for tokens, to ARM and for blobs.
    """
    os.environ.update(environment)
    numbers = itertools.count()
    send = HTTPAdapter.send

    def send_and_die(*arguments: Any, **options: Any) -> Any:
        answer = send(*arguments, **options)
        if next(numbers) == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    HTTPAdapter.send = send_and_die  # type: ignore[method-assign]
    stack = KeptStack(ArmClient(settings), "kills")
    stack.place = place
    up(stack, source)
