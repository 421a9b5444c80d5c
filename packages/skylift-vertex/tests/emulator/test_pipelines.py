from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from vertex_cloud import (
    RUN_ID,
    AuthError,
    Cloud,
    GoogleError,
    container,
    document,
    failed_jobs,
    main_job,
    states,
    task,
    tasks,
)

from skylift_testkit.emulator.fault_script import Failure, Fault
from skylift_vertex.emulator import VertexEmulator

if TYPE_CHECKING:
    from vertex_cloud import Fifo

ECHO = "import sys, os; print(sys.argv[1]); print(os.environ.get('A', '-'))"
FIND = (
    "import sys, os; os.environ['RUN'] = sys.argv[1]; "
    "from skylift_contract.run_id import Env, find_orchestrator_run_id as find; "
    "print(find([Env(name='RUN')], backend='vertex', dynamic=False))"
)
INPUT = "{{$.inputs.parameters['run']}}"


def told(code: str, **env: str) -> dict[str, Any]:
    return container(code, env, args=[INPUT])


def test_every_task_has_the_jobs_id_and_another_job_another(cloud: Cloud) -> None:
    spec = document(a=(told(FIND), task(run=RUN_ID)), b=(told(FIND), task(("a",), run=RUN_ID)))
    jobs = [cloud.run(spec, id) for id in ("one", "two")]

    assert [job["state"] for job in jobs] == ["PIPELINE_STATE_SUCCEEDED"] * 2
    printed = [cloud.printed(main_job(job, name)) for job in jobs for name in "ab"]
    assert printed == [["one"], ["one"], ["two"], ["two"]]


def test_names_have_the_projects_number(cloud: Cloud) -> None:
    job = cloud.run(document(a=(container("pass"), task())), "one")
    assert job["name"] == "projects/123456789012/locations/europe-west4/pipelineJobs/one"
    assert cloud.emulator.executions() == ["projects/my-project/locations/europe-west4/one"]


def test_without_substitution_a_step_refuses_to_start() -> None:
    with VertexEmulator(is_substituting=False) as emulator:
        cloud = Cloud(emulator)
        job = cloud.run(document(a=(told(FIND), task(run=RUN_ID))))
        assert states(job) == {"a": "FAILED"}
        assert "still holds a placeholder" in cloud.printed(main_job(job, "a"))[-1]


def test_placeholders_are_put_into_parameters_and_nowhere_else(cloud: Cloud) -> None:
    runs = told(ECHO, B="b", A=f"{RUN_ID} $(B) $$(B) $(NONE) {INPUT}")
    runs["args"] = [f"<{INPUT}>{{{{$.inputs.parameters['part']}}}}"]
    job = cloud.run(document(a=(runs, task(run=RUN_ID, part=f"<{RUN_ID}>"))), "one")
    assert cloud.printed(main_job(job, "a")) == [f"<one><{RUN_ID}>", f"{RUN_ID} b $(B) $(NONE) {INPUT}"]


def test_each_task_has_a_job_with_a_number_of_its_own(cloud: Cloud) -> None:
    code = "import os; print(os.environ['CLOUD_ML_JOB_ID'])"
    job = cloud.run(document(**{name: (container(code), task()) for name in "ab"}))
    names = [main_job(job, name) for name in "ab"]
    assert len(set(names)) == 2
    assert [cloud.printed(name) for name in names] == [[name.rpartition("/")[2]] for name in names]


def test_the_pipelines_own_parameters(cloud: Cloud) -> None:
    spec = document(a=(told(ECHO), task(run="")))
    spec["root"]["inputDefinitions"] = {"parameters": {"day": {"parameterType": "STRING"}}}
    given = spec["root"]["dag"]["tasks"]["a"]["inputs"]["parameters"]
    given["run"] = {"componentInputParameter": "day"}
    job = cloud.run(spec, runtimeConfig={"parameterValues": {"day": "monday"}})
    assert cloud.printed(main_job(job, "a"))[0] == "monday"
    with pytest.raises(GoogleError, match=r"input parameters \['day'\] have no value"):
        cloud.start(spec)


