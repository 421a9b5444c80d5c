"""Options that a run lays over those of its steps, whatever their code says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skylift.authoring.options import StepOptions, changed
from skylift.compiler import configuration
from skylift_contract.errors import AuthoringError, ConfigurationError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Collection

    from skylift.authoring.options import StepChanges
    from skylift.authoring.pipelines import PipelineFunction
    from skylift.authoring.steps import StepFunction


def options_of(step: StepFunction[Any], pipeline: PipelineFunction) -> StepOptions:
    """A step's own options with the run's over them; settings field by field, environment key by key."""
    found = pipeline.options.steps.get(step.name)
    return step.options if found is None else _over(step.options, found)


def check_changes(found: StepChanges) -> None:
    """Raise `ConfigurationError`, naming where it was said, for what no step could be given."""
    try:
        own, default = _over(StepOptions(), found), StepOptions()
        settings = configuration.merged(own.settings, {}, found.who)
        configuration.resources_of(settings)
        configuration.docker_of(settings)
        configuration.retry_of(own, default, found.who)
        configuration.timeout_of(own, default, found.who)
        configuration.cache_policy_of(own, default, found.who)
        configuration.environment_of(own, default, found.who)
    except ConfigurationError as error:
        if error.who.startswith(found.who):
            raise
        who = f"{found.who}, {error.who}"
        raise ConfigurationError(
            error.what, who=who, value=error.value, limit=error.limit, fix=error.fix
        ) from None


def check_steps(pipeline: PipelineFunction, known: Collection[str]) -> None:
    """Raise `UnknownName` for changes of a step that the pipeline does not call, offering the nearest."""
    for name, found in pipeline.options.steps.items():
        if pipeline.options.dynamic:
            raise AuthoringError(
                f"the steps of dynamic {pipeline.who} are not known before it runs",
                who=found.who,
                fix="Set the options with the step.",
            )
        if name not in known:
            raise UnknownName("step", name, sorted(known), who=found.who)


def _over(own: StepOptions, found: StepChanges) -> StepOptions:
    options = dict(found.options)
    if options.get("settings"):
        options["settings"] = configuration.merged(own.settings, options["settings"], found.who)
    return changed(own, options, found.who)
