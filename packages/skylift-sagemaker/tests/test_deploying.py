"""Pipelines and executions, on moto over HTTP with the real SDK."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from skylift_sagemaker_snapshots import ROLE, documents, snapshot_of, step

from skylift_contract.errors import ConfigurationError
from skylift_contract.run import PipelineRun
from skylift_contract.snapshot import PipelineSnapshot
from skylift_contract.stack import ArtifactStore, Stack
from skylift_sagemaker import deploying
from skylift_sagemaker.client import SagemakerClient
from skylift_sagemaker.compile import PIPELINE
from skylift_sagemaker.config import SagemakerOrchestratorConfig
from skylift_sagemaker.deploying import Deployment
from skylift_sagemaker.limits import INLINE_BYTES
from skylift_sagemaker.names import execution_name

STORE = ArtifactStore("s3://skylift-tests/churn")
NAME = "skylift-daily-0123456789ab"


def submit(orchestrator: Any, snapshot: PipelineSnapshot, submission: str) -> str:
    run = PipelineRun(
        pipeline=snapshot.name, snapshot=snapshot.digest, flavor="sagemaker", submission_id=submission
    )
    stack = Stack("tests", orchestrator, STORE)
    base = {"SKYLIFT_STORE": STORE.uri, "SKYLIFT_SUBMISSION_ID": submission}
    steps = dict.fromkeys(snapshot.step_configurations, base)
    return str(orchestrator.submit_pipeline(snapshot, stack, base, steps, run).orchestrator_run_id)


def deployment(snapshot: PipelineSnapshot, **options: Any) -> Deployment:
    tags = {"skylift:project": "tests", "skylift:store": STORE.uri}
    return Deployment(NAME, documents(snapshot)[PIPELINE], ROLE, tags, **options)


@pytest.fixture
def client(aws: Any) -> SagemakerClient:
    return SagemakerClient(SagemakerOrchestratorConfig(execution_role=ROLE, region="eu-west-1"))


def test_a_submission_is_an_execution_of_the_compiled_pipeline(
    aws: Any, make: Any, snapshot: PipelineSnapshot
) -> None:
    orchestrator = make(max_parallelism=3)
    arn = submit(orchestrator, snapshot, "submission-1")
    execution = aws("sagemaker").describe_pipeline_execution(PipelineExecutionArn=arn)
    (pipeline,) = aws("sagemaker").list_pipelines()["PipelineSummaries"]
    found = aws("sagemaker").describe_pipeline(PipelineName=pipeline["PipelineName"])
    assert execution["PipelineExecutionDisplayName"] == execution_name("submission-1")
    assert [one["Name"] for one in json.loads(found["PipelineDefinition"])["Steps"]] == ["load", "train_2"]
    assert (found["RoleArn"], found["ParallelismConfiguration"]) == (ROLE, {"MaxParallelExecutionSteps": 3})
    tags = aws("sagemaker").list_tags(ResourceArn=pipeline["PipelineArn"])["Tags"]
    assert {"Key": "skylift:store", "Value": STORE.uri} in tags


def test_a_submission_that_is_sent_again_is_the_same_execution(
    aws: Any, make: Any, snapshot: PipelineSnapshot
) -> None:
    """moto does not know the token: it is found by its name."""
    first = submit(make(), snapshot, "submission-1")
    other = submit(make(), snapshot, "submission-2")
    assert submit(make(), snapshot, "submission-1") == first != other
    (pipeline,) = aws("sagemaker").list_pipelines()["PipelineSummaries"]
    listed = aws("sagemaker").list_pipeline_executions(PipelineName=pipeline["PipelineName"])
    assert len(listed["PipelineExecutionSummaries"]) == 2


def test_a_submission_is_found_by_its_id(aws: Any, make: Any, snapshot: PipelineSnapshot) -> None:
    found = submit(make(), snapshot, "submission-1")
    assert make().find_run("submission-1") == found
    assert make().find_run("submission-2") is None


def test_another_stack_has_a_pipeline_of_its_own(aws: Any, make: Any, snapshot: PipelineSnapshot) -> None:
    submit(make(), snapshot, "submission-1")
    orchestrator = make()
    stack = Stack("other", orchestrator, STORE)
    orchestrator.submit_pipeline(snapshot, stack, {}, {}, None)
    assert len(aws("sagemaker").list_pipelines()["PipelineSummaries"]) == 2


def test_a_long_definition_goes_through_the_bucket(aws: Any, client: SagemakerClient) -> None:
    long = deployment(snapshot_of(*(step(f"s{n}") for n in range(150))), bucket="skylift-tests")
    assert len(long.definition) > INLINE_BYTES
    deploying.write(client, long)
    stored = aws("s3").get_object(Bucket="skylift-tests", Key=long.key)["Body"].read()
    assert stored == long.definition
    found = aws("sagemaker").describe_pipeline(PipelineName=NAME)["PipelineDefinition"]
    assert all(
        f"'s{n}'" in str(found).replace('"', "'") for n in range(150)
    )  # motos differ in how they tell it


def test_a_long_definition_without_a_bucket_is_refused_before_any_call(client: SagemakerClient) -> None:
    long = deployment(snapshot_of(*(step(f"s{n}") for n in range(150))))
    expected = (
        rf"^SageMaker pipeline '{NAME}': its definition is too long to be sent along, and there is no bucket for it "
        rf"\(got {len(long.definition)}, limit: 102400 bytes\)\. Name one: "
    )
    with pytest.raises(ConfigurationError, match=expected):
        deploying.write(client, long)


def test_a_pipeline_of_another_store_is_never_updated(
    aws: Any, client: SagemakerClient, snapshot: PipelineSnapshot
) -> None:
    own = deployment(snapshot)
    deploying.write(client, own)
    other = replace(own, tags={**own.tags, "skylift:store": "s3://other/one"}, definition=b"{}")
    expected = (
        rf"^SageMaker pipeline '{NAME}': it is there already, and its tag skylift:store is not that of this "
    )
    with pytest.raises(ConfigurationError, match=expected):
        deploying.write(client, other)
    assert (
        aws("sagemaker").describe_pipeline(PipelineName=NAME)["PipelineDefinition"] == own.definition.decode()
    )


def test_tags_that_changed_are_written(aws: Any, client: SagemakerClient, snapshot: PipelineSnapshot) -> None:
    own = deployment(snapshot)
    deploying.write(client, own)
    deploying.write(client, replace(own, tags={**own.tags, "team": "churn"}))
    arn = aws("sagemaker").describe_pipeline(PipelineName=NAME)["PipelineArn"]
    assert {"Key": "team", "Value": "churn"} in aws("sagemaker").list_tags(ResourceArn=arn)["Tags"]


def test_what_was_made_first_is_told(client: SagemakerClient, snapshot: PipelineSnapshot) -> None:
    assert deploying.write(client, deployment(snapshot)).is_new
    assert not deploying.write(client, deployment(snapshot)).is_new
