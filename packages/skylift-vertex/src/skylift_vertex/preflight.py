"""What is refused before any call is made."""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from skylift_contract.errors import ConfigurationError
from skylift_contract.refusals import found_by, raise_all
from skylift_vertex.config import KEY
from skylift_vertex.job import check_timeout, settings_of
from skylift_vertex.limits import MAX_RUNTIME_S
from skylift_vertex.resources import limits_of, machine_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import timedelta
    from typing import Any

    from skylift_contract.resource_settings import ResourceSettings
    from skylift_contract.settings import DockerSettings
    from skylift_contract.snapshot import PipelineSnapshot, Step
    from skylift_vertex.config import VertexOrchestratorConfig


def check_snapshot(snapshot: PipelineSnapshot, config: VertexOrchestratorConfig) -> None:
    """Raise for everything in it that could not run, at once.

    Of a dynamic pipeline its steps are those that it may call.
    """
    checks = chain(
        _of_function(snapshot, config), *(_of_step(one, snapshot, config) for one in snapshot.steps)
    )
    raise_all("vertex", found_by(checks))


def _of_function(
    snapshot: PipelineSnapshot, config: VertexOrchestratorConfig
) -> Iterator[Callable[[], object]]:
    if not snapshot.is_dynamic:
        return
    root, who = snapshot.pipeline_configuration, f"pipeline {snapshot.name!r}"
    yield partial(check_image, root.docker_settings, config, who)
    if snapshot.schedule is None:
        yield partial(check_machine, root.settings, root.resource_settings, None, config, who)
    else:
        yield partial(check_jobless, root.settings, who)
        yield partial(limits_of, root.resource_settings, config.accelerator, who)


def _of_step(
    step: Step, snapshot: PipelineSnapshot, config: VertexOrchestratorConfig
) -> Iterator[Callable[[], object]]:
    asked, who = step.config, f"step {step.spec.invocation_id!r}"
    yield partial(check_image, asked.docker_settings, config, who)
    if snapshot.is_dynamic:
        yield partial(check_machine, asked.settings, asked.resource_settings, asked.timeout, config, who)
        return
    yield partial(check_jobless, asked.settings, who)
    yield partial(check_timeout, asked.timeout, MAX_RUNTIME_S, who)
    yield partial(limits_of, asked.resource_settings, config.accelerator, who)


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
