"""Before a job can run: its environment, its code and its model on this machine."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from azureml_emulator.batch import environment
from azureml_emulator.batch.failure import Failure, JobFailedError
from azureml_emulator.batch.files import PlaceError, safe_join
from azureml_emulator.batch.materialise import fetch_all
from azureml_emulator.batch.worker.mlflow_score import PICTURES, TABLES
from azureml_emulator.settings import cache_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from azureml_emulator.batch.environment import Environment
    from azureml_emulator.batch.files import AnyFiles
    from azureml_emulator.batch.spec import JobSpec, Place

CODE = "code"
MODELS = "model"
"""Folders of a job; AZUREML_MODEL_DIR is the second, the *parent* of the registered model folder."""
MLFLOW_SCRIPT = Path(__file__).with_name("worker") / "mlflow_score.py"


def prepare(
    spec: JobSpec, files: AnyFiles, folder: Path, log: Callable[[str], None], check: Callable[[], None]
) -> Environment:
    """Fetch code and model into the job's folder while the environment is built.

    Raises:
        JobFailedError: something cannot be read or built, or the code has no such scoring script.
    """
    with ThreadPoolExecutor(1) as thread:
        assets = thread.submit(_fetch_assets, spec, files, folder, check)
        if spec.environment.of_model:
            assets.result()
        wanted = environment.of_model(spec.environment, folder / MODELS)
        built = environment.prepare(wanted, cache_folder() / "environments", log, check)
        assets.result()
    check_script(spec.script, folder / CODE)
    return built


def scorable(spec: JobSpec, names: list[str]) -> list[str]:
    """The input files that are scored: all of them, but without a script only what can be read for MLflow.

    Raises:
        JobFailedError: a file is there that cannot be read without a script.
    """
    if spec.code is not None:
        return names
    top = [name for name in names if "/" not in name]  # nested folders are not explored
    strange = [name for name in top if not name.lower().endswith((*TABLES, *PICTURES))]
    if strange or not top:
        title = (
            f"an MLflow model without a scoring script reads {', '.join((*TABLES, *PICTURES))} at the top of "
            f"the input folder; it found {strange[0] if strange else 'no file there'}"
        )
        raise JobFailedError(Failure("input", title, files=tuple(strange)))
    return top


def _fetch_assets(spec: JobSpec, files: AnyFiles, folder: Path, check: Callable[[], None]) -> None:
    code = folder / CODE
    if spec.code is not None:
        fetch_all(files, spec.code, code, "code", check)
    else:
        code.mkdir(exist_ok=True)
        shutil.copyfile(MLFLOW_SCRIPT, code / spec.script)
    if spec.model is not None:
        fetch_model(files, spec.model, folder / MODELS, check)


def fetch_model(files: AnyFiles, place: Place, models: Path, check: Callable[[], None] = lambda: None) -> None:
    """Copy a model folder below its own name, or a model file as it is; see :func:`fetch_all` for ``check``.

    Raises:
        JobFailedError: it cannot be read.
    """
    try:
        single = files.at(place).list(place).folder != place
    except PlaceError as error:
        raise JobFailedError(Failure("model", f"the model could not be read: {error}")) from error
    fetch_all(files, place, models if single else models / place.name, "model", check)


def check_script(script: str, code: Path) -> None:
    """Raise :class:`JobFailedError` when the code has no such scoring script."""
    if not Path(safe_join(str(code), script)).is_file():
        here = ", ".join(sorted(path.name for path in code.iterdir())[:10])
        title = f"the code has no scoring script {script}; at its top level are: {here}"
        raise JobFailedError(Failure("code", title))
