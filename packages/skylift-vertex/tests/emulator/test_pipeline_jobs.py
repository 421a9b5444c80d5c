"""Documents, executed as they are written; the real SDK over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from skylift_vertex_snapshots import PARENT
from vertex_cloud import POLICY_FAST, Cloud, Fifo, job_of, show, task

from skylift_contract.errors import BackendError, NotFound
from skylift_testkit.emulator.fault_script import Failure, Fault
from skylift_vertex.emulator import VertexEmulator


def states(cloud: Cloud, job: dict[str, Any]) -> dict[str, str]:
    return {name: one["state"] for name, one in cloud.tasks(job).items()}


def test_a_task_is_told_its_run_and_itself(cloud: Cloud) -> None:
    job = cloud.run(task("a", show()), task("b", show(), after=("a",)))
    assert job["state"] == "PIPELINE_STATE_SUCCEEDED"
    assert [cloud.printed_by(job, name) for name in ("a", "b")] == [["job-1 a"], ["job-1 b"]]


def test_nothing_is_replaced_where_it_is_told_not_to() -> None:
    with VertexEmulator(is_substituting=False) as emulator:
        cloud = Cloud(emulator)
        job = cloud.run(task("a", show()))
        assert cloud.printed_by(job, "a") == ["{{$.pipeline_job_name}} a"]


def test_variables_are_replaced_by_the_container_alone(cloud: Cloud) -> None:
    one = task("a", show("A", "B"))
    env = {"A": "{{$.inputs.parameters['run']}}", "B": "$(CLOUD_ML_PROJECT_ID) $$(A)"}
    one["container"]["env"] = [{"name": name, "value": value} for name, value in env.items()]
    job = cloud.run(one)
    assert cloud.printed_by(job, "a") == ["job-1 a {{$.inputs.parameters['run']}} my-project $(A)"]


def test_each_task_has_a_job_with_a_number_of_its_own(cloud: Cloud) -> None:
    job = cloud.run(task("a", show("CLOUD_ML_JOB_ID")), task("b", show("CLOUD_ML_JOB_ID")))
    numbers = [cloud.printed_by(job, name)[0].split()[-1] for name in ("a", "b")]
    assert len(set(numbers)) == 2
    for name, number in zip(("a", "b"), numbers, strict=True):
        container = cloud.tasks(job)[name]["executorDetail"]["containerDetail"]
        assert container["mainJob"] == f"{PARENT}/customJobs/{number}"


def test_a_failure_leaves_what_does_not_wait_for_it_alone(cloud: Cloud) -> None:
    job = cloud.run(
        task("bad", "raise SystemExit(3)"),
        task("after", after=("bad",)),
        task("beside"),
        task("then", after=("beside",)),
    )
    assert job["state"] == "PIPELINE_STATE_FAILED"
    assert "The failed tasks are: [bad]" in job["error"]["message"]
    assert states(cloud, job) == {
        "bad": "FAILED",
        "after": "NOT_TRIGGERED",
        "beside": "SUCCEEDED",
        "then": "SUCCEEDED",
    }
    assert "non-zero status of 3" in cloud.tasks(job)["bad"]["error"]["message"]


def test_failing_fast_lets_what_runs_finish_and_starts_nothing_new(cloud: Cloud, fifo: Fifo) -> None:
    """The task beside ends only when it is told to, which is after the other has failed."""
    tasks = (task("bad", "raise SystemExit(3)"), task("beside", fifo.code), task("then", after=("beside",)))
    name = cloud.start(job_of(*tasks, policy=POLICY_FAST))
    fifo.wait()
    while cloud.tasks(cloud.told(name)).get("bad", {}).get("state") != "FAILED":
        pass
    fifo.tell("go")
    assert cloud.emulator.pipeline_job(name).wait(20)
    job = cloud.told(name)
    assert job["state"] == "PIPELINE_STATE_FAILED"
    assert states(cloud, job) == {"bad": "FAILED", "beside": "SUCCEEDED", "then": "NOT_TRIGGERED"}


def test_a_task_is_tried_again_as_often_as_it_says(cloud: Cloud, tmp_path: Any) -> None:
    counting = f"import sys; f = open({str(tmp_path / 'n')!r}, 'a+'); f.write('x'); f.seek(0); sys.exit(len(f.read()) < 3)"
    job = cloud.run(task("a", counting, retries=2))
    container = cloud.tasks(job)["a"]["executorDetail"]["containerDetail"]
    assert (job["state"], len(container["failedMainJobs"])) == ("PIPELINE_STATE_SUCCEEDED", 2)
    once = cloud.run(task("a", "raise SystemExit(1)", retries=1), id="job-2")
    assert once["state"] == "PIPELINE_STATE_FAILED"
    assert len(cloud.tasks(once)["a"]["executorDetail"]["containerDetail"]["failedMainJobs"]) == 1


def test_a_job_is_cancelled(cloud: Cloud, fifo: Fifo) -> None:
    name = cloud.start(job_of(task("a", fifo.code, retries=3), task("b", after=("a",))))
    fifo.wait()
    cloud.client.cancel_pipeline_job(name)
    assert cloud.emulator.pipeline_job(name).wait(20)
    job = cloud.told(name)
    assert job["state"] == "PIPELINE_STATE_CANCELLED"
    assert states(cloud, job) == {"a": "CANCELLED", "b": "NOT_TRIGGERED"}
    with pytest.raises(BackendError, match="has already ended, and cannot be cancelled"):
        cloud.client.cancel_pipeline_job(name)


def test_a_task_that_is_preempted_begins_again(cloud: Cloud) -> None:
    cloud.emulator.tell(Fault(Failure.PREEMPTED, frozenset({"a"})))
    job = cloud.run(task("a", "import sys; print('up', flush=True); sys.stdin.read()"))
    assert job["state"] == "PIPELINE_STATE_SUCCEEDED"


def test_an_id_is_taken_once(cloud: Cloud) -> None:
    cloud.run(task("a"))
    with pytest.raises(BackendError, match="already exists") as caught:
        cloud.start(job_of(task("a")))
    assert caught.value.code == "409"


def test_a_job_whose_answer_is_lost_is_there(cloud: Cloud) -> None:
    cloud.emulator.tell(Fault(Failure.LOST_ANSWER, frozenset({"CreatePipelineJob"})))
    with pytest.raises(BackendError, match="already exists"):
        cloud.start(job_of(task("a")))
    assert cloud.emulator.pipeline_jobs.names() == [f"{PARENT}/pipelineJobs/job-1"]


def test_a_document_that_names_what_is_not_there_fails_in_its_task(cloud: Cloud) -> None:
    broken = job_of(task("a"))
    del broken["pipelineSpec"]["deploymentSpec"]["executors"]["exec-a"]
    name = cloud.start(broken)
    assert cloud.emulator.pipeline_job(name).wait(20)
    job = cloud.told(name)
    assert states(cloud, job) == {"a": "FAILED"}
    assert cloud.tasks(job)["a"]["error"]["message"] == "'exec-a' is not found in the pipeline spec."


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"runtimeConfig": {}}, "Required field is not set: runtimeConfig.gcsOutputDirectory"),
        (
            {"runtimeConfig": {"gcsOutputDirectory": "s3://b"}},
            "gcs_output_directory must be a Cloud Storage path",
        ),
        ({"pipelineSpec": {}}, "Required field is not set: pipelineSpec.root.dag.tasks"),
        ({"labels": {"Team": "a"}}, "Invalid label Team=a"),
    ],
)
def test_what_the_service_looks_at_is_refused(cloud: Cloud, change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BackendError, match=sentence):
        cloud.start({**job_of(task("a")), **change})
    assert cloud.emulator.pipeline_jobs.names() == []


def test_an_id_out_of_its_alphabet_is_refused(cloud: Cloud) -> None:
    for id in ("Job", "1st", "a" * 129, "a_b"):
        with pytest.raises(BackendError, match="Invalid pipeline_job_id"):
            cloud.start(job_of(task("a")), id)


def test_a_listing_is_newest_first_and_filtered(cloud: Cloud) -> None:
    for id in ("job-1", "job-2"):
        name = cloud.start({**job_of(task("a")), "labels": {"own": id}}, id)
        assert cloud.emulator.pipeline_job(name).wait(20)
    assert [one["name"].rpartition("/")[2] for one in cloud.client.pipeline_jobs("")] == ["job-2", "job-1"]
    (found,) = cloud.client.pipeline_jobs('labels.own="job-1"')
    assert "pipelineSpec" not in found


def test_what_is_not_there_is_not_found(cloud: Cloud) -> None:
    assert cloud.client.pipeline_job(f"{PARENT}/pipelineJobs/lost") is None
    with pytest.raises(NotFound):
        cloud.client.cancel_pipeline_job(f"{PARENT}/pipelineJobs/lost")
