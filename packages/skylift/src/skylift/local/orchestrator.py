"""Runs a pipeline here and now."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, ClassVar

from skylift.authoring.sources import check_importable
from skylift.ledger.ledger import Ledger
from skylift.ledger.records import RunRecord
from skylift.local.config import LocalOrchestratorConfig, LocalSettings
from skylift.local.coordinator import coordinate
from skylift.local.machine import check_machine
from skylift.runtime.active import ActiveRun
from skylift.store.location import open_store
from skylift_contract.errors import ConfigurationError, listed
from skylift_contract.orchestrator import BaseOrchestrator, SubmissionResult
from skylift_contract.run_id import RUN_ID_ENV, Env, canonical, find_orchestrator_run_id, run_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift_contract.run import PipelineRun
    from skylift_contract.run_id import RunIdSource
    from skylift_contract.snapshot import PipelineSnapshot
    from skylift_contract.stack import Stack


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
        if needs_workers(snapshot, self.parallelism(snapshot)):
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
        submission = placeholder_run.submission_id if placeholder_run else None
        orchestrator_run_id = canonical(submission or os.urandom(16).hex(), owner=str(self.id))
        ledger = Ledger(open_store(stack.artifact_store.uri, stack.artifact_store.options))
        record = RunRecord(
            run_id=str(run_id(self.flavor, orchestrator_run_id)),
            orchestrator_run_id=orchestrator_run_id,
            project=snapshot.project,
            pipeline=snapshot.name,
            snapshot=snapshot.digest,
            flavor=self.flavor,
            submission_id=submission,
            is_signalled=threading.current_thread() is threading.main_thread(),
        )
        run = ActiveRun(ledger, snapshot, ledger.open_run(record))
        coordinate(run, self.parallelism(snapshot), step_environments)
        return SubmissionResult(orchestrator_run_id=orchestrator_run_id)


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


def needs_workers(snapshot: PipelineSnapshot, parallelism: int) -> bool:
    return parallelism > 1 or any(step.config.timeout for step in snapshot.steps)


def _check_workers(stack: Stack, snapshot: PipelineSnapshot, instead: str) -> None:
    """Refuse what another process of this machine could not do; `instead`: how to do without one."""
    who, why = (
        f"pipeline {snapshot.name!r}",
        "steps with a timeout, or in parallel, run in processes of their own",
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
        if snapshot.code is None:
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
    return f"run it {' and '.join(ways)}"
