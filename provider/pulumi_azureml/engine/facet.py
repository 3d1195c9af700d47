"""The lifecycle of a facet: a resource of the stack that is one property of another ARM resource.

An endpoint's default deployment is one. Kept apart from the endpoint, it is set last, moved in place and
unset first, and endpoint and deployment do not depend on each other in a circle.
"""

from __future__ import annotations

from ..arm import ArmError, NotFoundError, OperationFailedError, wait_for_operation
from ..state_keys import ARM_ID
from .context import Context
from .declaration import Facet, Kind, Values
from .lifecycle import ResourceState, refuse
from .values import Document, get, put


class FacetLifecycle:
    """The operations of a kind with a `facet`; its one value is the field whose place is the facet's path."""

    def __init__(self, kind: Kind) -> None:
        if kind.facet is None:
            raise TypeError(f"{kind.name} is not a facet")
        self.kind = kind
        self._facet: Facet = kind.facet
        self._key = next(item.key for item in kind.fields if item.place.body == self._facet.body)

    def create(self, inputs: Values, ctx: Context) -> ResourceState:
        """Set the property and read it back."""
        return self._set(str(inputs[ARM_ID]), inputs, ctx, "set")

    def update(self, resource: str, _olds: Values, news: Values, ctx: Context) -> ResourceState:
        """Move the property to its new value in place, and read it back."""
        return self._set(resource, news, ctx, "move")

    def read(self, resource: str, inputs: Values, ctx: Context) -> ResourceState | None:
        """The property as it is; None when the owner is gone or the property is unset."""
        owner = self._owner(resource, ctx)
        value = get(owner, self._facet.body)
        if not value:
            return None
        found = {**inputs, self._key: value, ARM_ID: resource}
        return ResourceState(resource, found, dict(found))

    def delete(self, resource: str, state: Values, ctx: Context) -> None:
        """Unset the property, if it still has the value that this stack gave it."""
        owner = self._owner(resource, ctx)
        if owner is None or get(owner, self._facet.body) != state.get(self._key):
            return
        if ctx.client.settings.mode == "production":
            refuse(f"unset {self.kind.title} {ctx.name!r}", resource, "jobs that name no deployment would fail")
        ctx.status(f"unsetting the {self.kind.title}")
        try:
            self._put(resource, owner, None, ctx, "unset")
        except NotFoundError:
            return

    def _set(self, resource: str, inputs: Values, ctx: Context, verb: str) -> ResourceState:
        owner = self._owner(resource, ctx)
        if owner is None:
            raise NotFoundError(
                f"{verb} {self.kind.title} {ctx.name!r}",
                self._owner_id(resource),
                message="the endpoint does not exist",
                hint="run `pulumi refresh`, then `pulumi up` makes it anew.",
            )
        value = inputs[self._key]
        if get(owner, self._facet.body) != value:
            ctx.status(f"setting the {self.kind.title} to {value}")
            self._put(resource, owner, value, ctx, verb)
            self._verify(resource, value, ctx, verb)
        return ResourceState(resource, inputs, dict(inputs))

    def _put(self, resource: str, owner: Document, value: str | None, ctx: Context, verb: str) -> None:
        body: Document = {}
        for path in self._facet.carried:
            if (kept := get(owner, path)) is not None:
                put(body, path, kept)
        holder = self._facet.body.rsplit(".", 1)[0]
        put(body, holder, {})
        if value is not None:
            put(body, self._facet.body, value)
        operation = f"{verb} {self.kind.title} {ctx.name!r}"
        owner_id = self._owner_id(resource)
        answer = ctx.client.request("PUT", owner_id, json=body, operation=operation)
        try:
            wait_for_operation(ctx.client, answer, owner_id, operation=operation, wait=ctx.wait(self.kind.timeout))
        except ArmError as error:
            error.add_consequence("the endpoint may have the old or the new value; `pulumi refresh` tells.")
            raise

    def _verify(self, resource: str, value: str, ctx: Context, verb: str) -> None:
        """Read back: the service takes names of things that do not exist, and another client may have moved it."""
        after = get(self._owner(resource, ctx), self._facet.body)
        if after != value:
            raise OperationFailedError(
                f"{verb} {self.kind.title} {ctx.name!r}",
                self._owner_id(resource),
                message=f"it was set to {value!r} but reads {after!r}",
                hint="find out who else changes this endpoint, then run the command again.",
            )

    def _owner(self, resource: str, ctx: Context) -> Document | None:
        try:
            found: Document = ctx.client.request(
                "GET", self._owner_id(resource), operation=f"read {self.kind.title} {ctx.name!r}"
            ).body
        except NotFoundError:
            return None
        return found

    def _owner_id(self, resource: str) -> str:
        return resource.removesuffix(self._facet.suffix)
