"""Where an emulated account's things are: a region, in its partition."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, Final

from botocore.session import Session  # pyright: ignore[reportMissingTypeStubs]

ACCOUNT: Final = "123456789012"
"""The one that moto's server answers for."""


@dataclass(frozen=True, slots=True)
class Place:
    """A region: what is made in one is not there in another."""

    region: str

    @property
    def partition(self) -> str:
        return _partition(self.region)

    def arn(self, resource: str, *, service: str = "sagemaker") -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{ACCOUNT}:{resource}"


@functools.cache
def _partition(region: str) -> str:
    session: Any = Session()  # reads a file of a megabyte, and every ARN asks
    return session.get_partition_for_region(region)
