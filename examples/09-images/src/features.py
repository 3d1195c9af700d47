"""What is measured of a picture; the training and the scoring script share it."""

import numpy as np
from PIL import Image

BINS = 8


def measure(path: str) -> np.ndarray:
    """Return the shares of colours (3 × 8), and mean brightness and sharpness, of a picture file.

    Brightness is from 0 (black) to 1 (white); sharpness is the mean step from one pixel to the next, on the same scale.
    """
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"), dtype=np.float64) / 255
    shares = [np.histogram(pixels[..., channel], BINS, (0, 1))[0] / pixels[..., channel].size for channel in range(3)]
    grey = pixels.mean(axis=2)
    steps = (np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean()) / 2
    return np.concatenate([*shares, [grey.mean(), steps]])
