from __future__ import annotations

from typing import Any

import pytest

from skylift_contract.errors import ConfigurationError, SkyliftError
from skylift_sagemaker.config import SagemakerOrchestratorConfig as Config
from skylift_sagemaker.config import SagemakerOrchestratorSettings as Settings

ROLE = "arn:aws:iam::123456789012:role/SageMaker"


def test_a_role_is_all_that_registering_takes() -> None:
    config = Config.parse({"execution_role": ROLE})
    assert (config.region, config.bucket, config.image) == (None, None, None)
    assert (config.account, config.partition) == ("123456789012", "aws")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"execution_role": None}, r"^SagemakerOrchestratorConfig\.execution_role: "),
        (
            {"execution_role": "SageMaker"},
            r"^SagemakerOrchestratorConfig\.execution_role: it is no ARN of a role \(got 'SageMaker'\)\. Give it whole: arn:aws:iam::123456789012:role/NAME\.$",
        ),
        ({"scheduler_role": "x"}, r"^SagemakerOrchestratorConfig\.scheduler_role: it is no ARN of a role "),
        ({"assume_role": ROLE + " "}, r"^SagemakerOrchestratorConfig\.assume_role: it is no ARN of a role "),
        (
            {"region": "mars-1"},
            r"^SagemakerOrchestratorConfig\.region: it is no name of a region \(got 'mars-1'\)\. Name one as AWS does: eu-central-1\.$",
        ),
        (
            {"bucket": "s3://churn-data/a"},
            r"^SagemakerOrchestratorConfig\.bucket: it is no name of a bucket \(got 's3://churn-data/a', limit: 3 to 63 .+\)\. Give the name alone, without s3:// and a path: churn-data\.$",
        ),
        ({"bucket": "B"}, r"^SagemakerOrchestratorConfig\.bucket: .+ a path: my-bucket\.$"),
        (
            {"experiment": "a b"},
            r"^SagemakerOrchestratorConfig\.experiment: it is no name of an experiment \(got 'a b', limit: at most 120 letters and digits, and hyphens between them\)\.$",
        ),
        (
            {"image": "docker.io/library/python:3.11"},
            r"^SagemakerOrchestratorConfig\.image: SageMaker pulls images from private repositories of ECR \(got 'docker\.io/library/python:3\.11'\)\. Push it to ECR, and name that\.$",
        ),
        ({"image": "1.dkr.ecr/" + "x" * 250}, r"^SagemakerOrchestratorConfig\.image, its image: .*255"),
        (
            {"instance_type": "m5.large"},
            r"^SagemakerOrchestratorConfig\.instance_type: there is no instance type named 'm5\.large'\. Did you mean 'ml\.m5\.large'\?$",
        ),
        ({"instance_type": "ml.foo.large"}, r"^SagemakerOrchestratorConfig\.instance_type: there is no "),
        (
            {"subnets": "subnet-1"},
            r"^SagemakerOrchestratorConfig\.subnets: it is text, and no list \(got 'subnet-1'\)\. Write a list, as JSON: '\[\"subnet-0a1b2c3d\"\]'\.$",
        ),
        (
            {"security_groups": "sg-1"},
            r"^SagemakerOrchestratorConfig\.security_groups: .+'\[\"sg-0a1b2c3d\"\]'\.$",
        ),
        (
            {"region": "eu-west-1", "execution_role": ROLE.replace("aws", "aws-cn")},
            r"^SagemakerOrchestratorConfig\.execution_role: it is of the partition aws-cn, and region of aws \(got 'arn:aws-cn:.+'\)\. Change one of the two: region, execution_role\.$",
        ),
        (
            {"scheduler_role": ROLE.replace("aws", "aws-us-gov")},
            r"^SagemakerOrchestratorConfig\.scheduler_role: it is of the partition aws-us-gov, and execution_role of aws ",
        ),
        (
            {"kms_key": "arn:aws-cn:kms:cn-north-1:123456789012:key/a"},
            r"^SagemakerOrchestratorConfig\.kms_key: it is of the partition aws-cn, and execution_role of aws ",
        ),
        ({"volume_size_gb": 20000}, r"^SagemakerOrchestratorConfig\.volume_size_gb: .*16384"),
        ({"max_runtime_s": 777601}, r"^SagemakerOrchestratorConfig\.max_runtime_s: .*777600"),
        ({"keep_alive_s": 3601}, r"^SagemakerOrchestratorConfig\.keep_alive_s: .*3600"),
        (
            {"keep_alive_s": 60},
            r"^SagemakerOrchestratorConfig\.keep_alive_s: processing jobs have it not\. Set job_type to training",
        ),
        ({"use_spot": True}, r"^SagemakerOrchestratorConfig\.use_spot: processing jobs have it not\. "),
        (
            {"use_spot": True, "keep_alive_s": 60, "job_type": "training"},
            r"^SagemakerOrchestratorConfig\.keep_alive_s: spot instances are not kept\. ",
        ),
        (
            {"use_spot": True, "max_wait_s": 60, "job_type": "training"},
            r"^SagemakerOrchestratorConfig\.max_wait_s: it is less than what the job may run \(got 60, limit: ",
        ),
        (
            {"network_isolation": True},
            r"^SagemakerOrchestratorConfig\.network_isolation: an isolated container cannot reach the store, ",
        ),
        (
            {"subnets": ["subnet-1"]},
            r"^SagemakerOrchestratorConfig: a VPC is named by its subnets and its security groups, and one of them is missing\. Give both, or neither\.$",
        ),
        (
            {"subnets": ["a b"], "security_groups": ["g"]},
            r"it is no id of a subnet or security group \(got 'a b'\)",
        ),
        ({"tags": {"a": ";"}}, r"^SagemakerOrchestratorConfig, tags: a tag has letters, "),
        (
            {"tags": {"Aws:x": "y"}},
            r"^SagemakerOrchestratorConfig, tags: keys that begin with aws: are AWS's own \(got 'Aws:x'\)\.$",
        ),
    ],
)
def test_what_aws_would_refuse_is_refused_at_registration(options: dict[str, Any], sentence: str) -> None:
    given = {"execution_role": ROLE, **options}
    with pytest.raises(SkyliftError, match=sentence):
        Config.parse({name: value for name, value in given.items() if value is not None})


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_roles_are_of_any_partition(partition: str) -> None:
    role = f"arn:{partition}:iam::123456789012:role/service-role/Sage+Maker@x"
    assert Config(execution_role=role, kms_key="alias/skylift").partition == partition


def test_a_steps_settings_stand_for_the_options_of_their_names() -> None:
    config = Config(execution_role=ROLE, volume_size_gb=50, tags={"a": "1", "b": "2"})
    step = config.of_step(Settings(instance_type="ml.m5.xlarge", tags={"b": "3"}))
    assert (step.instance_type, step.volume_size_gb, step.tags) == ("ml.m5.xlarge", 50, {"a": "1", "b": "3"})
    assert config.of_step(Settings()) is config


def test_a_steps_settings_are_checked_with_the_options() -> None:
    with pytest.raises(ConfigurationError, match=r"keep_alive_s: processing jobs have it not"):
        Config(execution_role=ROLE).of_step(Settings(keep_alive_s=60))


def test_a_step_cannot_be_isolated_from_its_store_either() -> None:
    expected = (
        r"^SagemakerOrchestratorSettings\.network_isolation: an isolated container cannot reach the store"
    )
    with pytest.raises(ConfigurationError, match=expected):
        Settings(network_isolation=True)


def test_every_setting_is_an_option_too() -> None:
    assert set(Settings.model_fields) < set(Config.model_fields)
