"""Jobs that share a compute: queued for its nodes, canceled, many at once, resumed after a restart."""

from __future__ import annotations

import contextlib
import fcntl
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from azureml_emulator.batch import environment
from azureml_emulator.batch.conda import read_conda_file
from azureml_emulator.settings import cache_folder
from azureml_emulator.testing import emulator
from emulator.batch_service import FILES, WAIT, Endpoint, Service
from emulator.batch_support import alive


def test_jobs_share_the_nodes_of_their_compute(service: Service, data: str) -> None:
    endpoint = service.deploy(WAIT, nodes=2, retrySettings={"maxRetries": 0, "timeout": "PT60S"})
    jobs = [endpoint.start(data) for _ in range(3)]
    now = endpoint.wait_all(jobs, ["Queued", "Running", "Running"])
    time.sleep(0.3)
    assert endpoint.states(jobs) == now
    waiting = next(name for name in jobs if now[name] == "Queued")
    first = next(name for name in jobs if now[name] == "Running")
    service.call("POST", f"{service.workspace}/jobs/{first}/cancel")
    assert endpoint.wait(first) == "Canceled"
    assert endpoint.wait(waiting, until={"Running"}) == "Running"
    for name in jobs:
        service.call("POST", f"{service.workspace}/jobs/{name}/cancel")
    assert [endpoint.wait(name) for name in jobs] == ["Canceled"] * 3


def nodes(service: Service, compute: str) -> tuple[int, int, int]:
    """All nodes of a compute, those at work, and the idle ones."""
    inner = service.call("GET", compute).json()["properties"]["properties"]
    counts = inner["nodeStateCounts"]
    return inner["currentNodeCount"], counts["runningNodeCount"], counts["idleNodeCount"]


def scale(service: Service, endpoint: Endpoint, minimum: int, maximum: int) -> None:
    settings = {"minNodeCount": minimum, "maxNodeCount": maximum, "nodeIdleTimeBeforeScaleDown": "PT5M"}
    body = {"properties": {"properties": {"scaleSettings": settings}}}
    assert service.call("PATCH", endpoint.compute, body).status_code in {200, 202}


def settled(service: Service, compute: str, wanted: tuple[int, int, int]) -> tuple[int, int, int]:
    end = time.monotonic() + 10
    while (found := nodes(service, compute)) != wanted and time.monotonic() < end:
        time.sleep(0.02)
    return found


def test_nodes_are_given_up_when_they_were_idle_for_the_compute_s_idle_time(
    service: Service, waiting: Endpoint, data: str
) -> None:
    compute = waiting.compute
    scale(service, waiting, 0, 2)
    assert settled(service, compute, (0, 0, 0)) == (0, 0, 0)
    name = waiting.start(data, compute={"instanceCount": 2})
    waiting.wait(name, until={"Running"})
    assert nodes(service, compute) == (2, 2, 0)
    service.call("POST", f"{service.workspace}/jobs/{name}/cancel")
    assert waiting.wait(name) == "Canceled"
    assert settled(service, compute, (2, 0, 2)) == (2, 0, 2)
    service.emulator.control("POST", "/_emulator/clock", {"advance": 290})
    assert nodes(service, compute) == (2, 0, 2)
    scale(service, waiting, 1, 2)
    service.emulator.control("POST", "/_emulator/clock", {"advance": 15})
    assert nodes(service, compute) == (1, 0, 1)
    scale(service, waiting, 0, 2)
    assert settled(service, compute, (0, 0, 0)) == (0, 0, 0)


def test_a_compute_that_is_scaled_up_lets_waiting_jobs_run(service: Service, waiting: Endpoint, data: str) -> None:
    jobs = [waiting.start(data) for _ in range(2)]
    waiting.wait_all(jobs, ["Queued", "Running"])  # which one runs is decided by which one is prepared first
    scale(service, waiting, 0, 2)
    assert settled(service, waiting.compute, (2, 2, 0)) == (2, 2, 0)
    for name in jobs:
        service.call("POST", f"{service.workspace}/jobs/{name}/cancel")
    assert [waiting.wait(name) for name in jobs] == ["Canceled"] * 2


def test_a_job_whose_compute_is_deleted_while_it_waits_fails_by_name(
    service: Service, waiting: Endpoint, data: str
) -> None:
    first = waiting.start(data)
    waiting.wait(first, until={"Running"})
    second = waiting.start(data)
    waiting.wait(second, until={"Queued"})
    service.call("DELETE", f"{waiting.compute}?underlyingResourceAction=Delete")
    assert waiting.wait(second) == "Failed"
    assert "was deleted while the job waited" in waiting.error(second)
    service.call("POST", f"{service.workspace}/jobs/{first}/cancel")
    assert waiting.wait(first) == "Canceled"


def processes(service: Service) -> set[int]:
    """Drivers and workers under an emulator."""
    tree = psutil.Process(service.emulator.process.pid).children(recursive=True)
    commands = {process.pid: " ".join(process.cmdline()) for process in tree}
    return {
        pid for pid, command in commands.items() if "batch.driver" in command or "batch/worker/__main__.py" in command
    }


@contextlib.contextmanager
def being_built(conda: str) -> Iterator[None]:
    """Hold an environment as somebody does who builds it."""
    wanted = read_conda_file(conda)
    key = environment.environment_key(environment._interpreter(wanted.python, []), wanted)
    lock = cache_folder() / "environments" / f"{key}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    lock.unlink()


