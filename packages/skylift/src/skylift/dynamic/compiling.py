"""Making steps of the calls of a dynamic run, as its snapshot says that they be made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skylift.authoring.options import PipelineOptions, StepChanges
from skylift.authoring.pipelines import PipelineFunction
from skylift.authoring.sources import load
from skylift.compiler.compile import StepCompiler, Target
from skylift.compiler.configuration import DOCKER, RESOURCES
from skylift.dynamic.arguments import Keeper
from skylift_contract.capability import Capability

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from skylift.authoring.steps import StepFunction
    from skylift.authoring.trace import Call
    from skylift.runtime.active import ActiveRun
    from skylift_contract.model import Settings
    from skylift_contract.snapshot import PipelineConfiguration, PipelineSnapshot, Step


class CallCompiler:
    """Compiles the calls of one run; a step that is called for the first time is checked.

    Args:
        run: The run.
        pipeline: Its function, with the options that its snapshot holds.
        settings_class: Of the flavor, where that has settings.
        check: Raises for a snapshot with a step that the flavor cannot run, or not here.
    """

    def __init__(
        self,
        run: ActiveRun,
        pipeline: PipelineFunction,
        settings_class: type[Settings] | None,
        check: Callable[[PipelineSnapshot], None],
    ) -> None:
        self.pipeline, self.settings_class, self.check = pipeline, settings_class, check
        self._snapshot = run.snapshot
        target = target_of_run(run.snapshot, settings_class)
        self._compiler = StepCompiler(pipeline, target, keep=Keeper(run.ledger.store))
        self._checked: set[StepFunction[Any]] = set()

    def step(self, call: Call) -> Step:
        compiled = self._compiler.step(call)
        if not self._snapshot.pipeline_configuration.step_defaults.look_in_cache:
            config = compiled.config.model_copy(update={"enable_cache": False})
            compiled = compiled.model_copy(update={"config": config})
        if call.step not in self._checked:
            self.check(self._snapshot.model_copy(update={"steps": (compiled,)}))
            self._checked.add(call.step)
        return compiled


def target_of_run(snapshot: PipelineSnapshot, settings_class: type[Settings] | None) -> Target:
    """What compiling must know, from the snapshot of the run that it is for."""
    runtime = snapshot.runtime
    defaults = snapshot.pipeline_configuration.step_defaults
    return Target(
        project=snapshot.project,
        flavor=runtime.flavor,
        run_id_sources=runtime.run_id_sources,
        orchestrator=runtime.orchestrator,
        retries=runtime.retries,
        settings_class=settings_class,
        secrets=defaults.secrets,
        degraded=defaults.degraded,
    )


def accepted_in(snapshot: PipelineSnapshot) -> list[Capability]:
    """What whoever submitted a run accepted that its steps go without."""
    return [Capability(name) for name in snapshot.pipeline_configuration.step_defaults.degraded]


def pipeline_of(configuration: PipelineConfiguration) -> PipelineFunction:
    """The pipeline of a snapshot: its function, and what was asked for when it was submitted."""
    defaults = configuration.step_defaults
    return PipelineFunction(
        load(configuration.source),
        PipelineOptions(
            name=configuration.name,
            settings=_settings(configuration),
            environment=configuration.environment,
            secrets=[f"{name}={reference}" for name, reference in configuration.secrets.items()],
            retry=defaults.retry,
            timeout=defaults.timeout,
            enable_cache=defaults.enable_cache,
            cache_policy=defaults.cache_policy,
            execution_mode=configuration.execution_mode,
            dynamic=True,
            steps={
                name: StepChanges(options, f"step {name!r} of the run's configuration")
                for name, options in defaults.steps.items()
            },
            max_concurrent_steps=configuration.max_concurrent_steps,
            tags=configuration.tags,
        ),
    )


def _settings(configuration: PipelineConfiguration) -> Mapping[str, Any]:
    defaults = configuration.step_defaults
    own = {
        RESOURCES: defaults.resource_settings.model_dump(exclude_defaults=True),
        DOCKER: defaults.docker_settings.model_dump(exclude_defaults=True),
    }
    return {**configuration.settings, **{key: value for key, value in own.items() if value}}
