"""What IAM is asked of the scheduler's role, and what becomes of its answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from skylift_sagemaker_answers import Answers
from skylift_sagemaker_snapshots import ROLE

from skylift_contract.errors import ConfigurationError
from skylift_sagemaker.client import SagemakerClient
from skylift_sagemaker.config import SagemakerOrchestratorConfig
from skylift_sagemaker.roles import SCHEDULER, check_scheduler_role, trusts

SCHEDULER_ROLE = "arn:aws:iam::123456789012:role/service/Scheduler"
PIPELINE = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/skylift-daily-0123456789ab"
NAMED = {"Effect": "Allow", "Principal": {"Service": SCHEDULER}, "Action": "sts:AssumeRole"}


@pytest.fixture
def client(credentials: None) -> SagemakerClient:
    return SagemakerClient(SagemakerOrchestratorConfig(execution_role=ROLE, region="eu-west-1"))


@pytest.mark.parametrize(
    ("statement", "is_trusted"),
    [
        (NAMED, True),
        ([NAMED], True),
        ([{**NAMED, "Effect": "Deny"}, NAMED], True),
        ({**NAMED, "Principal": {"Service": ["sagemaker.amazonaws.com", SCHEDULER]}}, True),
        ({**NAMED, "Action": ["sts:TagSession", "sts:AssumeRole"]}, True),
        ({**NAMED, "Action": "sts:*", "Principal": "*"}, True),
        ({**NAMED, "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}}, True),
        ({**NAMED, "Principal": {"Service": "events.amazonaws.com"}}, False),
        ({**NAMED, "Principal": {"AWS": "arn:aws:iam::123456789012:root"}}, False),
        ({**NAMED, "Action": "sts:TagSession"}, False),
        ({**NAMED, "Effect": "Deny"}, False),
        ([], False),
    ],
)
def test_a_trust_policy_names_the_scheduler_or_not(statement: Any, is_trusted: bool) -> None:
    assert trusts({"Version": "2012-10-17", "Statement": statement}, SCHEDULER) is is_trusted


def test_a_role_that_can_is_asked_for_by_its_name_and_for_the_one_pipeline(
    answers: Answers, client: SagemakerClient
) -> None:
    answers.decide("allowed")
    assert check_scheduler_role(client, SCHEDULER_ROLE, PIPELINE) == ()
    assert answers.asked("GetRole")[0]["RoleName"] == "Scheduler"
    (asked,) = answers.asked("SimulatePrincipalPolicy")
    assert asked["PolicySourceArn"] == SCHEDULER_ROLE
    assert asked["ActionNames.member.1"] == "sagemaker:StartPipelineExecution"
    assert asked["ResourceArns.member.1"] == PIPELINE


@pytest.mark.parametrize("decision", ["implicitDeny", "explicitDeny"])
def test_a_role_that_may_start_nothing_is_refused(
    answers: Answers, client: SagemakerClient, decision: str
) -> None:
    answers.decide(decision)
    expected = (
        r"^SagemakerOrchestratorConfig\.scheduler_role: it may not start the pipeline: IAM's answer to "
        rf"sagemaker:StartPipelineExecution on {PIPELINE} is {decision} \(got '{SCHEDULER_ROLE}'\)\. Grant it: "
    )
    with pytest.raises(ConfigurationError, match=expected):
        check_scheduler_role(client, SCHEDULER_ROLE, PIPELINE)


def test_a_role_that_the_scheduler_may_not_assume_is_refused(
    answers: Answers, client: SagemakerClient
) -> None:
    answers.decide("allowed", trusted="sagemaker.amazonaws.com")
    expected = (
        r"^SagemakerOrchestratorConfig\.scheduler_role: EventBridge Scheduler may not assume it "
        rf"\(got '{SCHEDULER_ROLE}'\)\. Have its trust policy allow sts:AssumeRole to the service {SCHEDULER}\.$"
    )
    with pytest.raises(ConfigurationError, match=expected):
        check_scheduler_role(client, SCHEDULER_ROLE, PIPELINE)


def test_a_role_that_there_is_not_is_refused(aws: Any, client: SagemakerClient) -> None:
    expected = (
        r"^SagemakerOrchestratorConfig\.scheduler_role: there is no such role "
        r"\(got 'arn:aws:iam::123456789012:role/None'\)\. Make it: "
    )
    with pytest.raises(ConfigurationError, match=expected):
        check_scheduler_role(client, "arn:aws:iam::123456789012:role/None", PIPELINE)


def test_whoever_may_not_ask_is_told_what_was_not_checked(answers: Answers, client: SagemakerClient) -> None:
    error = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
    for operation in ("GetRole", "SimulatePrincipalPolicy"):
        answers.say(operation, error, status=403)
    notes = check_scheduler_role(client, SCHEDULER_ROLE, PIPELINE)
    assert [note.partition(": iam:")[0] for note in notes] == [
        f"it was not checked whether {SCHEDULER} may assume {SCHEDULER_ROLE}",
        f"it was not checked whether {SCHEDULER_ROLE} may start pipelines",
    ]
    assert "iam:GetRole: no [AccessDenied]" in notes[0]


def test_iam_is_asked_once_where_it_does_not_answer(answers: Answers, client: SagemakerClient) -> None:
    answers.say("GetRole", None)
    answers.say("SimulatePrincipalPolicy", None)
    assert len(check_scheduler_role(client, SCHEDULER_ROLE, PIPELINE)) == 2
    assert len(answers.asked("GetRole")) == 1


def test_iam_reads_a_role_as_it_was_made(aws: Any, client: SagemakerClient) -> None:
    """moto has no simulation: what it has is the policy, as AWS encodes it."""
    aws("iam").create_role(RoleName="own", AssumeRolePolicyDocument=json.dumps({"Statement": NAMED}))
    assert client.trust_policy("own") == {"Statement": NAMED}
