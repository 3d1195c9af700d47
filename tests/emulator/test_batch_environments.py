"""A conda file becomes an environment: built once for each content, in the installer's own words when it fails."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from azureml_emulator.batch import environment
from azureml_emulator.batch.conda import read_conda_file
from azureml_emulator.batch.environment import environment_key, prepare
from azureml_emulator.batch.failure import JobFailedError
from azureml_emulator.batch.spec import EnvironmentSpec
from emulator.batch_support import Bench

TINY = "dependencies:\n- pip:\n  - iniconfig==2.0.0\n"


def build(conda: str, cache: Path, **values: object) -> tuple[environment.Environment, list[str]]:
    log: list[str] = []
    return prepare(EnvironmentSpec(conda_file=conda, **values), cache, log.append), log


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("environments")


def test_packages_of_the_conda_file_are_what_the_script_gets(cache: Path) -> None:
    built, log = build(TINY, cache)
    version = "from importlib.metadata import version; print(version('iniconfig'))"
    assert subprocess.check_output([built.python, "-c", version], text=True).strip() == "2.0.0"
    assert "iniconfig==2.0.0" in (built.python.parents[1] / "build.log").read_text()
    assert any(line.startswith("Building environment") for line in log)
    again, log = build(TINY, cache)
    assert again.python == built.python
    assert "was built before" in log[0]
    assert "iniconfig==2.0.0" in log[1], "the log of the build is shown to later jobs too"


def test_jobs_that_race_build_an_environment_once(cache: Path) -> None:
    conda = "dependencies:\n- pip:\n  - iniconfig==2.1.0\n"
    with ThreadPoolExecutor(6) as threads:
        results = list(threads.map(lambda _: build(conda, cache), range(6)))
    assert len({built.python for built, _ in results}) == 1
    assert sum(any(line.startswith("Building") for line in log) for _, log in results) == 1
    assert sum(log[0].startswith("Another job is building") for _, log in results) >= 1


@pytest.mark.parametrize("lost", ["ready", "bin/python"])
def test_an_unfinished_or_broken_build_is_done_again(cache: Path, lost: str) -> None:
    conda = "dependencies:\n- pip: []\n"
    built, _ = build(conda, cache)
    (built.python.parents[1] / lost).unlink()
    again, log = build(conda, cache)
    assert log[0].startswith("Building")
    assert again.python.exists()


def test_the_content_decides_the_environment() -> None:
    one = read_conda_file("name: a\ndependencies:\n- numpy\n")
    renamed = read_conda_file("name: b\nchannels: [x]\ndependencies: ['numpy']\n")
    other = read_conda_file("dependencies:\n- numpy=1.26\n")
    assert environment_key("py", one) == environment_key("py", renamed)
    assert environment_key("py", one) != environment_key("py", other)
    assert environment_key("py", one) != environment_key("py3.12", one)


def test_a_package_that_cannot_be_had_is_told_in_the_installers_words(cache: Path) -> None:
    conda = "dependencies:\n- pip:\n  - iniconfig==0.0.0.999\n"
    with pytest.raises(JobFailedError) as error:
        build(conda, cache)
    assert error.value.failure.cause == "environment"
    assert "iniconfig==0.0.0.999" in error.value.failure.traceback
    assert "unsatisfiable" in error.value.failure.traceback


def test_a_conda_file_that_cannot_be_read_fails_the_job(cache: Path) -> None:
    with pytest.raises(JobFailedError, match="not valid YAML"):
        build("a: [", cache)


def test_a_python_that_is_not_installed_is_replaced_and_said_so(cache: Path) -> None:
    built, _ = build("dependencies:\n- python=3.5\n", cache)
    assert built.notices[-1].startswith("Python 3.5 is not installed on this machine; Python 3.")
    assert built.python.exists()


def test_conda_packages_without_a_pypi_name_are_said_to_be_left_out(cache: Path) -> None:
    built, _ = build("dependencies:\n- cudatoolkit=11\n", cache, image="img:1")
    assert "img:1 is recorded, not run" in built.notices[0]
    assert built.notices[1] == "Conda packages that PyPI does not have were left out: cudatoolkit=11."


def test_the_running_interpreter_serves_if_the_deployment_says_so_and_it_has_every_package(cache: Path) -> None:
    reused, _ = build("dependencies:\n- pip:\n  - psutil\n", cache, reuse=True)
    assert str(reused.python) == sys.executable
    lacking, _ = build(TINY, cache, reuse=True)
    assert str(lacking.python) != sys.executable


def test_a_job_runs_in_its_environment(tmp_path: Path) -> None:
    script = """
        import sys
        from importlib.metadata import distributions
        def run(mini_batch):
            return [" ".join(sorted(d.metadata["Name"] for d in distributions())), str(sys.prefix != sys.base_prefix)]
    """
    bench = Bench(tmp_path).script(script).files("a", "b").job(environment=EnvironmentSpec(conda_file=TINY))
    result = bench.run(XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert result.rows == ["iniconfig", "True"]
    assert "iniconfig==2.0.0" in (tmp_path / "job/step/azureml-logs/20_image_build_log.txt").read_text()


@pytest.mark.skipif(environment._installed("3.8") is None, reason="Python 3.8 is not installed")
def test_the_worker_runs_on_python_3_8(tmp_path: Path) -> None:
    script = """
        import sys
        def run(mini_batch):
            return [sys.version.split()[0][:3] for _ in mini_batch]
    """
    old = EnvironmentSpec(conda_file="dependencies:\n- python=3.8\n")
    result = Bench(tmp_path).script(script).files("a").job(environment=old).run()
    assert (result.status, result.rows) == ("Completed", ["3.8"])
    failing = Bench(tmp_path / "b").script(textwrap.dedent("def run(b):\n    return [int(p) for p in b]\n")).files("x")
    assert "score.py:2 in <listcomp>" in failing.job(environment=old).run().error
