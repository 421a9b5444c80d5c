"""How runs stand, against a server that tells what SageMaker would."""

from __future__ import annotations

from typing import Any

import pytest
from skylift_sagemaker_answers import Answers
from skylift_sagemaker_snapshots import ROLE

from skylift.coordination.polling import PAUSES_S
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import NotFound, PermissionDenied
from skylift_sagemaker import watching
from skylift_sagemaker.client import SagemakerClient
from skylift_sagemaker.config import SagemakerOrchestratorConfig

EXECUTION = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/p/execution/e"
JOB = "arn:aws:sagemaker:eu-west-1:123456789012:processing-job/pipelines-e-load-x"
GROUP = "/aws/sagemaker/ProcessingJobs"


@pytest.fixture
def client(answers: Answers) -> SagemakerClient:
    return SagemakerClient(SagemakerOrchestratorConfig(execution_role=ROLE, region="eu-west-1"))


def stands(state: str, **more: Any) -> dict[str, Any]:
    return {"PipelineExecutionStatus": state, **more}


def step(name: str, state: str, **more: Any) -> dict[str, Any]:
    return {"StepName": name, "StepStatus": state, **more}


def test_a_wait_ends_when_the_run_does_and_not_before(answers: Answers, client: SagemakerClient) -> None:
    """However long: the pauses grow to the last of them, and there is no cap."""
    looks = 500
    answers.say("DescribePipelineExecution", *[stands("Executing")] * looks, stands("Stopped"))
    pauses: list[float] = []
    watching.wait(client, EXECUTION, pauses.append)
    assert len(pauses) == looks
    assert tuple(pauses[:5]) == PAUSES_S
    assert set(pauses[5:]) == {PAUSES_S[-1]}


@pytest.mark.parametrize("state", ["Stopped", "Failed", "Succeeded", "CompletedWithFailures"])
def test_every_end_ends_a_wait(answers: Answers, client: SagemakerClient, state: str) -> None:
    answers.say("DescribePipelineExecution", stands(state))
    watching.wait(client, EXECUTION, lambda _: pytest.fail("it has ended"))


def test_a_wait_looks_again_where_aws_did_not_answer(client: SagemakerClient, answers: Answers) -> None:
    refused = {"__type": "AccessDeniedException", "message": "no longer"}
    answers.say("DescribePipelineExecution", {"__type": "ThrottlingException", "message": "slow"}, status=400)
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        answers.say("DescribePipelineExecution", refused, status=400)

    answers.say("DescribePipelineExecution", stands("Executing"))
    with pytest.raises(PermissionDenied):
        watching.wait(client, EXECUTION, pause)
    assert len(pauses) == 1


def test_a_step_that_failed_has_what_its_program_left_to_say(
    answers: Answers, client: SagemakerClient
) -> None:
    """Asked of a few jobs only."""
    one = {"Metadata": {"ProcessingJob": {"Arn": JOB}}}
    failed = [step(f"s{number}", "Failed", FailureReason="broke", **one) for number in range(9)]
    answers.say(
        "ListPipelineExecutionSteps", {"PipelineExecutionSteps": [step("fine", "Succeeded", **one), *failed]}
    )
    answers.say("DescribeProcessingJob", {"ExitMessage": "no such column"}, {})
    found = watching.step_statuses(client, EXECUTION)
    reasons = [found[f"s{number}"].reason for number in range(9)]
    assert reasons == ["broke; no such column", *["broke"] * 8]
    assert found["fine"].reason == ""
    assert len(answers.asked("DescribeProcessingJob")) == watching.MESSAGES


def test_whoever_may_not_look_at_jobs_hears_what_steps_are_told_to_be(
    answers: Answers, client: SagemakerClient
) -> None:
    failed = step("a", "Failed", FailureReason="broke", Metadata={"ProcessingJob": {"Arn": JOB}})
    answers.say("ListPipelineExecutionSteps", {"PipelineExecutionSteps": [failed]})
    answers.refuse("DescribeProcessingJob", "AccessDeniedException", "no")
    assert watching.step_statuses(client, EXECUTION)["a"].reason == "broke"


