"""The process that gets a deployment ready to be served: ``python -m azureml_emulator.online.prepare``.

It fetches code and model and builds the environment, Microsoft's inference server in it. Its standard input
brings one JSON document (``content``, ``folder``, ``storage``); its standard output brings one JSON document to a
line: ``{"log": text}``, at last ``{"python": path}`` or ``{"failed": {"code", "message"}}``. A process of its own,
so that a large model does not hold up the router.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import traceback
from pathlib import Path
from typing import Any

from azureml_emulator.batch import environment
from azureml_emulator.batch.failure import JobFailedError
from azureml_emulator.batch.files import AnyFiles
from azureml_emulator.batch.materialise import fetch_all
from azureml_emulator.batch.prepare import CODE, MODELS, check_script, fetch_model
from azureml_emulator.batch.spec import StorageAccess
from azureml_emulator.batch.worker.guard import die_with_parent
from azureml_emulator.online.plan import Content
from azureml_emulator.settings import cache_folder

SERVER = "azureml-inference-server-http"
_MLFLOW_SCRIPT = Path(__file__).with_name("mlflow_score.py")
_CODES = {"environment": "ImageBuildFailure", "internal": "InternalServerError"}
"""The service's error codes by cause; every other cause is a ``BadArgument``."""


def prepare(content: Content, files: AnyFiles, folder: Path) -> str:
    """Make everything of a deployment that its instances share; return the path of the interpreter.

    Raises:
        JobFailedError: something cannot be read or built, or the code has no such scoring script.
    """
    folder.mkdir(parents=True, exist_ok=True)
    code = folder / CODE
    if content.code is not None:
        say("Fetching the code.")
        fetch_all(files, content.code, code, "code")
    else:
        code.mkdir(exist_ok=True)
        shutil.copyfile(_MLFLOW_SCRIPT, code / content.script)
    if content.model is not None and not (folder / MODELS).exists():
        say("Fetching the model.")
        fetch_model(files, content.model, folder / MODELS)
    check_script(content.script, code)
    wanted = environment.of_model(content.environment, folder / MODELS)
    built = environment.prepare(wanted, cache_folder() / "environments", say, runtime=(SERVER,))
    for notice in built.notices:
        say(notice)
    return str(built.python)


def say(text: str) -> None:
    """Add a line to the deployment's log."""
    tell(log=text)


def tell(**values: Any) -> None:
    """Send one document to the emulator."""
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Read what is wanted, get it ready, report."""
    die_with_parent(os.getppid())
    asked = json.loads(sys.stdin.readline())
    try:
        files = AnyFiles(StorageAccess(**asked["storage"]))
        tell(python=prepare(Content.from_document(asked["content"]), files, Path(asked["folder"])))
    except JobFailedError as reason:
        failure = reason.failure
        text = "\n".join(filter(None, (failure.title, failure.traceback)))
        tell(failed={"code": _CODES.get(failure.cause, "BadArgument"), "message": text})
    except Exception:  # noqa: BLE001 - reported as the deployment's failure, with the traceback
        tell(failed={"code": "InternalServerError", "message": traceback.format_exc()})


if __name__ == "__main__":
    main()
