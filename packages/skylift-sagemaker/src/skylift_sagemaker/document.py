"""The pipeline definition document, as SageMaker reads it: only what is written here is ever sent.

Source: aws-sagemaker-mlops.github.io/sagemaker-model-building-pipeline-definition-JSON-schema; the
`Arguments` are CreateProcessingJob's and CreateTrainingJob's requests.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_pascal

from skylift_contract.canonical import canonical_json

VERSION: Final = "2020-12-01"

Value = str | dict[str, Any]
"""A text, or an expression that the service replaces with one: `{"Get": "Execution.PipelineName"}`."""


class Part(BaseModel):
    """Fields are written in the API's spelling, and those that are None left out."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_pascal, populate_by_name=True, defer_build=True
    )

    def request(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class Tag(Part):
    key: str
    value: str


class Stopping(Part):
    max_runtime_in_seconds: int
    max_wait_time_in_seconds: int | None = None


class Vpc(Part):
    subnets: tuple[str, ...]
    security_group_ids: tuple[str, ...]


class Cluster(Part):
    instance_count: int = 1
    instance_type: str
    volume_size_in_gb: int = Field(alias="VolumeSizeInGB")
    volume_kms_key_id: str | None = None


class ProcessingResources(Part):
    cluster_config: Cluster


class AppSpecification(Part):
    image_uri: str
    container_entrypoint: tuple[str, ...]


class NetworkConfig(Part):
    enable_inter_container_traffic_encryption: bool | None = None
    vpc_config: Vpc | None = None


class ProcessingJob(Part):
    """CreateProcessingJob's request; the name is left out in a definition, where the service gives it."""

    processing_job_name: str | None = None
    role_arn: str
    app_specification: AppSpecification
    environment: dict[str, Value]
    processing_resources: ProcessingResources
    stopping_condition: Stopping
    network_config: NetworkConfig | None = None
    tags: tuple[Tag, ...] | None = None


class AlgorithmSpecification(Part):
    training_image: str
    training_input_mode: Literal["File"] = "File"
    container_entrypoint: tuple[str, ...]


class TrainingResources(Cluster):
    keep_alive_period_in_seconds: int | None = None


class OutputDataConfig(Part):
    s3_output_path: str = Field(alias="S3OutputPath")
    kms_key_id: str | None = None


class TrainingJob(Part):
    """CreateTrainingJob's request, as `ProcessingJob`."""

    training_job_name: str | None = None
    role_arn: str
    algorithm_specification: AlgorithmSpecification
    environment: dict[str, Value]
    resource_config: TrainingResources
    output_data_config: OutputDataConfig
    stopping_condition: Stopping
    vpc_config: Vpc | None = None
    enable_inter_container_traffic_encryption: bool | None = None
    enable_managed_spot_training: bool | None = None
    tags: tuple[Tag, ...] | None = None


Job = ProcessingJob | TrainingJob


class RetryPolicy(Part):
    """Of the service's own faults: an exit code of the user's program is never retried by it."""

    exception_type: tuple[str, ...]
    interval_seconds: int
    backoff_rate: float
    max_attempts: int


class Step(Part):
    """`description`: our name of the step, where the service's had to differ."""

    name: str
    type: Literal["Processing", "Training"]
    arguments: Job
    depends_on: tuple[str, ...] | None = None
    retry_policies: tuple[RetryPolicy, ...] | None = None
    description: str | None = None


class Definition(Part):
    """`experiment`: the experiment's name; without one, each run would make one of its own."""

    steps: tuple[Step, ...]
    experiment: str | None = Field(default=None, exclude=True)

    def to_bytes(self) -> bytes:
        named = {"ExperimentName": self.experiment, "TrialName": {"Get": "Execution.PipelineExecutionId"}}
        head: dict[str, Any] = {
            "Version": VERSION,
            "Metadata": {},
            "Parameters": [],
            "PipelineExperimentConfig": named if self.experiment else None,
        }
        return canonical_json(head | self.request())
