"""The command ``azureml-emulator``."""

from __future__ import annotations

import argparse
import errno
import json
import os
import shlex
import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from azureml_emulator import lifecycle, shell_environment, sign_in
from azureml_emulator.azurite import InstallError, install
from azureml_emulator.lifecycle import LifecycleError, Running
from azureml_emulator.process import hold_home, listen
from azureml_emulator.settings import (
    DEFAULT_PORT,
    HOME_VARIABLE,
    LOCATION,
    LongRunning,
    Settings,
    default_home,
    is_loopback,
)

_EPILOG = """\
a first session:
  azureml-emulator start                  start it; the first time it installs its blob service
  eval "$(azureml-emulator env)"          in this shell, Azure's own host names lead to it
  curl https://management.azure.com/...   or any client, with no argument
  azureml-emulator studio                 look at it in a browser
  azureml-emulator stop                   stop it; the state stays for the next start

It has the subscription 00000000-0000-0000-0000-000000000001 with the resource group 'local' and the
workspace 'local' in eastus. All state is in one folder: --home, else $AZUREML_EMULATOR_HOME, else
~/.azureml-emulator. Exit codes: 0 done, 1 failed (for 'status' and 'env': not running), 2 wrong usage.
"""


_PLACES = {"workspace": "/_emulator/workspaces", "registry": "/_emulator/registries"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    given = _parser().parse_args(arguments)
    home: Path = given.home.expanduser().absolute() if given.home else default_home()
    try:
        code: int = given.run(home, given)
    except (LifecycleError, InstallError) as error:
        print(f"azureml-emulator: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="azureml-emulator",
        description="Azure Machine Learning on this machine: the REST API, blobs, and batch jobs that really run.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    begin = _command(commands, "start", _start, "start the emulator in the background and wait until it is ready")
    begin.add_argument("--port", type=_port, default=DEFAULT_PORT, help=f"HTTPS port (default {DEFAULT_PORT})")
    begin.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1: this machine only)"
    )
    begin.add_argument(
        "--proxy-port",
        type=_port,
        default=0,
        help="port of the HTTPS proxy that 'env' names (default: the one it had before, else a free one)",
    )
    begin.add_argument(
        "--lro",
        type=_mode,
        default=LongRunning(),
        metavar="MODE",
        help="how long-running operations end: instant (default), timed=SECONDS, or polls=N (at the Nth poll)",
    )
    begin.add_argument("--json", action="store_true", help="print the description as JSON")

    _command(commands, "stop", _stop, "stop it; resources, blobs and finished jobs stay")
    status = _command(commands, "status", _status, "say whether it runs, where, and what it holds")
    status.add_argument("--json", action="store_true", help="print JSON")
    env = _command(commands, "env", _env, "print the environment variables that lead a shell's clients to it")
    env.add_argument(
        "--direct",
        action="store_true",
        help="lead clients to its own address (AZUREML_ARM_ENDPOINT, AZURE_AUTHORITY_HOST), not Azure's own host names",
    )
    env.add_argument("--shell", choices=("sh", "json"), default="sh", help="form of the output (default sh)")
    env.add_argument(
        "--sign-in",
        choices=tuple(sign_in.WAYS),
        default="secret",
        help="what azure-identity signs in with: the service principal's secret (default) or certificate, a workload "
        "identity's federated token, or a managed identity",
    )
    for what, text in (
        ("workspace", "give it more workspaces, beside the one it begins with"),
        ("registry", "give it registries, whose assets all workspaces share"),
    ):
        add = _command(commands, f"add-{what}", _add, text)
        add.set_defaults(what=what)
        add.add_argument("names", nargs="+", metavar="NAME", help="names: 3 to 33 letters, digits, '-' and '_'")
        add.add_argument("--location", default=LOCATION, help=f"their region (default {LOCATION})")
    studio = _command(
        commands, "studio", _studio, "print an address that signs a browser in to the studio, once within five minutes"
    )
    studio.add_argument("--open", action="store_true", help="open it in this machine's browser")
    studio.add_argument("--json", action="store_true", help="print JSON")
    clear = _command(commands, "reset", _reset, "forget all resources, blobs and jobs")
    clear.add_argument("--yes", action="store_true", help="do not ask")
    return parser


