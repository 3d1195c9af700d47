"""What `azureml-stack` shows of a failed job: one screen with the cause, the place, the file and the fix."""

# ruff: noqa: E501 - screens are written as they are shown

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

from pulumi_azureml import cli

from .conftest import Service
from .deployment import deploy, make_shared, put

ABORTED = "2 items failed, more than the error threshold of 0 tolerates"
FILES = "a.png, b.png"
BATCH = "mini-batch 0, attempt 1 of 1"
STDERR = "logs/user/stderr/node000/process000.stderr.txt"
SCREENS = {
    "missing-package": (
        "import numpyy\n\ndef run(mini_batch):\n    return mini_batch\n",
        f"""
        Job JOB failed: the package that provides 'numpyy' is not in the environment (ModuleNotFoundError: No module named 'numpyy')
          where: score.py:1 in <module>
          fix:   add the package to the pip section of the environment's conda file, then run `pulumi up`

          Traceback (most recent call last):
            File "score.py", line 1, in <module>
              import numpyy
          ModuleNotFoundError: No module named 'numpyy'

          see the full log: azureml-stack logs JOB --name {STDERR}
        """,
    ),
    "init-raises": (
        "def init():\n    raise RuntimeError('bad weights')\n\ndef run(mini_batch):\n    return mini_batch\n",
        f"""
        Job JOB failed: init() raised RuntimeError: bad weights
          where: score.py:2 in init
          fix:   correct init() in the scoring script; it runs once in every worker process, before any data

          Traceback (most recent call last):
            File "score.py", line 2, in init
              raise RuntimeError('bad weights')
          RuntimeError: bad weights

          see the full log: azureml-stack logs JOB --name {STDERR}
        """,
    ),
    "syntax-error": (
        "def run(mini_batch):\n    return mini batch\n",
        f"""
        Job JOB failed: importing score.py raised SyntaxError: invalid syntax (score.py, line 2)
          where: score.py:2 in <module>
          fix:   correct the scoring script; what stands at its top level runs when it is imported

            File "score.py", line 2
              return mini batch
                          ^^^^^
          SyntaxError: invalid syntax

          see the full log: azureml-stack logs JOB --name {STDERR}
        """,
    ),
    "wrong-return": (
        "def run(mini_batch):\n    return {path: 1 for path in mini_batch}\n",
        f"""
        Job JOB failed: {ABORTED}
          cause: The run() method in the entry script should return a list or a pandas DataFrame. The length of the returned result is taken as the number of succeeded items. The actual type of output is dict.
          where: score.py:1 in run
          file:  {FILES}
          batch: {BATCH}
          fix:   return a list with one item per file, or a pandas DataFrame with one row per file
          see the full log: azureml-stack logs JOB --name {STDERR}
        """,
    ),
    "unreadable-file": (
        """
        import json

        def read(path):
            with open(path) as file:
                return json.load(file)

        def run(mini_batch):
            rows = []
            for path in mini_batch[::-1]:
                rows.append(read(path))
            return rows
        """,
        f"""
        Job JOB failed: {ABORTED}
          cause: run() raised JSONDecodeError: Expecting value: line 1 column 1 (char 0)
          where: score.py:6 in read
          file:  b.png
          batch: {BATCH}
          fix:   replace or remove the file, or skip it in run() and let error_threshold tolerate it

          Traceback (most recent call last):
            File "score.py", line 11, in run
              rows.append(read(path))
            File "score.py", line 6, in read
              return json.load(file)
          json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)

          see the full log: azureml-stack logs JOB --name {STDERR}
        """,
    ),
    "out-of-memory": (
        "import time\n\ndef run(mini_batch):\n    table = bytearray(900 << 20)\n    time.sleep(60)\n",
        f"""
        Job JOB failed: {ABORTED}
          cause: the worker was stopped: it used N GB, and the node's processes together N GB, above the N GB of STANDARD_B1LS
          where: score.py:N in run
          file:  {FILES}
          batch: {BATCH}
          fix:   lower mini_batch_size or max_concurrency_per_instance, or choose a larger VM size

          Where the worker was (most recent call first):
            File "score.py", line N in run

          see the full log: azureml-stack logs JOB --name {STDERR}
        """,
    ),
    "timeout": (
        "import time\n\ndef predict(path):\n    time.sleep(60)\n\ndef run(mini_batch):\n    return [predict(mini_batch[0])]\n",
        f"""
        Job JOB failed: {ABORTED}
          cause: run() took longer than the 1 s of retry_settings.timeout; the worker was killed
          where: score.py:4 in predict
          file:  {FILES}
          batch: {BATCH}
          fix:   raise retry_settings.timeout, or lower mini_batch_size so that one run() takes less time

          Where the worker was (most recent call first):
            File "score.py", line 4 in predict
            File "score.py", line 7 in run

          see the full log: azureml-stack logs JOB --name {STDERR}
        """,
    ),
    "crash": (
        "import os\n\ndef run(mini_batch):\n    os.kill(os.getpid(), 11)\n",
        f"""
        Job JOB failed: {ABORTED}
          cause: the worker process crashed with SIGSEGV during run()
          where: score.py:4 in run
          file:  {FILES}
          batch: {BATCH}
          fix:   look at the worker's stderr log for native errors; run the file named above alone to reproduce it

          Where the worker was (most recent call first):
            File "score.py", line 4 in run

          see the full log: azureml-stack logs JOB --name {STDERR}
        """,
    ),
}
SETTINGS: dict[str, dict[str, Any]] = {"timeout": {"retrySettings": {"maxRetries": 0, "timeout": "PT1S"}}}


