"""Make the example's input: tiles of three photographs, which photograph each is of, and a model trained on others.

The photographs ship inside PyPI packages: scikit-learn's `china.jpg` and `flower.jpg`, and matplotlib's
`grace_hopper.jpg`. They are cut into tiles of 48 × 48 pixels, like a chess board: the tiles on one colour train the
model, those on the other are what the endpoint scores. Running this again writes nothing when everything is there
already, so a second `pulumi up` finds the content that it knows.
"""

import io
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import joblib
import numpy as np
from matplotlib.cbook import get_sample_data
from PIL import Image
from sklearn.datasets import load_sample_image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).resolve().parent
SIDE = 48  # pixels
sys.path.insert(0, str(HERE / "src"))
from features import measure  # noqa: E402 -- what trains and what scores must measure alike


def photographs() -> dict[str, Image.Image]:
    """Return the photographs by name."""
    with Image.open(get_sample_data("grace_hopper.jpg", asfileobj=False)) as portrait:
        hopper = portrait.convert("RGB")
    return {
        "china": Image.fromarray(load_sample_image("china.jpg")),
        "flower": Image.fromarray(load_sample_image("flower.jpg")),
        "hopper": hopper,
    }


def tiles(photograph: Image.Image) -> Iterator[tuple[bool, bytes]]:
    """Yield every whole tile as a PNG file, and whether it is one to train on."""
    for row in range(photograph.height // SIDE):
        for column in range(photograph.width // SIDE):
            left, top = column * SIDE, row * SIDE
            packed = io.BytesIO()
            photograph.crop((left, top, left + SIDE, top + SIDE)).save(packed, format="PNG")
            yield (row + column) % 2 == 0, packed.getvalue()


def train(pictures: list[bytes], names: list[str]) -> bytes:
    """Return the trained classifier as joblib writes it; the same pictures always give the same bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tile.png"
        measured = []
        for picture in pictures:
            path.write_bytes(picture)
            measured.append(measure(str(path)))
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(np.stack(measured), names)
    packed = io.BytesIO()
    joblib.dump(classifier, packed)
    return packed.getvalue()


def write(files: dict[Path, bytes]) -> int:
    """Write the files whose content is not there yet; return how many those were."""
    stale = {path: content for path, content in files.items() if not path.exists() or path.read_bytes() != content}
    for path, content in stale.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return len(stale)


def main(folder: Path = HERE) -> None:
    """Fill `data/tiles`, `data/photographs.csv` and `model/` of a folder."""
    known: list[tuple[bytes, str]] = []
    held_out: list[tuple[bytes, str]] = []
    for name, photograph in photographs().items():
        for is_known, tile in tiles(photograph):
            (known if is_known else held_out).append((tile, name))
    files = {folder / "data/tiles" / f"tile-{number:03}.png": tile for number, (tile, _) in enumerate(held_out)}
    truth = "".join(f"tile-{number:03}.png,{name}\n" for number, (_, name) in enumerate(held_out))
    files[folder / "data/photographs.csv"] = f"file,photograph\n{truth}".encode()
    files[folder / "model/photographs.joblib"] = train([tile for tile, _ in known], [name for _, name in known])
    written = write(files)
    print(f"tiles: {len(known)} train the model, {len(held_out)} are to be scored; {written} files written")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