@pytest.mark.parametrize(("policy", "beside"), [("FAIL_SLOW", "SUCCEEDED"), ("FAIL_FAST", "NOT_TRIGGERED")])
def test_what_a_failure_does_to_the_rest(policy: str, beside: str) -> None:
    with VertexEmulator(most_tasks=1) as emulator:
        cloud = Cloud(emulator)
        spec = document(
            a=(container("raise SystemExit(3)"), task()),
            after=(container("pass"), task(("a",))),
            beside=(container("pass"), task()),
            then=(container("pass"), task(("beside",))),
        )
        job = cloud.run(spec, "one", runtimeConfig={"failurePolicy": f"PIPELINE_FAILURE_POLICY_{policy}"})

        assert job["state"] == "PIPELINE_STATE_FAILED"
        assert job["error"]["message"].startswith(
            "The DAG failed because some tasks failed. The failed tasks"
        )
        assert "[a]" in job["error"]["message"]
        found = {"a": "FAILED", "after": "NOT_TRIGGERED", "beside": beside, "then": beside}
        assert states(job) == found
        assert "non-zero status of 3" in tasks(job)["a"]["error"]["message"]


def test_failing_fast_lets_what_runs_finish_and_starts_nothing_new(cloud: Cloud, fifo: Fifo) -> None:
    """The task beside ends only when it is told to, which is after the other has failed."""
    spec = document(
        bad=(container("raise SystemExit(3)"), task()),
        beside=(container(fifo.code), task()),
        then=(container("pass"), task(("beside",))),
    )
    policy = {"failurePolicy": "PIPELINE_FAILURE_POLICY_FAIL_FAST"}
    name = cloud.start(spec, runtimeConfig=policy)["name"]
    fifo.wait()
    while states(cloud.call("Pipeline", "get_pipeline_job", name=name)).get("bad") != "FAILED":
        pass
    fifo.release()
    job = cloud.ended(name)
    assert job["state"] == "PIPELINE_STATE_FAILED"
    assert states(job) == {"bad": "FAILED", "beside": "SUCCEEDED", "then": "NOT_TRIGGERED"}


def test_a_task_succeeds_with_its_last_attempt(cloud: Cloud, tmp_path: Any) -> None:
    path = str(tmp_path / "tries")
    code = f"import sys; f = open({path!r}, 'a+'); f.write('x'); f.seek(0); sys.exit(len(f.read()) < 3)"
    job = cloud.run(document(a=(container(code), task(retries=2))))
    assert (job["state"], len(failed_jobs(job, "a"))) == ("PIPELINE_STATE_SUCCEEDED", 2)


def test_a_task_that_is_preempted_begins_again(cloud: Cloud) -> None:
    cloud.emulator.tell(Fault(Failure.PREEMPTED, frozenset({"a"})))
    code = "import sys; print('up', flush=True); sys.stdin.read()"
    assert cloud.run(document(a=(container(code), task())))["state"] == "PIPELINE_STATE_SUCCEEDED"


def test_retries_are_custom_jobs_of_their_own(cloud: Cloud, tmp_path: Any) -> None:
    code = f"open({str(tmp_path / 'tries')!r}, 'a').write('x'); raise SystemExit(1)"
    job = cloud.run(document(a=(container(code), task(retries=2))))

    assert states(job) == {"a": "FAILED"}
    assert (tmp_path / "tries").read_text() == "xxx"
    assert len({main_job(job, "a"), *failed_jobs(job, "a")}) == 3


def test_a_taken_id_is_a_conflict_and_starts_nothing(cloud: Cloud) -> None:
    spec = document(a=(container("pass"), task()))
    cloud.run(spec, "one")
    with pytest.raises(GoogleError, match="already exists") as caught:
        cloud.start(spec, "one")
    assert caught.value.code == 409
    assert len(cloud.emulator.executions()) == 1


def test_a_lost_answer_took_effect(cloud: Cloud) -> None:
    cloud.emulator.tell(Fault(Failure.LOST_ANSWER, frozenset({"CreatePipelineJob"})))
    spec = document(a=(container("pass"), task()))
    with pytest.raises(Exception, match=r"Connection aborted|closed connection|RemoteDisconnected"):
        cloud.start(spec, "one")
    assert cloud.ended("projects/123456789012/locations/europe-west4/pipelineJobs/one")