def test_a_failed_run_has_the_services_reason(answers: Answers, client: SagemakerClient) -> None:
    reason = "Step failure: One or multiple steps failed."
    answers.say("DescribePipelineExecution", stands("Failed", FailureReason=reason))
    found = watching.run_status(client, EXECUTION)
    assert (found.status, found.reason) == (Status.FAILED, reason)
    assert found.url.endswith("#/pipelines/p")


def test_steps_are_told_by_our_names_with_why_and_where(answers: Answers, client: SagemakerClient) -> None:
    listed = [
        step("load", "Succeeded", Metadata={"ProcessingJob": {"Arn": JOB}}),
        step("z-hle-0123456789ab", "Executing", StepDescription="zähle"),
        step("train", "Failed", FailureReason="ResourceLimitExceeded: quota", AttemptCount=3),
    ]
    answers.say("ListPipelineExecutionSteps", {"PipelineExecutionSteps": listed})
    found = watching.step_statuses(client, EXECUTION)
    assert {name: one.status for name, one in found.items()} == {
        "load": Status.COMPLETED,
        "zähle": Status.RUNNING,
        "train": Status.FAILED,
    }
    assert found["train"].reason == "ResourceLimitExceeded: quota; SageMaker tried it 3 times"
    assert found["load"].url.endswith("#/processing-jobs/pipelines-e-load-x")


def test_a_run_that_is_a_job_stands_as_the_job_does(answers: Answers, client: SagemakerClient) -> None:
    answers.say(
        "DescribeProcessingJob", {"ProcessingJobStatus": "Failed", "FailureReason": "ClientError: killed"}
    )
    found = watching.run_status(client, JOB)
    assert (found.status, found.reason) == (Status.FAILED, "ClientError: killed")
    assert watching.step_statuses(client, JOB) == {}


def test_a_steps_lines_are_read_to_their_end(answers: Answers, client: SagemakerClient) -> None:
    running = step("load", "Executing", Metadata={"ProcessingJob": {"Arn": JOB}})
    answers.say("ListPipelineExecutionSteps", {"PipelineExecutionSteps": [running]})
    answers.say("DescribeLogStreams", {"logStreams": [{"logStreamName": "pipelines-e-load-x/algo-1"}]})
    pages: list[dict[str, Any]] = [
        {"events": [{"message": "one"}, {"message": "two\n"}], "nextForwardToken": "f/1"},
        {"events": [{"message": "three"}], "nextForwardToken": "f/2"},
        {"events": [], "nextForwardToken": "f/2"},
    ]
    answers.say("GetLogEvents", *pages)
    assert list(watching.logs(client, EXECUTION, "load", None)) == ["one\n", "two\n", "three\n"]
    (asked,) = answers.asked("DescribeLogStreams")
    assert (asked["logGroupName"], asked["logStreamNamePrefix"]) == (GROUP, "pipelines-e-load-x/")


def test_a_step_is_followed_until_it_has_ended(answers: Answers, client: SagemakerClient) -> None:
    """What it prints at last, between a look at its state and at its lines, is not lost."""
    begun = {"PipelineExecutionSteps": [step("load", "Executing", Metadata={"ProcessingJob": {"Arn": JOB}})]}
    answers.say("ListPipelineExecutionSteps", {"PipelineExecutionSteps": []}, begun)
    answers.say("DescribePipelineExecution", stands("Executing"))
    states = [{"ProcessingJobStatus": state} for state in ("InProgress", "Completed")]
    answers.say("DescribeProcessingJob", *states)
    answers.say("DescribeLogStreams", {"logStreams": []}, {"logStreams": [{"logStreamName": "s"}]})
    answers.say(
        "GetLogEvents",
        {"events": [{"message": "last"}], "nextForwardToken": "f"},
        {"events": [], "nextForwardToken": "f"},
    )
    pauses: list[float] = []
    assert list(watching.logs(client, EXECUTION, "load", pauses.append)) == ["last\n"]
    assert len(pauses) == 2


def test_a_step_that_has_not_begun_has_no_lines(answers: Answers, client: SagemakerClient) -> None:
    answers.say("ListPipelineExecutionSteps", {"PipelineExecutionSteps": []})
    with pytest.raises(
        NotFound, match=r"^sagemaker:ListPipelineExecutionSteps: step 'load' has not begun\.$"
    ):
        list(watching.logs(client, EXECUTION, "load", None))
