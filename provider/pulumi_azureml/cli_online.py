"""The commands of ``azureml-stack`` for real-time endpoints. Standard library only until one runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypeAlias

    from .consume.display import Display
    from .consume.target import TargetOptions

    _Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
    _Add: TypeAlias = Callable[[_Commands, str, str, str], argparse.ArgumentParser]
    _Target: TypeAlias = Callable[[argparse.Namespace], TargetOptions]


def add_online(commands: _Commands, command: _Add, common: Callable[..., None]) -> None:
    """Add ``score`` and ``keys``."""
    score = command(
        commands,
        "score",
        "send a request to a real-time endpoint and print its answer",
        "  azureml-stack score --input request.json\n"
        "  azureml-stack score --endpoint digits --input '{\"data\":[[0.1,0.2]]}'\n"
        "  azureml-stack score --input - --deployment green --json",
    )
    score.add_argument(
        "--input",
        required=True,
        metavar="DATA",
        help="the request as JSON: a file, - for standard input, or the JSON itself, beginning with { or [",
    )
    score.add_argument(
        "--deployment", metavar="NAME", help="deployment that answers (default: the endpoint's traffic decides)"
    )
    common(score, endpoint=True)

    keys = command(
        commands,
        "keys",
        "show or regenerate what callers of a real-time endpoint sign in with",
        "  azureml-stack keys --endpoint digits\n"
        "  azureml-stack keys --only primary --quiet\n"
        "  azureml-stack keys --regenerate secondary --yes",
    )
    keys.add_argument("--only", choices=("primary", "secondary"), help="show this key alone")
    keys.add_argument(
        "--regenerate",
        choices=("primary", "secondary"),
        help="put a new key in the place of this one; whoever still uses the old one is refused at once (401)",
    )
    keys.add_argument("--yes", "-y", action="store_true", help="regenerate without asking")
    common(keys, endpoint=True)


def handlers(target: _Target) -> dict[str, Callable[[argparse.Namespace, Display], int | None]]:
    """What runs each command; ``target`` reads the options that name stack and endpoint."""

    def score(options: argparse.Namespace, display: Display) -> None:
        from .consume import online_commands  # noqa: PLC0415 - see the module's docstring

        online_commands.score(target(options), display, options.input, deployment=options.deployment)

    def keys(options: argparse.Namespace, display: Display) -> None:
        from .consume import online_commands  # noqa: PLC0415 - see the module's docstring

        if options.regenerate:
            online_commands.regenerate(target(options), display, options.regenerate, sure=options.yes)
        else:
            online_commands.show_keys(target(options), display, only=options.only)

    return {"score": score, "keys": keys}
