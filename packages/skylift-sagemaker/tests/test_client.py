"""The real SDK over HTTP, against a server that says what no emulator does."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib import import_module
from typing import Any

import pytest
from skylift_sagemaker_answers import Answers
from skylift_sagemaker_model import faults
from skylift_sagemaker_snapshots import ROLE, documents

from skylift_contract.errors import (
    AuthenticationError,
    BackendError,
    ConfigurationError,
    NotFound,
    PermissionDenied,
    QuotaExceeded,
    SkyliftError,
    Transient,
)
from skylift_contract.snapshot import PipelineSnapshot
from skylift_sagemaker import deploying
from skylift_sagemaker.client import SagemakerClient
from skylift_sagemaker.compile import PIPELINE
from skylift_sagemaker.config import SagemakerOrchestratorConfig
from skylift_sagemaker.deploying import Deployment
from skylift_sagemaker.sdk_errors import BY_CODE, refusal

PIPELINE_ARN = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/p"
EXECUTION = f"{PIPELINE_ARN}/execution/e"


@pytest.fixture
def client(answers: Answers) -> SagemakerClient:
    return SagemakerClient(SagemakerOrchestratorConfig(execution_role=ROLE, region="eu-west-1"))


@pytest.mark.parametrize(
    ("code", "kind", "sentence"),
    [
        (
            "ExpiredTokenException",
            AuthenticationError,
            r"^sagemaker:DescribePipelineExecution: told \[ExpiredTokenException\]\. Log in anew \(aws sso login, ",
        ),
        (
            "AccessDeniedException",
            PermissionDenied,
            r"told \[AccessDeniedException\]\. Grant it to whoever calls: ",
        ),
        ("ResourceLimitExceeded", QuotaExceeded, r"told \[ResourceLimitExceeded\]\.$"),
        ("ResourceNotFound", NotFound, r"told \[ResourceNotFound\]\.$"),
        ("ValidationException", BackendError, r"told \[ValidationException\]\.$"),
    ],
)
def test_a_refusal_is_the_contracts_error_in_the_services_words(
    answers: Answers, client: SagemakerClient, code: str, kind: type[BackendError], sentence: str
) -> None:
    answers.refuse("DescribePipelineExecution", code, "told")
    with pytest.raises(BackendError, match=sentence) as caught:
        client.describe_execution(EXECUTION)
    assert type(caught.value) is kind
    assert caught.value.operation == "sagemaker:DescribePipelineExecution"


@pytest.mark.parametrize("code", BY_CODE)
def test_every_code_of_the_table_is_its_error(code: str) -> None:
    assert type(refusal({"Error": {"Code": code, "Message": "m"}}, "s:O")) is BY_CODE[code]


def test_a_fault_of_the_service_is_worth_another_try() -> None:
    found = refusal({"Error": {"Code": "X"}, "ResponseMetadata": {"HTTPStatusCode": 503}}, "s:O")
    assert type(found) is Transient


def test_a_name_that_there_is_not_has_no_code_of_its_own() -> None:
    said = {"Code": "ValidationException", "Message": "Could not find requested job with name: j"}
    assert type(refusal({"Error": said}, "s:O")) is NotFound


def test_an_answer_that_is_none_of_aws_is_one_line(answers: Answers, client: SagemakerClient) -> None:
    """A proxy's page, say."""
    answers.say("GetCallerIdentity", "<!doctype html>\n<title>Blocked</title>\n")
    with pytest.raises(BackendError, match=r"^sts:GetCallerIdentity: what answered is not AWS: [^\n]+$"):
        client.caller()


def test_what_is_not_there_is_none(answers: Answers, client: SagemakerClient) -> None:
    answers.refuse("DescribePipeline", "ResourceNotFound", "Pipeline 'p' does not exist.")
    assert client.describe_pipeline("p") is None


def test_a_listing_is_read_to_its_last_page(answers: Answers, client: SagemakerClient) -> None:
    pages = [{"PipelineExecutionSteps": [{"StepName": "a"}], "NextToken": "more"}]
    answers.say("ListPipelineExecutionSteps", *pages, {"PipelineExecutionSteps": [{"StepName": "b"}]})
    assert [one["StepName"] for one in client.execution_steps(EXECUTION)] == ["a", "b"]
    assert [one.get("NextToken") for one in answers.asked("ListPipelineExecutionSteps")] == [None, "more"]


def test_a_prefix_is_one_that_the_service_takes(answers: Answers, client: SagemakerClient) -> None:
    listed = [{"PipelineName": name} for name in ("skylift-daily-1", "skylift-dailyfresh-1")]
    answers.say("ListPipelines", {"PipelineSummaries": listed})
    assert [one["PipelineName"] for one in client.pipelines("skylift-daily-")] == ["skylift-daily-1"]
    (asked,) = answers.asked("ListPipelines")
    assert faults("ListPipelinesRequest", asked) == []


