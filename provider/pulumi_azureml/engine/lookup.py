"""The lifecycle of a lookup: a resource of the stack that reads what exists and never makes or deletes it."""

from __future__ import annotations

from ..arm import NotFoundError
from ..state_keys import ARM_ID
from .context import Context
from .declaration import Kind, Values
from .lifecycle import ResourceState
from .shape import read_outputs


class LookupLifecycle:
    """The operations of a kind that only looks."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def create(self, inputs: Values, ctx: Context) -> ResourceState:
        """Read the resource; NotFoundError when there is none."""
        resource = str(inputs[ARM_ID])
        document = ctx.client.request("GET", resource, operation=f"look up {self.kind.title} {ctx.name!r}").body
        return ResourceState(resource, inputs, {**inputs, **read_outputs(self.kind, document)})

    def read(self, resource: str, inputs: Values, ctx: Context) -> ResourceState | None:
        """Read it again; None when it is gone."""
        try:
            return self.create({**inputs, ARM_ID: resource}, ctx)
        except NotFoundError:
            return None

    def update(self, _resource: str, _olds: Values, news: Values, ctx: Context) -> ResourceState:
        """Read it again."""
        return self.create(news, ctx)

    def delete(self, _resource: str, _state: Values, _ctx: Context) -> None:
        """Leave it alone: it is not the stack's."""
