"""Compiling a pipeline into a snapshot: pure but for calling the pipeline's own function."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, get_origin

from skylift.authoring.handles import InvocationHandle, OutputHandle, OutputHandles
from skylift.authoring.parameters import NotJson, from_json, to_json
from skylift.authoring.signature import NOTHING, describe, resolve_hints
from skylift.authoring.sources import source_of
from skylift.authoring.trace import Call, Trace, tracing
from skylift.compiler import changes, configuration
from skylift.compiler.graph import in_order
from skylift.compiler.runtime import runtime_of
from skylift.materializers.registry import candidates
from skylift_contract.canonical import canonical_json
from skylift_contract.enums import ExecutionMode
from skylift_contract.errors import AuthoringError, ConfigurationError
from skylift_contract.schedule import Schedule
from skylift_contract.snapshot import (
    CodeArchive,
    InputSource,
    OrchestratorSource,
    OutputSpec,
    PipelineConfiguration,
    PipelineSnapshot,
    Step,
    StepConfig,
    StepSpec,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from skylift.authoring.pipelines import PipelineFunction
    from skylift.authoring.steps import StepFunction
    from skylift.source_digests import SourceDigests
    from skylift_contract.model import Settings
    from skylift_contract.run_id import RunIdSource


@dataclass(frozen=True, slots=True)
class Target:
    """What compiling needs to know of where the pipeline will run.

    `secrets`: name → reference, of those that the configuration file defines.
    """

    project: str
    flavor: str
    run_id_sources: tuple[RunIdSource, ...] = ()
    orchestrator: OrchestratorSource | None = None
    retries: str = "runtime"
    settings_class: type[Settings] | None = None
    secrets: Mapping[str, str] = field(default_factory=dict[str, str])

    def own_settings(self, settings: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """The flavors' parts of the settings, this one's validated."""
        return configuration.flavor_settings(settings, self.flavor, self.settings_class)


def compile_snapshot(
    pipeline: PipelineFunction,
    arguments: Mapping[str, Any],
    target: Target,
    code: CodeArchive | None = None,
    sources: SourceDigests | None = None,
) -> PipelineSnapshot:
    """The snapshot of a pipeline called with these arguments.

    Without `sources` nothing of it is ever taken from the cache.

    Raises `AuthoringError` or `ConfigurationError` for what is wrong with the pipeline.
    """
    configuration.check_name("pipeline", pipeline.name)
    parameters = _pipeline_parameters(pipeline, arguments)
    compiler = StepCompiler(pipeline, target, sources)
    steps = () if pipeline.options.dynamic else _steps(compiler, parameters)
    changes.check_steps(pipeline, {step.config.name for step in steps})
    return PipelineSnapshot(
        project=target.project,
        pipeline_configuration=_pipeline_configuration(
            pipeline, {name: as_json for name, (as_json, _) in parameters.items()}, target
        ),
        steps=steps,
        schedule=_schedule(pipeline),
        code=code,
        source_digests=compiler.source_digests,
        source_values=compiler.source_values,
        runtime=runtime_of(target),
    )


def _pipeline_parameters(
    pipeline: PipelineFunction, arguments: Mapping[str, Any]
) -> dict[str, tuple[Any, Any]]:
    """Name → JSON form and value, both by the annotation."""
    hints = resolve_hints(pipeline.entrypoint, pipeline.who)
    found: dict[str, tuple[Any, Any]] = {}
    for name, value in arguments.items():
        who, annotation = f"{pipeline.who}, parameter {name!r}", hints.get(name, Any)
        as_json = to_json(value, annotation, who)
        found[name] = as_json, from_json(as_json, annotation, who)
    return found


def _steps(compiler: StepCompiler, parameters: Mapping[str, tuple[Any, Any]]) -> tuple[Step, ...]:
    pipeline = compiler.pipeline
    with tracing(pipeline.name) as trace:
        pipeline.entrypoint(**{name: value for name, (_, value) in parameters.items()})
    if not trace.calls:
        raise AuthoringError("it calls no step", who=pipeline.who, fix="Call at least one @step in it.")
    return ordered_steps(compiler, trace)


def ordered_steps(compiler: StepCompiler, trace: Trace) -> tuple[Step, ...]:
    """A trace's calls as steps, in topological order."""
    steps = {call.invocation: compiler.step(call) for call in trace.calls.values()}
    order = in_order({name: step.spec.upstream_steps for name, step in steps.items()}, compiler.pipeline.who)
    return tuple(steps[name] for name in order)


