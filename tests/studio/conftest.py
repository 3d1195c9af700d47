"""One emulator with something to look at, and one browser, for all tests of this folder."""

from __future__ import annotations

import io
import struct
import textwrap
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.testing import emulator
from emulator.batch_service import Endpoint, Service
from emulator.online_service import OnlineEndpoint
from studio.browser import Browser, browser
from studio.scene import Scene

HOSTILE = "<img src=x onerror=\"document.title='hacked'\"> & \"quoted\" 'too'"
MARKUP = "<script>document.title='hacked'</script>"
FILES = ("one.png", "three.png", "two.png", "<b>bold.png")
GATED = """
    import time
    from pathlib import Path

    def run(mini_batch):
        for path in mini_batch:
            name = path.rpartition("/")[2]
            print("MARKUP", name)
            (Path("GATE") / f"{name} waits").touch()
            while not (Path("GATE") / name).exists() and not (Path("GATE") / "all").exists():
                time.sleep(0.02)
            if (Path("GATE") / "fail").exists():
                raise ValueError("HOSTILE")
        return [f"{name}\\tMARKUP\\t0.123456789" for name in [path.rpartition("/")[2] for path in mini_batch]]
"""


def picture(shade: int) -> bytes:
    """A grey PNG of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    out = io.BytesIO(b"\x89PNG\r\n\x1a\n")
    out.seek(0, io.SEEK_END)
    out.write(chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)))
    out.write(chunk(b"IDAT", zlib.compress(bytes([0, shade]))) + chunk(b"IEND", b""))
    return out.getvalue()


@dataclass
class Stage:
    """What there is to look at, and what lets its jobs go on: a file of ``gate`` for each file that is scored,
    beside one that tells that it waits."""

    service: Service
    pictures: Endpoint
    flowers: OnlineEndpoint
    retraining: Endpoint
    gate: Path
    data: str

    def let(self, *names: str) -> None:
        """Let jobs go on with these files; ``all`` for all of them, ``fail`` for none."""
        for name in names:
            (self.gate / name).touch()

    def close(self) -> None:
        """Let jobs wait again."""
        for path in self.gate.iterdir():
            path.unlink()

    def start(self, name: str) -> str:
        """Start a job over the pictures."""
        return self.pictures.start(self.data, name=name)

    def end(self, name: str, endpoint: Endpoint | None = None) -> str:
        """Let a job run to its end; return its state."""
        self.let("all")
        status = (endpoint or self.pictures).wait(name, seconds=120)
        self.close()
        return status


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    gate = tmp_path_factory.mktemp("gate")
    with emulator() as running, Service(running) as service:
        scene = Scene(service)
        retraining = scene.retraining()
        script = GATED.replace("GATE", str(gate)).replace("MARKUP", MARKUP).replace("HOSTILE", "<i>broken</i>")
        retries = {"maxRetries": 0, "timeout": "PT60S"}
        pictures = service.deploy(textwrap.dedent(script), miniBatchSize=1, retrySettings=retries, errorThreshold=-1)
        data = service.upload("data/pictures", {name: picture(number * 60) for number, name in enumerate(FILES)})
        yield Stage(service, pictures, scene.flowers("blue"), retraining, gate, data)


@pytest.fixture(scope="session")
def window(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(stage.service.emulator, tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture
def page(window: Browser) -> Iterator[Browser]:
    """The browser, in light; what it complains of in its console fails the test."""
    window.scheme("light")
    window.complaints()
    yield window
    assert window.complaints() == []


@pytest.fixture(scope="session")
def done(stage: Stage) -> str:
    """The name of a job that has scored the pictures."""
    name = stage.start("done")
    assert stage.end(name) == "Completed", stage.pictures.error(name)
    return name


@pytest.fixture(scope="session")
def failed(stage: Stage) -> str:
    """The name of a job whose script raised."""
    stage.let("fail")
    name = stage.start("failed")
    assert stage.end(name) == "Failed"
    return name


@pytest.fixture(scope="session")
def retrained(stage: Stage) -> str:
    """The name of a run of the pipeline."""
    asked: dict[str, Any] = {"inputData": {"share": {"jobInputType": "Literal", "value": 0.5}}, "name": "retrained"}
    assert stage.retraining.post(asked).status_code == 201
    assert stage.end("retrained", stage.retraining) == "Completed", stage.retraining.error("retrained")
    return "retrained"