def cancel(service: Service, endpoint: Endpoint, name: str) -> None:
    """Cancel a job, and see that it ends as canceled and leaves no process."""
    answer = service.call("POST", f"{service.workspace}/jobs/{name}/cancel")
    assert answer.status_code in {200, 202}
    if answer.status_code == 202:
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["location"].startswith(service.emulator.origin)
    assert endpoint.wait(name) == "Canceled"
    assert endpoint.details(name)["error"] is None


def none_left(service: Service) -> set[int]:
    end = time.monotonic() + 10
    while (left := processes(service)) and time.monotonic() < end:
        time.sleep(0.02)
    return left


@pytest.mark.parametrize("state", ["NotStarted", "Running"])
def test_cancel_at_any_stage_leaves_no_process(service: Service, waiting: Endpoint, data: str, state: str) -> None:
    name = waiting.start(data)
    if state != "NotStarted":
        assert waiting.wait(name, until={state}) == state
    cancel(service, waiting, name)
    assert none_left(service) == set()


def test_cancel_in_the_queue_leaves_no_process(service: Service, waiting: Endpoint, data: str) -> None:
    blocker = waiting.start(data)
    waiting.wait(blocker, until={"Running"})
    name = waiting.start(data)
    assert waiting.wait(name, until={"Queued"}) == "Queued"
    cancel(service, waiting, name)
    cancel(service, waiting, blocker)
    assert none_left(service) == set()


def test_cancel_while_the_environment_is_made_leaves_no_process(service: Service, data: str) -> None:
    conda = "dependencies:\n- pip:\n  - iniconfig==2.0.0\n  - never-built==1.0\n"
    with being_built(conda):
        endpoint = service.deploy(WAIT, conda=conda)
        name = endpoint.start(data)
        assert endpoint.wait(name, until={"Preparing"}) == "Preparing"
        cancel(service, endpoint, name)
        assert none_left(service) == set()


def test_cancel_while_results_are_written_leaves_no_process(service: Service, data: str) -> None:
    script = """
        import os
        def run(mini_batch):
            for number in range(3000):
                open(os.path.join(os.environ["AZUREML_BI_OUTPUT_PATH"], str(number)), "w").close()
            return mini_batch
    """
    endpoint = service.deploy(script, outputAction="SummaryOnly", miniBatchSize=10)
    name = endpoint.start(data)
    assert endpoint.wait(name, until={"Finalizing"}) == "Finalizing"
    cancel(service, endpoint, name)
    assert none_left(service) == set()


def test_canceling_a_finished_job_changes_nothing(service: Service, echo: Endpoint, data: str) -> None:
    name = echo.run(data)
    assert service.call("POST", f"{service.workspace}/jobs/{name}/cancel").status_code == 200
    assert echo.wait(name) == "Completed"


def test_twenty_jobs_at_once_all_complete(service: Service, echo: Endpoint, data: str) -> None:
    with ThreadPoolExecutor(20) as threads:
        jobs = list(threads.map(lambda _: echo.start(data), range(20)))
    assert len(set(jobs)) == 20
    assert [echo.wait(name, seconds=60) for name in jobs] == ["Completed"] * 20
    assert all(echo.rows(name) == sorted(FILES) for name in jobs)


def test_two_deployments_of_an_endpoint_score_at_the_same_time(service: Service, data: str) -> None:
    """Each job waits until it has seen one of the other deployment at work."""
    meet = """
        import os, time
        from pathlib import Path
        HERE, THERE = (Path("FOLDER", name) for name in NAMES)
        def run(mini_batch):
            HERE.touch()
            while not THERE.exists():
                time.sleep(0.01)
            return [HERE.name] * len(mini_batch)
    """
    folder = service.emulator.home / uuid.uuid4().hex
    folder.mkdir()
    meet = meet.replace("FOLDER", str(folder))
    one = service.deploy(meet.replace("NAMES", "('one', 'two')"), nodes=4)
    two = service.deploy(meet.replace("NAMES", "('two', 'one')"), nodes=4, endpoint=one.name)
    with ThreadPoolExecutor(8) as threads:
        headers = [{"azureml-model-deployment": name} for name in (one.deployment, two.deployment) * 4]
        jobs = list(threads.map(lambda header: one.start(data, headers=header), headers))
    assert [one.wait(name, seconds=60) for name in jobs] == ["Completed"] * 8
    assert [set(one.rows(name)) for name in jobs] == [{"one"}, {"two"}] * 4


@pytest.mark.parametrize("end", ["kill", "terminate"])
def test_an_emulator_that_comes_back_resumes_its_jobs(tmp_path: Path, end: str) -> None:
    script = """
        import os, time
        def run(mini_batch):
            time.sleep(0.05)
            return [os.path.basename(path) for path in mini_batch]
    """
    files = {f"f{number:02}.txt": "x" for number in range(20)}
    with emulator(tmp_path) as running, Service(running) as service:
        endpoint = service.deploy(script, miniBatchSize=1)
        name = endpoint.start(service.upload("data/twenty", files))
        journal = tmp_path / "jobs" / name / "journal.jsonl"
        while not journal.exists() or journal.read_text().count("\n") < 4:
            time.sleep(0.02)
        mine = processes(service)
        service.http.close()
        getattr(running.process, end)()
        running.process.wait()
    assert len(mine) == 2
    with emulator(tmp_path) as running, Service(running) as service:
        assert not any(alive(pid) for pid in mine)
        again = Endpoint(service, endpoint.name, endpoint.deployment, endpoint.compute)
        assert again.wait(name) == "Completed"
        assert again.rows(name) == sorted(files)
        log = again.service.read(f"ExperimentRun/dcid.{again.step(name)}/logs/sys/master_role.txt")
        assert "mini-batches are done already" in log
