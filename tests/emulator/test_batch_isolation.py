"""What a scoring script cannot do: see secrets, outlive its job, answer for another."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psutil
import pytest

from azureml_emulator.batch.process import driver_variables
from azureml_emulator.batch.spec import StorageAccess
from emulator.batch_support import ECHO, Bench, alive, tell


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def wait_gone(pids: list[int], seconds: float = 5) -> list[int]:
    """Wait until processes are gone; return those that are left."""
    end = time.monotonic() + seconds
    while (left := [pid for pid in pids if alive(pid)]) and time.monotonic() < end:
        time.sleep(0.02)
    return left


def test_workers_inherit_no_variable_that_is_not_theirs(bench: Bench) -> None:
    script = "import os\ndef run(mini_batch):\n    return [' '.join(sorted(os.environ))]\n"
    result = bench.script(script).files("a").run(AZURE_CLIENT_SECRET="s3cret", AWS_SECRET_ACCESS_KEY="s3cret")
    names = set(result.rows[0].split())
    assert "AZURE_CLIENT_SECRET" not in names
    assert "AWS_SECRET_ACCESS_KEY" not in names
    assert names <= {
        *("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        *("AZUREML_MODEL_DIR", "AZUREML_BI_OUTPUT_PATH", "AZUREML_RUN_ID", "AZUREML_ROOT_RUN_ID"),
        *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_MAX_THREADS"),
    }


def test_drivers_inherit_no_credential(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "s3cret")
    monkeypatch.setenv("GITHUB_TOKEN", "s3cret")
    monkeypatch.setenv("UV_INDEX_URL", "https://packages.example/simple")
    assert "s3cret" not in driver_variables().values()
    assert driver_variables()["UV_INDEX_URL"] == "https://packages.example/simple"


def test_workers_inherit_no_descriptor_but_their_own_pipes(bench: Bench) -> None:
    script = """
        import os
        def run(mini_batch):
            return [os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")
                    if os.path.exists(f"/proc/self/fd/{name}")]
    """
    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc")
    rows = bench.script(script).files("a").run().rows
    pipes = [row for row in rows if row.startswith("pipe:")]
    others = [row for row in rows if not row.startswith(("pipe:", "/dev/null", "/proc/"))]
    assert len(pipes) == 2
    assert all(row.endswith((".stdout.txt", ".stderr.txt", ".trace")) for row in others)


def test_the_storage_access_stays_out_of_workers_and_logs(bench: Bench) -> None:
    script = """
        import os
        def run(mini_batch):
            text = open(f"/proc/self/environ").read() + open("/proc/self/cmdline").read()
            parent = open(f"/proc/{os.getppid()}/cmdline").read()
            return [str("very" + "secret" in text + parent)]
    """
    access = StorageAccess("http://127.0.0.1:1/account", {"container": "sig=verysecret"})
    result = bench.script(script).files("a").job(storage=access).run()
    assert result.rows == ["False"]
    found = [path for path in bench.folder.rglob("*") if path.is_file() and b"verysecret" in path.read_bytes()]
    assert found == []
    assert "verysecret" not in repr(bench.spec)


DETACHED = """
    import os, subprocess, sys, time
    def run(mini_batch):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"], start_new_session=True)
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                open(os.environ["AZUREML_BI_OUTPUT_PATH"] + "/orphan", "w").write(str(os.getpid()))
                time.sleep(120)
            os._exit(0)
        while not os.path.exists(os.environ["AZUREML_BI_OUTPUT_PATH"] + "/orphan"):
            time.sleep(0.01)
        time.sleep(0.05)
        return [str(child.pid), open(os.environ["AZUREML_BI_OUTPUT_PATH"] + "/orphan").read()]
"""


def test_what_a_script_leaves_running_ends_with_its_job(bench: Bench) -> None:
    result = bench.script(DETACHED).files("a", "b").run()
    assert result.status == "Completed"
    pids = [int(row) for row in result.rows]
    assert len(pids) == 2
    assert wait_gone(pids) == []


STUBBORN = """
    import os, signal, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    def run(mini_batch):
        open(os.environ["AZUREML_BI_OUTPUT_PATH"] + "/pid", "w").write(str(os.getpid()))
        while True:
            time.sleep(1)
"""


def start_stubborn(bench: Bench, process) -> int:
    tell(process, "go")
    file = bench.folder / "job" / "output" / "pid"
    while not file.exists() or not file.read_text():
        time.sleep(0.01)
    return int(file.read_text())


def test_a_worker_that_ignores_signals_ends_with_a_canceled_job(bench: Bench) -> None:
    bench.script(STUBBORN).files("a")
    with bench.driver() as process:
        worker = start_stubborn(bench, process)
        tell(process, "cancel")
        last = process.stdout.readlines()[-1]
    assert '"status": "Canceled"' in last
    assert wait_gone([worker, process.pid]) == []


def test_workers_end_when_the_emulator_is_gone(bench: Bench) -> None:
    bench.script(STUBBORN).files("a")
    with bench.driver() as process:
        worker = start_stubborn(bench, process)
        process.stdin.close()
        assert wait_gone([worker, process.pid]) == []


def test_workers_end_when_their_driver_is_killed(bench: Bench) -> None:
    bench.script(STUBBORN).files("a")
    with bench.driver() as process:
        worker = start_stubborn(bench, process)
        process.kill()
        assert wait_gone([worker]) == []


def test_a_timeout_kills_the_workers_children_too(bench: Bench) -> None:
    script = """
        import os, subprocess, sys, time
        def run(mini_batch):
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
            open(os.environ["AZUREML_BI_OUTPUT_PATH"] + "/pid", "w").write(str(child.pid))
            time.sleep(60)
    """
    bench.script(script).files("a").scoring(timeout=0.5).run()
    assert wait_gone([int((bench.folder / "job/output/pid").read_text())]) == []


def test_a_forked_child_cannot_answer_in_the_workers_name(bench: Bench) -> None:
    script = """
        import os
        def run(mini_batch):
            if os.fork() == 0:
                return ["from the child"]
            os.wait()
            return ["from the worker"]
    """
    assert bench.script(script).files("a").run().rows == ["from the worker"]


def test_every_worker_leads_a_process_group_of_its_own(bench: Bench) -> None:
    script = """
        import os, time
        def run(mini_batch):
            out = os.environ["AZUREML_BI_OUTPUT_PATH"]
            open(f"{out}/{os.getpid()}", "w").close()
            while len(os.listdir(out)) < 2:
                time.sleep(0.01)
            return [f"{os.getpid()} {os.getpgrp()}"]
    """
    result = bench.script(script).files("a", "b").scoring(mini_batch_size=1, concurrency=2).run()
    ids = [row.split() for row in result.rows]
    assert all(process == group for process, group in ids)
    groups = {int(group) for _, group in ids}
    assert len(groups) == 2
    assert os.getpgrp() not in groups


def test_jobs_have_a_private_working_folder_and_home(bench: Bench) -> None:
    script = "import os\ndef run(b):\n    return [os.getcwd(), os.environ['HOME'], os.environ['TMPDIR']]\n"
    rows = bench.script(script).files("a").run().rows
    assert all(row.startswith(str(bench.folder / "job" / "nodes" / "node000")) for row in rows)


def test_no_process_is_left_after_a_finished_job(bench: Bench) -> None:
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    bench.script(ECHO).files("a").run()
    after = {process.pid for process in psutil.Process().children(recursive=True)}
    assert after <= before
    assert os.getpid() not in after
