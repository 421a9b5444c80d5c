from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from skylift_vertex_answers import Answers
from skylift_vertex_snapshots import IMAGE, PARENT, ROOT, STORE, pipeline_job, snapshot_of, step

from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import ConfigurationError, NotFound, RunIdError
from skylift_contract.orchestrator import StepRunInfo
from skylift_contract.run import DeployedSchedule, IsolatedStep, PipelineRun
from skylift_contract.run_id import RUN_OWNER_ENV
from skylift_contract.schedule import Schedule
from skylift_contract.settings import DockerSettings
from skylift_contract.snapshot import PipelineSnapshot
from skylift_contract.stack import ArtifactStore, Stack
from skylift_vertex.names import job_id, token
from skylift_vertex.run_id import JOB_ENV

JOB = "skylift-0a"
SCHEDULE = f"{PARENT}/schedules/7"
NIGHTLY = Schedule(cron_expression="0 2 * * *")


def run(job: str | None = JOB) -> PipelineRun:
    found = f"{PARENT}/{job}" if job else None
    return PipelineRun(pipeline="daily", snapshot="0" * 64, flavor="vertex", orchestrator_run_id=found)


def placeholder(submission: str) -> PipelineRun:
    return PipelineRun(pipeline="daily", snapshot="0" * 64, flavor="vertex", submission_id=submission)


def stack(orchestrator: Any, store: str = STORE) -> Stack:
    return Stack("tests", orchestrator, ArtifactStore(store))


def deployed() -> DeployedSchedule:
    return DeployedSchedule(name="daily", pipeline="daily", snapshot="0" * 64, flavor="vertex", id=SCHEDULE)


def submit(orchestrator: Any, snapshot: PipelineSnapshot, submission: str = "s1") -> Any:
    base = {"SKYLIFT_STORE": STORE}
    if snapshot.is_dynamic:
        return orchestrator.submit_dynamic_pipeline(
            snapshot, stack(orchestrator), base, placeholder(submission)
        )
    steps = dict.fromkeys(snapshot.step_configurations, base)
    return orchestrator.submit_pipeline(snapshot, stack(orchestrator), base, steps, placeholder(submission))


