"""``azureml-stack``: score with what a stack deployed, promote it to the next one, import what is there already.

Only the standard library is imported until a command runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from . import cli_factory, cli_online, cli_plan, cli_policy, cli_release
from .cli_interrupt import interrupts_arrive
from .cli_options import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, EXIT_TIMEOUT, EXIT_USAGE, build_parser

if TYPE_CHECKING:
    import argparse

    from .consume.commands import Fetch
    from .consume.display import Display
    from .consume.target import TargetOptions


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (0, 1, 2, 124 or 130: see ``EXIT_CODES``)."""
    options = build_parser().parse_args(arguments)
    from .consume.display import open_display  # noqa: PLC0415 - see the module's docstring

    display = open_display(as_json=options.json, quiet=options.quiet)
    try:
        with interrupts_arrive():
            return _COMMANDS[options.command](options, display) or EXIT_OK
    except KeyboardInterrupt:
        display.close()
        return _say(display, options, KeyboardInterrupt("Interrupted."), EXIT_INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output is gone (`| head`); Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except Exception as error:  # noqa: BLE001 - the boundary: every error becomes one message
        display.close()
        if options.debug:
            traceback.print_exc()
        return _say(display, options, error, _exit_code(error))
    finally:
        display.close()


def _exit_code(error: Exception) -> int:
    from .arm.errors import ConfigError  # noqa: PLC0415 - see the module's docstring
    from .consume import errors  # noqa: PLC0415
    from .importing.errors import ImportRefusedError  # noqa: PLC0415
    from .release.errors import LockError  # noqa: PLC0415

    if isinstance(error, ConfigError | ImportRefusedError | LockError | errors.InputError | errors.StackError):
        return EXIT_USAGE
    if isinstance(error, errors.WatchTimeoutError):
        return EXIT_TIMEOUT
    return EXIT_INTERRUPTED if isinstance(error, errors.WatchInterruptedError) else EXIT_FAILED


def _say(display: Display, options: argparse.Namespace, error: BaseException, code: int) -> int:
    from .arm.errors import AzureMLError  # noqa: PLC0415 - see the module's docstring
    from .consume.errors import JobFailedError, ModelError  # noqa: PLC0415

    text = str(error)
    if isinstance(error, OSError):
        place = f" '{error.filename}'" if error.filename else ""
        text = f"Cannot read or write{place}: {error.strerror or error}. Check the path and its permissions."
    elif not isinstance(error, AzureMLError | KeyboardInterrupt):
        text = f"Unexpected {type(error).__name__}: {error}. Run it again with --debug and report what it prints."
    if options.json:
        facts: dict[str, Any] = {}
        if isinstance(error, JobFailedError):
            facts = error.failure.as_json()
        elif isinstance(error, ModelError):
            facts = error.as_json()
        display.result("error", "", message=text, exit_code=code, **facts)
    else:
        sys.stderr.write(f"{text}\n")
    return code


def _target(options: argparse.Namespace) -> TargetOptions:
    from .consume.target import TargetOptions  # noqa: PLC0415 - see the module's docstring

    return TargetOptions(
        stack=options.stack,
        cwd=options.cwd,
        endpoint=getattr(options, "endpoint", None),
        scoring_uri=getattr(options, "scoring_uri", None),
        endpoint_output=getattr(options, "endpoint_output", None),
    )


def _fetch(options: argparse.Namespace) -> Fetch:
    from .consume.commands import Fetch  # noqa: PLC0415 - see the module's docstring
    from .consume.errors import InputError  # noqa: PLC0415

    if options.download is None and (options.columns or options.rows_file):
        raise InputError("--columns and --rows-file are about downloaded predictions: add --download FOLDER.")
    return Fetch(options.download, options.columns, options.rows_file)


def _invoke(options: argparse.Namespace, display: Display) -> None:
    from .consume import commands  # noqa: PLC0415 - see the module's docstring
    from .consume.named import parse_inputs, parse_literals, parse_outputs  # noqa: PLC0415
    from .consume.request import InvokeOptions  # noqa: PLC0415

    literals = parse_literals(options.set)
    output, outputs = parse_outputs(options.output)
    commands.invoke(
        _target(options),
        display,
        parse_inputs(options.input, literals),
        input_type=options.input_type,
        options=InvokeOptions(
            deployment=options.deployment,
            experiment=options.experiment,
            mini_batch_size=options.mini_batch_size,
            error_threshold=options.error_threshold,
            max_retries=options.max_retries,
            timeout=options.mini_batch_timeout,
            output_file_name=options.output_file_name,
            instance_count=options.instance_count,
            output=output,
            tags=dict(options.tag),
            literals=literals,
            outputs=outputs,
        ),
        watching=options.watch,
        timeout=options.timeout,
        fetch=_fetch(options),
    )


def _watch(options: argparse.Namespace, display: Display) -> None:
    from .consume import commands  # noqa: PLC0415 - see the module's docstring

    commands.watch(_target(options), display, options.job, timeout=options.timeout, fetch=_fetch(options))


def _download(options: argparse.Namespace, display: Display) -> None:
    from .consume import commands  # noqa: PLC0415 - see the module's docstring

    commands.download(_target(options), display, options.job, _fetch(options))


def _cancel(options: argparse.Namespace, display: Display) -> None:
    from .consume import commands  # noqa: PLC0415 - see the module's docstring

    commands.cancel(_target(options), display, options.job)


def _jobs(options: argparse.Namespace, display: Display) -> None:
    from .consume import commands  # noqa: PLC0415 - see the module's docstring

    commands.jobs(_target(options), display, deployment=options.deployment, limit=options.limit, as_json=options.json)


def _logs(options: argparse.Namespace, display: Display) -> None:
    from .consume import commands  # noqa: PLC0415 - see the module's docstring

    commands.logs(_target(options), display, options.job, name=options.name, folder=options.save)


def _consume(options: argparse.Namespace, display: Display) -> None:
    from .consume import commands  # noqa: PLC0415 - see the module's docstring

    commands.consume(
        _target(options),
        display,
        language=options.language,
        deployment=options.deployment,
        output=options.output,
    )


def _import(options: argparse.Namespace, display: Display) -> None:
    from .arm import ArmClient  # noqa: PLC0415 - see the module's docstring
    from .consume.project import open_project  # noqa: PLC0415
    from .consume.target import Target  # noqa: PLC0415
    from .importing.command import ImportOptions, import_resources  # noqa: PLC0415

    project = open_project(options.stack, options.cwd)
    client = ArmClient.from_settings(Target(_target(options)).settings())
    what = ImportOptions(options.resources, options.program, options.file, options.force)
    done = import_resources(client, project, what, status=display.status)
    for note in done.notes:
        display.result("note", f"Note: {note}.", message=note)
    display.result(
        "imported",
        f"Wrote {len(done.ids)} resources to {done.program} and {done.file}. Next:\n"
        f"  pulumi import --file {done.file} --generate-code=false --stack {project.stack}\n"
        f"  pulumi up --stack {project.stack}",
        program=str(done.program),
        file=str(done.file),
        resources=done.ids,
    )


_COMMANDS: dict[str, Callable[[argparse.Namespace, Display], int | None]] = {
    "invoke": _invoke,
    "watch": _watch,
    "download": _download,
    "cancel": _cancel,
    "jobs": _jobs,
    "logs": _logs,
    "consume": _consume,
    "import": _import,
    **cli_online.handlers(_target),
    **cli_factory.COMMANDS,
    **cli_plan.COMMANDS,
    **cli_release.COMMANDS,
    **cli_policy.COMMANDS,
}


if __name__ == "__main__":
    sys.exit(main())
