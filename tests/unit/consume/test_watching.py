from __future__ import annotations

import pytest

from pulumi_azureml.consume import (
    BatchClient,
    BatchJob,
    JobCanceledError,
    JobFailedError,
    Progress,
    WatchCancelledError,
    WatchTimeoutError,
)

from .fake import ORIGIN, SCORING_URI, WORKSPACE, Clock, Service, job_document

JOB = BatchJob("batchjob-1", "NotStarted", SCORING_URI)
OVERVIEW = "logs/job_progress_overview.txt"


def states(service: Service, *statuses: str) -> None:
    service.on("GET", "/jobs/batchjob-1$", *(job_document("batchjob-1", status) for status in statuses))


def step_with_logs(service: Service, **logs: object) -> None:
    """One step `step-1` whose logs answer as given; names are paths with slashes."""
    service.on("GET", "/runs/batchjob-1/children$", {"value": [{"runId": "step-1"}]})
    files = {name: f"{ORIGIN}/blob/{name}?sig=SECRET" for name in logs}
    service.on("GET", "/runs/step-1/details$", {"status": "Running", "logFiles": files})
    for name, answer in logs.items():
        service.on("GET", f"/blob/{name}$", *(answer if isinstance(answer, list) else [answer]))


def test_watching_tells_the_progress_until_the_job_has_completed(batch: BatchClient, service: Service):
    states(service, "Queued", "Running", "Running", "Completed")
    line = "Progress: {}/2 mini-batches, {}/20 items, 0 failed, 5.0 items/s, 2.0 s\n"
    step_with_logs(service, **{OVERVIEW: [line.format(0, 0), line.format(1, 10), line.format(2, 20)]})
    seen: list[Progress] = []
    assert batch.watch(JOB, seen.append).status == "Completed"
    assert [(progress.status, progress.done, progress.items_done) for progress in seen] == [
        ("Queued", 0, None),
        ("Running", 0, 0),
        ("Running", 1, 10),
        ("Completed", 2, 20),
    ]
    assert service.count("GET", "/children$") == 1
    assert service.count("GET", "/details$") == 1


def test_a_signed_url_of_a_log_is_read_without_a_token(batch: BatchClient, service: Service):
    states(service, "Running", "Completed")
    step_with_logs(service, **{OVERVIEW: "Progress: …\n"})
    batch.watch(JOB)
    (blob, *_) = [sent for sent in service.sent if sent.path.startswith("/blob/")]
    assert "Authorization" not in blob.headers


def test_a_log_that_cannot_be_read_ends_nothing(batch: BatchClient, service: Service):
    states(service, "Running", "Running", "Completed")
    forbidden = (403, "<Error>expired</Error>")
    line = "Progress: 2/2 mini-batches, 20/20 items, 0 failed, 5.0 items/s, 2.0 s\n"
    step_with_logs(service, **{OVERVIEW: [forbidden, line]})
    seen: list[Progress] = []
    batch.watch(JOB, seen.append)
    assert [progress.done for progress in seen] == [0, 2, 2]
    assert service.count("GET", "/details$") == 2


def test_polls_are_quick_at_first_and_slower_later(batch: BatchClient, service: Service, clock: Clock):
    states(service, *["Queued"] * 100, "Completed")
    batch.watch(JOB)
    assert clock.slept[0] == 0.2
    assert clock.slept[-1] == 3.0
    assert clock.slept == sorted(clock.slept)


def test_the_service_sets_the_pace_with_retry_after(batch: BatchClient, service: Service, clock: Clock):
    queued = (200, job_document("batchjob-1", "Queued"), {"Retry-After": "7"})
    endless = (200, job_document("batchjob-1", "Queued"), {"Retry-After": "86400"})
    zero = (200, job_document("batchjob-1", "Queued"), {"Retry-After": "0"})
    done = job_document("batchjob-1", "Completed")
    service.on("GET", "/jobs/batchjob-1$", queued, endless, zero, done)
    batch.watch(JOB)
    assert clock.slept[:2] == [7.0, 60.0]
    assert 0.2 <= clock.slept[2] <= 3.0


def test_watching_ends_at_the_time_limit_and_says_how_to_go_on(batch: BatchClient, service: Service, clock: Clock):
    states(service, "Queued")
    with pytest.raises(WatchTimeoutError) as caught:
        batch.watch(JOB, timeout=30)
    assert clock.time <= 30
    assert "azureml-stack watch batchjob-1" in str(caught.value)
    assert "azureml-stack cancel batchjob-1" in str(caught.value)
    assert caught.value.job.status == "Queued"


def test_watching_can_be_stopped(batch: BatchClient, service: Service):
    states(service, "Queued")
    answers = iter([False, False, True])
    with pytest.raises(WatchCancelledError):
        batch.watch(JOB, cancelled=lambda: next(answers))
    assert service.count("GET", "/jobs/batchjob-1$") == 3


def test_a_job_given_by_name_alone_is_polled_over_arm(batch: BatchClient, service: Service):
    service.on("GET", f"^{WORKSPACE}/jobs/batchjob-1$", job_document("batchjob-1", "Completed"))
    assert batch.watch("batchjob-1").status == "Completed"
    assert service.sent[0].headers["Authorization"] == "Bearer token-for-arm"


