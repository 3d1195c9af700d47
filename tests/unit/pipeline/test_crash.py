"""Why a command failed, from its exit code and its log."""

from __future__ import annotations

from pathlib import Path

from azureml_emulator.pipeline.crash import explain

WORK = Path("/jobs/1/work")
TRACEBACK = """\
loading
Traceback (most recent call last):
  File "/jobs/1/work/train.py", line 9, in <module>
    main()
  File "/jobs/1/work/helpers/fit.py", line 3, in fit
    raise ValueError("too few rows")
  File "/env/lib/python3.11/site-packages/x.py", line 1, in y
ValueError: too few rows
"""


def test_the_exception_and_the_line_of_the_users_code_are_named() -> None:
    failure = explain(1, TRACEBACK, WORK, "std")
    assert failure.title == "the command ended with exit code 1: ValueError: too few rows"
    assert failure.where == "helpers/fit.py:3 in fit"
    assert failure.traceback.startswith("Traceback")
    assert failure.traceback.endswith("ValueError: too few rows")
    assert failure.log == "std"


def test_a_missing_package_is_named() -> None:
    log = TRACEBACK.replace("ValueError: too few rows", "ModuleNotFoundError: No module named 'lightgbm'")
    failure = explain(1, log, WORK, "std")
    assert failure.cause == "missing_package"
    assert "'lightgbm' is not in the environment" in failure.title


def test_without_a_traceback_the_last_lines_are_shown() -> None:
    failure = explain(127, "".join(f"line {number}\n" for number in range(50)) + "bash: trian: not found\n", WORK, "s")
    assert failure.title == "the command ended with exit code 127"
    assert failure.traceback.splitlines()[-1] == "bash: trian: not found"
    assert len(failure.traceback.splitlines()) == 15


def test_signals_are_named_also_behind_a_shell() -> None:
    assert explain(-9, "", WORK, "s").title == "the command ended with SIGKILL, often for lack of memory"
    assert explain(139, "", WORK, "s").title == "the command ended with SIGSEGV"
