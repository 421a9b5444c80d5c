"""What AWS would refuse of one option, or of two that contradict each other, refused when they are given."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from skylift_contract.containers import check_image_name
from skylift_contract.errors import ConfigurationError
from skylift_sagemaker.limits import EXPERIMENT, IMAGE, SUBNET

if TYPE_CHECKING:
    from collections.abc import Mapping

REGION: Final = r"[a-z]{2,4}(-[a-z]+)+-\d"
BUCKET: Final = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
"""docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"""

PARTITIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "cn-": "aws-cn",
        "us-gov-": "aws-us-gov",
        "us-iso-": "aws-iso",
        "us-isob-": "aws-iso-b",
        "eu-isoe-": "aws-iso-e",
        "us-isof-": "aws-iso-f",
        "eusc-": "aws-eusc",
    }
)
"""What a region's name begins with → its partition; those of `aws` begin with none of them."""

PUBLIC: Final = frozenset(
    {"docker.io", "ghcr.io", "quay.io", "gcr.io", "mcr.microsoft.com", "public.ecr.aws"}
)
"""Registries that no job pulls from. Of a host that is not known here AWS has to say whether it is ECR.

Source: docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""


def check_region(region: str, who: str) -> None:
    """Of its form alone: regions are added, and which there are AWS has to say."""
    if not re.fullmatch(REGION, region):
        raise ConfigurationError(
            "it is no name of a region", who=who, value=region, fix="Name one as AWS does: eu-central-1."
        )


def check_bucket(bucket: str, who: str) -> None:
    if not re.fullmatch(BUCKET, bucket):
        inner = bucket.removeprefix("s3://").partition("/")[0]
        meant = inner if re.fullmatch(BUCKET, inner) else "my-bucket"
        raise ConfigurationError(
            "it is no name of a bucket",
            who=who,
            value=bucket,
            limit="3 to 63 lowercase letters, digits, dots and hyphens",
            fix=f"Give the name alone, without s3:// and a path: {meant}.",
        )


def check_experiment(name: str, who: str) -> None:
    if not re.fullmatch(EXPERIMENT, name):
        raise ConfigurationError(
            "it is no name of an experiment",
            who=who,
            value=name,
            limit="at most 120 letters and digits, and hyphens between them",
        )


def check_pulled(image: str, who: str, fix: str) -> None:
    """Raise for an image that no job could pull: `LimitExceeded` or `ConfigurationError`."""
    IMAGE.check(len(image), f"{who}, its image")
    check_image_name(image, f"{who}, its image")
    if _registry(image) in PUBLIC:
        raise ConfigurationError(
            "SageMaker pulls images from private repositories of ECR", who=who, value=image, fix=fix
        )


def check_ids(ids: tuple[str, ...], who: str) -> None:
    for one in ids:
        if len(one) > 32 or not re.fullmatch(SUBNET, one):
            raise ConfigurationError("it is no id of a subnet or security group", who=who, value=one)


def check_is_list(given: Any, who: str, example: str) -> None:
    """Refuse text where a list is wanted, as a command line gives it without the brackets."""
    if isinstance(given, str):
        raise ConfigurationError(
            "it is text, and no list", who=who, value=given, fix=f"Write a list, as JSON: '[\"{example}\"]'."
        )


def check_partitions(region: str | None, named: Mapping[str, str | None], who: str) -> None:
    """Refuse what is of another partition than the region, or without one than the first ARN.

    `named`: option → its ARN, or what is none and so of any partition.
    """
    found = {option: arn.split(":")[1] for option, arn in named.items() if arn and arn.startswith("arn:")}
    whole = {"region": partition_of(region), **found} if region else found
    first = next(iter(whole), "")
    for option, partition in whole.items():
        if partition != whole[first]:
            raise ConfigurationError(
                f"it is of the partition {partition}, and {first} of {whole[first]}",
                who=f"{who}.{option}",
                value=named[option],
                fix=f"Change one of the two: {first}, {option}.",
            )


def partition_of(region: str) -> str:
    return next((one for start, one in PARTITIONS.items() if region.startswith(start)), "aws")


def _registry(image: str) -> str:
    """The host of an image's name; Docker Hub's where it names none."""
    host, slash, _ = image.partition("/")
    return host if slash and ("." in host or ":" in host) else "docker.io"
