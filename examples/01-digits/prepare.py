"""Make the example's input: scanned digits as PNG files, their true labels, and a model trained on the others.

The digits are scikit-learn's `load_digits`: 1,797 scanned handwritten digits of 8 × 8 pixels in 17 shades of grey
(UCI, "Optical Recognition of Handwritten Digits"). The first half trains the model, the second half is what the
endpoint scores. Running this again writes nothing when everything is there already, so a second `pulumi up` finds
the content that it knows.
"""

import io
import sys
from pathlib import Path

import joblib
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits
from sklearn.svm import SVC

HERE = Path(__file__).resolve().parent
SHADE = 15  # 16 shades × 15 = 240: a pixel is its shade exactly, and fits a byte


def as_png(pixels: NDArray[np.float64]) -> bytes:
    """Return 8 × 8 shades from 0 to 16 as a lossless 8-bit grey PNG file."""
    packed = io.BytesIO()
    Image.fromarray((pixels * SHADE).astype(np.uint8)).save(packed, format="PNG")
    return packed.getvalue()


def train(images: NDArray[np.float64], labels: NDArray[np.int64]) -> bytes:
    """Return the trained classifier as joblib writes it; the same digits always give the same bytes."""
    classifier = CalibratedClassifierCV(SVC(gamma=0.001), cv=5, ensemble=False)
    classifier.fit(images.reshape(len(images), -1), labels)
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
    """Fill `data/images`, `data/labels.csv` and `model/` of a folder."""
    images, labels = load_digits().images, load_digits().target
    half = len(images) // 2
    held_out = {f"digit-{index:04}.png": index for index in range(half, len(images))}
    truth = "file,label\n" + "".join(f"{name},{labels[index]}\n" for name, index in held_out.items())
    files = {folder / "data/images" / name: as_png(images[index]) for name, index in held_out.items()}
    files[folder / "data/labels.csv"] = truth.encode()
    files[folder / "model/digits.joblib"] = train(images[:half], labels[:half])
    written = write(files)
    print(f"digits: {half} train the model, {len(held_out)} are to be scored; {written} files written")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
