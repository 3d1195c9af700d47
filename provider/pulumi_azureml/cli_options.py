"""The command line of ``azureml-stack``. Standard library only, so that ``--help`` answers at once."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from .cli_factory import add_data_factory
from .cli_online import add_online
from .cli_plan import add_plan
from .cli_policy import add_policy
from .cli_release import add_release

if TYPE_CHECKING:
    from typing import TypeAlias

    _Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_TIMEOUT, EXIT_INTERRUPTED = 0, 1, 2, 124, 130

EXIT_CODES = """\
exit codes:
  0    done; with --watch or --download: the job completed
  1    the job or the model failed, the job was canceled, the service refused or cannot be reached
  2    wrong options, stack, configuration or input; nothing was submitted
  3    what was to be the same is not (`release diff`, `plan --expect-no-changes`)
  124  the job did not end within --timeout; it goes on
  130  interrupted with Ctrl-C; a submitted job goes on"""

ENVIRONMENT = """\
The workspace comes from the stack's azureml: configuration or, without a stack, from
AZURE_SUBSCRIPTION_ID, AZUREML_RESOURCE_GROUP, AZUREML_WORKSPACE, AZUREML_LOCATION and AZUREML_ARM_ENDPOINT.
Signing in is azure-identity's: AZURE_CLIENT_ID and its siblings, `az login`, a managed identity.
For the local Azure ML: eval "$(azureml-emulator env)"."""


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        prog="azureml-stack",
        description="Score with what a Pulumi stack deployed: start jobs on its batch and pipeline endpoints, watch "
        "them, fetch predictions; ask its real-time endpoints; write client code. Promote what one stack has tested to "
        "the next one. Import what a workspace has already into a stack.",
        epilog=f"{ENVIRONMENT}\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_invoke(commands)
    _add_watch(commands)
    _add_download(commands)
    _add_cancel(commands)
    _add_jobs(commands)
    _add_logs(commands)
    add_online(commands, _command, _add_common)
    _add_consume(commands)
    _add_import(commands)
    add_data_factory(commands, _command, _add_common)
    add_plan(commands, _command, _add_common)
    add_release(commands, _command, _add_common)
    add_policy(commands, _command, _add_common)
    return parser


def _command(commands: _Commands, name: str, text: str, examples: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=text,
        description=text[0].upper() + text[1:] + ".",
        epilog=f"examples:\n{examples}\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(command=name)
    return parser


def _add_common(parser: argparse.ArgumentParser, *, endpoint: bool = False) -> None:
    """The options that every command has, last in its help; those of the endpoint where one is needed."""
    where = parser.add_argument_group("stack and endpoint" if endpoint else "stack")
    where.add_argument("--stack", metavar="NAME", help="Pulumi stack (default: the selected one)")
    where.add_argument("--cwd", metavar="FOLDER", type=Path, default=Path(), help="Pulumi project (default: here)")
    if endpoint:
        where.add_argument("--endpoint", metavar="NAME", help="endpoint by name, instead of the stack's output")
        where.add_argument("--scoring-uri", metavar="URL", help="endpoint by URL, instead of the stack's output")
        where.add_argument(
            "--endpoint-output",
            metavar="NAME",
            help="stack output with the scoring URI or endpoint name (default: scoringUri, endpointName, …)",
        )
    shown = parser.add_argument_group("output")
    shown.add_argument("--json", action="store_true", help="one JSON object a line on standard output")
    shown.add_argument("--quiet", "-q", action="store_true", help="results and errors only, no progress")
    shown.add_argument("--debug", action="store_true", help="show the Python traceback of an error")


def _add_invoke(commands: _Commands) -> None:
    parser = _command(
        commands,
        "invoke",
        "start a job on the stack's batch or pipeline endpoint",
        "  azureml-stack invoke --input images/ --watch --download out/digits --columns file,prediction,probability\n"
        "  azureml-stack invoke --input azureml:images@latest --mini-batch-size 50 --instance-count 4\n"
        "  azureml-stack invoke --input https://account.blob.core.windows.net/data/images --deployment blue\n"
        "  azureml-stack invoke --input images/ --output azureml://datastores/workspaceblobstore/paths/runs/1\n"
        "  azureml-stack invoke --input training=data/ --set rate=0.5 --set kernel=poly --download out/",
    )
    job = parser.add_argument_group("job")
    job.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="[NAME=]DATA",
        help="file or folder (uploaded), https://…, azureml://datastores/…, azureml:NAME:VERSION, azureml:NAME@latest; "
        "for a pipeline NAME=DATA, once for each of its data inputs",
    )
    job.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an input of a pipeline that is a value: a text, a number, true or false",
    )
    job.add_argument("--input-type", choices=("file", "folder"), help="what a URL names (default: by its extension)")
    job.add_argument("--deployment", metavar="NAME", help="deployment that scores (default: the endpoint's default)")
    job.add_argument("--experiment", metavar="NAME", help="experiment that the job is listed under")
    job.add_argument("--mini-batch-size", type=int, metavar="N", help="files for one call of run()")
    job.add_argument("--error-threshold", type=int, metavar="N", help="failed items that abort the job; -1: never")
    job.add_argument("--max-retries", type=int, metavar="N", help="retries of a failed mini-batch")
    job.add_argument("--mini-batch-timeout", type=int, metavar="SECONDS", help="time for one mini-batch")
    job.add_argument("--instance-count", type=int, metavar="N", help="nodes")
    job.add_argument(
        "--output",
        action="append",
        default=[],
        metavar="[NAME=]URI",
        help="folder for predictions: azureml://datastores/NAME/paths/PATH; for a pipeline NAME=URI for each output",
    )
    job.add_argument("--output-file-name", metavar="NAME", help="name of the predictions file")
    job.add_argument("--tag", action="append", default=[], metavar="NAME=VALUE", type=_tag, help="tag of the job")
    parser.add_argument("--watch", action="store_true", help="wait for the job and show its progress")
    _add_timeout(parser)
    _add_download_option(parser)
    _add_common(parser, endpoint=True)


def _add_watch(commands: _Commands) -> None:
    parser = _command(
        commands,
        "watch",
        "show a job's progress until it ends",
        "  azureml-stack watch batchjob-1b2c…\n"
        "  azureml-stack watch batchjob-1b2c… --timeout 600 --json\n"
        "  azureml-stack watch batchjob-1b2c… --download out --columns file,prediction",
    )
    parser.add_argument("job", metavar="JOB", help="the job's name, as invoke prints it")
    _add_timeout(parser)
    _add_download_option(parser)
    _add_common(parser)


def _add_download(commands: _Commands) -> None:
    parser = _command(
        commands,
        "download",
        "fetch the predictions of a job",
        "  azureml-stack download batchjob-1b2c… out/digits\n"
        "  azureml-stack download batchjob-1b2c… out/digits --columns file,prediction,probability",
    )
    parser.add_argument("job", metavar="JOB", help="the job's name, as invoke prints it")
    parser.add_argument("download", metavar="FOLDER", type=Path, help="save the predictions into this folder")
    _add_columns(parser)
    _add_common(parser)


def _add_cancel(commands: _Commands) -> None:
    parser = _command(commands, "cancel", "stop a job", "  azureml-stack cancel batchjob-1b2c…")
    parser.add_argument("job", metavar="JOB", help="the job's name, as invoke prints it")
    _add_common(parser)


def _add_jobs(commands: _Commands) -> None:
    parser = _command(
        commands,
        "jobs",
        "list the endpoint's jobs",
        "  azureml-stack jobs\n  azureml-stack jobs --deployment blue --limit 5 --json",
    )
    parser.add_argument("--deployment", metavar="NAME", help="only this deployment's jobs")
    parser.add_argument("--limit", type=_positive, default=20, metavar="N", help="at most so many (default: 20)")
    _add_common(parser, endpoint=True)


def _add_logs(commands: _Commands) -> None:
    parser = _command(
        commands,
        "logs",
        "list, print or save a job's logs",
        "  azureml-stack logs batchjob-1b2c…\n"
        "  azureml-stack logs batchjob-1b2c… --name logs/user/error.txt\n"
        "  azureml-stack logs batchjob-1b2c… --save out/logs",
    )
    parser.add_argument("job", metavar="JOB", help="the job's name, as invoke prints it")
    parser.add_argument("--name", metavar="LOG", help="print this log")
    parser.add_argument("--save", metavar="FOLDER", type=Path, help="save all logs into this folder")
    _add_common(parser)


def _add_consume(commands: _Commands) -> None:
    parser = _command(
        commands,
        "consume",
        "write client code for an endpoint: real-time, batch or pipeline",
        "  azureml-stack consume digits --language python --output digits_client.py\n"
        "  azureml-stack consume --language csharp --output clients/\n"
        "  azureml-stack consume digits --language curl --deployment blue",
    )
    parser.add_argument("endpoint", nargs="?", metavar="ENDPOINT", help="its name (default: the stack's output)")
    parser.add_argument("--language", required=True, metavar="LANGUAGE", help="python, csharp, r, curl or javascript")
    parser.add_argument(
        "--deployment", metavar="NAME", help="pin requests to this deployment (default: the endpoint's)"
    )
    parser.add_argument(
        "--output", type=Path, metavar="PATH", help="the file, or the folder for it (default: standard output)"
    )
    _add_common(parser)


def _add_import(commands: _Commands) -> None:
    parser = _command(
        commands,
        "import",
        "write the program and the import file for what the workspace has already",
        "  azureml-stack import digits\n"
        "  azureml-stack import azureml:digits-model:3 computes/cpu-cluster --program assets.py\n"
        "  pulumi import --file import.json --generate-code=false && pulumi up",
    )
    parser.add_argument(
        "resources",
        nargs="+",
        metavar="RESOURCE",
        help="an endpoint by name (with everything beneath it), an ARM id, a path in the workspace such as "
        "computes/NAME or models/NAME/versions/VERSION, or azureml:NAME:VERSION",
    )
    written = parser.add_argument_group("files")
    written.add_argument(
        "--program",
        type=Path,
        default=Path("__main__.py"),
        metavar="FILE",
        help="the program, in the project's program folder (default: __main__.py)",
    )
    written.add_argument(
        "--file",
        type=Path,
        default=Path("import.json"),
        metavar="FILE",
        help="the file for `pulumi import --file` (default: import.json)",
    )
    written.add_argument("--force", action="store_true", help="overwrite files that are there")
    _add_common(parser)


def _add_timeout(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--timeout", type=_positive, metavar="SECONDS", help="stop watching after so long (default: never)"
    )


def _add_download_option(parser: argparse.ArgumentParser) -> None:
    text = "save the predictions into this folder (waits for the job)"
    parser.add_argument("--download", metavar="FOLDER", type=Path, help=text)
    _add_columns(parser)


def _add_columns(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--columns", metavar="NAMES", help="turn the raw rows into a CSV with this header: file,prediction,…"
    )
    parser.add_argument("--rows-file", metavar="NAME", help="the file of rows (default: the job's output file)")


def _tag(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=VALUE")
    return name, value


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of 1 or more")
    return int(text)
