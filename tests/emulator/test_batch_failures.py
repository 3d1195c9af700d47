"""What a user reads when a job fails: the cause, the place, the file, the fix, on one screen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from azureml_emulator.batch.spec import EnvironmentSpec, NodeSize, Place
from emulator.batch_support import ECHO, Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def screen(text: str) -> dict[str, str]:
    """The facts of a failure screen by name."""
    facts = {"headline": text.splitlines()[0]}
    for line in text.splitlines()[1:]:
        name, found, value = line.strip().partition(":")
        if found and line.startswith("  ") and not line.startswith("    ") and name.isalpha() and name.islower():
            facts.setdefault(name, value.strip())
    return facts


def test_an_exception_in_run_names_line_file_and_traceback(bench: Bench) -> None:
    script = """
        def read(name):
            if name.endswith("b.txt"):
                raise ValueError("not a digit")

        def run(mini_batch):
            for path in mini_batch:
                read(path)
            return mini_batch
    """
    result = bench.script(script).files("deep/a.txt", "deep/b.txt").run()
    facts = screen(result.error)
    assert "There is no succeeded mini batch item returned from run()" in facts["headline"]
    assert facts["cause"] == "run() raised ValueError: not a digit"
    assert facts["where"] == "score.py:4 in read"
    assert facts["file"] == "deep/b.txt"
    assert facts["batch"] == "mini-batch 0, attempt 1 of 1"
    assert "catch the exception per file" in facts["fix"]
    assert facts["log"] == "logs/user/stderr/node000/process000.stderr.txt"
    assert 'raise ValueError("not a digit")' in result.error
    assert "Traceback (most recent call last):" in result.log("user/stderr/node000/process000.stderr.txt")
    assert result.error in (bench.folder / "job/job/logs/azureml/executionlogs.txt").read_text()
    assert "not a digit" in result.log("user/error.txt")


def test_without_a_path_at_hand_the_whole_mini_batch_is_named(bench: Bench) -> None:
    bench.script("def run(mini_batch):\n    raise ValueError('no idea where')\n").files("a.txt", "b.txt")
    assert screen(bench.run().error)["file"] == "a.txt, b.txt"


def test_a_missing_package_is_named_with_the_way_to_add_it(bench: Bench) -> None:
    facts = screen(bench.script("import surely_not_installed\ndef run(b):\n    return b\n").files("a").run().error)
    assert "the package that provides 'surely_not_installed' is not in the environment" in facts["headline"]
    assert facts["where"] == "score.py:1 in <module>"
    assert "conda file" in facts["fix"]


def test_a_script_with_a_syntax_error_names_its_line(bench: Bench) -> None:
    facts = screen(bench.script("def run(mini_batch):\n    return [\n").files("a").run().error)
    assert "importing score.py raised SyntaxError" in facts["headline"]
    assert facts["where"].startswith("score.py:2")


def test_an_exception_in_init_is_named_before_any_data_is_touched(bench: Bench) -> None:
    script = "def init():\n    raise RuntimeError('bad weights')\n" + ECHO.replace("\n    ", "\n")
    facts = screen(bench.script(script).files("a").run().error)
    assert facts["headline"].endswith("init() raised RuntimeError: bad weights")
    assert facts["where"] == "score.py:2 in init"
    assert "correct init()" in facts["fix"]


def test_a_model_file_that_init_does_not_find_points_at_the_model_folder(bench: Bench) -> None:
    script = """
        import os
        def init():
            open(os.environ["AZUREML_MODEL_DIR"] + "/model.pkl")
        def run(mini_batch):
            return mini_batch
    """
    facts = screen(bench.script(script).files("a").run().error)
    assert "FileNotFoundError" in facts["headline"]
    assert "AZUREML_MODEL_DIR" in facts["fix"]


def test_a_script_without_run_says_so(bench: Bench) -> None:
    facts = screen(bench.script("def score(mini_batch):\n    return mini_batch\n").files("a").run().error)
    assert "score.py defines no function run(mini_batch)" in facts["headline"]


def test_a_wrong_result_says_what_to_return(bench: Bench) -> None:
    facts = screen(bench.script("def run(mini_batch):\n    return 5\n").files("a").run().error)
    assert "The actual type of output is int." in facts["cause"]
    assert "return a list with one item per file" in facts["fix"]


def test_an_unreadable_file_is_named(bench: Bench) -> None:
    script = """
        from PIL import Image
        def run(mini_batch):
            return [Image.open(path).size for path in mini_batch]
    """
    facts = screen(bench.script(script).files("not-an-image.png").run().error)
    assert "UnidentifiedImageError" in facts["cause"]
    assert facts["where"] == "score.py:4 in <listcomp>"
    assert facts["file"] == "not-an-image.png"
    assert "replace or remove the file" in facts["fix"]


def test_too_much_memory_is_named_with_the_node_size(bench: Bench) -> None:
    script = """
        import time
        def run(mini_batch):
            data = bytearray(600 << 20)
            time.sleep(30)
            return mini_batch
    """
    small = NodeSize("STANDARD_TINY", 1, 300 << 20)
    result = bench.script(script).files("a").job(node=small).run()
    facts = screen(result.error)
    assert "above the 0.29 GB of STANDARD_TINY" in facts["cause"]
    assert "larger VM size" in facts["fix"]
    assert facts["file"] == "a"


def test_a_timeout_is_named_with_its_limit(bench: Bench) -> None:
    script = "import time\ndef run(mini_batch):\n    time.sleep(60)\n"
    facts = screen(bench.script(script).files("slow.txt").scoring(timeout=0.3).run().error)
    assert facts["cause"] == "run() took longer than the 0.3 s of retry_settings.timeout; the worker was killed"
    assert facts["file"] == "slow.txt"
    assert "raise retry_settings.timeout" in facts["fix"]


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("os._exit(7)", "the worker process ended with exit code 7 during run()"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "the worker process crashed with SIGSEGV during run()"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "was killed (SIGKILL, often for lack of memory) during run()"),
    ],
)
def test_a_crash_of_the_worker_is_named(bench: Bench, end: str, said: str) -> None:
    bench.script(f"import os, signal\ndef run(mini_batch):\n    {end}\n").files("a.txt")
    facts = screen(bench.run().error)
    assert said in facts["cause"]
    assert facts["file"] == "a.txt"


def test_a_crash_in_init_fails_the_job_at_once(bench: Bench) -> None:
    bench.script("import os\ndef init():\n    os._exit(9)\ndef run(b):\n    return b\n").files("a.txt")
    assert "ended with exit code 9 during init()" in bench.run().error


def test_a_package_that_cannot_be_had_fails_in_the_installers_own_words(bench: Bench) -> None:
    conda = "dependencies:\n- pip:\n  - pip-install-me==999.0\n"
    variables = {"UV_OFFLINE": "1", "XDG_CACHE_HOME": str(bench.folder / "cache")}
    bench.script(ECHO).files("a").job(environment=EnvironmentSpec(conda_file=conda))
    result = bench.run(**variables)
    assert "the environment could not be built" in result.error
    assert "pip-install-me" in result.error.split("\n\n")[1]
    assert screen(result.error)["fix"].startswith("correct the environment's conda file")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"script": "missing.py"}, "the code has no scoring script missing.py; at its top level are: score.py"),
        ({"model": Place("/nowhere/model")}, "the model could not be read: there is no file or folder"),
        ({"data": Place("/nowhere/input")}, "the input could not be listed: there is no file or folder"),
    ],
)
def test_what_is_not_there_is_named(bench: Bench, values: dict[str, object], said: str) -> None:
    bench.script(ECHO).files("a").job(**values)
    assert said in bench.run().error


def test_an_input_without_files_fails(bench: Bench) -> None:
    assert "the input has no files" in bench.script(ECHO).run().error


def test_the_image_is_said_to_be_recorded_only(bench: Bench) -> None:
    bench.script(ECHO).files("a")
    result = bench.job(environment=replace(bench.spec.environment, image="mcr.example/sklearn:1")).run()
    assert "mcr.example/sklearn:1 is recorded, not run" in str(result.events)
    assert (
        "mcr.example/sklearn:1 is recorded, not run"
        in (bench.folder / "job/job/logs/azureml/executionlogs.txt").read_text()
    )
