"""The numbers are botocore's own: whatever a release changes is found here."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from skylift_sagemaker_model import shapes

from skylift_contract.errors import ConfigurationError, LimitExceeded, SkyliftError
from skylift_sagemaker import limits


@pytest.mark.parametrize(
    ("shape", "field", "value"),
    [
        ("StepName", "max", limits.STEP_NAME),
        ("ProcessingJobName", "max", limits.JOB_NAME),
        ("TrainingJobName", "max", limits.JOB_NAME),
        ("PipelineExecutionName", "max", limits.EXECUTION_NAME),
        ("PipelineDefinition", "max", limits.DEFINITION.maximum),
        ("PipelineDefinition", "min", limits.DEFINITION.minimum),
        ("ProcessingEnvironmentMap", "max", limits.VARIABLES.maximum),
        ("TrainingEnvironmentMap", "max", limits.VARIABLES.maximum),
        ("ProcessingEnvironmentKey", "max", limits.PROCESSING_VALUE.maximum),
        ("ProcessingEnvironmentValue", "max", limits.PROCESSING_VALUE.maximum),
        ("TrainingEnvironmentKey", "max", limits.TRAINING_VALUE.maximum),
        ("TrainingEnvironmentValue", "max", limits.TRAINING_VALUE.maximum),
        ("ProcessingEnvironmentKey", "pattern", limits.VARIABLE_NAME),
        ("TrainingEnvironmentKey", "pattern", limits.VARIABLE_NAME),
        ("ContainerEntrypoint", "max", limits.ARGUMENTS.maximum),
        ("ContainerEntrypoint", "min", limits.ARGUMENTS.minimum),
        ("TrainingContainerEntrypoint", "max", limits.ARGUMENTS.maximum),
        ("ContainerEntrypointString", "max", limits.ARGUMENT.maximum),
        ("TrainingContainerEntrypointString", "max", limits.ARGUMENT.maximum),
        ("ContainerEntrypointString", "pattern", ".*"),
        ("ImageUri", "max", limits.IMAGE.maximum),
        ("AlgorithmImage", "max", limits.IMAGE.maximum),
        ("TagList", "max", limits.TAGS.maximum),
        ("TagKey", "max", limits.TAG_KEY.maximum),
        ("TagKey", "min", limits.TAG_KEY.minimum),
        ("TagValue", "max", limits.TAG_VALUE.maximum),
        ("TagValue", "pattern", r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)"),
        ("RoleArn", "pattern", limits.ROLE_ARN),
        ("IdempotencyToken", "min", limits.TOKEN.minimum),
        ("IdempotencyToken", "max", limits.TOKEN.maximum),
        ("ProcessingMaxRuntimeInSeconds", "max", limits.MAX_RUNTIME_S),
        ("ProcessingVolumeSizeInGB", "max", limits.VOLUME_GB),
        ("KmsKeyId", "pattern", limits.KMS_KEY),
        ("SubnetId", "pattern", limits.SUBNET),
        ("ExperimentEntityName", "pattern", limits.EXPERIMENT),
        ("SecurityGroupId", "pattern", limits.SUBNET),
    ],
)
def test_a_limit_is_the_models(shape: str, field: str, value: object) -> None:
    assert shapes()[shape][field] == value


@given(st.text(max_size=5), st.sampled_from(["aws:", "AWS:", "aWs:"]))
def test_a_tag_that_aws_keeps_for_itself_is_refused(rest: str, prefix: str) -> None:
    expected = r"^config, tags: keys that begin with aws: are AWS's own "
    with pytest.raises(ConfigurationError, match=expected):
        limits.check_tags({prefix + rest: "x"}, "config")


def test_what_is_stricter_than_the_model_is_so_on_purpose() -> None:
    assert shapes()["PipelineName"]["max"] > limits.PIPELINE_NAME
    assert shapes()["KeepAlivePeriodInSeconds"]["max"] >= limits.KEEP_ALIVE_S


def test_the_schedulers_limits_are_its_models() -> None:
    assert shapes("scheduler")["Name"]["max"] == limits.SCHEDULE_NAME
    assert shapes("scheduler")["ScheduleExpression"]["max"] == limits.EXPRESSION


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=3), max_size=4), st.integers(0, 2))
@example({"A": "x" * 257}, 0)
@example({f"V{n}": "" for n in range(100)}, 1)
@example({f"V{n}": "" for n in range(100)}, 0)
def test_variables_are_taken_as_the_model_takes_them(variables: dict[str, str], reserved: int) -> None:
    model = shapes()
    takes = (
        len(variables) + reserved <= model["ProcessingEnvironmentMap"]["max"]
        and all(re.fullmatch(model["ProcessingEnvironmentKey"]["pattern"], name) for name in variables)
        and all(len(text) <= model["ProcessingEnvironmentValue"]["max"] for text in variables.values())
    )
    try:
        limits.check_variables(variables, limits.PROCESSING_VALUE, "step 'a'", reserved)
    except SkyliftError:
        assert not takes
    else:
        assert takes


def test_a_long_value_is_refused_by_name() -> None:
    expected = r"^step 'a', variable 'TOKEN': it is over the limit \(got 257, limit: at most 256 characters\)\. Give 0 to 256 "
    with pytest.raises(LimitExceeded, match=expected):
        limits.check_variables({"TOKEN": "x" * 257}, limits.PROCESSING_VALUE, "step 'a'", 1)


def test_one_variable_too_many_is_refused() -> None:
    expected = (
        r"^step 'a', environment variables: it is over the limit \(got 101, limit: at most 100 entries\)\. "
    )
    with pytest.raises(LimitExceeded, match=expected):
        limits.check_variables({f"V{n}": "" for n in range(100)}, limits.PROCESSING_VALUE, "step 'a'", 1)


@pytest.mark.parametrize("word", ["a\nb", "a\r"])
def test_a_line_break_in_a_command_is_refused(word: str) -> None:
    expected = (
        r"^step 'a': SageMaker takes no line break in a container's command \(got .+\)\. Rename it, or "
    )
    with pytest.raises(ConfigurationError, match=expected):
        limits.check_command(["python", word], "step 'a'")


def test_a_tag_that_aws_takes_not_is_refused() -> None:
    expected = r"^config, tags: a tag has letters, digits, spaces and _\.:/=\+-@ only \(got 'a;b'\)\.$"
    with pytest.raises(ConfigurationError, match=expected):
        limits.check_tags({"team": "a;b"}, "config")