def test_a_canceled_job_is_an_error_of_its_own(batch: BatchClient, service: Service):
    states(service, "CancelRequested", "Canceled")
    with pytest.raises(JobCanceledError, match="batchjob-1"):
        batch.watch(JOB)


SCREEN = """Job batchjob-1 failed: no mini-batch item succeeded
  cause: run() raised ValueError: bad pixel
  where: score.py:12 in run
  file:  images/7.png
  fix:   correct run() in the scoring script
  log:   logs/user/error.txt

  Traceback (most recent call last):
    File "/jobs/code/score.py", line 12, in run
      raise ValueError("bad pixel")
  ValueError: bad pixel"""


def failed(service: Service, message: str) -> None:
    states(service, "Failed")
    error = {"error": {"code": "UserError", "message": message}}
    service.on("GET", "/runs/batchjob-1/details$", {"status": "Failed", "error": error})


def test_a_failed_job_shows_cause_place_file_and_traceback(batch: BatchClient, service: Service):
    failed(service, SCREEN)
    with pytest.raises(JobFailedError) as caught:
        batch.watch(JOB)
    text = str(caught.value)
    for part in SCREEN.splitlines():
        assert part in text or part.startswith("  log:")
    assert text.splitlines()[-1].endswith("azureml-stack logs batchjob-1 --name logs/user/error.txt")
    assert caught.value.failure.facts["file"] == "images/7.png"
    assert caught.value.failure.cause == "run() raised ValueError: bad pixel"


ERROR_LOG = """2026-01-01 worker 0: run failed
  Traceback (most recent call last):
    File "driver/amlbi_main.py", line 275, in <module>
      main()
    File "/mnt/azureml/cr/j/1/exe/wd/score.py", line 31, in run
      image = Image.open(path)
    File "/azureml-envs/lib/python3.10/site-packages/PIL/Image.py", line 3280, in open
      raise UnidentifiedImageError(msg)
  PIL.UnidentifiedImageError: cannot identify image file '7.png'
2026-01-01 worker 0: stopped
"""


def test_exit_code_42_is_explained_from_the_logs(batch: BatchClient, service: Service):
    step_with_logs(service, **{"logs/sys/error/10.0.0.4.txt": "other", "logs/user/error.txt": ERROR_LOG})
    failed(service, "User program failed with SystemExit: 42")
    with pytest.raises(JobFailedError) as caught:
        batch.watch(JOB)
    failure = caught.value.failure
    assert failure.headline == "User program failed with SystemExit: 42"
    assert failure.cause == "PIL.UnidentifiedImageError: cannot identify image file '7.png'"
    assert failure.facts["where"] == "score.py:31 in run"
    assert failure.log == "logs/user/error.txt"
    assert "image = Image.open(path)" in failure.screen()
    assert "worker 0: stopped" not in failure.screen()
    assert "SECRET" not in failure.screen()


def test_a_failure_without_any_reason_still_names_the_logs(batch: BatchClient, service: Service):
    failed(service, "")
    with pytest.raises(JobFailedError, match="gives no reason") as caught:
        batch.watch(JOB)
    assert "azureml-stack logs batchjob-1" in str(caught.value)


def test_a_failure_is_told_even_when_its_reason_cannot_be_read(batch: BatchClient, service: Service):
    states(service, "Failed")
    service.on("GET", "/children$", (403, {"error": {"code": "Forbidden", "message": "not yours"}}))
    with pytest.raises(JobFailedError, match=r"Job batchjob-1 failed: .*cannot be read .*not yours"):
        batch.watch(JOB)


def test_canceling_asks_the_service(batch: BatchClient, service: Service):
    service.on("POST", f"^{WORKSPACE}/jobs/batchjob-1/cancel$", (202, {}))
    batch.cancel(JOB)
    assert service.count("POST", "/cancel$") == 1


def test_jobs_are_listed_over_all_pages_up_to_the_limit(batch: BatchClient, service: Service):
    path = f"/mferp/managementfrontend{WORKSPACE}/batchEndpoints/digits/jobs$"
    tagged = {"properties": {"azureml.deploymentname": "blue", "azureml.endpointname": "digits"}}
    first = {"value": [job_document("batchjob-1", "Completed", **tagged)], "nextLink": f"{ORIGIN}/mferp/more"}
    service.on("GET", path, first)
    service.on("GET", "/mferp/more$", {"value": [job_document(f"batchjob-{n}", "Running") for n in (2, 3)]})
    assert [job.name for job in batch.jobs("digits")] == ["batchjob-1", "batchjob-2", "batchjob-3"]
    (job,) = batch.jobs("digits", limit=1)
    assert (job.deployment, job.endpoint, job.status) == ("blue", "digits", "Completed")
    assert service.count("GET", "/mferp/more$") == 1


def test_logs_of_job_and_step_are_read_by_name(batch: BatchClient, service: Service):
    step_with_logs(service, **{"logs/user/error.txt": "boom"})
    files = {"logs/azureml/executionlogs.txt": f"{ORIGIN}/blob/parent"}
    service.on("GET", "/runs/batchjob-1/details$", {"status": "Failed", "logFiles": files})
    logs = batch.logs("batchjob-1")
    assert sorted(logs) == ["logs/azureml/executionlogs.txt", "logs/user/error.txt"]
    assert logs["logs/user/error.txt"]() == "boom"
