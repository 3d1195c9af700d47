"""Take the pictures of the studio that the README and docs/studio.md show: `make screenshots`.

An emulator of its own is filled with the scene of the studio's tests; a headless Chromium looks at it, in light and in
dark. An argument is another folder to write to.
"""

import io
import sys
import tempfile
from pathlib import Path

import pytest
from PIL import Image
from selenium.webdriver.common.by import By

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from azureml_emulator.testing import emulator  # noqa: E402
from emulator.batch_service import Service  # noqa: E402
from studio.browser import Browser, browser  # noqa: E402
from studio.scene import BLUE, GREEN, Scene  # noqa: E402

PICTURES = ROOT / "docs/images"
SIZE = (1200, 900)
COLORS = 128  # a page has few; a palette makes a picture a third as large
COUNT = 200
JOB = "digits-weekly"
PAGES = {
    "job": f"jobs/{JOB}",
    "predictions": f"jobs/{JOB}/predictions",
    "consume": "endpoints/batch/digits/consume",
    "test": "endpoints/real-time/flowers/test",
}


def main(target: Path = PICTURES) -> None:
    """Fill an emulator, look at it, write the pictures."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, emulator() as running, Service(running) as service:
        fill(Scene(service), Path(folder))
        with browser(running, Path(folder), size=SIZE) as window:
            for scheme in ("light", "dark"):
                window.scheme(scheme)
                for name, path in PAGES.items():
                    window.open(path)
                    ready(window, name)
                    write(window.driver.get_screenshot_as_png(), target / f"{name}-{scheme}.png")


def fill(scene: Scene, folder: Path) -> None:
    """Deploy and run what the pictures show."""
    say("scoring digits")
    digits = scene.digits(folder, COUNT)
    for name in ("digits-first", JOB):  # the second one finds everything warm
        digits.start("azureml://datastores/workspaceblobstore/paths/data/digits/", name=name)
        if digits.wait(name, seconds=600) != "Completed":
            raise SystemExit(digits.error(name))
    say("running a pipeline")
    retraining = scene.retraining()
    retraining.post({"inputData": {"share": {"jobInputType": "Literal", "value": 0.8}}, "name": "retraining-weekly"})
    retraining.wait("retraining-weekly", seconds=600)
    say("serving flowers")
    scene.flowers(BLUE, GREEN)


def ready(window: Browser, name: str) -> None:
    """Wait until a page is as the picture shows it."""
    if name == "test":
        window.css("form .primary").click()
        window.until(lambda: "setosa" in window.css("#answer").text)
        window.script("scrollTo(0, 0); document.activeElement.blur()")
    images = window.driver.find_elements(By.CSS_SELECTOR, "img")
    window.until(lambda: all(window.script("return arguments[0].complete", image) for image in images[:12]))


def write(data: bytes, path: Path) -> None:
    """Write a picture, small."""
    with Image.open(io.BytesIO(data)) as picture:
        picture.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE).save(path, optimize=True)
    say(f"{path.name}: {path.stat().st_size >> 10} kB")


def say(text: str) -> None:
    """Tell what is being done."""
    print(f"screenshots: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main(*(Path(argument) for argument in sys.argv[1:]))
    except pytest.skip.Exception as missing:  # what a test would be skipped for
        raise SystemExit(f"screenshots: {missing}") from None
