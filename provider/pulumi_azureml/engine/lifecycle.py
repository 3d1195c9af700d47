"""Create, read, update and delete of an ARM resource, from its declaration.

Every create can be run again: a dynamic provider cannot report a half-made resource, so what a run left
behind is recognised by its owner's tag and taken over, and what somebody else made is refused.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..arm import (
    Answer,
    ArmError,
    ConflictError,
    NotFoundError,
    OperationFailedError,
    wait_for_deletion,
    wait_for_operation,
    wait_for_result,
)
from ..arm.polling import Wait, provisioning_state
from ..state_keys import ARM_ID, CONTENT, MARK
from . import registry
from .context import Context
from .declaration import Kind, Values
from .deletion import ask_to_delete, refuse
from .diff import diff
from .shape import OWNER_TAG, build_body, owner_of, read_inputs, read_outputs, version_of
from .values import Document, duration_seconds, put

_CREATED = 201
_REFUSED = frozenset({400, 409})
Prepared = Mapping[str, Any] | None
_UNDER_WAY = frozenset({"Creating", "Updating", "Scaling", "Deleting"})


@dataclass(frozen=True)
class ResourceState:
    """A resource as the stack's state holds it.

    Attributes:
        id: the ARM id.
        inputs: what the program declares, as the service has it.
        outputs: the inputs and what the service adds.
    """

    id: str
    inputs: Values
    outputs: Values


def _content_first(inputs: Values, ctx: Context) -> bool:
    """Whether its content is brought before it is looked for: that of a version of the workspace's which has its name
    from the content, and is to be made from it."""
    content = inputs.get(CONTENT)
    if not content or inputs.get("version") != version_of(content):
        return False
    return not (inputs.get("registry") or inputs.get("adopt") or ctx.client.settings.release)


class Lifecycle:
    """The operations of one kind."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def create(self, inputs: Values, ctx: Context) -> ResourceState:
        """Make the resource, or take over what an earlier run of the same create has left.

        Raises:
            ConflictError: it exists and belongs to somebody else; `adopt=True` would take it over.
            ArmError: the service refused or failed; the message says whether something exists now.
        """
        resource = str(inputs[ARM_ID])
        prepared: Prepared = None
        if _content_first(inputs, ctx):
            prepared = self._prepared(resource, inputs, ctx, verb="create", current=None)
        # Beneath what this process has made a moment ago, nothing can be, nor a version of content that was not there.
        if not ctx.client.memory.cannot_exist(resource):
            return self._make(resource, inputs, self._find_settled(resource, ctx), prepared, ctx)
        try:
            return self._make(resource, inputs, None, prepared, ctx)
        except ArmError as error:
            # Its content may have been registered from elsewhere, or deleted from the storage since.
            if prepared is None or error.status not in _REFUSED or (found := self._find(resource, ctx)) is None:
                raise
            return self._make(resource, inputs, found, prepared, ctx)

    def _make(
        self, resource: str, inputs: Values, existing: Document | None, prepared: Prepared, ctx: Context
    ) -> ResourceState:
        if existing is not None:
            owner, _ = owner_of(self.kind, existing)
            if owner != ctx.owner and registry.is_released(self.kind, resource, inputs, ctx):
                return self._state(resource, inputs, existing)
            if owner != ctx.owner and inputs.get("adopt"):
                return self._state(resource, read_inputs(self.kind, existing, inputs), existing)
            if owner != ctx.owner:
                raise self._not_ours(resource, owner, ctx)
            ctx.status(f"taking over the {self.kind.title} that an earlier run made")
        document = self._put(
            resource, inputs, ctx, verb="create", current=existing, prepared=None if existing else prepared
        )
        return self._state(resource, inputs, document)

    def read(self, resource: str, inputs: Values, ctx: Context) -> ResourceState | None:
        """The resource as it is now, or None when it is gone."""
        document = self._find(resource, ctx)
        if document is None:
            return None
        found = read_inputs(self.kind, document, inputs)
        if registry.is_shared(document, inputs, ctx):
            found = registry.with_own_words(found, inputs)
        found.setdefault(ARM_ID, resource)
        return self._state(resource, found, document)

    def update(self, resource: str, olds: Values, news: Values, ctx: Context) -> ResourceState:
        """Change the resource in place: a full PUT, for PATCH changes only tags on the batch kinds."""
        current = self._find_settled(resource, ctx)
        if current is None:
            raise NotFoundError(
                f"update {self._words(ctx)}",
                resource,
                message="it is gone",
                hint="run `pulumi refresh`, then `pulumi up` makes it anew.",
            )
        if olds.get(CONTENT) != news.get(CONTENT):
            # In development (see `diff`): the service takes no other content for a version, so it is made again.
            self.delete(resource, {**olds, "onDelete": "delete"}, ctx)
            return self.create(news, ctx)
        if registry.is_shared(current, news, ctx) or not self._concerns_the_service(olds, news):
            return self._state(resource, news, current)
        document = self._put(resource, news, ctx, verb="update", current=current, previous=olds)
        return self._state(resource, news, document)

    def delete(self, resource: str, state: Values, ctx: Context) -> None:
        """Delete the resource (or archive or retain it, where the kind knows that); gone already is fine."""
        policy = state.get("onDelete", "delete")
        if policy == "retain":
            return
        current = self._find(resource, ctx)
        if current is None or self._was_made_anew(current, state, ctx) or registry.is_shared(current, state, ctx):
            return
        operation = f"delete {self._words(ctx)}"
        if self.kind.in_use and ctx.client.settings.mode == "production":
            refuse(operation, resource, self.kind.in_use(ctx.client, resource, state))
        if policy == "archive":
            self._archive(resource, current, ctx)
            return
        ctx.status(f"deleting the {self.kind.title}")
        if provisioning_state(current) == "Deleting":
            answer = Answer(200, current, {})  # an earlier run has asked already: only the wait is left
        else:
            try:
                answer = ask_to_delete(self.kind, resource, state, operation, ctx)
            except NotFoundError:
                return
        wait_for_deletion(ctx.client, answer, resource, operation=operation, wait=self._wait(state, "delete", ctx))

    def _concerns_the_service(self, olds: Values, news: Values) -> bool:
        """Whether anything that is sent has changed, and not only what the provider keeps for itself."""
        if self.kind.prepare_updates:
            return True
        sent = {item.key for item in self.kind.fields if item.place.body}
        return bool(sent.intersection(diff(self.kind, olds, news).changes))

    def _wait(self, inputs: Mapping[str, Any], verb: str, ctx: Context) -> Wait:
        """How long to wait: what the resource says in `timeouts`, else what its kind takes."""
        told = duration_seconds((inputs.get("timeouts") or {}).get(verb, ""))
        return ctx.wait(told or self.kind.timeout)

    def _put(
        self,
        resource: str,
        inputs: Values,
        ctx: Context,
        *,
        verb: str,
        current: Document | None,
        previous: Mapping[str, Any] | None = None,
        prepared: Prepared = None,
    ) -> Document:
        operation = f"{verb} {self._words(ctx)}"
        mark = owner_of(self.kind, current or {})[1] if verb == "update" else ""
        body = build_body(
            self.kind,
            inputs,
            owner=ctx.owner,
            mark=mark or secrets.token_hex(4),
            current=current,
            previous=previous,
        )
        with registry.reaching(inputs.get("registry")):
            if prepared is None:
                prepared = self._prepared(resource, inputs, ctx, verb=verb, current=current)
            for path, value in prepared.items():
                put(body, path, value)
            ctx.status(f"{'creating' if verb == 'create' else 'updating'} the {self.kind.title}")
            answer = ctx.client.request("PUT", resource, json=body, operation=operation)
        # What a create sends bears a mark of its own, so the resource itself tells when it is there; an update
        # keeps the mark, so only its operation tells when it is done.
        sent = owner_of(self.kind, body)
        by_mark = None if mark or not self.kind.tags else lambda found: owner_of(self.kind, found) == sent
        wait = self._wait(inputs, verb, ctx)
        try:
            document: Document = wait_for_result(
                ctx.client, answer, resource, is_result=by_mark, operation=operation, wait=wait
            )
        except ArmError as error:
            error.add_consequence(
                f"the {self.kind.title} was accepted and may exist; running the command again takes it over."
            )
            raise
        if current is None and answer.status == _CREATED:
            ctx.client.memory.made(resource, document)
        return document

    def _prepared(
        self, resource: str, inputs: Values, ctx: Context, *, verb: str, current: Document | None
    ) -> Mapping[str, Any]:
        """What is to be sent beside the inputs, once what is local, or in the stack's release, is in the workspace."""
        if verb == "create" and ctx.client.settings.release:
            from ..release.resolve import prepare  # noqa: PLC0415 - a stack without releases does not pay for it

            # What is there already is compared with the release, too.
            found = prepare(ctx.client, self.kind.name, ctx.name, resource, ctx.status)
            if found is not None:
                return found
        if self.kind.prepare and (current is None or self.kind.prepare_updates):
            return self.kind.prepare(ctx.client, inputs, ctx.status)
        return {}

    def _archive(self, resource: str, current: Document, ctx: Context) -> None:
        ctx.status(f"archiving the {self.kind.title}")
        put(current, "properties.isArchived", True)  # noqa: FBT003 - a value of the wire
        ctx.client.request("PUT", resource, json=current, operation=f"archive {self._words(ctx)}")

    def _was_made_anew(self, current: Document, state: Values, ctx: Context) -> bool:
        """Whether a replacement of the same id stands there: then this state's resource is gone already."""
        owner, mark = owner_of(self.kind, current)
        return owner == ctx.owner and bool(mark) and bool(state.get(MARK)) and mark != state[MARK]

    def _find(self, resource: str, ctx: Context) -> Document | None:
        try:
            found: Document = ctx.client.request("GET", resource, operation=f"read {self._words(ctx)}").body
        except NotFoundError:
            # A missing parent counts too: for a read that means gone, and a create's PUT will say it in full.
            return None
        return found

    def _find_settled(self, resource: str, ctx: Context) -> Document | None:
        """The document once no operation is under way: what an earlier run began would refuse a new PUT."""
        found = self._find(resource, ctx)
        if found is None or provisioning_state(found) not in _UNDER_WAY:
            return found
        ctx.status(f"waiting for the {self.kind.title}, which is {provisioning_state(found)}")
        operation = f"wait for {self._words(ctx)}"
        wait = ctx.wait(self.kind.timeout)
        with contextlib.suppress(NotFoundError, OperationFailedError):
            wait_for_operation(ctx.client, Answer(200, found, {}), resource, operation=operation, wait=wait)
        return self._find(resource, ctx)

    def _state(self, resource: str, inputs: Values, document: Document) -> ResourceState:
        outputs = {**inputs, **read_outputs(self.kind, document)}
        if mark := owner_of(self.kind, document)[1]:
            outputs[MARK] = mark
        return ResourceState(resource, inputs, outputs)

    def _words(self, ctx: Context) -> str:
        return f"{self.kind.title} {ctx.name!r}"

    def _not_ours(self, resource: str, owner: str, ctx: Context) -> ConflictError:
        whose = f"it belongs to {owner}" if owner else f"it has no {OWNER_TAG} tag, so it was made outside Pulumi"
        return ConflictError(
            f"create {self._words(ctx)}",
            resource,
            message=f"it exists already and {whose}",
            hint="choose another name, or set adopt=True to take it over as it is.",
        )
