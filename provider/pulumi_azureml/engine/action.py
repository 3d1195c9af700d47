"""The lifecycle of an action: something that is done when it is made or changed, such as a gate's scoring job."""

from __future__ import annotations

from ..state_keys import ARM_ID
from .context import Context
from .declaration import Kind, Perform, Values
from .lifecycle import ResourceState
from .values import duration_seconds


class ActionLifecycle:
    """The operations of a kind with `perform`: there is nothing of it in the service, only what it found out."""

    def __init__(self, kind: Kind) -> None:
        if kind.perform is None:
            raise TypeError(f"{kind.name} does nothing")
        self.kind = kind
        self._perform: Perform = kind.perform

    def create(self, inputs: Values, ctx: Context) -> ResourceState:
        """Do it; what it raises leaves nothing in the state, so that the next run does it again."""
        return self._do(inputs, ctx, "create")

    def update(self, _resource: str, _olds: Values, news: Values, ctx: Context) -> ResourceState:
        """Do it again; what it raises leaves the state as it was."""
        return self._do(news, ctx, "update")

    def read(self, resource: str, inputs: Values, _ctx: Context) -> ResourceState | None:
        """What was done is done: there is nothing to look at."""
        return ResourceState(resource, inputs, dict(inputs))

    def delete(self, _resource: str, _state: Values, _ctx: Context) -> None:
        """Nothing is there."""

    def _do(self, inputs: Values, ctx: Context, verb: str) -> ResourceState:
        told = duration_seconds((inputs.get("timeouts") or {}).get(verb, ""))
        outputs = self._perform(ctx.client, inputs, told or self.kind.timeout, ctx.status)
        return ResourceState(str(inputs[ARM_ID]), inputs, {**inputs, **outputs})
