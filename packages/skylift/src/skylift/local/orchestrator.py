"""Runs a pipeline here and now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from skylift.authoring.sources import check_importable
from skylift.code import is_of_a_package
from skylift.coordination.opening import opened_run
from skylift.dynamic.compiling import accepted_in
from skylift.dynamic.orchestrate import Surroundings, orchestrate
from skylift.dynamic.placement import placement
from skylift.local.config import LocalOrchestratorConfig, LocalSettings
from skylift.local.coordinator import coordinate, needs_worker
from skylift.local.flavor import CAPABILITIES
from skylift.local.machine import check_machine, cpu_count
from skylift.runtime.isolation import StepProcesses
from skylift_contract.check import check
from skylift_contract.errors import ConfigurationError, listed
from skylift_contract.orchestrator import BaseOrchestrator, SubmissionResult
from skylift_contract.run_id import RUN_ID_ENV, Env, find_orchestrator_run_id
from skylift_contract.snapshot import INLINE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift_contract.run import PipelineRun
    from skylift_contract.run_id import RunIdSource
    from skylift_contract.snapshot import PipelineSnapshot, Step
    from skylift_contract.stack import Stack


THREADS_BESIDE: Final = 4
"""As `concurrent.futures.ThreadPoolExecutor` of the standard library has it."""


class LocalOrchestrator(BaseOrchestrator):
    """In this process, one step after another; in worker processes where that was asked for."""

    run_id_sources: ClassVar[tuple[RunIdSource, ...]] = (Env(name=RUN_ID_ENV),)

    @property
    def config(self) -> LocalOrchestratorConfig:
        return self._config  # pyright: ignore[reportReturnType] -- the flavor's config class

    def get_orchestrator_run_id(self) -> str:
        return find_orchestrator_run_id(self.run_id_sources, backend="local", dynamic=False)

    def validate(self, stack: Stack, snapshot: PipelineSnapshot | None = None) -> None:
        if snapshot is None:
            return
        _check_settings(snapshot)
        check_machine(snapshot)
        if apart := apart_from_this(snapshot, self.parallelism(snapshot)):
            snapshot = snapshot.model_copy(update={"steps": apart})
            _check_workers(stack, snapshot, _without_workers(snapshot, self.parallelism(snapshot)))

    def parallelism(self, snapshot: PipelineSnapshot) -> int:
        """The pipeline's own setting, else the component's."""
        own = settings_of(snapshot.pipeline_configuration.settings)
        return own.max_parallelism or self.config.max_parallelism

    def submit_pipeline(
        self,
        snapshot: PipelineSnapshot,
        stack: Stack,
        base_environment: dict[str, str],  # noqa: ARG002
        step_environments: dict[str, dict[str, str]],
        placeholder_run: PipelineRun | None = None,
    ) -> SubmissionResult:
        run = opened_run(self, snapshot, stack, placeholder_run)
        coordinate(run, self.parallelism(snapshot), step_environments)
        return SubmissionResult(orchestrator_run_id=run.orchestrator_run_id)

    def submit_dynamic_pipeline(
        self,
        snapshot: PipelineSnapshot,
        stack: Stack,
        environment: dict[str, str],
        placeholder_run: PipelineRun | None = None,
    ) -> SubmissionResult:
        run = opened_run(self, snapshot, stack, placeholder_run)
        processes = StepProcesses()
        try:
            around = Surroundings(
                isolation=processes,
                environment=environment,
                limit=self.concurrency(snapshot),
                settings_class=LocalSettings,
                check=lambda found: self._check_step(stack, found),
            )
            orchestrate(run, around)
        finally:
            processes.close()
        return SubmissionResult(orchestrator_run_id=run.orchestrator_run_id)

    def concurrency(self, snapshot: PipelineSnapshot) -> int:
        """How many steps of a dynamic run at once: threads wait well, so there are more than CPUs."""
        configuration = snapshot.pipeline_configuration
        asked = configuration.max_concurrent_steps
        parallelism = self.parallelism(snapshot)
        return asked or (parallelism if parallelism > 1 else cpu_count() + THREADS_BESIDE)

    def _check_step(self, stack: Stack, snapshot: PipelineSnapshot) -> None:
        """Of a step that is called for the first time, all that was checked of those foreseen."""
        check(snapshot, self.flavor, CAPABILITIES, accepted_in(snapshot))
        self.validate(stack, snapshot)


def settings_of(settings: Mapping[str, Any]) -> LocalSettings:
    return LocalSettings.from_snapshot(settings.get("orchestrator.local", {}))


def _check_settings(snapshot: PipelineSnapshot) -> None:
    """How many steps run at once is the pipeline's to say: a step's own number would do nothing."""
    of_pipeline = settings_of(snapshot.pipeline_configuration.settings).max_parallelism
    for name, step in snapshot.step_configurations.items():
        asked = settings_of(step.config.settings).max_parallelism
        if asked != of_pipeline:
            raise ConfigurationError(
                "how many steps run at once is a setting of the pipeline",
                who=f"step {name!r}, settings['orchestrator.local'], max_parallelism",
                value=asked,
                fix="Set it on the @pipeline.",
            )


def apart_from_this(snapshot: PipelineSnapshot, parallelism: int) -> tuple[Step, ...]:
    """The steps that run in processes of their own."""
    root = snapshot.pipeline_configuration
    if snapshot.is_dynamic:
        return tuple(step for step in snapshot.steps if placement(step, root) != INLINE)
    return tuple(step for step in snapshot.steps if parallelism > 1 or needs_worker(step))


def _check_workers(stack: Stack, snapshot: PipelineSnapshot, instead: str) -> None:
    """Refuse what another process of this machine could not do; `instead`: how to do without one."""
    who, why = (
        f"pipeline {snapshot.name!r}",
        "steps that are isolated, limited in time, or in parallel run in processes of their own",
    )
    if stack.artifact_store.uri.startswith("memory:"):
        raise ConfigurationError(
            f"{why}, which cannot see a store in memory",
            who=who,
            value=stack.artifact_store.uri,
            fix="Use a file:// store.",
        )
    if stack.artifact_store.options:
        raise ConfigurationError(
            f"{why}, which are given the store's URI and not its options",
            who=f"{who}, artifact store {stack.artifact_store.uri}",
            value=", ".join(sorted(stack.artifact_store.options)),
            fix="Set them as environment variables.",
        )
    for name, step in snapshot.step_configurations.items():
        for source in filter(None, (step.spec.source, step.config.on_failure, step.config.on_success)):
            check_importable(source, f"step {name!r}", why, instead)
        if snapshot.code is None and not is_of_a_package(step.spec.source):
            raise ConfigurationError(
                f"{why}, and the project's source is too large to be handed to them",
                who=f"{who}, step {name!r}",
                value=step.spec.source,
                fix="Leave data out of the project, or name it in .skyliftignore.",
            )


def _without_workers(snapshot: PipelineSnapshot, parallelism: int) -> str:
    """What keeps every step in this process."""
    timed = [repr(name) for name, step in snapshot.step_configurations.items() if step.config.timeout]
    ways = ["with max_parallelism=1"] if parallelism > 1 else []
    ways += [f"without the timeout of {listed(timed)}"] if timed else []
    return f"run it {' and '.join(ways) or 'inline, with nothing that it has for itself'}"
