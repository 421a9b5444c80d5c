from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_contract.errors import ConfigurationError
from skylift_sagemaker.arns import CONSOLES, Arn

PARTS = st.tuples(
    st.sampled_from(["aws", "aws-cn", "aws-us-gov", "aws-iso"]),
    st.sampled_from(["sagemaker", "scheduler"]),
    st.sampled_from(["eu-west-1", "cn-north-1", "us-gov-west-1"]),
    st.integers(0, 10**12 - 1).map("{:012d}".format),
    st.sampled_from(["pipeline", "processing-job", "training-job", "schedule"]),
    st.from_regex(r"[a-zA-Z0-9-]{1,40}(/execution/[a-z0-9]{12})?", fullmatch=True),
)


@given(PARTS)
def test_an_arn_is_taken_apart_and_put_together(parts: tuple[str, str, str, str, str, str]) -> None:
    arn = Arn(*parts)
    assert Arn.parse(str(arn)) == arn


@pytest.mark.parametrize("text", ["", "p", "arn:aws:s3:::bucket", "arn:aws:iam::123456789012:role/"])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(
        ConfigurationError, match=r"^ARN: it is no ARN of something at SageMaker or its scheduler "
    ):
        Arn.parse(text)


@pytest.mark.parametrize(
    ("arn", "url"),
    [
        (
            "arn:aws:sagemaker:eu-west-1:123456789012:processing-job/load-1",
            "https://eu-west-1.console.aws.amazon.com/sagemaker/home?region=eu-west-1#/processing-jobs/load-1",
        ),
        (
            "arn:aws-cn:sagemaker:cn-north-1:123456789012:training-job/t",
            "https://cn-north-1.console.amazonaws.cn/sagemaker/home?region=cn-north-1#/jobs/t",
        ),
        (
            "arn:aws-us-gov:sagemaker:us-gov-west-1:123456789012:pipeline/p/execution/e",
            "https://us-gov-west-1.console.amazonaws-us-gov.com/sagemaker/home?region=us-gov-west-1#/pipelines/p",
        ),
        ("arn:aws-iso:sagemaker:us-iso-east-1:123456789012:training-job/t", ""),
    ],
)
def test_a_console_is_that_of_the_partition(arn: str, url: str) -> None:
    assert Arn.parse(arn).console == url


def test_the_partitions_are_botocores() -> None:
    session: Any = import_module("botocore.session")
    known = session.get_session().get_available_partitions()
    assert set(CONSOLES) <= set(known)


def test_what_is_no_job_has_no_kind_of_one() -> None:
    with pytest.raises(ConfigurationError, match=r"^ARN: it is no job's ARN \(got 'arn:aws:"):
        _ = Arn.parse("arn:aws:sagemaker:eu-west-1:123456789012:pipeline/p").job_kind
