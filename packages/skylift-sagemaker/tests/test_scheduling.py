"""Schedules on moto over HTTP: what EventBridge Scheduler and SageMaker are told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from skylift_sagemaker_answers import Answers
from skylift_sagemaker_snapshots import ROLE, snapshot_of, step

from skylift_contract.errors import BackendError, ConfigurationError, NotFound
from skylift_contract.run import DeployedSchedule
from skylift_contract.schedule import Schedule
from skylift_contract.snapshot import PipelineSnapshot
from skylift_contract.stack import ArtifactStore, Stack
from skylift_sagemaker.orchestrator import SagemakerOrchestrator

SCHEDULER_ROLE = "arn:aws:iam::123456789012:role/Scheduler"
NIGHTLY = Schedule(cron_expression="0 2 * * *", timezone="Europe/Berlin")
ARN = "arn:aws:scheduler:eu-west-1:123456789012:schedule/default/skylift-daily-0123456789ab"


def scheduled(schedule: Schedule = NIGHTLY, *, dynamic: bool = False) -> PipelineSnapshot:
    steps = () if dynamic else (step("load"), step("train", "load"))
    return snapshot_of(*steps, schedule=schedule, dynamic=dynamic)


def deploy(orchestrator: SagemakerOrchestrator, snapshot: PipelineSnapshot) -> DeployedSchedule:
    stack = Stack("tests", orchestrator, ArtifactStore("s3://skylift-tests/churn"))
    if snapshot.is_dynamic:
        result = orchestrator.submit_dynamic_pipeline(snapshot, stack, {}, None)
    else:
        result = orchestrator.submit_pipeline(snapshot, stack, {}, {}, None)
    assert result.schedule_id
    return deployed(snapshot.name, result.schedule_id)


def deployed(name: str, arn: str) -> DeployedSchedule:
    return DeployedSchedule(name=name, pipeline=name, snapshot="0" * 64, flavor="sagemaker", id=arn)


def told(aws: Any) -> dict[str, Any]:
    (listed,) = aws("scheduler").list_schedules()["Schedules"]
    return aws("scheduler").get_schedule(Name=listed["Name"])


@pytest.fixture
def orchestrator(make: Any) -> SagemakerOrchestrator:
    return make(scheduler_role=SCHEDULER_ROLE)


@pytest.mark.parametrize("dynamic", [False, True])
def test_a_schedule_fires_a_pipeline_of_its_own(
    aws: Any, orchestrator: SagemakerOrchestrator, dynamic: bool
) -> None:
    found = deploy(orchestrator, scheduled(dynamic=dynamic))
    schedule = told(aws)
    (pipeline,) = aws("sagemaker").list_pipelines()["PipelineSummaries"]
    assert schedule["Arn"] == found.id
    assert schedule["Target"]["Arn"] == pipeline["PipelineArn"]
    assert schedule["Target"]["RoleArn"] == SCHEDULER_ROLE
    assert (schedule["ScheduleExpression"], schedule["ScheduleExpressionTimezone"]) == (
        "cron(0 2 * * ? *)",
        "Europe/Berlin",
    )
    assert schedule["State"] == "ENABLED"
    executions = aws("sagemaker").list_pipeline_executions(PipelineName=pipeline["PipelineName"])
    assert executions["PipelineExecutionSummaries"] == []


def test_deploying_again_changes_the_same_one(aws: Any, orchestrator: SagemakerOrchestrator) -> None:
    first = deploy(orchestrator, scheduled())
    again = deploy(orchestrator, scheduled(Schedule(interval_second=timedelta(days=1, hours=12))))
    assert first.id == again.id
    assert told(aws)["ScheduleExpression"] == "rate(2160 minutes)"
    assert len(aws("sagemaker").list_pipelines()["PipelineSummaries"]) == 1


def test_it_is_described_paused_resumed_and_changed(aws: Any, orchestrator: SagemakerOrchestrator) -> None:
    end = datetime(2040, 1, 1, tzinfo=UTC)
    found = deploy(orchestrator, scheduled(Schedule(cron_expression="0 2 * * *", end_time=end)))
    assert orchestrator.describe_schedule(found)["ScheduleExpression"] == "cron(0 2 * * ? *)"
    target = told(aws)["Target"]
    orchestrator.pause_schedule(found)
    assert told(aws)["State"] == "DISABLED"
    orchestrator.update_schedule(found, Schedule(cron_expression="30 4 * * mon"))
    changed = told(aws)
    assert (changed["ScheduleExpression"], changed["State"]) == ("cron(30 4 ? * 2 *)", "DISABLED")
    assert "EndDate" not in changed
    assert changed["Target"] == target
    orchestrator.resume_schedule(found)
    assert told(aws)["State"] == "ENABLED"


def test_nothing_stays_of_one_that_is_deleted(aws: Any, orchestrator: SagemakerOrchestrator) -> None:
    found = deploy(orchestrator, scheduled())
    orchestrator.delete_schedule(found)
    assert aws("scheduler").list_schedules()["Schedules"] == []
    assert aws("sagemaker").list_pipelines()["PipelineSummaries"] == []
    with pytest.raises(
        NotFound, match=r"^scheduler:GetSchedule: there is no schedule 'skylift-daily-[0-9a-f]{12}' in "
    ):
        orchestrator.describe_schedule(found)
    with pytest.raises(NotFound):
        orchestrator.delete_schedule(found)


def test_one_that_was_deleted_by_hand_leaves_no_pipeline(
    aws: Any, orchestrator: SagemakerOrchestrator
) -> None:
    found = deploy(orchestrator, scheduled())
    aws("scheduler").delete_schedule(Name=told(aws)["Name"])
    with pytest.raises(NotFound):
        orchestrator.delete_schedule(found)
    assert aws("sagemaker").list_pipelines()["PipelineSummaries"] == []


def test_a_schedule_without_a_role_is_refused_before_anything_is_made(aws: Any, make: Any) -> None:
    expected = (
        r"^SagemakerOrchestratorConfig\.scheduler_role: a schedule needs a role by which EventBridge Scheduler "
        r"starts the pipeline\. Name one that "
    )
    with pytest.raises(ConfigurationError, match=expected):
        deploy(make(), scheduled())
    assert aws("sagemaker").list_pipelines()["PipelineSummaries"] == []


def test_a_role_that_the_scheduler_has_not_is_refused_before_anything_is_made(aws: Any, make: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"scheduler_role: there is no such role "):
        deploy(make(scheduler_role="arn:aws:iam::123456789012:role/None"), scheduled())
    assert aws("sagemaker").list_pipelines()["PipelineSummaries"] == []


def test_what_could_not_be_asked_of_the_role_is_noted(aws: Any, orchestrator: SagemakerOrchestrator) -> None:
    """moto does not simulate policies."""
    stack = Stack("tests", orchestrator, ArtifactStore("s3://skylift-tests/churn"))
    result = orchestrator.submit_pipeline(scheduled(), stack, {}, {}, None)
    (note,) = result.notes
    assert note.startswith(f"it was not checked whether {SCHEDULER_ROLE} may start pipelines: iam:Simulate")


def test_a_role_of_another_account_is_refused(make: Any) -> None:
    other = make(scheduler_role="arn:aws:iam::210987654321:role/Scheduler")
    with pytest.raises(
        ConfigurationError, match=r"it is a role of another account than the execution role \(got "
    ):
        deploy(other, scheduled())


def test_one_that_fails_half_way_leaves_nothing(
    answers: Answers, orchestrator: SagemakerOrchestrator
) -> None:
    """The pipeline was made, and the schedule is refused: the pipeline is deleted."""
    pipeline = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/p"
    answers.refuse("DescribePipeline", "ResourceNotFound", "none")
    answers.say("CreatePipeline", {"PipelineArn": pipeline})
    answers.say("UpdatePipeline", {"PipelineArn": pipeline})
    answers.say("DeletePipeline", {"PipelineArn": pipeline})
    with pytest.raises(BackendError):  # Scheduler speaks REST, which this server answers with 501
        deploy(orchestrator, scheduled())
    (made,), (deleted,) = answers.asked("CreatePipeline"), answers.asked("DeletePipeline")
    assert made["PipelineName"] == deleted["PipelineName"]


def test_firings_are_listed_by_the_name_of_their_schedule(
    aws: Any, orchestrator: SagemakerOrchestrator, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "skylift.toml").write_text('[project]\nname = "tests"\n')
    monkeypatch.chdir(tmp_path)
    began = datetime.now(UTC) - timedelta(minutes=2)
    deploy(orchestrator, scheduled())
    (pipeline,) = aws("sagemaker").list_pipelines()["PipelineSummaries"]
    fired = aws("sagemaker").start_pipeline_execution(
        PipelineName=pipeline["PipelineName"], ClientRequestToken="t" * 32
    )["PipelineExecutionArn"]
    (found,) = orchestrator.list_executions("daily", began)
    assert found.orchestrator_run_id == fired
    assert found.fired_at
    assert found.fired_at.second == 0
    assert list(orchestrator.list_executions("weekly", began)) == []


def test_jobs_run_as_the_execution_role(aws: Any, orchestrator: SagemakerOrchestrator) -> None:
    deploy(orchestrator, scheduled())
    (pipeline,) = aws("sagemaker").list_pipelines()["PipelineSummaries"]
    found = aws("sagemaker").describe_pipeline(PipelineName=pipeline["PipelineName"])
    steps = json.loads(found["PipelineDefinition"])["Steps"]
    assert {one["Arguments"]["RoleArn"] for one in steps} == {ROLE}