def test_a_step_reads_its_jobs_id(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(JOB_ENV, JOB)
    monkeypatch.setenv(RUN_OWNER_ENV, PARENT)
    assert make().get_orchestrator_run_id() == f"{PARENT}/{JOB}"
    monkeypatch.setenv(JOB_ENV, "{{$.pipeline_job_name}}")
    with pytest.raises(RunIdError, match=JOB_ENV):
        make().get_orchestrator_run_id()


def test_client_and_step_call_a_run_the_same(
    answers: Answers, make: Any, snapshot: PipelineSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service answers with the project's number; what is compared is ours."""
    own = job_id("s1")
    answers.say("create_pipeline_job", {"name": f"projects/9/locations/europe-west4/pipelineJobs/{own}"})
    orchestrator = make()
    result = submit(orchestrator, snapshot)
    monkeypatch.setenv(JOB_ENV, own)
    monkeypatch.setenv(RUN_OWNER_ENV, PARENT)
    assert result.orchestrator_run_id == orchestrator.get_orchestrator_run_id()
    assert result.metadata["url"].endswith(f"/runs/{own}?project=my-project")


def test_a_pipeline_is_waited_for(answers: Answers, make: Any, snapshot: PipelineSnapshot) -> None:
    answers.say("create_pipeline_job", {"name": f"{PARENT}/pipelineJobs/{JOB}"})
    document = pipeline_job(snapshot)["pipelineSpec"]
    answers.say("get_pipeline_job", {"state": "PIPELINE_STATE_SUCCEEDED", "pipelineSpec": document})
    submit(make(), snapshot).wait_for_completion()
    assert len(answers.asked("get_pipeline_job")) == 1


def test_a_dynamic_pipeline_is_a_custom_job(answers: Answers, make: Any) -> None:
    answers.say("list_custom_jobs", {})
    answers.say("create_custom_job", {"name": "projects/9/locations/europe-west4/customJobs/77"})
    assert submit(make(), snapshot_of(dynamic=True)).orchestrator_run_id == f"{PARENT}/77"
    (asked,) = answers.asked("create_custom_job")
    assert asked["customJob"]["labels"]["skylift_token"] == token("dynamic", "s1")


@pytest.mark.parametrize("dynamic", [False, True])
def test_a_schedule_starts_nothing(answers: Answers, make: Any, dynamic: bool) -> None:
    answers.say("list_schedules", {})
    answers.say("create_schedule", {"name": SCHEDULE})
    steps = () if dynamic else (step("load"),)
    snapshot = snapshot_of(*steps, dynamic=dynamic, schedule=NIGHTLY)
    result = submit(make(), snapshot)
    assert (result.schedule_id, result.orchestrator_run_id) == (SCHEDULE, None)
    assert [method for method, _ in answers.requests] == ["list_schedules", "create_schedule"]
    (asked,) = answers.asked("create_schedule")
    job = asked["schedule"]["createPipelineJobRequest"]["pipelineJob"]
    assert job["labels"]["skylift_schedule"] == "daily"
    assert job["runtimeConfig"]["gcsOutputDirectory"] == ROOT


def test_an_isolated_step_is_a_job_of_its_own(answers: Answers, make: Any) -> None:
    answers.say("list_custom_jobs", {})
    answers.say("create_custom_job", {"name": f"{PARENT}/customJobs/78"})
    own = step("train", settings={"orchestrator.vertex": {"use_spot": True}})
    info = StepRunInfo(
        run=run(),
        run_id="r1",
        snapshot=snapshot_of(own, dynamic=True),
        step=own,
        attempt=2,
        command=["python", "-m", "skylift.runtime", "step", "$(A)"],
        path="outer/train",
    )
    found = make().submit_isolated_step(info, {"SKYLIFT_STORE": STORE, "A": "1"})
    assert (found.invocation_id, found.id) == ("train", f"{PARENT}/customJobs/78")
    (asked,) = answers.asked("create_custom_job")
    job = asked["customJob"]
    (pool,) = job["jobSpec"]["workerPoolSpecs"]
    assert (job["displayName"], pool["containerSpec"]["imageUri"]) == ("outer/train", IMAGE)
    assert pool["containerSpec"]["command"][-1] == "$$(A)"
    assert job["jobSpec"]["scheduling"]["strategy"] == "SPOT"
    assert job["labels"]["skylift_token"] == token("step", "r1", "train", "2")


def test_an_isolated_step_installs_what_it_asks_for(answers: Answers, make: Any) -> None:
    answers.say("list_custom_jobs", {})
    answers.say("create_custom_job", {"name": f"{PARENT}/customJobs/78"})
    asked = DockerSettings(requirements=("own-top",), environment={"LEVEL": "1"})
    own, command = step("train", docker_settings=asked), ["python", "-m", "skylift.runtime", "step"]
    info = StepRunInfo(run(), "r1", snapshot_of(own, dynamic=True), own, 1, command, "python:3.11-slim")
    make(index="https://index").submit_isolated_step(info, {"SKYLIFT_STORE": STORE})
    (request,) = answers.asked("create_custom_job")
    (pool,) = request["customJob"]["jobSpec"]["workerPoolSpecs"]
    container = pool["containerSpec"]
    told = '{"cache": "", "index": "https://index", "requirements": ["skylift==0.1.0", "skylift-vertex", "own-top"]}'
    assert container["command"][4:] == [told, *command]
    assert {"name": "LEVEL", "value": "1"} in container["env"]


def test_an_isolated_step_is_watched_and_stopped(answers: Answers, make: Any) -> None:
    started = IsolatedStep(invocation_id="train", id=f"{PARENT}/customJobs/78")
    answers.say("get_custom_job", {"state": "JOB_STATE_RUNNING"})
    answers.say("cancel_custom_job", {})
    assert make().get_isolated_step_status(started).status is Status.RUNNING
    make().stop_isolated_step(started)
    assert answers.asked("cancel_custom_job") == [{"name": started.id}]


def test_steps_are_told_where_they_are_asked_for(
    answers: Answers, make: Any, snapshot: PipelineSnapshot
) -> None:
    detail = {"taskDetails": [{"taskName": "load", "taskId": "2", "state": "PENDING"}]}
    document = pipeline_job(snapshot)["pipelineSpec"]
    told = {"state": "PIPELINE_STATE_RUNNING", "jobDetail": detail, "pipelineSpec": document}
    answers.say("get_pipeline_job", told)
    assert make().fetch_status(run()).steps == {}
    found = make().fetch_status(run(), include_steps=True)
    assert (found.status, found.steps["load"].status) == (Status.RUNNING, Status.PENDING)


def test_a_run_is_stopped_and_a_graceful_stop_is_its_steps_own(answers: Answers, make: Any) -> None:
    answers.say("cancel_pipeline_job", {})
    make().stop_run(run(), graceful=True)
    assert answers.requests == []
    make().stop_run(run())
    assert answers.asked("cancel_pipeline_job") == [{"name": f"{PARENT}/pipelineJobs/{JOB}"}]


def test_a_run_that_is_one_job_is_stopped(answers: Answers, make: Any) -> None:
    answers.say("get_custom_job", {"state": "JOB_STATE_RUNNING"})
    answers.say("cancel_custom_job", {})
    make().stop_run(run("77"))
    assert answers.asked("cancel_custom_job") == [{"name": f"{PARENT}/customJobs/77"}]


def test_a_run_without_a_job_is_refused(make: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^a run of pipeline 'daily': it has no job yet\.$"):
        make().stop_run(run(None))


def test_a_submission_is_found(answers: Answers, make: Any) -> None:
    own = job_id("s1")
    answers.say("get_pipeline_job", {"name": f"{PARENT}/pipelineJobs/{own}"})
    assert make().find_run("s1") == f"{PARENT}/{own}"
    answers.refuse("get_pipeline_job", 404, "none")
    answers.say("list_custom_jobs", {"customJobs": [{"name": f"{PARENT}/customJobs/77"}]})
    assert make().find_run("s1") == f"{PARENT}/77"
    answers.say("list_custom_jobs", {})
    assert make().find_run("s1") is None


def test_executions_are_a_schedules_or_a_pipelines(answers: Answers, make: Any) -> None:
    made = {
        "name": f"{PARENT}/pipelineJobs/{JOB}",
        "state": "PIPELINE_STATE_RUNNING",
        "createTime": "2030-01-01T03:00:07Z",
    }
    answers.say("list_pipeline_jobs", {}, {"pipelineJobs": [made]})
    (found,) = make().list_executions("daily", datetime(2030, 1, 1, tzinfo=UTC))
    assert found.orchestrator_run_id == f"{PARENT}/{JOB}"
    first, second = (one["filter"] for one in answers.asked("list_pipeline_jobs"))
    assert 'labels.skylift_schedule="daily"' in first
    assert 'labels.skylift_pipeline="daily"' in second
    assert 'labels.skylift_orchestrator="tests"' in second


def test_a_schedule_is_changed_paused_resumed_and_deleted(answers: Answers, make: Any) -> None:
    answers.say("get_schedule", {"name": SCHEDULE, "cron": "TZ=UTC 0 1 * * *"})
    for method in ("update_schedule", "pause_schedule", "resume_schedule"):
        answers.say(method, {})
    answers.say(
        "delete_schedule",
        {"name": "o", "done": True, "response": {"@type": "type.googleapis.com/google.protobuf.Empty"}},
    )
    orchestrator = make()
    assert orchestrator.describe_schedule(deployed())["cron"] == "TZ=UTC 0 1 * * *"
    orchestrator.update_schedule(deployed(), NIGHTLY)
    orchestrator.pause_schedule(deployed())
    orchestrator.resume_schedule(deployed())
    orchestrator.delete_schedule(deployed())
    assert [method for method, _ in answers.requests][2:] == [
        *("update_schedule", "pause_schedule", "resume_schedule", "delete_schedule")
    ]
    answers.refuse("delete_schedule", 404, "none")
    with pytest.raises(NotFound):
        orchestrator.delete_schedule(deployed())


def test_an_interval_is_refused_before_any_call(answers: Answers, make: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"The closest: Schedule\(cron_expression='0 \* \* \* \*'\)"):
        make().update_schedule(deployed(), Schedule.parse({"interval_second": 3600}))
    assert answers.requests == []


def test_the_orchestrators_image_is_that_of_steps_that_name_none(
    make: Any, snapshot: PipelineSnapshot
) -> None:
    bare = snapshot.model_copy(update={"images": {"load": IMAGE}})
    orchestrator = make(image="base:1")
    assert orchestrator.get_image(bare, "load") == IMAGE
    assert orchestrator.get_image(bare, "train_2") == "base:1"


def test_a_stack_is_valid_where_vertex_answers(answers: Answers, make: Any) -> None:
    answers.say("list_pipeline_jobs", {})
    orchestrator = make()
    orchestrator.validate(stack(orchestrator))
    assert len(answers.requests) == 1
    with pytest.raises(
        ConfigurationError, match=r"^VertexOrchestratorConfig\.pipeline_root: there is no place"
    ):
        orchestrator.validate(stack(orchestrator, "s3://elsewhere"))
    make(pipeline_root="gs://bucket/root").validate(stack(orchestrator, "s3://elsewhere"))


def test_a_snapshot_is_looked_at_without_a_call(
    answers: Answers, make: Any, snapshot: PipelineSnapshot
) -> None:
    orchestrator = make()
    orchestrator.validate(stack(orchestrator), snapshot)
    built = snapshot_of(step("load", docker_settings=DockerSettings(apt_packages=("git",))))
    with pytest.raises(ConfigurationError, match="it needs an image that is built"):
        orchestrator.validate(stack(orchestrator), built)
    assert answers.requests == []
