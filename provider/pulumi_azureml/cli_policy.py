"""The command ``azureml-stack policy``. Standard library only until it runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from .cli_release import _Add, _Commands
    from .consume.display import Display


def add_policy(commands: _Commands, command: _Add, common: Callable[[argparse.ArgumentParser], None]) -> None:
    """Add ``policy``."""
    policy = command(
        commands,
        "policy",
        "ask of the stack's program what production needs: the rules of the policy pack, without the policy engine",
        "  azureml-stack policy --stack prod\n"
        "  azureml-stack policy --stack prod --config policy.json\n"
        "  pulumi preview --json --show-sames --stack prod > preview.json\n"
        "  azureml-stack policy --preview preview.json",
    )
    policy.add_argument(
        "--preview",
        type=Path,
        metavar="FILE",
        help="what `pulumi preview --json --show-sames` wrote (default: it is run)",
    )
    policy.add_argument(
        "--config", type=Path, metavar="FILE", help="limits by rule, as `pulumi up --policy-pack-config` takes them"
    )
    common(policy)


def _policy(options: argparse.Namespace, display: Display) -> int:
    import json  # noqa: PLC0415 - see the module's docstring

    from .consume.errors import InputError  # noqa: PLC0415
    from .consume.stack import Stack  # noqa: PLC0415
    from .policy.check import read_limits, verdicts  # noqa: PLC0415

    limits = read_limits(options.config)
    if options.preview is None:
        display.status("previewing")
        preview = Stack(options.stack, options.cwd).preview()
    else:
        try:
            preview = json.loads(options.preview.read_text(encoding="utf-8"))
        except ValueError as error:
            raise InputError(f"{options.preview} is not what `pulumi preview --json` writes: {error}.") from None
    found = list(verdicts(preview, limits))
    for each in found:
        word = "violates" if each.known else "unknown "
        text = f"{word}  {each.rule}: {each.kind} {each.logical_name!r}: {each.problem}"
        display.result("verdict", text, **each.as_json())
    wrong = [each for each in found if each.known]
    if not wrong:
        display.result("passed", "The stack keeps the rules of production.")
    return 1 if wrong else 0


COMMANDS: dict[str, Callable[[argparse.Namespace, Display], int | None]] = {"policy": _policy}
