"""Snapshot → a pipeline definition, or one job.

Pure: same input, same bytes; no SDK, network, clock, environment or log. Every limit of the
service's is checked here, before anything is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from skylift_contract.canonical import canonical_json
from skylift_contract.compiled import CompiledPipeline
from skylift_contract.environment import SUBMISSION_ENV
from skylift_contract.errors import ConfigurationError
from skylift_sagemaker.config import KEY, SagemakerOrchestratorSettings
from skylift_sagemaker.document import (
    AlgorithmSpecification,
    AppSpecification,
    Cluster,
    Definition,
    Job,
    NetworkConfig,
    OutputDataConfig,
    ProcessingJob,
    ProcessingResources,
    RetryPolicy,
    Step,
    Stopping,
    Tag,
    TrainingJob,
    TrainingResources,
    Vpc,
)
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
from skylift_sagemaker.names import request_token, step_names
from skylift_sagemaker.resources import choose
from skylift_sagemaker.run_id import EXECUTION_ARN, EXECUTION_ARN_ENV

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta

    from skylift_contract import snapshot as contract
    from skylift_contract.resource_settings import ResourceSettings
    from skylift_sagemaker.config import SagemakerOrchestratorConfig

PIPELINE: Final = "pipeline.json"
JOB: Final = "job.json"
DYNAMIC_STEP: Final = "orchestrate"
"""The one step of a dynamic pipeline's definition, which only its schedule has."""

FAULTS: Final = (
    ("Step.SERVICE_FAULT", "Step.THROTTLING"),
    ("SageMaker.JOB_INTERNAL_ERROR", "SageMaker.CAPACITY_ERROR", "SageMaker.RESOURCE_LIMIT"),
)
"""What the service says of itself; docs.aws.amazon.com/sagemaker/latest/dg/pipelines-retry-policy.html."""

PAUSES_S: Final = (5, 60)
BACKOFF: Final = 2.0


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


def compile_pipeline(
    snapshot: contract.PipelineSnapshot,
    making: Making,
    base_environment: Mapping[str, str],
    step_environments: Mapping[str, Mapping[str, str]],
) -> CompiledPipeline:
    """Return `pipeline.json`, or `job.json` of a dynamic pipeline that has no schedule.

    Raises `LimitExceeded` and `ConfigurationError` for the first thing that the service would refuse.
    """
    tags = tags_of(snapshot, making)
    if snapshot.is_dynamic and snapshot.schedule is None:
        job = job_of(orchestration(snapshot, making, base_environment), making, tags)
        return CompiledPipeline({JOB: canonical_json(job.request())}, {"job": type(job).__name__})
    steps = _steps(snapshot, making, base_environment, step_environments, tags)
    definition = Definition(steps=tuple(steps), experiment=making.config.experiment)
    machines = {step.name: instance_of(step.arguments) for step in steps}
    return CompiledPipeline({PIPELINE: definition.to_bytes()}, {"steps": len(steps), "instances": machines})


def instance_of(job: Job) -> str:
    if isinstance(job, ProcessingJob):
        return job.processing_resources.cluster_config.instance_type
    return job.resource_config.instance_type


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


def orchestration(
    snapshot: contract.PipelineSnapshot, making: Making, environment: Mapping[str, str]
) -> Asked:
    """The job in which a dynamic pipeline's own function runs."""
    root = snapshot.pipeline_configuration
    return Asked(
        who=f"pipeline {snapshot.name!r}",
        image=making.image_of(None),
        command=making.command_of(None),
        environment={**environment, **root.environment},
        resources=root.resource_settings,
        settings=SagemakerOrchestratorSettings.from_snapshot(root.settings.get(KEY, {})),
    )


def asked_by(
    step: contract.Step, image: str, command: Sequence[str], environment: Mapping[str, str]
) -> Asked:
    config = step.config
    return Asked(
        who=f"step {step.spec.invocation_id!r}",
        image=image,
        command=command,
        environment=environment,
        resources=config.resource_settings,
        settings=SagemakerOrchestratorSettings.from_snapshot(config.settings.get(KEY, {})),
        timeout=config.timeout,
    )


def _steps(
    snapshot: contract.PipelineSnapshot,
    making: Making,
    base: Mapping[str, str],
    environments: Mapping[str, Mapping[str, str]],
    tags: Mapping[str, str],
) -> list[Step]:
    if snapshot.is_dynamic:
        return [_step(DYNAMIC_STEP, orchestration(snapshot, making, base), (), making, tags)]
    names = step_names(snapshot.step_configurations)
    found: list[Step] = []
    for invocation, step in snapshot.step_configurations.items():
        asked = asked_by(
            step, making.image_of(step), making.command_of(step), environments.get(invocation, {})
        )
        after = tuple(names[other] for other in step.spec.upstream_steps if other in names)
        made = _step(names[invocation], asked, after, making, tags)
        renamed = {} if made.name == invocation else {"description": invocation}
        found.append(made.model_copy(update=renamed))
    return found


def _step(name: str, asked: Asked, after: tuple[str, ...], making: Making, tags: Mapping[str, str]) -> Step:
    job = job_of(asked, making, tags, {EXECUTION_ARN_ENV: dict(EXECUTION_ARN)})
    return Step(
        name=name,
        type="Processing" if isinstance(job, ProcessingJob) else "Training",
        arguments=job,
        depends_on=after or None,
        retry_policies=_retries(making.config.of_step(asked.settings).fault_attempts),
    )


def _retries(attempts: int) -> tuple[RetryPolicy, ...] | None:
    if not attempts:
        return None
    return tuple(
        RetryPolicy(
            exception_type=faults, interval_seconds=pause, backoff_rate=BACKOFF, max_attempts=attempts
        )
        for faults, pause in zip(FAULTS, PAUSES_S, strict=True)
    )


def job_of(
    asked: Asked, making: Making, tags: Mapping[str, str], given: Mapping[str, Any] | None = None
) -> Job:
    """The job's request without its name; `given`: variables that the service substitutes."""
    options = making.config.of_step(asked.settings)
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
    instance = choose(
        asked.resources, asked.settings.instance_type, options.instance_type, options.job_type, asked.who
    )
    return {
        "instance_type": instance,
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
