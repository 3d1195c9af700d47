"""Train a version of the model, and write the digits that the gates score: `python prepare.py v1`, `v2` or `v3`.

v1 has seen a quarter of the digits and v2 half of them; v3 has seen as many, but of some the labels were mixed up. The
digits, and how they are trained and written, are those of 01-digits. The same version always has the same bytes.
"""

import runpy
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

HERE = Path(__file__).resolve().parent
HELD_OUT = 60


def mixed_up(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the labels with 8 and 9 for one another."""
    return np.where(labels >= 8, 17 - labels, labels)  # noqa: PLR2004 -- the two last digits


def main(version: str, folder: Path = HERE) -> None:
    """Fill `data/images`, `data/labels.csv` and `model/` of a folder."""
    digits = runpy.run_path(str(HERE.parent / "01-digits/prepare.py"))
    images, labels = load_digits().images, load_digits().target
    half = len(images) // 2
    seen = {
        "v1": (images[: half // 2], labels[: half // 2]),
        "v2": (images[:half], labels[:half]),
        "v3": (images[:half], mixed_up(labels[:half])),
    }
    if version not in seen:
        sys.exit(f"there is no version {version!r} to train: it is one of {', '.join(seen)}")
    held_out = {f"digit-{index:04}.png": index for index in range(half, half + HELD_OUT)}
    truth = "file,label\n" + "".join(f"{name},{labels[index]}\n" for name, index in held_out.items())
    files = {folder / "data/images" / name: digits["as_png"](images[index]) for name, index in held_out.items()}
    files[folder / "data/labels.csv"] = truth.encode()
    files[folder / "model/digits.joblib"] = digits["train"](*seen[version])
    written = digits["write"](files)
    print(f"{version}: trained with {len(seen[version][0])} digits; {HELD_OUT} are held out; {written} files written")


if __name__ == "__main__":
    main(next(iter(sys.argv[1:]), ""), *map(Path, sys.argv[2:3]))