class StepCompiler:
    """Makes steps of one pipeline's calls; what all calls of a step share is made once."""

    def __init__(
        self, pipeline: PipelineFunction, target: Target, sources: SourceDigests | None = None
    ) -> None:
        self.pipeline, self.target, self._sources = pipeline, target, sources
        self.source_digests: dict[str, str] = {}
        self.source_values: dict[str, dict[str, str]] = {}
        self._calls: dict[tuple[Any, ...], int] = {}
        self._shared = lru_cache(maxsize=None)(self._configure)

    def step(self, call: Call) -> Step:
        configuration.check_name("step", call.invocation)
        source, config = self._shared(call.step)
        parameters: dict[str, Any] = {}
        inputs: dict[str, InputSource | tuple[InputSource, ...]] = {}
        for name, given in call.step.signature.inputs.items():
            value = call.arguments.get(name, given.default)
            who = f"{call.step.who}, input {name!r}"
            if (found := _as_input(value, who)) is not None:
                inputs[name] = found
            elif name in call.arguments:
                parameters[name] = to_json(value, given.annotation, who)
            elif value is not NOTHING:
                parameters |= _default(name, value, given.annotation, f"{who}, default")
        upstream = dict.fromkeys([*(s.invocation for s in _flat(inputs)), *call.after])
        spec = StepSpec.model_construct(
            invocation_id=call.invocation,
            source=source,
            upstream_steps=tuple(upstream),
            inputs=inputs,
            occurrence=self._occurrence(call.step, inputs, parameters),
        )
        return Step.model_construct(
            spec=spec, config=config.model_copy(update={"parameters": parameters}) if parameters else config
        )

    def _occurrence(self, step: StepFunction[Any], inputs: Mapping[str, Any], parameters: Any) -> int:
        alike = (step.entrypoint, step.name, *sorted(inputs.items()), canonical_json(parameters))
        number = self._calls.get(alike, 0)
        self._calls[alike] = number + 1
        return number

    def _configure(self, step: StepFunction[Any]) -> tuple[str, StepConfig]:
        own, default, who = changes.options_of(step, self.pipeline), self.pipeline.options, step.who
        configuration.check_name("step", step.name)
        settings = configuration.merged(default.settings, own.settings, who)
        source, cache = source_of(step.entrypoint, who), configuration.cache_of(own, default)
        if cache and self._sources and (found := self._sources.of(step.entrypoint)) is not None:
            self.source_digests[source] = found
            self.source_values[source] = self._sources.values_of(step.entrypoint)
        config = StepConfig(
            name=step.name,
            outputs=tuple(
                OutputSpec(
                    name=out.name,
                    annotation=describe(out.annotation),
                    materializers=_materializers(out.annotation),
                )
                for out in step.signature.outputs
            ),
            resource_settings=configuration.resources_of(settings),
            docker_settings=configuration.docker_of(settings),
            settings=self.target.own_settings(settings),
            retry=configuration.retry_of(own, default, who),
            timeout=configuration.timeout_of(own, default, who),
            environment=configuration.environment_of(own, default, who),
            secrets=configuration.secrets_of(own, default, self.target.secrets, who),
            enable_cache=cache,
            cache_policy=configuration.cache_policy_of(own, default, who),
            on_failure=_hook(own.on_failure, who),
            on_success=_hook(own.on_success, who),
            runtime=own.runtime or "inline",
        )
        return source, config


def _materializers(annotation: Any) -> tuple[str, ...]:
    """What an output's class is stored by; of other annotations only the value tells."""
    kind = get_origin(annotation) or annotation
    return candidates(kind) if isinstance(kind, type) else ()


def _as_input(value: Any, who: str) -> InputSource | tuple[InputSource, ...] | None:
    """A handle, or a list of handles, as the outputs they stand for; None for a plain value."""
    if isinstance(value, OutputHandle):
        return InputSource(invocation=value.invocation, output=value.output)
    if isinstance(value, OutputHandles):
        names = ", ".join(handle.output for handle in value)
        raise AuthoringError(
            f"step {value[0].invocation!r} returns several outputs: {names}",
            who=who,
            fix="Unpack them where the step is called, and pass those that are wanted.",
        )
    if isinstance(value, InvocationHandle):
        raise AuthoringError(
            f"step {value.invocation!r} returns nothing to pass on", who=who, fix="Use after= to wait for it."
        )
    if not isinstance(value, list | tuple) or not any(isinstance(item, OutputHandle) for item in value):  # pyright: ignore[reportUnknownVariableType]
        return None
    found: list[Any] = [_as_input(item, who) for item in value]  # pyright: ignore[reportUnknownVariableType]
    if not all(isinstance(item, InputSource) for item in found):
        raise AuthoringError(
            "a list of outputs holds outputs of steps only", who=who, fix="Pass the other values separately."
        )
    return tuple(found)


def _flat(inputs: Mapping[str, InputSource | tuple[InputSource, ...]]) -> list[InputSource]:
    return [one for found in inputs.values() for one in (found if isinstance(found, tuple) else (found,))]


def _default(name: str, value: Any, annotation: Any, who: str) -> dict[str, Any]:
    """A default as a parameter, so that it is seen; one with no JSON form stays the function's."""
    try:
        return {name: to_json(value, annotation, who)}
    except NotJson:
        return {}


def _hook(hook: Callable[..., Any] | None, who: str) -> str | None:
    return None if hook is None else source_of(hook, f"{who}, hook")


def _pipeline_configuration(
    pipeline: PipelineFunction, parameters: Mapping[str, Any], target: Target
) -> PipelineConfiguration:
    options, who = pipeline.options, pipeline.who
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
        on_failure=_hook(options.on_failure, who),
        on_success=_hook(options.on_success, who),
        docker_settings=configuration.docker_of(settings),
        resource_settings=configuration.resources_of(settings),
    )


def _mode(asked: Any, who: str) -> ExecutionMode:
    try:
        return ExecutionMode(asked) if asked is not None else ExecutionMode.CONTINUE_ON_FAILURE
    except ValueError:
        known = ", ".join(mode.value for mode in ExecutionMode)
        raise ConfigurationError(
            "there is no such execution mode", who=who, value=asked, fix=f"Choose one of {known}."
        ) from None


def _schedule(pipeline: PipelineFunction) -> Schedule | None:
    asked = pipeline.options.schedule
    if asked is None or isinstance(asked, Schedule):
        return asked
    raise ConfigurationError(
        "it is a Schedule",
        who=f"{pipeline.who}, schedule",
        value=asked,
        fix='Schedule(cron_expression="0 2 * * *")',
    )