@pytest.fixture(scope="module")
def shared(service: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the deployments use: among it, a small node."""
    small = {"vmSize": "STANDARD_B1LS", "scaleSettings": {"minNodeCount": 0, "maxNodeCount": 2}}
    compute = put(service.arm, "computes/small", {"computeType": "AmlCompute", "properties": small})
    return {**make_shared(service.arm, tmp_path_factory.mktemp("screens")), "compute": compute}


@pytest.fixture
def data(project: Path) -> Path:
    (project / "pictures").mkdir()
    for name in ("a.png", "b.png", "c.png"):
        (project / "pictures" / name).write_text("no picture")
    return project / "pictures"


def screen(name: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Score with an endpoint and return the screen that the failed job gets."""
    assert cli.main(["invoke", "--endpoint", name, "--input", "pictures", "--watch"]) == 1
    shown = capsys.readouterr().err
    return shown[shown.index("\nJob batchjob-") + 1 :].rstrip()


def masked(text: str) -> str:
    """The screen without what differs from job to job: names, and frames of Python's own library."""
    text = re.sub(r"batchjob-[0-9a-f-]{36}", "JOB", text)
    text = re.sub(r"\d\.\d\d GB", "N GB", text)
    text = re.sub(r'(?m)^ {4}File "/[^\n]*\n(?: {6}[^\n]*\n)*', "", text)
    return "\n".join(line for line in text.splitlines() if line.strip(" ^~") or not line.strip())


@pytest.mark.parametrize("name", SCREENS)
def test_a_failed_job_is_explained_on_one_screen(
    service: Service,
    shared: dict[str, Any],
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    script, expected = SCREENS[name]
    settings = {"errorThreshold": 0, "retrySettings": {"maxRetries": 0, "timeout": "PT1M"}, "miniBatchSize": 2}
    deploy(service.arm, shared, tmp_path, name, textwrap.dedent(script), **{**settings, **SETTINGS.get(name, {})})
    shown = masked(screen(name, capsys))
    if name == "out-of-memory":
        shown = re.sub(r"(score\.py:|line )\d+ in", r"\1N in", shown)
    assert shown == masked(textwrap.dedent(expected).strip())


def test_a_package_that_cannot_be_had_is_told_in_the_installers_words(
    service: Service, shared: dict[str, Any], data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conda = "dependencies:\n- pip:\n  - iniconfig==0.0.0.999\n"
    environment = put(service.arm, "environments/wrong/versions/1", {"image": "mcr/any", "condaFile": conda})
    script = "def run(mini_batch):\n    return mini_batch\n"
    deploy(service.arm, shared, tmp_path, "not-built", script, environmentId=environment, properties={})
    lines = masked(screen("not-built", capsys)).splitlines()
    assert lines[0] == "Job JOB failed: the environment could not be built (uv pip ended with code 1)"
    assert lines[1] == (
        "  fix:   correct the environment's conda file; the words below are the package installer's own"
    )
    assert "iniconfig==0.0.0.999" in "\n".join(lines[2:-1])
    assert lines[-1] == "  see the full log: azureml-stack logs JOB --name azureml-logs/20_image_build_log.txt"


def test_a_well_known_package_is_named_as_pypi_has_it(
    service: Service, shared: dict[str, Any], data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = "import cv2\n\ndef run(mini_batch):\n    return mini_batch\n"
    deploy(service.arm, shared, tmp_path, "well-known", script, properties={})
    assert "  fix:   add opencv-python-headless to the pip section of" in screen("well-known", capsys)