def test_nobody_is_told_to_log_in(credentials: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    client = SagemakerClient(SagemakerOrchestratorConfig(execution_role=ROLE, region="eu-west-1"))
    with pytest.raises(
        AuthenticationError, match=r"^sagemaker:DescribePipelineExecution: Unable to locate credentials"
    ):
        client.describe_execution(EXECUTION)


def test_a_profile_that_there_is_not_is_named(credentials: None) -> None:
    config = SagemakerOrchestratorConfig(execution_role=ROLE, region="eu-west-1", aws_profile="nobodys")
    with pytest.raises(
        AuthenticationError,
        match=r"The config profile \(nobodys\) could not be found\. Make it \(aws configure --profile\), or name another: skylift orchestrator update NAME --aws_profile=…$",
    ):
        _ = SagemakerClient(config).region


def test_a_region_is_asked_for(credentials: None) -> None:
    expected = (
        r"^SagemakerOrchestratorConfig\.region: there is no region\. Set it: skylift orchestrator update "
    )
    with pytest.raises(ConfigurationError, match=expected):
        _ = SagemakerClient(SagemakerOrchestratorConfig(execution_role=ROLE)).region


def test_a_start_whose_answer_is_lost_is_sent_again_with_its_token(
    answers: Answers, client: SagemakerClient, snapshot: PipelineSnapshot
) -> None:
    """The connection ends after the call took effect; the service knows the token, and starts nothing again."""
    answers.say("DescribePipeline", {"PipelineArn": PIPELINE_ARN})
    answers.say("ListTags", {"Tags": []})
    answers.say("ListPipelineExecutions", {"PipelineExecutionSummaries": []})
    answers.say("UpdatePipeline", {"PipelineArn": PIPELINE_ARN, "PipelineVersionId": 7})
    answers.say("StartPipelineExecution", None, {"PipelineExecutionArn": EXECUTION})
    wanted = Deployment("p", documents(snapshot)[PIPELINE], ROLE, {})
    assert deploying.start(client, wanted, "submission-1") == EXECUTION
    first, again = answers.asked("StartPipelineExecution")
    assert first == again
    assert first["PipelineVersionId"] == 7
    assert len(first["ClientRequestToken"]) == 64


def test_a_submission_of_any_size_is_few_calls(
    answers: Answers, client: SagemakerClient, snapshot: PipelineSnapshot
) -> None:
    test_a_start_whose_answer_is_lost_is_sent_again_with_its_token(answers, client, snapshot)
    assert len(answers.requests) <= 10


def test_somebody_faster_is_no_error(
    answers: Answers, client: SagemakerClient, snapshot: PipelineSnapshot
) -> None:
    answers.refuse("DescribePipeline", "ResourceNotFound", "none")
    answers.refuse("CreatePipeline", "ConflictException", "it is there")
    answers.say("UpdatePipeline", {"PipelineArn": PIPELINE_ARN, "PipelineVersionId": 2})
    wanted = Deployment("p", documents(snapshot)[PIPELINE], ROLE, {})
    assert deploying.write(client, wanted) == deploying.Written(PIPELINE_ARN, 2, is_new=False)


def test_a_role_is_assumed_when_it_is_needed(aws: Any) -> None:
    role = "arn:aws:iam::123456789012:role/Submitter"
    config = SagemakerOrchestratorConfig(execution_role=ROLE, region="eu-west-1", assume_role=role)
    assert SagemakerClient(config).caller() == "123456789012"


def test_the_sdk_is_loaded_when_it_is_used_and_not_before() -> None:
    program = (
        "import sys; from skylift_sagemaker.flavor import SagemakerOrchestratorFlavor as F; "
        "f = F(); f.implementation_class; f.config_class.parse({'execution_role': sys.argv[1]}); "
        "print([name for name in ('boto3', 'botocore', 'sagemaker') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program, ROLE], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_every_error_of_the_sdk_is_one_of_ours(client: SagemakerClient) -> None:
    with pytest.raises(SkyliftError, match=r"^sagemaker:StartPipelineExecution: Parameter validation failed"):
        client.start_execution(PipelineName=7)


def test_threads_that_come_first_at_once_make_one_client_in_turn(
    answers: Answers, client: SagemakerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session of boto3 is not for two threads at once."""
    made: list[str] = []
    both, inside = threading.Barrier(2), threading.Barrier(2)
    session: Any = import_module("boto3").Session
    own = session.client

    def noted(self: Any, service: str, **options: Any) -> Any:
        made.append(service)
        with suppress(threading.BrokenBarrierError):
            inside.wait(0.2)  # for another, who must not come
        return own(self, service, **options)

    def ask() -> str:
        both.wait()
        return client.region

    monkeypatch.setattr(session, "client", noted)
    with ThreadPoolExecutor(2) as pool:
        found = [pool.submit(ask) for _ in range(2)]
    assert [one.result() for one in found] == ["eu-west-1", "eu-west-1"]
    assert made == ["sagemaker"]
