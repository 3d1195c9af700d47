"""Starts Microsoft's inference server for one instance. Runs under the deployment's own interpreter.

Started by file name: ``serve.py SOCKET PARENT --entry_script SCRIPT``. The server listens on a Unix socket in a
private folder instead of a port on all interfaces, so that nothing reaches the model but the router, which checks
keys and tokens. Standard library and the inference server only, Python 3.8 and later.
"""

import ctypes
import os
import signal
import sys
from typing import Any

PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Ask the kernel (Linux) to kill this process when its parent is gone."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Serve until told to stop."""
    socket, parent = sys.argv[1:3]
    del sys.argv[1:3]
    sys.path.pop(0)  # this file's folder, whose modules are none of the script's business
    die_with_parent(int(parent))
    # The server's workers, and whatever a script forks, must not outlive the server.
    os.register_at_fork(after_in_child=lambda: die_with_parent(os.getppid()))

    # Of the deployment's environment.
    from azureml_inference_server_http import amlserver, amlserver_linux  # noqa: PLC0415

    listen = amlserver_linux.run

    def run(_host: str, _port: int, worker_count: int, *_: Any) -> None:
        listen("unix", socket, worker_count)

    amlserver_linux.run = run
    amlserver.run()


if __name__ == "__main__":
    main()
