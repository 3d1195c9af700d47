"""The commands of ``azureml-stack`` for releases. Standard library only until one runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypeAlias

    from .consume.display import Display
    from .release.commands import Where

    _Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
    _Add: TypeAlias = Callable[[_Commands, str, str, str], argparse.ArgumentParser]

EXIT_DIFFERENT = 3
"""What was to be the same is not: releases that differ, a plan that was to have no changes."""


def add_release(commands: _Commands, command: _Add, common: Callable[[argparse.ArgumentParser], None]) -> None:
    """Add ``release`` with its sub-commands, and ``rollback``."""
    release = command(
        commands,
        "release",
        "make, show, compare and verify releases: what one stack has tested, for another one to deploy",
        "  azureml-stack release create v1 --stack dev\n"
        "  pulumi config set azureml:release v1 --stack prod && pulumi up --stack prod\n"
        "  azureml-stack release verify v1 --stack prod",
    )
    parts = release.add_subparsers(title="commands", required=True, metavar="COMMAND")
    name = "a name, for the file releases/NAME.json beside the program, or a path that ends in .json"

    create = command(
        parts,
        "create",
        "write a lock file of everything that the stack has deployed",
        "  azureml-stack release create v1 --stack dev\n"
        "  azureml-stack release create releases/2025-06.json --stack dev --allow-dirty",
    )
    create.add_argument("name", metavar="NAME", help=name)
    create.add_argument("--force", action="store_true", help="overwrite a release of this name")
    create.add_argument("--allow-dirty", action="store_true", help="even when the git tree has changes")
    _parted(create, "release create", common)

    show = command(
        parts, "show", "show what a release holds and where it comes from", "  azureml-stack release show v1"
    )
    show.add_argument("name", metavar="NAME", help=name)
    _parted(show, "release show", common)

    diff = command(
        parts,
        "diff",
        "show what differs from one release to another; exit code 3 when something does",
        "  azureml-stack release diff v1 v2",
    )
    diff.add_argument("first", metavar="A", help=name)
    diff.add_argument("second", metavar="B", help=name)
    _parted(diff, "release diff", common)

    verify = command(
        parts,
        "verify",
        "read every byte that the stack's workspace has of a release, and compare digests",
        "  azureml-stack release verify v1 --stack prod\n  azureml-stack release verify v1 --stack prod --source",
    )
    verify.add_argument("name", metavar="NAME", help=name)
    verify.add_argument("--source", action="store_true", help="the workspace that the release was made from, instead")
    _parted(verify, "release verify", common)

    rollback = command(
        commands,
        "rollback",
        "deploy the release before the one that the stack deploys now",
        "  azureml-stack rollback --stack prod\n"
        "  azureml-stack rollback --stack prod --to v1 --yes\n"
        "  azureml-stack rollback --stack prod --no-up",
    )
    rollback.add_argument("--to", metavar="NAME", help="this release (default: the one before, by the stack's history)")
    rollback.add_argument("--yes", action="store_true", help="do not ask: `pulumi up --yes`")
    rollback.add_argument("--no-up", action="store_true", help="only write the configuration, without `pulumi up`")
    common(rollback)


def _parted(parser: argparse.ArgumentParser, name: str, common: Callable[[argparse.ArgumentParser], None]) -> None:
    common(parser)
    parser.set_defaults(command=name)


def _where(options: argparse.Namespace) -> Where:
    from .release.commands import Where  # noqa: PLC0415 - see the module's docstring

    return Where(options.stack, options.cwd)


def _create(options: argparse.Namespace, display: Display) -> None:
    from .release import commands  # noqa: PLC0415 - see the module's docstring

    commands.create(_where(options), display, options.name, force=options.force, allow_dirty=options.allow_dirty)


def _show(options: argparse.Namespace, display: Display) -> None:
    from .release import commands  # noqa: PLC0415 - see the module's docstring

    commands.show(_where(options), display, options.name)


def _diff(options: argparse.Namespace, display: Display) -> int:
    from .release import commands  # noqa: PLC0415 - see the module's docstring

    differ = commands.diff(_where(options), display, options.first, options.second)
    return EXIT_DIFFERENT if differ else 0


def _verify(options: argparse.Namespace, display: Display) -> None:
    from .release import commands  # noqa: PLC0415 - see the module's docstring

    commands.verify_release(_where(options), display, options.name, source=options.source)


def _rollback(options: argparse.Namespace, display: Display) -> int:
    from .release import commands  # noqa: PLC0415 - see the module's docstring

    extra = ["--yes"] if options.yes else []
    return commands.rollback(_where(options), display, options.to, options=extra, up=not options.no_up)


COMMANDS: dict[str, Callable[[argparse.Namespace, Display], int | None]] = {
    "release create": _create,
    "release show": _show,
    "release diff": _diff,
    "release verify": _verify,
    "rollback": _rollback,
}
