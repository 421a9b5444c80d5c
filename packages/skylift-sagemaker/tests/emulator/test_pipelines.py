from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sagemaker_cloud import ROLE, ClientError, definition, show, step

if TYPE_CHECKING:
    from sagemaker_cloud import ClientError, Cloud

TOKEN = "t" * 32


def test_a_pipeline_is_made_shown_listed_and_deleted(cloud: Cloud) -> None:
    arn = cloud.pipeline("daily", step("a"))
    assert arn == "arn:aws:sagemaker:eu-central-1:123456789012:pipeline/daily"
    shown = cloud.sagemaker.describe_pipeline(PipelineName="daily")
    assert (shown["PipelineArn"], shown["RoleArn"], shown["PipelineStatus"]) == (arn, ROLE, "Active")
    assert json.loads(shown["PipelineDefinition"])["Steps"][0]["Name"] == "a"
    assert [one["PipelineName"] for one in cloud.sagemaker.list_pipelines()["PipelineSummaries"]] == ["daily"]
    cloud.sagemaker.delete_pipeline(PipelineName="daily")
    assert cloud.sagemaker.list_pipelines()["PipelineSummaries"] == []


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1"])
def test_arns_are_in_their_partition(cloud: Cloud, region: str) -> None:
    partition = {"cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov"}[region]
    assert (
        cloud.pipeline("daily", step("a"))
        == f"arn:{partition}:sagemaker:{region}:123456789012:pipeline/daily"
    )
    execution = cloud.start("daily")
    cloud.wait(execution)
    assert execution.startswith(f"arn:{partition}:sagemaker:{region}:")
    (job,) = cloud.emulator.jobs()
    assert job.startswith(f"arn:{partition}:sagemaker:{region}:123456789012:processing-job/pipelines-")


def test_a_call_with_the_same_token_makes_one(cloud: Cloud) -> None:
    told = {"PipelineName": "daily", "PipelineDefinition": definition(step("a")), "RoleArn": ROLE}
    first = cloud.sagemaker.create_pipeline(**told, ClientRequestToken=TOKEN)
    again = cloud.sagemaker.create_pipeline(**told, ClientRequestToken=TOKEN)
    assert first["PipelineArn"] == again["PipelineArn"]
    with pytest.raises(
        ClientError,
        match=r"\(ValidationException\) .*: Pipeline names must be unique within an AWS account and region\. "
        r"Pipeline with name \(daily\) already exists\.$",
    ):
        cloud.sagemaker.create_pipeline(**told, ClientRequestToken="u" * 32)


def test_each_change_is_a_version_and_each_can_be_started(cloud: Cloud) -> None:
    cloud.pipeline("daily", step("a", show("WHAT"), WHAT="one"))
    changed = cloud.sagemaker.update_pipeline(
        PipelineName="daily", PipelineDefinition=definition(step("a", show("WHAT"), WHAT="two"))
    )
    assert changed["PipelineVersionId"] == 2
    listed = cloud.sagemaker.list_pipeline_versions(PipelineName="daily")["PipelineVersionSummaries"]
    assert [one["PipelineVersionId"] for one in listed] == [2, 1]
    first = cloud.sagemaker.describe_pipeline(PipelineName="daily", PipelineVersionId=1)["PipelineDefinition"]
    assert "one" in first
    for number, printed in [(1, "one"), (2, "two")]:
        arn = cloud.start("daily", PipelineVersionId=number)
        assert cloud.wait(arn) == "Succeeded"
        assert cloud.printed_by(arn, "a") == [printed]
        shown = cloud.sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)
        assert printed in shown["PipelineDefinition"]
    with pytest.raises(ClientError, match="ResourceNotFound"):
        cloud.start("daily", PipelineVersionId=3)


def test_a_definition_may_lie_in_s3(cloud: Cloud) -> None:
    cloud.emulator.make_bucket("documents", "eu-central-1")
    cloud.s3.put_object(Bucket="documents", Key="a/b.json", Body=definition(step("only")).encode())
    place = {"Bucket": "documents", "ObjectKey": "a/b.json"}
    cloud.sagemaker.create_pipeline(
        PipelineName="big", PipelineDefinitionS3Location=place, RoleArn=ROLE, ClientRequestToken=TOKEN
    )
    assert "only" in cloud.sagemaker.describe_pipeline(PipelineName="big")["PipelineDefinition"]
    with pytest.raises(
        ClientError, match=r"Unable to read the pipeline definition from s3://documents/none: .*NoSuchKey"
    ):
        cloud.sagemaker.update_pipeline(
            PipelineName="big", PipelineDefinitionS3Location={"Bucket": "documents", "ObjectKey": "none"}
        )


def test_tags(cloud: Cloud) -> None:
    arn = cloud.pipeline("daily", step("a"))
    cloud.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    cloud.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["a"])
    assert cloud.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]


@pytest.mark.parametrize("name", ["a_b", "-a", "a" * 257, "a b", "ä"])
def test_a_name_that_is_none_is_refused_in_the_services_words(cloud: Cloud, name: str) -> None:
    with pytest.raises(
        ClientError, match=r"\(ValidationException\).* detected: Value .* at 'pipelineName' failed"
    ):
        cloud.pipeline(name, step("a"))


def test_a_pipeline_that_is_not_there(cloud: Cloud) -> None:
    words = r"\(ResourceNotFound\) .*: Pipeline 'arn:aws:sagemaker:eu-central-1:123456789012:pipeline/none' does not exist"
    with pytest.raises(ClientError, match=words):
        cloud.sagemaker.update_pipeline(PipelineName="none", PipelineDefinition=definition(step("a")))
    with pytest.raises(ClientError, match=words):
        cloud.start("none")


def test_a_definition_that_is_none_leaves_nothing(cloud: Cloud) -> None:
    with pytest.raises(
        ClientError, match=r"\(ValidationException\) .*: Unable to parse pipeline definition\. "
    ):
        cloud.pipeline("daily", step("a", after=["none"]))
    assert cloud.emulator.pipelines() == []
