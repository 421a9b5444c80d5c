"""Secrets of AWS Secrets Manager, by references such as `aws-sm:prod/token`."""

from __future__ import annotations

from dataclasses import dataclass

from skylift_contract.errors import ConfigurationError
from skylift_sagemaker.client import SagemakerClient


@dataclass(frozen=True, slots=True)
class Here:
    """As whom this process is known to AWS: in a job, its execution role."""

    region: str | None = None
    aws_profile: None = None
    assume_role: None = None


def look_up(name: str) -> str:
    """The text of a secret, by its name in the region of this process, or by its ARN in any.

    Raises `ConfigurationError` for one that is bytes, `NotFound`, `PermissionDenied`.
    """
    region = name.split(":")[3] if name.startswith("arn:") else None
    found = SagemakerClient(Here(region)).secret(name)
    if found is None:
        raise ConfigurationError("it is bytes, and no text", who=f"secret 'aws-sm:{name}'")
    return found
