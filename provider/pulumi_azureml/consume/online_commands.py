"""What the commands for real-time endpoints do, once their options are parsed."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import InputError
from .online import KEY_NAMES, KeyName, OnlineClient
from .target import Target, TargetOptions

if TYPE_CHECKING:
    from .display import Display

_WARNING = (
    "warning: these are secrets. They open the endpoint to everybody who has them: keep them out of logs and code."
)


def score(target: TargetOptions, display: Display, data: str, *, deployment: str | None) -> None:
    """Send a request and print the model's answer as one line of JSON."""
    body = read_body(data)
    client, endpoint = _client(target, display)
    found = client.find(endpoint)
    display.status(f"scoring with the endpoint {found.name}")
    answer = client.score(endpoint, body, deployment=deployment)
    text = json.dumps(answer.body, ensure_ascii=False)
    display.result("scored", text, endpoint=found.name, deployment=answer.deployment, answer=answer.body)


def show_keys(target: TargetOptions, display: Display, *, only: KeyName | None) -> None:
    """Print the endpoint's keys, or a token where it takes Azure Machine Learning's."""
    client, endpoint = _client(target, display)
    found = client.find(endpoint)
    if found.auth_mode == "aadtoken":
        raise InputError(
            f"The endpoint '{found.name}' has no keys: its callers sign in with a token of Microsoft Entra ID "
            "(auth_mode AADToken). Get one with: az account get-access-token --resource https://ml.azure.com"
        )
    if found.auth_mode == "amltoken":
        if only:
            raise InputError(f"The endpoint '{found.name}' has no {only} key: its auth_mode is AMLToken. Omit --only.")
        token = client.token(endpoint)
        expires = datetime.fromtimestamp(token.expires, UTC).isoformat(timespec="seconds")
        _warn(display)
        text = f"token    {token.token}\nexpires  {expires}"
        display.result("token", text, endpoint=found.name, token=token.token, expires=expires)
        return
    keys = client.keys(endpoint)
    shown = {name: getattr(keys, name) for name in KEY_NAMES if only in (None, name)}
    _warn(display)
    text = shown[only] if only else "\n".join(f"{name:10}{key}" for name, key in shown.items())
    display.result("keys", text, endpoint=found.name, **{f"{name}_key": key for name, key in shown.items()})


def regenerate(target: TargetOptions, display: Display, key: KeyName, *, sure: bool) -> None:
    """Put a new key in the place of one, once the user is sure."""
    client, endpoint = _client(target, display)
    name = client.find(endpoint).name
    if not sure:
        _confirm(display, f"Whoever uses the {key} key of '{name}' is refused (401) as soon as it is regenerated.")
    client.regenerate_key(endpoint, key)
    text = f"The {key} key of {name} is a new one, and the old one opens nothing any more. "
    text += f"Show it with `azureml-stack keys --endpoint {name} --only {key}`."
    display.result("regenerated", text, endpoint=name, key=key)


def read_body(data: str) -> Any:
    """The JSON that ``--input`` means: a file, ``-`` for standard input, or the text itself.

    Raises:
        InputError: there is no such file, or it is no JSON; the text says where.
    """
    if data.lstrip()[:1] in {"{", "["}:
        return _parsed(data, "The text of --input")
    if data == "-":
        return _parsed(sys.stdin.buffer.read(), "What came on standard input")
    path = Path(data).expanduser()
    if not path.is_file():
        raise InputError(
            f"There is no file {path} (the working folder is {Path.cwd()}). --input takes a file of JSON, - for "
            "standard input, or JSON itself, which begins with { or [."
        )
    return _parsed(path.read_bytes(), f"The file {path}")


def _parsed(text: str | bytes, what: str) -> Any:
    try:
        return json.loads(text)
    except UnicodeDecodeError:
        raise InputError(f"{what} is no text, so it is no JSON.") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise InputError(f"{what} is no JSON: {error.msg} ({place}).") from None


def _client(target: TargetOptions, display: Display) -> tuple[OnlineClient, str]:
    display.status("finding the endpoint")
    settings, endpoint = Target(target).real_time()
    return OnlineClient.from_settings(settings), endpoint


def _warn(display: Display) -> None:
    display.close()
    sys.stderr.write(f"{_WARNING}\n")


def _confirm(display: Display, text: str) -> None:
    display.close()
    if not sys.stdin.isatty():
        raise InputError(f"{text} Nothing was changed: pass --yes to do it.")
    sys.stderr.write(f"{text}\nRegenerate it? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise InputError("Nothing was changed.")
