"""The command of ``azureml-stack`` for Data Factory. Standard library only until it runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import TypeAlias

    from .consume.display import Display

    _Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
    _Add: TypeAlias = Callable[[_Commands, str, str, str], argparse.ArgumentParser]

_LITERALS: dict[str, Callable[[str], Any]] = {
    "integer": int,
    "number": float,
    "boolean": lambda text: {"true": True, "false": False}[text.lower()],
    "string": str,
}


def add_data_factory(commands: _Commands, command: _Add, common: Callable[..., None]) -> None:
    """Add ``data-factory``."""
    parser = command(
        commands,
        "data-factory",
        "write the Azure Data Factory pipeline that runs the stack's endpoint, and fails when the job does",
        "  azureml-stack data-factory --folder factory\n"
        "  azureml-stack data-factory --name nightly --input images=uri_folder --input rate=number:0.5\n"
        "  azureml-stack data-factory --pipeline-endpoint-id 0b6e… --linked-service AzureML --folder factory",
    )
    what = parser.add_argument_group("pipeline")
    what.add_argument("--name", metavar="NAME", help="of the pipeline (default: the endpoint's)")
    what.add_argument(
        "--input", action="append", type=_port, metavar="NAME=TYPE[:DEFAULT]",
        help="parameter for an input: integer, number, boolean, string, uri_folder, uri_file, mltable, …"
        " (default: what the endpoint's OpenAPI document says)",
    )  # fmt: skip
    what.add_argument(
        "--output-data", action="append", type=_port, default=[], metavar="NAME=TYPE[:PATH]",
        help="parameter for the place of an output",
    )  # fmt: skip
    what.add_argument("--deployment", metavar="NAME", help="deployment (default: the endpoint's default)")
    what.add_argument("--experiment", metavar="NAME", help="experiment that jobs are listed under")
    what.add_argument("--poll", type=int, metavar="SECONDS", help="between two looks at the job (default: 30)")
    what.add_argument("--timeout", metavar="DURATION", help="longest time for the job, ISO 8601 (default: PT12H)")
    what.add_argument("--folder", type=Path, metavar="FOLDER", help="write pipeline/NAME.json there (default: print)")
    first = parser.add_argument_group("v1 pipelines, by the activity Machine Learning Execute Pipeline")
    first.add_argument("--pipeline-endpoint-id", metavar="GUID", help="the v1 pipeline endpoint")
    first.add_argument("--pipeline-version", metavar="N", help="its version (default: its default version)")
    first.add_argument("--pipeline-id", metavar="GUID", help="a v1 published pipeline")
    first.add_argument("--linked-service", metavar="NAME", help="the linked service, which --folder writes too")
    common(parser, endpoint=True)


def _port(text: str) -> tuple[str, dict[str, Any]]:
    name, equals, given = text.partition("=")
    kind, colon, default = given.partition(":")
    if not name or not equals or not kind:
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=TYPE or NAME=TYPE:DEFAULT")
    if not colon:
        return name, {"type": kind}
    if kind not in _LITERALS:
        return name, {"type": kind, "path": default}
    try:
        return name, {"type": kind, "value": _LITERALS[kind](default)}
    except (ValueError, KeyError):
        raise argparse.ArgumentTypeError(f"'{default}' of '{name}' is not of the type {kind}") from None


def _data_factory(options: argparse.Namespace, display: Display) -> None:
    from .consume.factory import FactoryOptions, write_pipeline  # noqa: PLC0415 - see the module's docstring
    from .consume.target import TargetOptions  # noqa: PLC0415
    from .data_factory import Run  # noqa: PLC0415

    names = ("deployment", "experiment", "pipeline_endpoint_id", "pipeline_version", "pipeline_id", "linked_service")
    given: dict[str, Any] = {name: getattr(options, name) for name in (*names, "timeout")}
    given |= {"poll_seconds": options.poll, "outputs": dict(options.output_data)}
    run = Run(**{name: value for name, value in given.items() if value is not None})
    target = TargetOptions(options.stack, options.cwd, options.endpoint, options.scoring_uri, options.endpoint_output)
    inputs = None if options.input is None else dict(options.input)
    write_pipeline(target, display, FactoryOptions(options.name, run, inputs, options.folder))


COMMANDS: dict[str, Callable[[argparse.Namespace, Display], int | None]] = {"data-factory": _data_factory}
