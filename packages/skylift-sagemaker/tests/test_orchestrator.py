from __future__ import annotations

from typing import Any

import pytest
from skylift_sagemaker_answers import Answers
from skylift_sagemaker_snapshots import IMAGE, snapshot_of, step

from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import ConfigurationError, RunIdError
from skylift_contract.run import PipelineRun
from skylift_contract.snapshot import PipelineSnapshot
from skylift_contract.stack import ArtifactStore, Stack
from skylift_sagemaker.run_id import EXECUTION_ARN_ENV

EXECUTION = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/p/execution/e"
JOB = "arn:aws:sagemaker:eu-west-1:123456789012:training-job/j"


def run(arn: str | None = EXECUTION) -> PipelineRun:
    return PipelineRun(pipeline="daily", snapshot="0" * 64, flavor="sagemaker", orchestrator_run_id=arn)


def stack(orchestrator: Any, store: str = "s3://skylift-tests/churn") -> Stack:
    return Stack("tests", orchestrator, ArtifactStore(store))


def test_a_step_reads_its_executions_arn(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(EXECUTION_ARN_ENV, EXECUTION)
    assert make().get_orchestrator_run_id() == EXECUTION


@pytest.mark.parametrize("value", ["", "{{Execution.PipelineExecutionArn}}"])
def test_a_step_whose_id_was_not_substituted_does_not_start(
    make: Any, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv(EXECUTION_ARN_ENV, value)
    with pytest.raises(RunIdError, match=EXECUTION_ARN_ENV):
        make().get_orchestrator_run_id()


def test_the_orchestrators_image_is_that_of_steps_that_name_none(
    make: Any, snapshot: PipelineSnapshot
) -> None:
    bare = snapshot.model_copy(update={"images": {"load": IMAGE}})
    orchestrator = make(image="123456789012.dkr.ecr.eu-west-1.amazonaws.com/base:1")
    assert orchestrator.get_image(bare, "load") == IMAGE
    assert orchestrator.get_image(bare, "train_2").endswith("/base:1")


def test_a_run_and_its_steps_are_one_look_each(answers: Answers, make: Any) -> None:
    answers.say("DescribePipelineExecution", {"PipelineExecutionStatus": "Executing"})
    answers.say(
        "ListPipelineExecutionSteps",
        {"PipelineExecutionSteps": [{"StepName": "load", "StepStatus": "Starting"}]},
    )
    assert make().fetch_status(run()).steps == {}
    assert answers.asked("ListPipelineExecutionSteps") == []
    found = make().fetch_status(run(), include_steps=True)
    assert (found.status, found.steps["load"].status) == (Status.RUNNING, Status.PENDING)


def test_a_run_is_stopped_and_a_graceful_stop_is_its_steps_own(answers: Answers, make: Any) -> None:
    answers.say("StopPipelineExecution", {"PipelineExecutionArn": EXECUTION})
    make().stop_run(run(), graceful=True)
    assert answers.requests == []
    make().stop_run(run())
    (asked,) = answers.asked("StopPipelineExecution")
    assert asked["PipelineExecutionArn"] == EXECUTION


def test_a_run_that_is_a_job_is_stopped(answers: Answers, make: Any) -> None:
    answers.say("DescribeTrainingJob", {"TrainingJobStatus": "InProgress"})
    answers.say("StopTrainingJob", {})
    make().stop_run(run(JOB))
    assert answers.asked("StopTrainingJob") == [{"TrainingJobName": "j"}]


def test_a_run_without_an_execution_is_said_to_have_none(make: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^a run of pipeline 'daily': it has no execution yet\.$"):
        make().fetch_status(run(None))


def test_a_stack_is_valid_where_aws_answers(aws: Any, make: Any) -> None:
    orchestrator = make()
    orchestrator.validate(stack(orchestrator))


def test_credentials_of_another_account_are_not(aws: Any, make: Any) -> None:
    other = make(execution_role="arn:aws:iam::210987654321:role/SageMaker")
    expected = (
        r"^SagemakerOrchestratorConfig\.execution_role: it is a role of account 210987654321, and your credentials "
        r"are of 123456789012 \(got 'arn:aws:iam::210987654321:role/SageMaker'\)\. Name another profile or role: "
    )
    with pytest.raises(ConfigurationError, match=expected):
        other.validate(stack(other))


def test_a_stack_without_a_bucket_is_not(aws: Any, make: Any) -> None:
    orchestrator = make()
    with pytest.raises(
        ConfigurationError, match=r"^SagemakerOrchestratorConfig\.bucket: there is no bucket for long "
    ):
        orchestrator.validate(stack(orchestrator, "gs://bucket"))


def test_a_pipeline_is_validated_without_a_call(answers: Answers, make: Any) -> None:
    orchestrator = make()
    orchestrator.validate(stack(orchestrator), snapshot_of(step("load")))
    assert answers.requests == []
