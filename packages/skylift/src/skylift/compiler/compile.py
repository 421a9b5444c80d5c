"""Compiling a pipeline into a snapshot: pure but for calling the pipeline's own function."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, get_origin

from skylift.authoring.parameters import from_json, to_json
from skylift.authoring.signature import NOTHING, describe, resolve_hints
from skylift.authoring.sources import source_of
from skylift.authoring.trace import Call, Trace, tracing
from skylift.compiler import changes, configuration
from skylift.compiler.foreseen import steps_named_in
from skylift.compiler.graph import in_order
from skylift.compiler.inputs import as_input, default_parameter, flat
from skylift.compiler.pipeline import hook_source, pipeline_configuration, schedule_of, with_foreseen
from skylift.compiler.runtime import runtime_of
from skylift.materializers.registry import candidates
from skylift_contract.canonical import canonical_json
from skylift_contract.errors import AuthoringError
from skylift_contract.snapshot import (
    ArtifactRef,
    CodeArchive,
    InputSource,
    OrchestratorSource,
    OutputSpec,
    PipelineSnapshot,
    Step,
    StepConfig,
    StepSpec,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from skylift.authoring.pipelines import PipelineFunction
    from skylift.authoring.steps import StepFunction
    from skylift.source_digests import SourceDigests
    from skylift_contract.model import Settings
    from skylift_contract.run_id import RunIdSource


@dataclass(frozen=True, slots=True)
class Target:
    """What compiling needs to know of where the pipeline will run.

    `secrets`: name → reference, of those that the configuration file defines. `degraded`:
    capabilities whose refusal was accepted.
    """

    project: str
    flavor: str
    run_id_sources: tuple[RunIdSource, ...] = ()
    orchestrator: OrchestratorSource | None = None
    retries: str = "runtime"
    settings_class: type[Settings] | None = None
    secrets: Mapping[str, str] = field(default_factory=dict[str, str])
    degraded: Collection[str] = ()

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
    # Those that a dynamic pipeline may call are not kept; but the digests of their sources are.
    steps = compiler.foresee() if pipeline.options.dynamic else _steps(compiler, parameters)
    changes.check_steps(pipeline, {step.config.name for step in steps})
    as_json = {name: text for name, (text, _) in parameters.items()}
    root = pipeline_configuration(pipeline, as_json, target)
    return PipelineSnapshot(
        project=target.project,
        pipeline_configuration=with_foreseen(root, steps) if root.dynamic else root,
        steps=() if pipeline.options.dynamic else steps,
        schedule=schedule_of(pipeline),
        code=code,
        source_digests=compiler.source_digests,
        source_values=compiler.source_values,
        runtime=runtime_of(target),
    )


def foreseen(pipeline: PipelineFunction, target: Target) -> tuple[Step, ...]:
    """What a dynamic pipeline may call, as far as its source tells."""
    return StepCompiler(pipeline, target).foresee()


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
    """Makes steps of one pipeline's calls; what all calls of a step share is made once.

    Args:
        pipeline: Whose settings are its steps' defaults.
        target: Where they will run.
        sources: Of which the steps' source digests are made; without, nothing is cached.
        keep: Makes a value, given its annotation and who it is for, JSON or an `ArtifactRef`.
    """

    def __init__(
        self,
        pipeline: PipelineFunction,
        target: Target,
        sources: SourceDigests | None = None,
        keep: Callable[[Any, Any, str], Any] = to_json,
    ) -> None:
        self.pipeline, self.target, self._sources, self._keep = pipeline, target, sources, keep
        self.source_digests: dict[str, str] = {}
        self.source_values: dict[str, dict[str, str]] = {}
        self._calls: dict[tuple[Any, ...], int] = {}
        self._shared = lru_cache(maxsize=None)(self._configure)

    def foresee(self) -> tuple[Step, ...]:
        """A step for each that the function of a dynamic pipeline names: what it may well call."""
        found: dict[str, Step] = {}
        for step in steps_named_in(self.pipeline.entrypoint):
            source, config = self._shared(step)
            name = step.name if step.name not in found else f"{step.name} of {source}"
            found[name] = Step(spec=StepSpec(invocation_id=name, source=source), config=config)
        return tuple(found.values())

    def step(self, call: Call) -> Step:
        configuration.check_name("step", call.invocation)
        source, config = self._shared(call.step)
        parameters: dict[str, Any] = {}
        inputs: dict[str, InputSource | tuple[InputSource, ...] | ArtifactRef] = {}
        for name, given in call.step.signature.inputs.items():
            value = call.arguments.get(name, given.default)
            who = f"{call.step.who}, input {name!r}"
            if (found := as_input(value, who)) is not None:
                inputs[name] = found
            elif name in call.arguments:
                kept = self._keep(value, given.annotation, who)
                (inputs if isinstance(kept, ArtifactRef) else parameters)[name] = kept
            elif value is not NOTHING:
                parameters |= default_parameter(name, value, given.annotation, f"{who}, default")
        upstream = dict.fromkeys([*(one.invocation for one in flat(inputs)), *call.after])
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
            on_failure=hook_source(own.on_failure, who),
            on_success=hook_source(own.on_success, who),
            runtime=configuration.runtime_of(own, default, who),
        )
        return source, config


def _materializers(annotation: Any) -> tuple[str, ...]:
    """What an output's class is stored by; of other annotations only the value tells."""
    kind = get_origin(annotation) or annotation
    return candidates(kind) if isinstance(kind, type) else ()
