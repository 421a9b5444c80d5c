from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from skylift_vertex_snapshots import PARENT
from vertex_cloud import Cloud, GoogleError, custom_job

from skylift_testkit.emulator.fault_script import Failure, Fault

if TYPE_CHECKING:
    from vertex_cloud import Fifo


def test_a_job_finds_its_own_number_and_its_variables(cloud: Cloud) -> None:
    code = "import os, sys; [print(os.environ[n]) for n in ('CLOUD_ML_JOB_ID', 'A', 'HOME_OF')]; print(sys.argv[1])"
    env = {"A": "$$(B) $(B)", "B": "b", "HOME_OF": "$(CLOUD_ML_PROJECT_ID)", "CLOUD_ML_JOB_ID": "mine"}
    told = custom_job(code, env)
    told["jobSpec"]["workerPoolSpecs"][0]["containerSpec"]["args"] = ["$(B) $(CLOUD_ML_JOB_ID)"]
    job = cloud.job(told)

    number = job["name"].rpartition("/")[2]
    assert job["state"] == "JOB_STATE_SUCCEEDED"
    assert cloud.printed(job["name"]) == [number, "$(B) $(B)", "my-project", f"b {number}"]
    assert (len(number), number.isdecimal()) == (19, True)


def test_a_job_has_an_empty_folder_and_nothing_of_this_processs_environment(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_CLIENT", "x")
    code = (
        "import os; print(os.listdir(), 'OF_THE_CLIENT' in os.environ, os.environ['STORAGE_EMULATOR_HOST'])"
    )
    job = cloud.job(custom_job(code))
    assert cloud.printed(job["name"]) == [f"[] False {cloud.emulator.storage.url}"]


def test_a_failure_says_with_what_it_ended(cloud: Cloud) -> None:
    job = cloud.job(custom_job("raise SystemExit(7)"))
    assert job["state"] == "JOB_STATE_FAILED"
    assert job["error"]["message"].startswith("The replica workerpool0-0 exited with a non-zero status of 7.")


def test_a_job_whose_time_is_up(cloud: Cloud) -> None:
    job = cloud.job(custom_job("import signal; signal.pause()", scheduling={"timeout": "0.2s"}))
    assert (job["state"], job["error"]["message"]) == (
        "JOB_STATE_FAILED",
        "The job's running time exceeded its timeout.",
    )


def test_cancelling(cloud: Cloud, fifo: Fifo) -> None:
    name = cloud.call("Job", "create_custom_job", parent=PARENT, customJob=custom_job(fifo.code))["name"]
    fifo.wait()
    assert cloud.call("Job", "get_custom_job", name=name)["state"] == "JOB_STATE_RUNNING"
    cloud.call("Job", "cancel_custom_job", name=name)
    cloud.emulator.jobs.kept.all()[0].wait()
    job = cloud.call("Job", "get_custom_job", name=name)
    assert (job["state"], job["error"]["message"]) == ("JOB_STATE_CANCELLED", "The job was cancelled.")
    with pytest.raises(GoogleError, match="has ended and cannot be cancelled"):
        cloud.call("Job", "cancel_custom_job", name=name)


def test_listing_and_deleting(cloud: Cloud) -> None:
    names = [cloud.job({**custom_job("pass"), "labels": {"n": str(n)}})["name"] for n in range(3)]
    found = cloud.listed("Job", "list_custom_jobs", filter='labels.n="1"')
    assert [job["name"] for job in found] == names[1:2]
    assert [job["name"] for job in cloud.listed("Job", "list_custom_jobs", pageSize=2)] == names[::-1]
    assert len(cloud.listed("Job", "list_custom_jobs", filter='labels.n!="1"')) == 2
    cloud.services["Job"].delete_custom_job(name=names[0]).result()
    with pytest.raises(GoogleError, match="was not found"):
        cloud.call("Job", "get_custom_job", name=names[0])
    with pytest.raises(GoogleError, match="was not found"):
        cloud.call("Job", "cancel_custom_job", name=names[0])


def test_what_runs_is_not_deleted(cloud: Cloud, fifo: Fifo) -> None:
    name = cloud.call("Job", "create_custom_job", parent=PARENT, customJob=custom_job(fifo.code))["name"]
    fifo.wait()
    with pytest.raises(GoogleError, match=r"is running\. Cancel it first"):
        cloud.services["Job"].delete_custom_job(name=name)


def test_a_slow_start_is_let_go(cloud: Cloud) -> None:
    cloud.emulator.tell(Fault(Failure.SLOW_START, frozenset({"job"})))
    made = cloud.call("Job", "create_custom_job", parent=PARENT, customJob=custom_job("print('up')"))
    assert cloud.printed(made["name"]) == []
    cloud.emulator.gate.open()
    cloud.emulator.jobs.kept.all()[0].wait()
    assert cloud.printed(made["name"]) == ["up"]


def without(path: str) -> dict[str, Any]:
    told = custom_job("pass")
    place: Any = told
    *way, last = path.split("/")
    for part in way:
        place = place[int(part) if part.isdecimal() else part]
    del place[last]
    return told


POOL = "jobSpec/workerPoolSpecs/0"


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (without("displayName"), "display_name must have 1 to 128"),
        (without("jobSpec/workerPoolSpecs"), "one worker pool with one replica"),
        (without(f"{POOL}/machineSpec"), "machine_type is not set"),
        (without(f"{POOL}/containerSpec/imageUri"), "image_uri is not set"),
        (without(f"{POOL}/containerSpec/command"), "a container must have a command"),
        ({**custom_job("pass"), "labels": {"A": ""}}, "Invalid label"),
        ({**custom_job("pass"), "displayName": "é" * 65}, "display_name must have 1 to 128"),
    ],
)
def test_what_could_not_run_is_refused(cloud: Cloud, told: dict[str, Any], said: str) -> None:
    with pytest.raises(GoogleError, match=said):
        cloud.call("Job", "create_custom_job", parent=PARENT, customJob=told)
    assert cloud.emulator.jobs.kept.all() == []


def test_a_location_that_is_none(cloud: Cloud) -> None:
    with pytest.raises(GoogleError, match="location 'mars' is not supported"):
        cloud.call(
            "Job", "create_custom_job", parent="projects/p/locations/mars", customJob=custom_job("pass")
        )
