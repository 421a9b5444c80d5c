from __future__ import annotations

import pytest
from skylift_vertex_snapshots import PARENT
from vertex_cloud import Cloud, Fifo, custom_job_of, show

from skylift_contract.errors import BackendError, NotFound


def test_a_job_is_told_its_number_and_what_it_asks_for(cloud: Cloud) -> None:
    job = cloud.job(custom_job_of(show("CLOUD_ML_JOB_ID", "A"), "$(A)", A="1"))
    number = job["name"].rpartition("/")[2]
    assert job["state"] == "JOB_STATE_SUCCEEDED"
    assert cloud.printed(number) == [f"1 {number} 1"]
    assert len(number) == 19


def test_a_job_has_nothing_of_the_emulators_own(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERTEX_TEST_OWN", "seen")
    job = cloud.job(custom_job_of(show("VERTEX_TEST_OWN", "STORAGE_EMULATOR_HOST")))
    (line,) = cloud.printed(job["name"].rpartition("/")[2])
    assert line == f"None {cloud.emulator.variables()['STORAGE_EMULATOR_HOST']}"


def test_a_failure_is_told_with_its_code(cloud: Cloud) -> None:
    job = cloud.job(custom_job_of("raise SystemExit(4)"))
    assert job["state"] == "JOB_STATE_FAILED"
    assert job["error"]["message"] == "The replica workerpool0-0 exited with a non-zero status of 4."


def test_a_job_ends_at_its_timeout(cloud: Cloud) -> None:
    job = cloud.job(custom_job_of("import signal; signal.pause()", timeout="0.2s"))
    assert job["state"] == "JOB_STATE_FAILED"
    assert job["error"]["message"] == "The job has exceeded its timeout."


def test_a_job_is_cancelled_once(cloud: Cloud, fifo: Fifo) -> None:
    name = str(cloud.client.create_custom_job(custom_job_of(fifo.code))["name"])
    fifo.wait()
    cloud.client.cancel_custom_job(name)
    cloud.emulator.custom_jobs.named(name).wait()
    found = cloud.client.custom_job(name)
    assert found is not None
    assert found["state"] == "JOB_STATE_CANCELLED"
    with pytest.raises(BackendError, match="has already ended"):
        cloud.client.cancel_custom_job(name)


def test_jobs_are_found_by_their_labels(cloud: Cloud) -> None:
    cloud.job({**custom_job_of("pass"), "labels": {"own": "a"}})
    cloud.job(custom_job_of("pass"))
    (found,) = cloud.client.custom_jobs('labels.own="a"')
    assert found["labels"] == {"own": "a"}


def test_what_is_no_job_is_refused(cloud: Cloud) -> None:
    with pytest.raises(BackendError, match=r"Required field is not set: jobSpec\.workerPoolSpecs"):
        cloud.client.create_custom_job({"displayName": "a"})
    without = custom_job_of("pass")
    del without["jobSpec"]["workerPoolSpecs"][0]["machineSpec"]
    with pytest.raises(BackendError, match=r"Required field is not set: machineSpec\.machineType"):
        cloud.client.create_custom_job(without)
    with pytest.raises(NotFound):
        cloud.client.cancel_custom_job(f"{PARENT}/customJobs/1")
