"""Snapshot → a pipeline definition, or one job.

Pure: same input, same bytes; no SDK, network, clock, environment or log.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from skylift_contract.canonical import canonical_json
from skylift_contract.compiled import CompiledPipeline
from skylift_sagemaker.config import KEY, SagemakerOrchestratorSettings
from skylift_sagemaker.document import Definition, ProcessingJob, RetryPolicy, Step
from skylift_sagemaker.job import Asked, Making, instance_of, job_of, tags_of
from skylift_sagemaker.names import step_names
from skylift_sagemaker.run_id import EXECUTION_ARN, EXECUTION_ARN_ENV

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skylift_contract import snapshot as contract

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
    summary = {"steps": len(steps), "instances": _machines(steps)}
    return CompiledPipeline({PIPELINE: definition.to_bytes()}, summary)


def _machines(steps: Sequence[Step]) -> str:
    """`998 x ml.m5.large, 2 x ml.g5.xlarge`: as many as there are steps, the commonest first."""
    counted = Counter(instance_of(step.arguments) for step in steps)
    return ", ".join(
        f"{count} x {name}" for name, count in sorted(counted.items(), key=lambda one: (-one[1], one[0]))
    )


def orchestration(
    snapshot: contract.PipelineSnapshot, making: Making, environment: Mapping[str, str]
) -> Asked:
    """The job in which a dynamic pipeline's own function runs."""
    root = snapshot.pipeline_configuration
    return Asked(
        who=f"pipeline {snapshot.name!r}",
        image=making.image_of(None),
        command=making.command_of(None),
        environment={**root.docker_settings.environment, **environment, **root.environment},
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
        variables = {**step.config.docker_settings.environment, **environments.get(invocation, {})}
        asked = asked_by(step, making.image_of(step), making.command_of(step), variables)
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
