from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sagemaker_cloud import ClientError, client, step

from skylift_testkit.emulator.fault_script import Failure, Fault

if TYPE_CHECKING:
    from sagemaker_cloud import ClientError, Cloud, Fifo

START = frozenset({"StartPipelineExecution"})


@pytest.mark.parametrize(
    ("failure", "code", "words"),
    [
        (Failure.QUOTA, "ResourceLimitExceeded", "The account-level service limit"),
        (
            Failure.CREDENTIALS,
            "ExpiredTokenException",
            "The security token included in the request is expired",
        ),
        (
            Failure.PERMISSION,
            "AccessDeniedException",
            "is not authorized to perform: sagemaker:StartPipelineExecution",
        ),
    ],
)
def test_a_refusal_is_in_the_services_words_and_starts_nothing(
    cloud: Cloud, failure: Failure, code: str, words: str
) -> None:
    cloud.pipeline("daily", step("a"))
    cloud.emulator.tell(Fault(failure, START))
    with pytest.raises(ClientError, match=words) as caught:
        cloud.start("daily")
    assert f"({code})" in str(caught.value)
    assert cloud.emulator.executions() == []
    cloud.start("daily")


@pytest.mark.parametrize("failure", [Failure.THROTTLED, Failure.UNAVAILABLE])
def test_what_is_worth_another_try_is_tried_again_by_boto3_itself(cloud: Cloud, failure: Failure) -> None:
    cloud.pipeline("daily", step("a"))
    cloud.emulator.tell(Fault(failure, START))
    once = client("sagemaker", attempts=0)
    with pytest.raises(ClientError, match=r"\((ThrottlingException|ServiceUnavailable)\)"):
        once.start_pipeline_execution(PipelineName="daily")
    assert cloud.emulator.executions() == []
    cloud.emulator.tell(Fault(failure, START))
    assert cloud.wait(cloud.start("daily")) == "Succeeded"
    assert len(cloud.emulator.executions()) == 1


def test_a_start_whose_answer_is_lost_is_started_once(cloud: Cloud) -> None:
    """boto3 asks again by itself, with the token that it made up."""
    cloud.pipeline("daily", step("a"))
    cloud.emulator.tell(Fault(Failure.LOST_ANSWER, START))
    arn = cloud.start("daily")
    assert cloud.emulator.executions() == [arn]


def test_a_schedule_whose_answer_is_lost_is_made_once(cloud: Cloud) -> None:
    cloud.emulator.tell(Fault(Failure.LOST_ANSWER, frozenset({"CreateSchedule"})))
    target = {
        "Arn": cloud.pipeline("daily", step("a")),
        "RoleArn": "arn:aws:iam::123456789012:role/scheduler",
    }
    cloud.scheduler.create_schedule(
        Name="nightly", ScheduleExpression="rate(1 day)", FlexibleTimeWindow={"Mode": "OFF"}, Target=target
    )
    assert cloud.emulator.schedules.names() == ["nightly"]


def test_the_scheduler_says_no_in_its_own_words(cloud: Cloud) -> None:
    cloud.emulator.tell(Fault(Failure.QUOTA, frozenset({"CreateSchedule"})))
    target = {
        "Arn": cloud.pipeline("daily", step("a")),
        "RoleArn": "arn:aws:iam::123456789012:role/scheduler",
    }
    with pytest.raises(
        cloud.scheduler.exceptions.ServiceQuotaExceededException, match="reached its limit of schedules"
    ):
        cloud.scheduler.create_schedule(
            Name="nightly",
            ScheduleExpression="rate(1 day)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target=target,
        )
    assert cloud.scheduler.list_schedules()["Schedules"] == []


