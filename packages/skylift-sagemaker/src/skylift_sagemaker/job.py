"""One job's request, as a step of a pipeline or on its own; every limit of the service's is checked here.

Pure, as `compile` is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skylift_contract.environment import SUBMISSION_ENV
from skylift_contract.errors import ConfigurationError
from skylift_sagemaker.document import (
    AlgorithmSpecification,
    AppSpecification,
    Cluster,
    Job,
    NetworkConfig,
    OutputDataConfig,
    ProcessingJob,
    ProcessingResources,
    Stopping,
    Tag,
    TrainingJob,
    TrainingResources,
    Vpc,
)
from skylift_sagemaker.instances import named
from skylift_sagemaker.limits import (
    IMAGE,
    PROCESSING_VALUE,
    TAG_TEXT,
    TAG_VALUE,
    TRAINING_VALUE,
    check_command,
    check_tags,
    check_variables,
)
from skylift_sagemaker.names import request_token
from skylift_sagemaker.resources import choose

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta

    from skylift_contract import snapshot as contract
    from skylift_contract.resource_settings import ResourceSettings
    from skylift_sagemaker.config import SagemakerOrchestratorConfig, SagemakerOrchestratorSettings


@dataclass(frozen=True, slots=True)
class Making:
    """How an image and a command are found, the orchestrator's own options, and what is known of the stack.

    `store`: its URI. `bucket`: empty where there is none. `owner`: what tells stacks apart.
    """

    config: SagemakerOrchestratorConfig
    image_of: Callable[[contract.Step | None], str]
    command_of: Callable[[contract.Step | None], list[str]]
    store: str = ""
    bucket: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """One job: what runs, in what, and who asks for it."""

    who: str
    image: str
    command: Sequence[str]
    environment: Mapping[str, str]
    resources: ResourceSettings
    settings: SagemakerOrchestratorSettings
    timeout: timedelta | None = None


def instance_of(job: Job) -> str:
    if isinstance(job, ProcessingJob):
        return job.processing_resources.cluster_config.instance_type
    return job.resource_config.instance_type


def options_of(
    settings: SagemakerOrchestratorSettings, config: SagemakerOrchestratorConfig, who: str
) -> SagemakerOrchestratorConfig:
    """The options with a step's settings; an unknown instance type is refused in the name of the step."""
    if settings.instance_type is not None:
        named(settings.instance_type, who)
    return config.of_step(settings)


def machine_of(
    resources: ResourceSettings,
    settings: SagemakerOrchestratorSettings,
    options: SagemakerOrchestratorConfig,
    who: str,
) -> str:
    """The instance type, as `choose` has it; `options`: with the settings already."""
    return choose(resources, settings.instance_type, options.instance_type, options.job_type, who)


def tags_of(snapshot: contract.PipelineSnapshot, making: Making) -> dict[str, str]:
    """What says whose a pipeline or a job is. What no tag may hold stands as its digest."""
    own = {
        "skylift:project": snapshot.project,
        "skylift:pipeline": snapshot.name,
        "skylift:store": making.store,
    }
    found = {**making.config.tags, **{key: _tag_text(text) for key, text in own.items()}}
    check_tags(found, "SagemakerOrchestratorConfig")
    return found


def job_of(
    asked: Asked, making: Making, tags: Mapping[str, str], given: Mapping[str, Any] | None = None
) -> Job:
    """The job's request without its name; `given`: variables that the service substitutes."""
    options = options_of(asked.settings, making.config, asked.who)
    given = given or {}
    value = PROCESSING_VALUE if options.job_type == "processing" else TRAINING_VALUE
    reserved = len(given) + (
        SUBMISSION_ENV not in asked.environment
    )  # what compiles offline fits when it runs
    check_variables(dict(asked.environment), value, asked.who, reserved)
    check_command(list(asked.command), asked.who)
    IMAGE.check(len(asked.image), f"{asked.who}, its image")
    _check_timeout(asked, options)
    shared: dict[str, Any] = {
        "role_arn": options.execution_role,
        "environment": {**asked.environment, **given},
        "stopping_condition": _stopping(options),
        "tags": _tags({**options.tags, **tags}),
    }
    made = _processing if options.job_type == "processing" else _training
    return made(asked, options, making, shared)


def _processing(
    asked: Asked, options: SagemakerOrchestratorConfig, _: Making, shared: dict[str, Any]
) -> ProcessingJob:
    vpc, encrypted = _vpc(options), options.encrypt_traffic or None
    network = NetworkConfig(vpc_config=vpc, enable_inter_container_traffic_encryption=encrypted)
    return ProcessingJob(
        **shared,
        app_specification=AppSpecification(image_uri=asked.image, container_entrypoint=tuple(asked.command)),
        processing_resources=ProcessingResources(cluster_config=Cluster(**_cluster(asked, options))),
        network_config=network if vpc or encrypted else None,
    )


def _training(
    asked: Asked, options: SagemakerOrchestratorConfig, making: Making, shared: dict[str, Any]
) -> TrainingJob:
    if not making.bucket:
        raise ConfigurationError(
            "a training job needs a bucket for its output",
            who="SagemakerOrchestratorConfig.bucket",
            fix="Name one: skylift orchestrator update NAME --bucket=…; or use an s3:// store.",
        )
    output = f"s3://{making.bucket}/skylift/sagemaker/output"
    return TrainingJob(
        **shared,
        algorithm_specification=AlgorithmSpecification(
            training_image=asked.image, container_entrypoint=tuple(asked.command)
        ),
        resource_config=TrainingResources(
            **_cluster(asked, options), keep_alive_period_in_seconds=options.keep_alive_s
        ),
        output_data_config=OutputDataConfig(S3OutputPath=output, kms_key_id=options.kms_key),
        vpc_config=_vpc(options),
        enable_inter_container_traffic_encryption=options.encrypt_traffic or None,
        enable_managed_spot_training=options.use_spot or None,
    )


def _cluster(asked: Asked, options: SagemakerOrchestratorConfig) -> dict[str, Any]:
    return {
        "instance_type": machine_of(asked.resources, asked.settings, options, asked.who),
        "volume_size_in_gb": options.volume_size_gb,
        "volume_kms_key_id": options.kms_key,
    }


def _stopping(options: SagemakerOrchestratorConfig) -> Stopping:
    wait = (options.max_wait_s or 2 * options.max_runtime_s) if options.use_spot else None
    return Stopping(max_runtime_in_seconds=options.max_runtime_s, max_wait_time_in_seconds=wait)


def _check_timeout(asked: Asked, options: SagemakerOrchestratorConfig) -> None:
    """The step ends itself; a job that ends before it would not be what was asked for."""
    if asked.timeout is not None and asked.timeout.total_seconds() > options.max_runtime_s:
        raise ConfigurationError(
            "its job is ended before its own timeout",
            who=asked.who,
            value=str(asked.timeout),
            limit=f"{options.max_runtime_s} seconds",
            fix="Raise max_runtime_s, of the orchestrator or in the step's settings.",
        )


def _vpc(options: SagemakerOrchestratorConfig) -> Vpc | None:
    if not options.subnets:
        return None
    return Vpc(subnets=options.subnets, security_group_ids=options.security_groups)


def _tags(tags: Mapping[str, str]) -> tuple[Tag, ...]:
    return tuple(Tag(key=key, value=tags[key]) for key in sorted(tags))


def _tag_text(text: str) -> str:
    fits = len(text) <= TAG_VALUE.maximum and TAG_TEXT.fullmatch(text)
    return text if fits else request_token(text)
