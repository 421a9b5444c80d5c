"""What the orchestrator may be told, for all of its runs and for one step."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from skylift.bootstrap.at_start import AtStart, check_index
from skylift_contract.errors import ConfigurationError
from skylift_contract.model import Settings
from skylift_contract.orchestrator import BaseOrchestratorConfig
from skylift_sagemaker.instances import named
from skylift_sagemaker.limits import KEEP_ALIVE_S, KMS_KEY, MAX_RUNTIME_S, ROLE_ARN, VOLUME_GB, check_tags
from skylift_sagemaker.options import (
    check_bucket,
    check_experiment,
    check_ids,
    check_is_list,
    check_partitions,
    check_pulled,
    check_region,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

KEY: Final = "orchestrator.sagemaker"
"""Under which a pipeline's or a step's `settings` hold its own."""

JobType = Literal["processing", "training"]
Volume = Annotated[int, Field(ge=1, le=VOLUME_GB)]
Runtime = Annotated[int, Field(ge=1, le=MAX_RUNTIME_S)]
KeepAlive = Annotated[int, Field(ge=0, le=KEEP_ALIVE_S)]

_ROLES: Final = ("execution_role", "scheduler_role", "assume_role")
_VPC: Final = MappingProxyType({"subnets": "subnet-0a1b2c3d", "security_groups": "sg-0a1b2c3d"})


def _check_image(image: str, who: str) -> None:
    check_pulled(image, who, fix="Push it to ECR, and name that.")


_CHECKS: Final[Mapping[str, Callable[[str, str], object]]] = MappingProxyType(
    {
        "index": check_index,
        "region": check_region,
        "bucket": check_bucket,
        "experiment": check_experiment,
        "image": _check_image,
        "instance_type": named,
    }
)


class SagemakerOrchestratorConfig(BaseOrchestratorConfig):
    """Jobs of one account and region; what only a run needs may be left out at registration."""

    execution_role: str = Field(description="ARN of the role that pipelines and their jobs run as.")
    region: str | None = Field(default=None, description="By default as AWS is configured.")
    aws_profile: str | None = Field(
        default=None, min_length=1, description="Whose credentials call AWS; by default boto3's own order."
    )
    assume_role: str | None = Field(
        default=None, description="ARN of a role to call AWS as; its credentials are renewed by themselves."
    )
    bucket: str | None = Field(
        default=None,
        description="For long definitions and what training jobs leave; by default the s3:// store's.",
    )
    scheduler_role: str | None = Field(
        default=None, description="ARN of the role by which EventBridge Scheduler starts pipelines."
    )
    schedule_group: str = Field(
        default="default",
        pattern=r"^[0-9a-zA-Z._-]{1,64}$",
        examples=["my-schedules"],
        description="The group that schedules are in.",
    )
    image: str | None = Field(
        default=None,
        min_length=1,
        description="An image in ECR with Python, skylift and what steps import, for those that name none.",
    )
    index: str | None = Field(
        default=None,
        min_length=1,
        description="The URL of the index that requirements are from; by default as pip is set.",
    )
    job_type: JobType = Field(default="processing", description="What a step is: processing or training.")
    instance_type: str = Field(
        default="ml.m5.large", description="The instance of steps that ask for no resources."
    )
    volume_size_gb: Volume = Field(default=30, description="GB of disk of each job.")
    max_runtime_s: Runtime = Field(default=86_400, description="Seconds after which a job is ended.")
    keep_alive_s: KeepAlive | None = Field(
        default=None, description="Seconds that a training job's instance is kept for the next."
    )
    use_spot: bool = Field(default=False, description="Whether training jobs run on spare capacity.")
    max_wait_s: int | None = Field(
        default=None,
        ge=1,
        description="Seconds that a spot job may wait and run; by default twice its runtime.",
    )
    subnets: tuple[str, ...] = Field(default=(), max_length=16, description="The VPC's, by their ids.")
    security_groups: tuple[str, ...] = Field(default=(), max_length=5, description="The VPC's, by their ids.")
    encrypt_traffic: bool = Field(
        default=False, description="Whether what containers of one job send each other is encrypted."
    )
    network_isolation: bool = Field(default=False, description="Cannot be had: steps must reach the store.")
    kms_key: str | None = Field(
        default=None,
        pattern=f"^{KMS_KEY}$",
        examples=["arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d"],
        description="The key that disks and output are encrypted with.",
    )
    max_parallelism: int | None = Field(
        default=None, ge=1, description="How many steps of a run go at once; by default SageMaker's own."
    )
    poll_s: float | None = Field(
        default=None,
        gt=0,
        description="Seconds at most between two looks at a run; by default they grow to 15.",
    )
    fault_attempts: int = Field(
        default=3, ge=0, le=20, description="How often a step is tried again that SageMaker itself failed."
    )
    experiment: str | None = Field(default=None, description="The experiment that runs are trials of.")
    tags: dict[str, str] = Field(default_factory=dict, description="Tags of all that is made, as JSON.")

    @field_validator(*_ROLES)
    @classmethod
    def _is_a_role(cls, given: str | None, info: Any) -> str | None:
        if given is None or re.fullmatch(ROLE_ARN, given):
            return given
        raise ConfigurationError(
            "it is no ARN of a role",
            who=f"{cls.__name__}.{info.field_name}",
            value=given,
            fix="Give it whole: arn:aws:iam::123456789012:role/NAME.",
        )

    @field_validator(*_CHECKS)
    @classmethod
    def _is_taken(cls, given: str | None, info: Any) -> str | None:
        if given is not None:
            _CHECKS[info.field_name](given, f"{cls.__name__}.{info.field_name}")
        return given

    @field_validator(*_VPC, mode="before")
    @classmethod
    def _is_a_list(cls, given: Any, info: Any) -> Any:
        check_is_list(given, f"{cls.__name__}.{info.field_name}", _VPC[info.field_name])
        return given

    @field_validator(*_VPC)
    @classmethod
    def _are_ids(cls, given: tuple[str, ...], info: Any) -> tuple[str, ...]:
        check_ids(given, f"{cls.__name__}.{info.field_name}")
        return given

    @field_validator("network_isolation")
    @classmethod
    def _reaches_the_store(cls, given: bool) -> bool:  # noqa: FBT001 -- a field's value
        return _without_isolation(given, cls.__name__)

    @field_validator("tags")
    @classmethod
    def _are_tags(cls, given: dict[str, str]) -> dict[str, str]:
        check_tags(given, cls.__name__)
        return given

    @model_validator(mode="after")
    def _is_a_whole(self) -> Self:
        _check_vpc(self)
        _check_training_only(self)
        arns = {name: getattr(self, name) for name in (*_ROLES, "kms_key")}
        check_partitions(self.region, arns, type(self).__name__)
        return self

    @property
    def is_schedulable(self) -> bool:
        return True

    def of_step(self, settings: SagemakerOrchestratorSettings) -> SagemakerOrchestratorConfig:
        """The same with a step's own settings; raises `ConfigurationError` where they do not go together."""
        own = settings.model_dump(exclude_none=True)
        if not own:
            return self
        own["tags"] = {**self.tags, **own.get("tags", {})}
        return type(self).model_validate({**self.model_dump(), **own})

    @property
    def at_start(self) -> AtStart:
        return AtStart("skylift-sagemaker", self.image, self.index)

    @property
    def account(self) -> str:
        """The twelve digits of the account that jobs run in."""
        return self.execution_role.split(":")[4]

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn`, `aws-us-gov`."""
        return self.execution_role.split(":")[1]


class SagemakerOrchestratorSettings(Settings):
    """For a pipeline or a step, under `settings["orchestrator.sagemaker"]`, in place of the options so named.

    `instance_type`: chosen here, and not by the step's resources, which it has to have.
    """

    execution_role: str | None = None
    job_type: JobType | None = None
    instance_type: str | None = None
    volume_size_gb: Volume | None = None
    max_runtime_s: Runtime | None = None
    keep_alive_s: KeepAlive | None = None
    use_spot: bool | None = None
    max_wait_s: int | None = Field(default=None, ge=1)
    subnets: tuple[str, ...] | None = None
    security_groups: tuple[str, ...] | None = None
    encrypt_traffic: bool | None = None
    network_isolation: bool | None = None
    kms_key: str | None = None
    fault_attempts: int | None = Field(default=None, ge=0, le=20)
    tags: dict[str, str] | None = None

    @field_validator("network_isolation")
    @classmethod
    def _reaches_the_store(cls, given: bool | None) -> bool | None:  # noqa: FBT001 -- a field's value
        return _without_isolation(bool(given), cls.__name__)


def _without_isolation(given: bool, who: str) -> bool:  # noqa: FBT001 -- a field's value
    if given:
        raise ConfigurationError(
            "an isolated container cannot reach the store, where its inputs are and its outputs go",
            who=f"{who}.network_isolation",
            fix="Leave it out, and keep jobs in a VPC whose only way out is an endpoint of S3: subnets, "
            "security_groups.",
        )
    return given


def _check_vpc(config: SagemakerOrchestratorConfig) -> None:
    if bool(config.subnets) != bool(config.security_groups):
        raise ConfigurationError(
            "a VPC is named by its subnets and its security groups, and one of them is missing",
            who=type(config).__name__,
            fix="Give both, or neither.",
        )


def _check_training_only(config: SagemakerOrchestratorConfig) -> None:
    """Refuse for processing jobs what only training jobs have."""
    who = type(config).__name__
    asked = {
        "keep_alive_s": config.keep_alive_s,
        "use_spot": config.use_spot,
        "max_wait_s": config.max_wait_s,
    }
    found = [name for name, value in asked.items() if value]
    if found and config.job_type != "training":
        raise ConfigurationError(
            "processing jobs have it not", who=f"{who}.{found[0]}", fix="Set job_type to training, too."
        )
    if config.max_wait_s is not None and not config.use_spot:
        raise ConfigurationError("only spot jobs wait", who=f"{who}.max_wait_s", fix="Set use_spot, too.")
    if config.max_wait_s is not None and config.max_wait_s < config.max_runtime_s:
        raise ConfigurationError(
            "it is less than what the job may run",
            who=f"{who}.max_wait_s",
            value=config.max_wait_s,
            limit=f"at least {config.max_runtime_s} seconds",
        )
    if config.use_spot and config.keep_alive_s:
        raise ConfigurationError(
            "spot instances are not kept", who=f"{who}.keep_alive_s", fix="Leave out one of the two."
        )
