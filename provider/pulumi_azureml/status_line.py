"""Progress on a resource's own row of the engine's display, while a provider works on it."""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import Callable

_LOG = logging.getLogger(__name__)


class StatusLine:
    """Shows progress on the resource's own row of the engine's display.

    The engine's address is the plugin's first argument. Where there is none (a test), or the engine is
    gone, progress is not shown and nothing else changes.
    """

    def __init__(self, urn: str) -> None:
        self._urn = urn

    def __call__(self, text: str) -> None:
        """Show `text` until the next one; an empty text clears the row."""
        engine = _engine()
        if engine is None or not self._urn:
            return
        engine(self._urn, text)


@functools.cache
def _engine() -> Callable[[str, str], None] | None:
    import grpc  # noqa: PLC0415 - only the plugin process needs it
    from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc  # noqa: PLC0415

    address = sys.argv[1] if len(sys.argv) > 1 else ""
    if not address.rpartition(":")[2].isdigit():
        return None
    stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))

    def log(urn: str, text: str) -> None:
        request = engine_pb2.LogRequest(
            severity=engine_pb2.LogSeverity.Value("INFO"), message=text, urn=urn, ephemeral=True
        )
        try:
            stub.Log(request, timeout=2)
        except grpc.RpcError:
            _LOG.debug("the engine did not take a progress line")

    return log
