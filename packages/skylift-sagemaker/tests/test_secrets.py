from __future__ import annotations

from typing import Any

import pytest

from skylift.secrets import Reference
from skylift_contract.errors import ConfigurationError
from skylift_sagemaker.secrets import look_up

WHO = "step 'train', secret 'TOKEN'"


@pytest.fixture(autouse=True)
def _region(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a job's container has it."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")


def test_a_reference_is_the_secret_that_it_names(aws: Any) -> None:
    arn = aws("secretsmanager").create_secret(Name="prod/token", SecretString="hush")["ARN"]
    assert Reference.parse("aws-sm:prod/token", WHO).resolve(WHO) == "hush"
    assert Reference.parse(f"aws-sm:{arn}", WHO).resolve(WHO) == "hush"


def test_an_arn_names_its_region_too(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = aws("secretsmanager").create_secret(Name="prod/token", SecretString="hush")["ARN"]
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert look_up(arn) == "hush"


def test_one_that_there_is_not_is_named(aws: Any) -> None:
    expected = (
        r"^step 'train', secret 'TOKEN': aws-sm:none could not be read: secretsmanager:GetSecretValue: "
    )
    with pytest.raises(ConfigurationError, match=expected):
        Reference.parse("aws-sm:none", WHO).resolve(WHO)


def test_bytes_are_refused(aws: Any) -> None:
    aws("secretsmanager").create_secret(Name="key", SecretBinary=b"\x00")
    with pytest.raises(ConfigurationError, match=r"^secret 'aws-sm:key': it is bytes, and no text\.$"):
        look_up("key")
