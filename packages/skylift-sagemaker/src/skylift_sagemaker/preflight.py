"""What is refused before any call is made."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from skylift_contract.errors import ConfigurationError
from skylift_contract.refusals import found_by, raise_all
from skylift_sagemaker.config import KEY, SagemakerOrchestratorSettings
from skylift_sagemaker.job import machine_of, options_of
from skylift_sagemaker.options import check_pulled
from skylift_sagemaker.schedule import trigger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from skylift_contract.schedule import Schedule
    from skylift_contract.settings import DockerSettings
    from skylift_contract.snapshot import PipelineConfiguration, PipelineSnapshot, Step, StepConfig
    from skylift_contract.stack import ArtifactStore
    from skylift_sagemaker.config import SagemakerOrchestratorConfig

_LONG_PAST: Final = datetime(2000, 1, 1, tzinfo=UTC)


def check_snapshot(
    snapshot: PipelineSnapshot,
    config: SagemakerOrchestratorConfig,
    image_of: Callable[[Step | None], str],
) -> None:
    """Raise for everything in it that could not run, at once."""
    raise_all("sagemaker", found_by(_checks(snapshot, config, image_of)))


def _checks(
    snapshot: PipelineSnapshot,
    config: SagemakerOrchestratorConfig,
    image_of: Callable[[Step | None], str],
) -> Iterator[Callable[[], object]]:
    root = snapshot.pipeline_configuration
    if snapshot.is_dynamic:
        who = f"pipeline {snapshot.name!r}"
        yield partial(check_image, root.docker_settings, image_of(None), config, who)
        yield partial(check_machine, root, config, who)
    for step in snapshot.steps:
        name = f"step {step.spec.invocation_id!r}"
        yield partial(check_image, step.config.docker_settings, image_of(step), config, name)
        if not snapshot.is_dynamic or step.config.runtime == "isolated":
            yield partial(check_machine, step.config, config, name)
    if snapshot.schedule is not None:
        yield partial(check_schedule, snapshot.schedule, config)


def check_schedule(schedule: Schedule, config: SagemakerOrchestratorConfig) -> str:
    """The role that fires it; raises `ConfigurationError` without one, and for what cannot be scheduled."""
    trigger(schedule, _LONG_PAST)
    if config.scheduler_role is None:
        raise ConfigurationError(
            "a schedule needs a role by which EventBridge Scheduler starts the pipeline",
            who="SagemakerOrchestratorConfig.scheduler_role",
            fix="Name one that scheduler.amazonaws.com may assume: skylift orchestrator update NAME "
            "--scheduler_role=arn:…",
        )
    if config.scheduler_role.split(":")[4] != config.account:
        raise ConfigurationError(
            "it is a role of another account than the execution role",
            who="SagemakerOrchestratorConfig.scheduler_role",
            value=config.scheduler_role,
        )
    return config.scheduler_role


def check_machine(
    asked: StepConfig | PipelineConfiguration, config: SagemakerOrchestratorConfig, who: str
) -> None:
    """Raise `ConfigurationError` where no instance has what is asked, also of a step that is cached."""
    settings = SagemakerOrchestratorSettings.from_snapshot(asked.settings.get(KEY, {}))
    machine_of(asked.resource_settings, settings, options_of(settings, config, who), who)


def check_image(asked: DockerSettings, image: str, config: SagemakerOrchestratorConfig, who: str) -> None:
    """Raise `ConfigurationError` for an image that is to be built, or that no job could pull."""
    config.at_start.check(asked, who, push="ECR")
    check_pulled(
        image,
        who,
        fix="Name one with Python, skylift and what the step imports: DockerSettings(image=…), or "
        "for all of them: skylift orchestrator update NAME --image=…; or one with Python, in which the rest "
        "is installed at each start: DockerSettings(parent_image=…).",
    )


def bucket_of(config: SagemakerOrchestratorConfig, store: ArtifactStore) -> str:
    """The configured bucket, or that of an `s3://` store; empty where there is neither."""
    scheme, _, rest = store.uri.partition("://")
    return config.bucket or (rest.partition("/")[0] if scheme == "s3" else "")
