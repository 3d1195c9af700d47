"""Ctrl-C where Python ignores it: in the callback of a weak reference, of which imports are full."""

from __future__ import annotations

import signal
import subprocess
import sys

PROGRAM = """
import signal, sys, time, weakref
from pulumi_azureml.cli_interrupt import interrupts_arrive

class Thing: ...

thing = Thing()
with interrupts_arrive():
    callback = weakref.ref(thing, lambda _: {what})
    del thing
    print("after", flush=True)
    time.sleep({seconds})
"""


def run(what: str, seconds: int) -> subprocess.CompletedProcess[str]:
    program = PROGRAM.format(what=what, seconds=seconds)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)


def test_an_interrupt_that_python_ignores_arrives_all_the_same() -> None:
    ended = run("signal.raise_signal(signal.SIGINT)", 50)
    assert ended.stdout == "after\n", "the callback's own was ignored"
    assert ended.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in ended.stderr
    assert "ignored" not in ended.stderr


def test_other_ignored_exceptions_are_told_as_ever() -> None:
    ended = run("1 / 0", 0)
    assert (ended.stdout, ended.returncode) == ("after\n", 0)
    assert "Exception ignored" in ended.stderr
    assert "ZeroDivisionError" in ended.stderr
