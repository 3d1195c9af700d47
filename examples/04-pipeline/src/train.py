"""Second step: train the classifier that 01-digits deploys, on other pictures."""

import argparse
from pathlib import Path

import joblib
import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.svm import SVC


def main(parts: Path, model: Path, gamma: float) -> None:
    """Write `digits.joblib`, which the scoring script of 01-digits loads."""
    with np.load(parts / "train.npz") as training:
        classifier = CalibratedClassifierCV(SVC(gamma=gamma), cv=5, ensemble=False)
        classifier.fit(training["pictures"], training["digits"])
    joblib.dump(classifier, model / "digits.joblib")
    print(f"trained with gamma {gamma}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--gamma", type=float, required=True)
    main(**vars(parser.parse_args()))
