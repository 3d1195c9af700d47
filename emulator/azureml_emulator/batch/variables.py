"""The environment variables of a worker: what Azure ML gives a batch scoring script, and nothing inherited."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from azureml_emulator.batch.limits import thread_variables

if TYPE_CHECKING:
    from azureml_emulator.batch.spec import JobSpec

KEPT = ("LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables that say how this machine speaks and whom it trusts; nothing else is passed on."""


def base_variables(python: str, threads: int) -> dict[str, str]:
    """Variables of whatever runs under an environment's interpreter: nothing of the user's own."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {
        "LANG": "C.UTF-8",
        **kept,
        "PATH": f"{Path(python).parent}:/usr/local/bin:/usr/bin:/bin",
        "VIRTUAL_ENV": str(Path(python).parent.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
        **thread_variables(threads),
    }


def worker_variables(spec: JobSpec, python: str, folder: Path, threads: int) -> dict[str, str]:
    """Variables that all workers of a job share; the deployment's own come on top.

    ``AZUREML_MODEL_DIR`` is the parent of the registered model folder; ``AZUREML_BI_OUTPUT_PATH`` the output
    folder that all workers share.
    """
    return {
        **base_variables(python, threads),
        "AZUREML_MODEL_DIR": str(folder / "model"),
        "AZUREML_BI_OUTPUT_PATH": str(folder / "output"),
        "AZUREML_RUN_ID": spec.child,
        "AZUREML_ROOT_RUN_ID": spec.name,
    }
