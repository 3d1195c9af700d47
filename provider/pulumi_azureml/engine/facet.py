"""The lifecycle of a facet: a resource of the stack that is a part of another ARM resource.

An endpoint's default deployment is one, its traffic another. Kept apart from the endpoint, it is set last, moved in
place and unset first, and endpoint and deployment do not depend on each other in a circle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..arm import ArmError, NotFoundError, OperationFailedError, wait_for_result
from ..state_keys import ARM_ID
from .context import Context
from .declaration import Facet, InputField, Kind, Values
from .deletion import refuse
from .lifecycle import ResourceState
from .shape import normalise
from .values import Document, get, put


class FacetLifecycle:
    """The operations of a kind with a `facet`; its values are the fields that have a place in the owner's body."""

    def __init__(self, kind: Kind) -> None:
        if kind.facet is None:
            raise TypeError(f"{kind.name} is not a facet")
        self.kind = kind
        self._facet: Facet = kind.facet
        self._places = {item.key: item.place.body for item in kind.fields if item.place.body}

    def create(self, inputs: Values, ctx: Context) -> ResourceState:
        """Set the property and read it back."""
        return self._set(str(inputs[ARM_ID]), inputs, ctx, "set")

    def update(self, resource: str, _olds: Values, news: Values, ctx: Context) -> ResourceState:
        """Move the property to its new value in place, and read it back."""
        return self._set(resource, news, ctx, "move")

    def read(self, resource: str, inputs: Values, ctx: Context) -> ResourceState | None:
        """The facet as it is; None when the owner is gone or nothing of it is set."""
        owner = self._owner(resource, ctx)
        values = self._values(owner)
        if not values:
            return None
        kept = {key: value for key, value in inputs.items() if key not in self._places}
        found = {**kept, **values, ARM_ID: resource}
        return ResourceState(resource, found, dict(found))

    def delete(self, resource: str, state: Values, ctx: Context) -> None:
        """Unset the facet, if it still is as this stack has set it."""
        owner = self._owner(resource, ctx)
        if owner is None or self._values(owner) != self._wanted(state):
            return
        if ctx.client.settings.mode == "production":
            refuse(f"unset {self.kind.title} {ctx.name!r}", resource, self._facet.loss)
        ctx.status(f"unsetting the {self.kind.title}")
        try:
            self._put(resource, owner, {}, ctx, "unset")
        except NotFoundError:
            return

    def _set(self, resource: str, inputs: Values, ctx: Context, verb: str) -> ResourceState:
        # An endpoint that this process has made a moment ago is as it was left.
        owner = ctx.client.memory.left(self._owner_id(resource)) or self._owner(resource, ctx)
        if owner is None:
            raise NotFoundError(
                f"{verb} {self.kind.title} {ctx.name!r}",
                self._owner_id(resource),
                message="the endpoint does not exist",
                hint="run `pulumi refresh`, then `pulumi up` makes it anew.",
            )
        wanted = self._wanted(inputs)
        if self._values(owner) != wanted:
            ctx.status(f"setting the {self.kind.title} to {_words(wanted)}")
            self._verify(resource, wanted, self._put(resource, owner, wanted, ctx, verb), ctx, verb)
        return ResourceState(resource, inputs, dict(inputs))

    def _wanted(self, inputs: Values) -> Values:
        return self._declared(lambda item: inputs.get(item.key))

    def _values(self, owner: Document | None) -> Values:
        return self._declared(lambda item: get(owner, item.place.body))

    def _declared(self, value_of: Callable[[InputField], Any]) -> Values:
        """What is set, in the form of the declaration; a share of nothing, such as 0 percent, is not set."""
        found: Values = {}
        for item in self.kind.fields:
            value = normalise(item, value_of(item)) if item.place.body else None
            if isinstance(value, Mapping):
                value = {name: part for name, part in value.items() if part}
            if value:
                found[item.key] = value
        return found

    def _put(self, resource: str, owner: Document, values: Values, ctx: Context, verb: str) -> Document | None:
        """Send the owner with other values of the facet; return it as it reads afterwards."""
        body: Document = {}
        for path in self._facet.carried:
            if (kept := get(owner, path)) is not None:
                put(body, path, kept)
        for path in self._facet.unset:
            put(body, path, {})
        for key, value in values.items():
            put(body, self._places[key], value)
        operation = f"{verb} {self.kind.title} {ctx.name!r}"
        owner_id = self._owner_id(resource)
        answer = ctx.client.request("PUT", owner_id, json=body, operation=operation)
        sent, wait = self._values(body), ctx.wait(self.kind.timeout)
        try:
            found: Document | None = wait_for_result(
                ctx.client,
                answer,
                owner_id,
                is_result=lambda document: self._values(document) == sent,
                operation=operation,
                wait=wait,
            )
        except ArmError as error:
            error.add_consequence("the endpoint may have the old or the new value; `pulumi refresh` tells.")
            raise
        # The answer to the PUT says what was asked for; what came of it is read.
        return self._owner(resource, ctx) if found is answer.body else found

    def _verify(self, resource: str, wanted: Values, owner: Document | None, ctx: Context, verb: str) -> None:
        """Compare what was read back: another client may have moved it meanwhile."""
        after = self._values(owner)
        if after != wanted:
            raise OperationFailedError(
                f"{verb} {self.kind.title} {ctx.name!r}",
                self._owner_id(resource),
                message=f"it was set to {_words(wanted)} but reads {_words(after) or 'nothing'}",
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


def _words(values: Values) -> str:
    """Values for people: a name as it is, shares as `blue 90, green 10`."""
    parts = [
        ", ".join(f"{name} {part}" for name, part in value.items()) if isinstance(value, Mapping) else str(value)
        for value in values.values()
    ]
    return "; ".join(parts)
