"""First step: read labelled pictures, and part them into those that train the model and those that test it."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

SHADE = 15  # what one of the 17 shades was multiplied by when the pictures were made


def read(path: Path) -> np.ndarray:
    """Return one picture as 64 shades from 0 to 16."""
    with Image.open(path) as picture:
        return np.asarray(picture.convert("L"), dtype=np.float64).ravel() / SHADE


def main(data: Path, parts: Path) -> None:
    """Write `train.npz` and `test.npz`: every third picture tests."""
    labels = pd.read_csv(data / "labels.csv")
    pictures = np.stack([read(data / "images" / name) for name in labels["file"]])
    tests = np.arange(len(labels)) % 3 == 0
    for name, chosen in (("train", ~tests), ("test", tests)):
        files, digits = labels["file"][chosen].to_numpy(str), labels["label"][chosen].to_numpy()
        np.savez(parts / f"{name}.npz", files=files, pictures=pictures[chosen], digits=digits)
        print(f"{name}: {chosen.sum()} pictures")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
