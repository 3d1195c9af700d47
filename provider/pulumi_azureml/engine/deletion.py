"""When a resource may be deleted: what production refuses, and the wait for what still uses it."""

from __future__ import annotations

from functools import partial

from ..arm import Answer, BadRequestError, ConflictError
from .context import Context
from .declaration import Kind, Values

_LETTING_GO_SECONDS = 60.0


def refuse(operation: str, resource: str, reason: str) -> None:
    """Refuse a deletion in production, when there is a reason."""
    if reason:
        raise ConflictError(
            operation,
            resource,
            message=f"{reason}, and this stack's azureml:mode is production",
            hint="move the default to another deployment first; to take everything down, remove azureml:mode.",
        )


def ask_to_delete(kind: Kind, resource: str, state: Values, operation: str, ctx: Context) -> Answer:
    """Have the service delete it; where it refuses because of what uses it, once that has let go.

    The engine deletes side by side what an update replaces: a deployment, and the traffic that leads to it.

    Raises:
        NotFoundError: it is gone already.
        BadRequestError: it is still in use after a minute, or was refused for another reason.
    """
    ask = partial(ctx.client.request, "DELETE", resource, params=kind.query_on_delete or None, operation=operation)
    try:
        return ask()
    except BadRequestError:
        if not kind.in_use:
            raise
        until = ctx.client.clock.now() + _LETTING_GO_SECONDS
        while reason := kind.in_use(ctx.client, resource, state):
            if ctx.client.clock.now() >= until:
                raise
            ctx.status(f"waiting to delete the {kind.title}: {reason}")
            ctx.client.clock.sleep(1.0)
    return ask()
