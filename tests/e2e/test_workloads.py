"""Text, tables and images through a batch endpoint, on the real engine: each README typed from top to bottom."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from . import example
from .example import Example
from .local import ROOT, LocalAzure
from .stack import Report

pytestmark = pytest.mark.timeout(900)

RESOURCES = 9  # seven of the component, itself, and the stack
LEAST = 0.93  # accuracy


@dataclass(frozen=True)
class Workload:
    """An example: how its README scores, what it compares, and how many items there are."""

    name: str
    invoke: str
    items: int
    truth: str
    result: type


WORKLOADS = (
    Workload(
        "07-text",
        "azureml-stack invoke --input data/texts --watch --download out --columns file,language,probability",
        384,
        "languages.csv",
        list,
    ),
    Workload(
        "08-tabular", "azureml-stack invoke --input data/tumours --watch --download out", 284, "diagnoses.csv", list
    ),
    Workload(
        "09-images",
        "azureml-stack invoke --input data/tiles --watch --download out \\",
        164,
        "photographs.csv",
        pd.DataFrame,
    ),
)


@dataclass
class Life:
    """What a README's commands left behind."""

    workload: Workload
    example: Example
    up: Report
    compared: str
    destroy: Report
    before: dict[str, list[str]]
    after: dict[str, list[str]]

    @property
    def out(self) -> Path:
        return self.example.folder / "out"

    def outside(self) -> list[str] | pd.DataFrame:
        """What the scoring script gives for the same files without an endpoint, in this process's environment."""
        code = (
            "import pickle, sys; from pathlib import Path; import score; score.init();"
            "result = score.run(sorted(map(str, Path(sys.argv[1]).iterdir())));"
            "Path(sys.argv[2]).write_bytes(pickle.dumps(result))"
        )
        folder = self.example.folder
        (folder / "outside").mkdir(exist_ok=True)
        (data,) = [path for path in (folder / "data").iterdir() if path.is_dir()]
        self.example.stack.environment.update(
            PYTHONPATH=str(folder / "src"),
            AZUREML_MODEL_DIR=str(folder),
            AZUREML_BI_OUTPUT_PATH=str(folder / "outside"),
        )
        done = self.example.stack.python("-c", code, data, folder / "outside.pickle")
        assert done.returncode == 0, done.stdout
        result: list[str] | pd.DataFrame = pd.read_pickle(folder / "outside.pickle")
        return result


@pytest.fixture(scope="module", params=WORKLOADS, ids=lambda workload: workload.name)
def life(request: pytest.FixtureRequest, azure: LocalAzure, tmp_path_factory: pytest.TempPathFactory) -> Life:
    """The example's stack: prepare and up, invoke, compare, destroy."""
    workload: Workload = request.param
    target = tmp_path_factory.mktemp(workload.name)
    environment = Path("examples/01-digits/environment")
    shutil.copytree(ROOT / environment, target / environment)
    copied = example.copy(workload.name, target, azure)
    before = azure.inventory()
    try:
        up = Report(copied.type("python prepare.py"), 0)
        copied.type(workload.invoke)
        compared = copied.type("import pandas as pd")
        destroy = Report(copied.type("pulumi destroy --yes"), 0)
    finally:
        copied.stack.attempt("destroy", "--yes", "--skip-preview")
    return Life(workload, copied, up, compared, destroy, before, azure.inventory())


def test_every_command_of_the_readme_is_typed(life: Life) -> None:
    assert life.example.runnable() == [
        "python prepare.py",
        life.workload.invoke,
        "import pandas as pd",
        "pulumi destroy --yes",
    ]


def test_up_makes_everything_once_and_destroy_leaves_nothing(life: Life) -> None:
    assert life.up.counts == {"created": RESOURCES}
    assert life.destroy.counts == {"deleted": RESOURCES}
    assert life.after == life.before


def test_everything_is_scored_as_well_as_promised(life: Life) -> None:
    found = re.search(rf"([\d.]+)% of {life.workload.items} ", life.compared)
    assert found, life.compared
    assert float(found[1]) / 100 >= LEAST


def test_the_results_are_what_the_script_gives_outside_the_endpoint(life: Life) -> None:
    outside = life.outside()
    assert isinstance(outside, life.workload.result)
    if life.workload.name == "08-tabular":
        here = {path.name: pd.read_parquet(path) for path in sorted((life.example.folder / "outside").iterdir())}
        assert sorted(here) == sorted(path.name for path in life.out.iterdir())
        assert sorted(here) == sorted(outside)
        for name, table in here.items():
            pd.testing.assert_frame_equal(pd.read_parquet(life.out / name), table)
        return
    scored = pd.read_csv(life.out / "predictions.csv")
    rows = outside if isinstance(outside, pd.DataFrame) else pd.DataFrame(line.split() for line in outside)
    rows = rows.set_axis(scored.columns, axis=1).astype(scored.dtypes.to_dict())
    by_file = {"by": "file", "ignore_index": True}
    pd.testing.assert_frame_equal(scored.sort_values(**by_file), rows.sort_values(**by_file), atol=2e-4)
