"""What a host tells an operation about the resource that it works on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..arm import ArmClient
from ..arm.clock import Status, silent
from ..arm.polling import Wait


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Context:
    """The resource's place in its stack, and the way to Azure.

    Attributes:
        client: the way to Azure; holds the stack's settings.
        project: the Pulumi project's name.
        stack: the stack's name.
        name: the resource's logical name in the program.
        status: shows one line of progress on the resource's row of the engine's display.
        cancelled: whether the user asked to stop.
    """

    client: ArmClient
    project: str
    stack: str
    name: str
    status: Status = silent
    cancelled: Callable[[], bool] = _never

    @property
    def owner(self) -> str:
        """Who owns what this operation makes: project, stack and logical name."""
        return f"{self.project}/{self.stack}/{self.name}"

    def wait(self, timeout: float) -> Wait:
        """How to wait for the service in this operation, `timeout` seconds at most."""
        return Wait(timeout=timeout, status=self.status, cancelled=self.cancelled)