def test_a_job_of_a_task_that_is_refused(cloud: Cloud) -> None:
    cloud.emulator.tell(Fault(Failure.QUOTA, frozenset({"a:CreateCustomJob"})))
    job = cloud.run(document(a=(container("pass"), task())))
    assert "exceed quota limits" in tasks(job)["a"]["error"]["message"]


def test_a_task_that_is_started_twice(cloud: Cloud, tmp_path: Any) -> None:
    cloud.emulator.tell(Fault(Failure.TWICE, frozenset({"a"})))
    cloud.run(document(a=(container(f"open({str(tmp_path / 'tries')!r}, 'a').write('x')"), task())))
    assert (tmp_path / "tries").read_text() == "xx"


def test_cancelling(cloud: Cloud, fifo: Fifo) -> None:
    spec = document(a=(container(fifo.code), task(retries=3)), after=(container("pass"), task(("a",))))
    name = cloud.start(spec)["name"]
    fifo.wait()
    assert states(cloud.call("Pipeline", "get_pipeline_job", name=name)) == {"a": "RUNNING"}
    with pytest.raises(GoogleError, match=r"is running\. Cancel it first"):
        cloud.services["Pipeline"].delete_pipeline_job(name=name)
    cloud.call("Pipeline", "cancel_pipeline_job", name=name)

    job = cloud.ended(name)
    assert job["state"] == "PIPELINE_STATE_CANCELLED"
    assert states(job) == {"a": "CANCELLED", "after": "NOT_TRIGGERED"}
    with pytest.raises(GoogleError, match="has ended and cannot be cancelled"):
        cloud.call("Pipeline", "cancel_pipeline_job", name=name)


def test_listings_are_filtered_paged_and_newest_first(cloud: Cloud) -> None:
    spec = document(a=(container("pass"), task()))
    for number in range(3):
        cloud.run(spec, f"job-{number}", labels={"parity": "even" if number % 2 == 0 else "odd"})
    found = cloud.listed("Pipeline", "list_pipeline_jobs", filter='labels.parity="even"', pageSize=1)
    assert [job["name"].rpartition("/")[2] for job in found] == ["job-2", "job-0"]
    assert cloud.listed("Pipeline", "list_pipeline_jobs", filter='create_time>="2999-01-01T00:00:00Z"') == []
    (masked,) = cloud.listed(
        "Pipeline", "list_pipeline_jobs", filter='labels.parity="odd"', readMask="name,state"
    )
    assert "pipelineSpec" not in masked
    with pytest.raises(GoogleError, match="field 'colour' is not supported"):
        cloud.listed("Pipeline", "list_pipeline_jobs", filter='colour="red"')


def test_deleting(cloud: Cloud) -> None:
    name = cloud.run(document(a=(container("pass"), task())))["name"]
    cloud.services["Pipeline"].delete_pipeline_job(name=name).result()
    with pytest.raises(GoogleError, match="was not found"):
        cloud.call("Pipeline", "get_pipeline_job", name=name)
    with pytest.raises(GoogleError, match="was not found"):
        cloud.call("Pipeline", "cancel_pipeline_job", name=name)


@pytest.mark.parametrize("id", ["Upper", "1st", "a_b", "a" * 129])
def test_ids_that_are_none(cloud: Cloud, id: str) -> None:
    with pytest.raises(GoogleError, match="must match"):
        cloud.start(document(a=(container("pass"), task())), id)


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (Failure.THROTTLED, 429),
        (Failure.QUOTA, 429),
        (Failure.PERMISSION, 403),
        (Failure.UNAVAILABLE, 503),
    ],
)
def test_faults_are_googles_errors(cloud: Cloud, failure: Failure, code: int) -> None:
    cloud.emulator.tell(Fault(failure))
    with pytest.raises(GoogleError) as caught:
        cloud.start(document(a=(container("pass"), task())))
    assert caught.value.code == code


def test_credentials_that_are_none(cloud: Cloud) -> None:
    """The client would have them renewed, which those of nobody cannot be."""
    cloud.emulator.tell(Fault(Failure.CREDENTIALS))
    with pytest.raises(AuthError, match="cannot be refreshed"):
        cloud.start(document(a=(container("pass"), task())))