def _command(commands: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    parser.add_argument(
        "--home", type=Path, default=None, help=f"state folder (default ${HOME_VARIABLE} or ~/.azureml-emulator)"
    )
    parser.set_defaults(run=run)
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 2**16:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port (1 to 65535)")
    return int(text)


def _mode(text: str) -> LongRunning:
    try:
        return LongRunning.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _report(text: str) -> None:
    print(f"azureml-emulator: {text}", file=sys.stderr, flush=True)


def _start(home: Path, given: argparse.Namespace) -> int:
    running = Running.read(home)
    if running is not None:
        _tell(running, f"already running at {running.origin}, state in {home}.", as_json=given.json)
        return 0
    settings = Settings(home, given.host, given.port, given.lro, proxy_port=given.proxy_port)
    _check_free(settings)
    install(_report)
    running = lifecycle.start(settings, report=_report)
    if not is_loopback(settings.host):
        red, plain = ("\033[1;31m", "\033[0m") if sys.stderr.isatty() else ("", "")
        _report(f"{red}WARNING: listening on {settings.host}: other machines can reach this emulator.{plain}")
    text = f'running at {running.origin}, state in {home}.\nNext: eval "$(azureml-emulator env{_home_option(given)})"'
    _tell(running, text, as_json=given.json)
    return 0


def _check_free(settings: Settings) -> None:
    """Say that the port is taken before anything is installed or started."""
    try:
        listen(settings.host, settings.port).close()
    except PermissionError as error:
        raise LifecycleError(
            f"This user may not listen on port {settings.port} ({error}). Choose one above 1023 with --port."
        ) from error
    except OSError as error:
        raise LifecycleError(_cannot_listen(settings, error)) from error


def _cannot_listen(settings: Settings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return lifecycle.port_taken(settings.host, settings.port)
    return f"Cannot listen on '{settings.host}': {error}. Give an address of this machine with --host."


def _stop(home: Path, _given: argparse.Namespace) -> int:
    running = Running.read(home)
    if running is None:
        print(f"azureml-emulator: not running (state in {home}).")
        return 0
    lifecycle.stop(running)
    print(f"azureml-emulator: stopped. State stays in {home}.")
    return 0


def _status(home: Path, given: argparse.Namespace) -> int:
    running = Running.read(home)
    if running is None:
        if given.json:
            print(json.dumps({"running": False, "home": str(home)}, indent=2))
        else:
            print(f"azureml-emulator: not running (state in {home}). Start it with: azureml-emulator start")
        return 1
    try:
        health = running.health()
        resources = running.request("GET", "/_emulator/resources")
    except OSError as error:
        raise LifecycleError(
            f"Process {running.pid} runs but does not answer at {running.origin}: {error}. "
            f"Its log: {home / 'emulator.log'}"
        ) from error
    if given.json:
        body = {"running": True, **running.describe(), "blobs": health["blobs"], "resources": resources}
        print(json.dumps(body, indent=2))
        return 0
    print(f"azureml-emulator: running at {running.origin} (process {running.pid}), state in {home}.")
    print(f"  proxy for Azure's own host names: {running.proxy}")
    print(f"  blobs: {health['blobs']}; long-running operations: {running.lro}; since {running.started}")
    held = ", ".join(f"{count} {kind}" for kind, count in resources.items() if count)
    print(f"  resources: {held}")
    return 0


def _env(home: Path, given: argparse.Namespace) -> int:
    running = Running.read(home)
    if running is None:
        raise LifecycleError(f"not running (state in {home}). Start it with: azureml-emulator start")
    if given.direct:
        variables = shell_environment.direct(running, sign_in=given.sign_in)
    else:
        variables = shell_environment.real_names(running, sign_in=given.sign_in)
        for name in shell_environment.dangerous():
            _report(f"'{name}' is taken out of NO_PROXY: with it, requests would reach the real Azure.")
    if given.shell == "json":
        print(json.dumps(variables, indent=2))
    else:
        for name in sign_in.VARIABLES:
            if name not in variables and name in os.environ:
                print(f"unset {name}")  # of another way to sign in, which would win
        for name, value in variables.items():
            print(f"export {name}={shlex.quote(value)}")
    return 0


def _add(home: Path, given: argparse.Namespace) -> int:
    running = Running.read(home)
    if running is None:
        raise LifecycleError(f"not running (state in {home}). Start it with: azureml-emulator start")
    for name in given.names:
        answer = running.request("POST", _PLACES[given.what], {"name": name, "location": given.location})
        if "id" not in answer:
            raise LifecycleError(f"cannot add the {given.what} '{name}': {answer['error']['message']}")
        print(answer["id"])
    return 0


def _studio(home: Path, given: argparse.Namespace) -> int:
    running = Running.read(home)
    if running is None:
        raise LifecycleError(f"not running (state in {home}). Start it with: azureml-emulator start")
    try:
        url = running.request("POST", "/_emulator/studio")["url"]
    except OSError as error:
        raise LifecycleError(f"The emulator at {running.origin} does not answer: {error}") from error
    authority = home / "tls" / "ca.pem"
    if given.json:
        print(json.dumps({"url": url, "authority": str(authority)}, indent=2))
    else:
        print(url)
        _report(f"good once, for five minutes. A browser must trust {authority} (docs/studio.md tells how).")
    if given.open and not webbrowser.open(url):
        raise LifecycleError("no browser was found on this machine; open the address in one.")
    return 0


def _reset(home: Path, given: argparse.Namespace) -> int:
    if Running.read(home) is not None:
        raise LifecycleError("The emulator is running. Stop it first with: azureml-emulator stop")
    if not home.is_dir():
        print(f"azureml-emulator: nothing to forget in {home}.")
        return 0
    if not given.yes and sys.stdin.isatty():
        answer = input(f"Forget all resources, blobs and jobs in {home}? [y/N] ")
        if answer.strip().lower() not in {"y", "yes"}:
            print("azureml-emulator: nothing was changed.")
            return 1
    with hold_home(home):
        lifecycle.reset(home)
    print(f"azureml-emulator: all resources, blobs and jobs in {home} are forgotten; keys and certificates stay.")
    return 0


def _tell(running: Running, text: str, *, as_json: bool) -> None:
    print(json.dumps(running.describe(), indent=2) if as_json else f"azureml-emulator: {text}")


def _home_option(given: argparse.Namespace) -> str:
    return f" --home {shlex.quote(str(given.home))}" if given.home else ""


if __name__ == "__main__":
    sys.exit(main())
