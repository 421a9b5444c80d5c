"""ARNs taken apart, and where AWS's console shows what they name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

CONSOLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "aws": "console.aws.amazon.com",
        "aws-cn": "console.amazonaws.cn",
        "aws-us-gov": "console.amazonaws-us-gov.com",
    }
)
"""Of the partitions that have a public one."""

JOB_KINDS: Final = MappingProxyType({"processing-job": "Processing", "training-job": "Training"})
_PAGES: Final = MappingProxyType({"processing-job": "processing-jobs", "training-job": "jobs"})

_ARN: Final = re.compile(r"arn:(aws[a-z-]*):([a-z0-9]+):([a-z0-9-]*):(\d{12}):([a-z-]+)/(.+)")


@dataclass(frozen=True, slots=True)
class Arn:
    """`arn:partition:service:region:account:kind/name`."""

    partition: str
    service: str
    region: str
    account: str
    kind: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Arn:
        """Raises `ConfigurationError` for what is none of this form."""
        match = _ARN.fullmatch(text)
        if match is None:
            raise ConfigurationError(
                "it is no ARN of something at SageMaker or its scheduler", who="ARN", value=text
            )
        return cls(*match.groups())

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.kind}/{self.name}"

    @property
    def is_execution(self) -> bool:
        return self.kind == "pipeline" and "/execution/" in self.name

    @property
    def job_kind(self) -> str:
        """Processing or Training; raises `ConfigurationError` for what is no job's."""
        found = JOB_KINDS.get(self.kind)
        if found is None:
            raise ConfigurationError("it is no job's ARN", who="ARN", value=str(self))
        return found

    @property
    def console(self) -> str:
        """A job's page, or the pipeline's of an execution; empty in a partition without a console."""
        host = CONSOLES.get(self.partition)
        if host is None:
            return ""
        page = _PAGES.get(self.kind, "pipelines")
        name = self.name.partition("/")[0]
        return f"https://{self.region}.{host}/sagemaker/home?region={self.region}#/{page}/{quote(name)}"
