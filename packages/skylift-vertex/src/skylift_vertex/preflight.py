"""What is refused before any call is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skylift_contract.errors import ConfigurationError
from skylift_vertex.config import KEY
from skylift_vertex.job import check_timeout, settings_of
from skylift_vertex.limits import MAX_RUNTIME_S
from skylift_vertex.resources import limits_of, machine_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta
    from typing import Any

    from skylift_contract.resource_settings import ResourceSettings
    from skylift_contract.settings import DockerSettings
    from skylift_contract.snapshot import PipelineSnapshot, Step
    from skylift_vertex.config import VertexOrchestratorConfig


def check_snapshot(snapshot: PipelineSnapshot, config: VertexOrchestratorConfig) -> None:
    """Raise for the first thing in it that could not run.

    Of a dynamic pipeline its steps are those that it may call.
    """
    if snapshot.is_dynamic:
        root, who = snapshot.pipeline_configuration, f"pipeline {snapshot.name!r}"
        check_image(root.docker_settings, config, who)
        if snapshot.schedule is None:
            check_machine(root.settings, root.resource_settings, None, config, who)
        else:
            check_jobless(root.settings, who)
            limits_of(root.resource_settings, config.accelerator, who)
    for step in snapshot.steps:
        _check_step(step, snapshot, config)


def _check_step(step: Step, snapshot: PipelineSnapshot, config: VertexOrchestratorConfig) -> None:
    who, resources = f"step {step.spec.invocation_id!r}", step.config.resource_settings
    check_image(step.config.docker_settings, config, who)
    if snapshot.is_dynamic:
        check_machine(step.config.settings, resources, step.config.timeout, config, who)
        return
    check_jobless(step.config.settings, who)
    check_timeout(step.config.timeout, MAX_RUNTIME_S, who)
    limits_of(resources, config.accelerator, who)


def check_machine(
    settings: Mapping[str, Any],
    resources: ResourceSettings,
    timeout: timedelta | None,
    config: VertexOrchestratorConfig,
    who: str,
) -> None:
    """Raise for a custom job that could not be."""
    own = settings_of(settings)
    check_timeout(timeout, own.max_runtime_s or config.max_runtime_s, who)
    machine_of(resources, own.machine_type, config.machine_type, config.accelerator, who)


def check_jobless(settings: Mapping[str, Any], who: str) -> None:
    """Raise for settings of custom jobs where there is none: what a pipeline runs, runs as Vertex likes."""
    asked = sorted(settings_of(settings).model_dump(exclude_none=True))
    if asked:
        raise ConfigurationError(
            "a step of a static or scheduled pipeline cannot be given it on Vertex AI",
            who=f'{who}, settings["{KEY}"]',
            value=asked[0],
            fix="Leave it out; what the step needs, say as ResourceSettings.",
        )


def check_image(asked: DockerSettings, config: VertexOrchestratorConfig, who: str) -> None:
    """Raise `ConfigurationError` for an image that is to be built, or for other machines."""
    config.at_start.check(asked, who, push="Artifact Registry")
