"""How a scoring script is run: the contract of Azure ML's batch scoring scripts, one test for each rule."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from azureml_emulator.batch.spec import Place
from emulator.batch_support import ECHO, Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def names(count: int) -> list[str]:
    return [f"file{number:03}.txt" for number in range(count)]


def test_work_is_split_by_number_of_files_in_any_depth(bench: Bench) -> None:
    bench.script("def run(mini_batch):\n    return [len(mini_batch)] * len(mini_batch)\n")
    result = bench.files("b/deep/er/1.txt", "a.txt", "b/2.txt", "c.txt", "b/deep/3.txt").run()
    assert result.rows == ["2", "2", "2", "2", "1"]


def test_files_come_in_the_order_of_their_names(bench: Bench) -> None:
    script = """
        def run(mini_batch):
            return [path.split("/input/")[1] for path in mini_batch]
    """
    result = bench.script(script).files("z.txt", "a/z.txt", "a.txt", "a/a.txt").scoring(mini_batch_size=3).run()
    assert result.rows == ["a.txt", "a/a.txt", "a/z.txt", "z.txt"]


def test_run_gets_a_list_of_local_paths(bench: Bench) -> None:
    script = """
        def run(mini_batch):
            assert type(mini_batch) is list
            return [open(path).read() for path in mini_batch]
    """
    assert bench.script(script).files("a.txt").run().rows == ["content of a.txt"]


def test_init_runs_once_in_every_worker(bench: Bench) -> None:
    script = """
        import os, time
        calls = 0
        def init():
            global calls
            calls += 1
        def run(mini_batch):
            time.sleep(0.05)
            return [f"{os.getpid()} {calls}" for _ in mini_batch]
    """
    result = bench.script(script).files(*names(12)).scoring(mini_batch_size=1, concurrency=2).run()
    workers = {row.split()[0] for row in result.rows}
    assert len(workers) == 2
    assert {row.split()[1] for row in result.rows} == {"1"}


def test_init_and_shutdown_are_optional(bench: Bench) -> None:
    assert bench.script(ECHO).files("a.txt").run().rows == ["a.txt"]


def test_shutdown_runs_after_the_last_mini_batch(bench: Bench) -> None:
    script = """
        def run(mini_batch):
            print("run")
            return mini_batch
        def shutdown():
            print("shutdown")
    """
    result = bench.script(script).files(*names(4)).run()
    assert result.log("user/stdout/node000/process000.stdout.txt").split() == ["run", "run", "shutdown"]


def test_a_failing_shutdown_does_not_undo_results(bench: Bench) -> None:
    script = ECHO + "\n    def shutdown():\n        raise ValueError('too late')\n"
    result = bench.script(script).files("a.txt").run()
    assert (result.status, result.rows) == ("Completed", ["a.txt"])


@pytest.mark.parametrize("result", ["['one two', 3]", "('one two', 3)"])
def test_items_of_a_list_or_tuple_stand_one_to_a_line(bench: Bench, result: str) -> None:
    bench.script(f"def run(mini_batch):\n    return {result}\n").files("a", "b")
    assert bench.run().rows == ["one two", "3"]


def test_a_data_frame_is_written_space_separated_without_header_and_index(bench: Bench) -> None:
    script = """
        import pandas as pd
        def run(mini_batch):
            return pd.DataFrame({"file": ["a b.png", "c.png"], "prediction": [7, 1], "probability": [0.5, 1.0]})
    """
    assert bench.script(script).files("a", "b").run().rows == ['"a b.png" 7 0.5', "c.png 1 1.0"]


@pytest.mark.parametrize(("result", "kind"), [("None", "NoneType"), ("{'a': 1}", "dict"), ("'text'", "str")])
def test_another_result_fails_the_mini_batch(bench: Bench, result: str, kind: str) -> None:
    outcome = bench.script(f"def run(mini_batch):\n    return {result}\n").files("a").run()
    assert outcome.status == "Failed"
    assert "should return a list or a pandas DataFrame" in outcome.error
    assert f"The actual type of output is {kind}." in outcome.error


def test_rows_of_all_workers_end_in_one_file_in_the_order_of_the_input(bench: Bench) -> None:
    script = """
        import os, random, time
        def run(mini_batch):
            time.sleep(random.random() / 50)
            return [os.path.basename(path) for path in mini_batch]
    """
    result = bench.script(script).files(*names(40)).scoring(mini_batch_size=3, nodes=2, concurrency=2).run()
    assert result.rows == names(40)


def test_summary_only_keeps_the_scripts_own_files_and_no_rows(bench: Bench) -> None:
    script = """
        import os
        def run(mini_batch):
            for path in mini_batch:
                name = os.path.basename(path)
                with open(os.path.join(os.environ["AZUREML_BI_OUTPUT_PATH"], name + ".out"), "w") as file:
                    file.write("scored")
            return mini_batch
    """
    bench.script(script).files(*names(3)).scoring(output_action="SummaryOnly", concurrency=2).run()
    results = bench.folder / "results"
    assert sorted(path.name for path in results.iterdir()) == [f"{name}.out" for name in names(3)]


def test_the_model_dir_is_the_parent_of_the_registered_folder(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "my-model" / "sub").mkdir(parents=True)
    (tmp_path / "my-model" / "sub" / "weights").write_text("42")
    script = """
        import os
        def run(mini_batch):
            root = os.environ["AZUREML_MODEL_DIR"]
            return [open(os.path.join(root, "my-model", "sub", "weights").strip()).read()] * len(mini_batch)
    """
    assert bench.script(script).files("a").job(model=Place(str(tmp_path / "my-model"))).run().rows == ["42"]


def test_a_model_that_is_a_file_lies_in_the_model_dir(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_text("7")
    script = """
        import os
        def run(mini_batch):
            return [open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model.bin")).read()]
    """
    assert bench.script(script).files("a").job(model=Place(str(tmp_path / "model.bin"))).run().rows == ["7"]


def test_the_deployments_environment_variables_are_set(bench: Bench) -> None:
    script = "import os\ndef run(mini_batch):\n    return [os.environ['GREETING'], os.environ['OMP_NUM_THREADS']]\n"
    variables = {"GREETING": "good morning", "OMP_NUM_THREADS": "9"}
    assert bench.script(script).files("a", "b").job(variables=variables).run().rows == ["good morning", "9"]


def test_the_logging_level_is_on_the_arguments(bench: Bench) -> None:
    script = """
        import argparse
        def init():
            global level
            parser = argparse.ArgumentParser()
            parser.add_argument("--logging_level")
            level = parser.parse_known_args()[0].logging_level
        def run(mini_batch):
            return [level]
    """
    assert bench.script(script).files("a").scoring(logging_level="Warning").run().rows == ["WARNING"]


def test_helpers_and_files_beside_the_script_are_found(bench: Bench) -> None:
    script = """
        from helpers import shout
        def run(mini_batch):
            return [shout(open("labels.txt").read())]
    """
    bench.script("def shout(text):\n    return text.upper()\n", "helpers.py").script("zero", "labels.txt")
    assert bench.script(script).files("a").run().rows == ["ZERO"]


def test_a_script_in_a_subfolder_sees_the_code_folder_too(bench: Bench) -> None:
    bench.script("WORD = 'root'\n", "shared.py").script("WORD = 'beside'\n", "src/near.py")
    bench.script("import near, shared\ndef run(b):\n    return [near.WORD, shared.WORD]\n", "src/score.py")
    assert bench.files("a", "b").job(script="src/score.py").run().rows == ["beside", "root"]


def test_workers_are_nodes_times_concurrency_with_folders_and_logs_of_their_own(bench: Bench) -> None:
    script = """
        import os, time
        def run(mini_batch):
            time.sleep(0.1)
            print("from", os.getpid())
            return [f"{os.getcwd()} {os.getpid()}"]
    """
    result = bench.script(script).files(*names(8)).scoring(mini_batch_size=1, nodes=2, concurrency=2).run()
    workers = set(result.rows)
    assert len(workers) == 4
    assert Counter(Path(row.split()[0]).parent.name for row in workers) == {"node000": 2, "node001": 2}
    logs = bench.folder / "remote" / "step" / "logs" / "user" / "stdout"
    assert sorted(str(path.relative_to(logs)) for path in logs.rglob("*.txt")) == [
        f"node00{node}/process00{process}.stdout.txt" for node in (0, 1) for process in (0, 1)
    ]


def test_a_single_file_is_an_input_too(bench: Bench) -> None:
    bench.script(ECHO).files("only.txt", "other.txt")
    assert bench.job(data=Place(str(bench.folder / "input" / "only.txt"))).run().rows == ["only.txt"]


def test_existing_results_are_never_overwritten(bench: Bench) -> None:
    (bench.folder / "results").mkdir()
    (bench.folder / "results" / "predictions.csv").write_text("precious\n")
    result = bench.script(ECHO).files("a.txt").run()
    assert result.status == "Failed"
    assert "holds a file predictions.csv already" in result.error
    assert result.rows == ["precious"]


def test_a_job_goes_through_its_states_in_order(bench: Bench) -> None:
    assert bench.script(ECHO).files("a").run().states == ["Preparing", "Queued", "Running", "Finalizing"]


def test_rows_that_are_no_valid_text_are_kept_escaped(bench: Bench) -> None:
    bench.script("def run(mini_batch):\n    return ['caf\\u00e9 \\ud800']\n").files("a")
    assert bench.run().rows == ["café \\ud800"]


def test_large_results_arrive_whole(bench: Bench) -> None:
    bench.script("def run(mini_batch):\n    return ['x' * 5_000_000, 'end']\n").files("a", "b")
    rows = bench.run().rows
    assert [len(row) for row in rows] == [5_000_000, 3]
