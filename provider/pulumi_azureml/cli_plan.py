"""``azureml-stack plan``. Standard library only until it runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from .cli_release import EXIT_DIFFERENT

if TYPE_CHECKING:
    from typing import TypeAlias

    from .consume.display import Display

    _Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
    _Add: TypeAlias = Callable[[_Commands, str, str, str], argparse.ArgumentParser]


def add_plan(commands: _Commands, command: _Add, common: Callable[[argparse.ArgumentParser], None]) -> None:
    """Add ``plan``."""
    plan = command(
        commands,
        "plan",
        "show what `pulumi up` would do: content to upload with its size, changes, gates, and defaults that move",
        "  azureml-stack plan --stack prod\n"
        "  azureml-stack plan --stack prod --refresh --expect-no-changes\n"
        "  azureml-stack plan --stack prod --markdown > plan.md\n"
        "  azureml-stack plan --stack prod -- --policy-pack policy",
    )
    plan.add_argument("--refresh", action="store_true", help="look at the resources first, to find what others changed")
    plan.add_argument(
        "--expect-no-changes", action="store_true", help=f"exit with {EXIT_DIFFERENT} when there are any: a drift check"
    )
    plan.add_argument("--markdown", action="store_true", help="as Markdown, for a comment of a pull request")
    plan.add_argument("options", nargs="*", metavar="-- OPTION", help="further options of `pulumi preview`")
    common(plan)


def _plan(options: argparse.Namespace, display: Display) -> int:
    from .consume.stack import Stack  # noqa: PLC0415 - see the module's docstring
    from .planning.command import plan  # noqa: PLC0415

    stack = Stack(options.stack, options.cwd)
    made = plan(stack, display, refresh=options.refresh, as_markdown=options.markdown, options=options.options)
    return EXIT_DIFFERENT if options.expect_no_changes and made.changes else 0


COMMANDS: dict[str, Callable[[argparse.Namespace, Display], int | None]] = {"plan": _plan}