def test_a_quota_that_a_steps_job_meets_is_the_steps_reason(cloud: Cloud) -> None:
    cloud.emulator.tell(Fault(Failure.QUOTA, frozenset({"train:CreateProcessingJob"})))
    arn = cloud.run(step("load"), step("train", after=["load"]))
    assert cloud.status(arn) == "Failed"
    told = cloud.steps(arn)["train"]
    assert told["StepStatus"] == "Failed"
    assert told["FailureReason"].startswith(
        "ClientError: Failed to invoke sagemaker:CreateProcessingJob. Error Details: The account-level service limit"
    )
    assert told["Metadata"] == {}


def test_a_retry_policy_covers_the_services_faults_and_not_the_steps(cloud: Cloud) -> None:
    policy = {
        "ExceptionType": ["SageMaker.RESOURCE_LIMIT"],
        "IntervalSeconds": 60,
        "BackoffRate": 2,
        "MaxAttempts": 3,
    }
    cloud.emulator.tell(Fault(Failure.QUOTA, frozenset({"a:CreateProcessingJob"}), times=3))
    arn = cloud.run(
        {**step("a"), "RetryPolicies": [policy]},
        {**step("b", "raise SystemExit(1)"), "RetryPolicies": [policy]},
    )
    assert {name: (one["StepStatus"], one["AttemptCount"]) for name, one in cloud.steps(arn).items()} == {
        "a": ("Succeeded", 4), "b": ("Failed", 1),
    }  # fmt: skip


def test_a_step_is_started_twice(cloud: Cloud) -> None:
    cloud.emulator.tell(Fault(Failure.TWICE, frozenset({"a"})))
    arn = cloud.run(step("a", "print('here')"), step("b", "print('here')"))
    assert cloud.printed_by(arn, "a") == ["here", "here"]
    assert cloud.printed_by(arn, "b") == ["here"]


def test_a_step_whose_machine_is_taken_away_is_started_again(cloud: Cloud, fifo: Fifo) -> None:
    cloud.emulator.tell(Fault(Failure.PREEMPTED))
    cloud.pipeline("daily", step("a", f"{fifo.once()}; {fifo.code}"))
    arn = cloud.start("daily")
    fifo.wait()
    fifo.tell("go on")
    assert cloud.wait(arn) == "Succeeded"
    assert cloud.printed_by(arn, "a") == ["up", "up", "go on"]
    assert len(cloud.emulator.jobs()) == 1


def test_a_slow_start_is_stopped_before_it_begins(cloud: Cloud) -> None:
    cloud.emulator.tell(Fault(Failure.SLOW_START))
    cloud.pipeline("daily", step("a", "print('here')"))
    arn = cloud.start("daily")
    cloud.sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken="t" * 32)
    assert cloud.wait(arn) == "Stopped"


def test_a_slow_start_begins_when_the_gate_opens(cloud: Cloud) -> None:
    cloud.emulator.tell(Fault(Failure.SLOW_START))
    cloud.pipeline("daily", step("a", "print('here')"))
    arn = cloud.start("daily")
    assert cloud.status(arn) == "Executing"
    cloud.emulator.gate.open()
    assert cloud.wait(arn) == "Succeeded"


def test_what_moto_has_is_motos(cloud: Cloud) -> None:
    assert cloud.sts.get_caller_identity()["Account"] == "123456789012"
    assert cloud.sagemaker.list_domains()["Domains"] == []
    cloud.emulator.make_bucket("bucket", "eu-central-1")
    cloud.s3.put_object(Bucket="bucket", Key="a", Body=b"1", IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        cloud.s3.put_object(Bucket="bucket", Key="a", Body=b"2", IfNoneMatch="*")


def test_another_emulator_knows_nothing_of_the_first(cloud: Cloud) -> None:
    assert cloud.emulator.executions() == []
    assert cloud.s3.list_buckets()["Buckets"] == []


def test_no_role_is_looked_at(cloud: Cloud) -> None:
    with pytest.raises(
        ClientError, match=r"\(AccessDenied\) .*: The emulator looks at no roles, and does not"
    ):
        cloud.iam.get_role(RoleName="SageMaker")
