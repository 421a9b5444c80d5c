"""One pipeline of each name, updated in place, and its executions.

A start names the version that was just written, so that whoever else writes the pipeline at the same
time cannot have theirs run in its stead.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from skylift_contract.canonical import digest
from skylift_contract.errors import BackendError, ConfigurationError
from skylift_sagemaker.limits import INLINE_BYTES
from skylift_sagemaker.names import execution_name, request_token
from skylift_sagemaker.sdk_errors import TAKEN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift_sagemaker.client import SagemakerClient

SEEN: Final = 100
"""Executions, one page of them, among which a submission that is sent again is looked for; the token of
its start does the rest."""

OWNERS: Final = ("skylift:project", "skylift:store")
"""Tags of a pipeline that say whose it is: one with others is never updated."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A pipeline to write.

    `bucket`: for a definition that is too long to be sent along; empty where there is none.
    """

    name: str
    definition: bytes
    role: str
    tags: Mapping[str, str]
    bucket: str = ""
    parallelism: int | None = None

    def request(self) -> dict[str, Any]:
        """What CreatePipeline and UpdatePipeline share."""
        parallel = {"MaxParallelExecutionSteps": self.parallelism} if self.parallelism else None
        found = {"PipelineName": self.name, "RoleArn": self.role, **self._document()}
        return {**found, "ParallelismConfiguration": parallel} if parallel else found

    @property
    def key(self) -> str:
        return f"skylift/sagemaker/definitions/{digest(self.definition)}.json"

    @property
    def is_long(self) -> bool:
        return len(self.definition) > INLINE_BYTES

    def _document(self) -> dict[str, Any]:
        if not self.is_long:
            return {"PipelineDefinition": self.definition.decode()}
        return {"PipelineDefinitionS3Location": {"Bucket": self.bucket, "ObjectKey": self.key}}


@dataclass(frozen=True, slots=True)
class Written:
    """A pipeline as it stands: `version` is None where the service does not tell."""

    arn: str
    version: int | None
    is_new: bool


def write(client: SagemakerClient, wanted: Deployment) -> Written:
    """Create or update it.

    Raises `ConfigurationError` for one that is another project's or store's, or too long without a bucket.
    """
    if wanted.is_long:
        _upload(client, wanted)
    standing = client.describe_pipeline(wanted.name)
    if standing is not None:
        _check_own(client, str(standing["PipelineArn"]), wanted)
    is_new = standing is None and _create(client, wanted)
    arn, version = client.update_pipeline(**wanted.request())
    return Written(arn, version, is_new)


def start(client: SagemakerClient, wanted: Deployment, submission: str) -> str:
    """Have a submission's execution: the one that there is already, or a new one. Its ARN."""
    if found := execution_of(client, wanted.name, submission, newest=SEEN):
        return found
    written = write(client, wanted)
    version = {} if written.version is None else {"PipelineVersionId": written.version}
    return client.start_execution(
        PipelineName=wanted.name,
        PipelineExecutionDisplayName=execution_name(submission),
        ClientRequestToken=request_token("start", wanted.name, submission),
        **version,
    )


def execution_of(
    client: SagemakerClient, pipeline: str, submission: str, newest: int | None = None
) -> str | None:
    """The ARN of the execution that a submission came to, where it is among the pipeline's newest."""
    if client.describe_pipeline(pipeline) is None:
        return None
    name = execution_name(submission)
    for found in islice(client.executions(pipeline), newest):
        if found.get("PipelineExecutionDisplayName") == name:
            return str(found["PipelineExecutionArn"])
    return None


def _create(client: SagemakerClient, wanted: Deployment) -> bool:
    """Whether it is ours to have made; somebody else may have been faster."""
    token = request_token("create", wanted.name, digest(wanted.definition))
    tags = [{"Key": key, "Value": value} for key, value in sorted(wanted.tags.items())]
    try:
        client.create_pipeline(**wanted.request(), ClientRequestToken=token, Tags=tags)
    except BackendError as error:
        if error.code not in TAKEN:
            raise
        return False
    return True


def _check_own(client: SagemakerClient, arn: str, wanted: Deployment) -> None:
    """Raise for somebody else's; of ours, write the tags that have changed."""
    standing = client.tags(arn)
    for key in OWNERS:
        if standing.get(key) != wanted.tags.get(key):
            raise ConfigurationError(
                f"it is there already, and its tag {key} is not that of this pipeline",
                who=f"SageMaker pipeline {wanted.name!r}",
                value=standing.get(key),
                fix="Rename the pipeline, or delete the other one: aws sagemaker delete-pipeline "
                f"--pipeline-name {wanted.name}",
            )
    changed = [
        {"Key": key, "Value": value}
        for key, value in sorted(wanted.tags.items())
        if standing.get(key) != value
    ]
    if changed:
        client.add_tags(arn, changed)


def _upload(client: SagemakerClient, wanted: Deployment) -> None:
    if not wanted.bucket:
        raise ConfigurationError(
            "its definition is too long to be sent along, and there is no bucket for it",
            who=f"SageMaker pipeline {wanted.name!r}",
            value=len(wanted.definition),
            limit=f"{INLINE_BYTES} bytes",
            fix="Name one: skylift orchestrator update NAME --bucket=…; or use an s3:// store.",
        )
    client.put_object(wanted.bucket, wanted.key, wanted.definition)
