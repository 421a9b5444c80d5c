"""A pipeline's own part of its snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skylift.authoring.sources import source_of
from skylift.compiler import configuration
from skylift_contract.enums import ExecutionMode
from skylift_contract.errors import ConfigurationError
from skylift_contract.schedule import Schedule
from skylift_contract.snapshot import ISOLATED, PipelineConfiguration, StepDefaults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from skylift.authoring.pipelines import PipelineFunction
    from skylift.compiler.compile import Target
    from skylift_contract.snapshot import Step


def hook_source(hook: Callable[..., Any] | None, who: str) -> str | None:
    return None if hook is None else source_of(hook, f"{who}, hook")


def pipeline_configuration(
    pipeline: PipelineFunction, parameters: Mapping[str, Any], target: Target
) -> PipelineConfiguration:
    options, who = pipeline.options, pipeline.who
    check_dynamic_options(pipeline)
    settings = configuration.merged(options.settings, {}, who)
    return PipelineConfiguration(
        name=pipeline.name,
        source=source_of(pipeline.entrypoint, who),
        parameters=dict(parameters),
        settings=target.own_settings(settings),
        environment=configuration.environment_of(options, options, who),
        secrets=configuration.secrets_of(options, options, target.secrets, who),
        execution_mode=_mode(options.execution_mode, who),
        dynamic=options.dynamic,
        tags=tuple(options.tags),
        on_failure=hook_source(options.on_failure, who),
        on_success=hook_source(options.on_success, who),
        docker_settings=configuration.docker_of(settings),
        resource_settings=configuration.resources_of(settings),
        max_concurrent_steps=options.max_concurrent_steps,
        step_defaults=_step_defaults(pipeline, settings, target) if options.dynamic else StepDefaults(),
    )


def with_foreseen(root: PipelineConfiguration, steps: Iterable[Step]) -> PipelineConfiguration:
    """A dynamic pipeline's own part, with what the steps that it may call ask of their surroundings."""
    found = list(steps)
    isolated = tuple(step.spec.invocation_id for step in found if step.config.runtime == ISOLATED)
    secrets = sorted({text for step in found for text in step.config.secrets.values()})
    return root.model_copy(update={"isolated_steps": isolated, "step_secrets": tuple(secrets)})


def check_dynamic_options(pipeline: PipelineFunction) -> None:
    """Raise `ConfigurationError` for a limit that is none, or that a static pipeline would not heed."""
    asked, who = pipeline.options.max_concurrent_steps, f"{pipeline.who}, max_concurrent_steps"
    if asked is None:
        return
    if asked < 1:
        raise ConfigurationError("it is a number of steps", who=who, value=asked, limit="1 or more")
    if not pipeline.options.dynamic:
        raise ConfigurationError(
            "it is for dynamic pipelines; of a static one the orchestrator decides how many run at once",
            who=who,
            value=asked,
            fix="Set what the flavor has for it: max_parallelism of the local one.",
        )


def _step_defaults(pipeline: PipelineFunction, settings: Mapping[str, Any], target: Target) -> StepDefaults:
    options, who = pipeline.options, pipeline.who
    return StepDefaults(
        resource_settings=configuration.resources_of(settings),
        docker_settings=configuration.docker_of(settings),
        retry=configuration.retry_of(options, options, who),
        timeout=configuration.timeout_of(options, options, who),
        enable_cache=options.enable_cache,
        cache_policy=configuration.cache_policy_of(options, options, who) if options.cache_policy else None,
        secrets=dict(target.secrets),
        degraded=tuple(sorted(target.degraded)),
        steps={name: dict(found.options) for name, found in options.steps.items()},
    )


def _mode(asked: Any, who: str) -> ExecutionMode:
    try:
        return ExecutionMode(asked) if asked is not None else ExecutionMode.CONTINUE_ON_FAILURE
    except ValueError:
        known = ", ".join(mode.value for mode in ExecutionMode)
        raise ConfigurationError(
            "there is no such execution mode", who=who, value=asked, fix=f"Choose one of {known}."
        ) from None


def schedule_of(pipeline: PipelineFunction) -> Schedule | None:
    asked = pipeline.options.schedule
    if asked is None or isinstance(asked, Schedule):
        return asked
    raise ConfigurationError(
        "it is a Schedule",
        who=f"{pipeline.who}, schedule",
        value=asked,
        fix='Schedule(cron_expression="0 2 * * *")',
    )
