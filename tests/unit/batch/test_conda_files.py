"""Conda files, read for what PyPI can offer."""

from __future__ import annotations

import pytest

from azureml_emulator.batch.conda import CondaFileError, Requirements, pip_version, read_conda_file

CONDA = """
name: digits
channels: [conda-forge]
dependencies:
  - python=3.11
  - pip=23.0
  - scikit-learn==1.5.2
  - conda-forge::pandas>=2,<3
  - numpy=1.26
  - pytorch
  - cudatoolkit=11.1
  - pip:
    - --extra-index-url https://packages.example/simple
    - joblib==1.4.2
    - pillow>=10
"""


def test_pip_packages_stay_and_conda_packages_get_their_pypi_names() -> None:
    assert read_conda_file(CONDA) == Requirements(
        python="3.11",
        lines=(
            "scikit-learn==1.5.2",
            "pandas>=2,<3",
            "numpy==1.26.*",
            "torch",
            "--extra-index-url https://packages.example/simple",
            "joblib==1.4.2",
            "pillow>=10",
        ),
        skipped=("cudatoolkit=11.1",),
    )


@pytest.mark.parametrize(
    ("conda", "pip"),
    [
        ("", ""),
        ("=1.2", "==1.2.*"),
        ("=1.2.*", "==1.2.*"),
        ("==1.2", "==1.2"),
        ("==1.2=py38_0", "==1.2"),
        ("=1.2=py38_0", "==1.2.*"),
        (">=1.2,<2", ">=1.2,<2"),
        (" >= 1.2", ">=1.2"),
        ("=*", ""),
    ],
)
def test_versions_are_written_pips_way(conda: str, pip: str) -> None:
    assert pip_version(conda) == pip


@pytest.mark.parametrize("python", ["python=3.8", "python==3.8", "python>=3.8", "python 3.8.*"])
def test_the_python_version_is_found(python: str) -> None:
    assert read_conda_file(f"dependencies:\n- {python}\n").python == "3.8"


def test_no_conda_file_asks_for_nothing() -> None:
    assert read_conda_file("") == Requirements()


@pytest.mark.parametrize(
    ("text", "said"), [("a: [", "not valid YAML"), ("- a", "dependencies"), ("name: x", "dependencies")]
)
def test_a_conda_file_that_cannot_be_read_is_named(text: str, said: str) -> None:
    with pytest.raises(CondaFileError, match=said):
        read_conda_file(text)
