"""What is different about assets in a registry, which several stacks name and one of them makes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from ..arm import ForbiddenError, NotFoundError, TransportError
from .context import Context
from .declaration import Kind, Values
from .shape import OWNER_TAG
from .values import Document, get

# The stack that made it decides these.
_OF_THE_MAKER = ("tags", "description")


@contextlib.contextmanager
def reaching(registry: object) -> Iterator[None]:
    """Say of a registry that does not answer what to look at."""
    try:
        yield
    except (NotFoundError, ForbiddenError, TransportError) as error:
        if registry:
            error.advise(
                f"the asset goes to the registry {registry}: look whether it exists, is in this network's reach, and "
                "gives the identity the role `AzureML Registry User`."
            )
        raise


def is_released(kind: Kind, resource: str, inputs: Values, ctx: Context) -> bool:
    """Whether it lies in a registry and is the very content of the stack's release: then there is nothing to make.

    Raises:
        ContentError: it is what the release names, and has other content.
    """
    if not inputs.get("registry") or not ctx.client.settings.release:
        return False
    from ..release.resolve import compare  # noqa: PLC0415 - a stack without releases does not pay for it

    return compare(ctx.client, kind.name, ctx.name, resource, ctx.status)


def is_shared(document: Document, state: Values, ctx: Context) -> bool:
    """Whether it lies in a registry where another stack has made it, whose it is to change and to delete."""
    tags = get(document, "properties.tags") or {}
    return bool(state.get("registry")) and not state.get("adopt") and tags.get(OWNER_TAG) != ctx.owner


def with_own_words(found: Values, inputs: Values) -> Values:
    """What was found of a shared asset, but for what its maker decides: there the program's own inputs stand."""
    return {**found, **{key: inputs[key] for key in _OF_THE_MAKER if key in inputs}}
