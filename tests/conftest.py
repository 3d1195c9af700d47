"""For every test."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    # A shell starts what it runs in the background with SIGINT ignored, and all that is started from there ignores
    # it too: what is tested about Ctrl-C would depend on how the tests were begun.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
