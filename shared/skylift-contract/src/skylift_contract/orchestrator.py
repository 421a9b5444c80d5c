"""The interface an orchestrator implements.

The least that works: `get_orchestrator_run_id` and `submit_pipeline`. Everything else has
a default that refuses with a sentence; a flavor's capabilities say beforehand what it does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Never

from skylift_contract.containers import ResolvedImages, command_of, image_of, step_arguments
from skylift_contract.errors import UnsupportedCapability
from skylift_contract.model import Settings
from skylift_contract.stack import StackComponent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from skylift_contract.compiled import CompiledPipeline
    from skylift_contract.run import DeployedSchedule, IsolatedStep, PipelineRun
    from skylift_contract.run_id import RunIdSource
    from skylift_contract.schedule import Schedule
    from skylift_contract.snapshot import PipelineSnapshot, Step
    from skylift_contract.stack import Stack
    from skylift_contract.status import RunStatus, StepStatus


class BaseOrchestratorConfig(Settings):
    """An orchestrator's options; the properties say how it behaves, and may be overridden."""

    @property
    def is_synchronous(self) -> bool:
        """Whether `submit_pipeline` returns only when the run has ended."""
        return False

    @property
    def is_schedulable(self) -> bool:
        """Whether it can deploy schedules."""
        return False

    @property
    def handles_step_retries(self) -> bool:
        """Whether the backend tries a failed step again; else the step's own process does."""
        return False

    @property
    def is_remote(self) -> bool:
        """Whether steps run on other machines, which a `file://` store cannot serve."""
        return True

    @property
    def lends_identity(self) -> bool:
        """Whether steps are handed what this machine reaches the store with: options and credentials."""
        return False


@dataclass(frozen=True, slots=True)
class SubmissionResult:
    """What a submit came to.

    `wait_for_completion` blocks until the run has ended, without a cap of its own.
    `orchestrator_run_id` is canonical, as every step will read it; without one, the run is found through
    the submission id that its steps carry. `schedule_id`: for the schedule's methods. `notes`: sentences.
    """

    wait_for_completion: Callable[[], None] | None = None
    metadata: Mapping[str, Any] | None = None
    orchestrator_run_id: str | None = None
    schedule_id: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepRunInfo:
    """An invocation that a dynamic run wants started on the backend, by its complete `command`.

    `run_id` may be a nested run's; `image`: None without one of its own; `path`: as people see it.
    """

    run: PipelineRun
    run_id: str
    snapshot: PipelineSnapshot
    step: Step
    attempt: int
    command: Sequence[str]
    image: str | None = None
    path: str = ""


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution the backend knows of; `fired_at` is when its schedule asked for it."""

    orchestrator_run_id: str
    status: RunStatus
    fired_at: datetime | None = None


@dataclass(slots=True)
class _LegacySubmission:
    """What the old hook's signature has no room for, while the hook runs."""

    snapshot: PipelineSnapshot
    step_environments: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, "Mapping[str, str]"])


class BaseOrchestrator(StackComponent, ABC):
    """Runs pipelines on one kind of backend."""

    run_id_sources: ClassVar[tuple[RunIdSource, ...]] = ()
    """Where a step finds the orchestrator run ID, as data. Left empty, a step's process
    imports this class and calls `get_orchestrator_run_id`, so it must be importable there."""

    _legacy: _LegacySubmission | None = None

    @property
    def config(self) -> Any:
        return self._config

    @abstractmethod
    def get_orchestrator_run_id(self) -> str:
        """Return the backend's id of the run that the calling process is a step of.

        Called inside each step. The same in every step of a run, different between runs,
        at most 250 characters, and never made up: two steps cannot agree on that.
        """

    def submit_pipeline(
        self,
        snapshot: PipelineSnapshot,
        stack: Stack,
        base_environment: dict[str, str],  # noqa: ARG002
        step_environments: dict[str, dict[str, str]],
        placeholder_run: PipelineRun | None = None,  # noqa: ARG002
    ) -> SubmissionResult | None:
        """Start a static pipeline, or deploy it where the snapshot has a schedule.

        `base_environment` is for the orchestration environment; each of
        `step_environments` is complete: base, pipeline's and step's own. The default calls
        the old hook, `prepare_or_run_pipeline`, where a class has one.
        """
        if not overrides(type(self), "prepare_or_run_pipeline"):
            self._refuse("static_pipelines")
        self._legacy = _LegacySubmission(snapshot, step_environments)
        try:
            return self.prepare_or_run_pipeline(snapshot, stack)
        finally:
            self._legacy = None

    def prepare_or_run_pipeline(self, deployment: PipelineSnapshot, stack: Stack) -> Any:  # noqa: ARG002
        """The old hook. `self.run_step` runs one of the deployment's steps, here and now."""
        self._refuse("static_pipelines")

    def run_step(self, step: Step) -> None:
        """For the old hook: run one step in a process of its own; raise if it fails."""
        import os
        import subprocess
        import sys

        from skylift_contract.errors import ConfigurationError, StepFailed

        if self._legacy is None:
            raise ConfigurationError(
                "run_step is for prepare_or_run_pipeline", who=repr(self), fix="Call it from there."
            )
        name = step.spec.invocation_id
        environment = {**os.environ, **self._legacy.step_environments.get(name, {})}
        argv = [sys.executable, *step_arguments(self._legacy.snapshot, name)]
        code = subprocess.run(argv, env=environment, check=False).returncode  # noqa: S603 -- argv list, no shell
        if code:
            raise StepFailed(name, f"its process ended with exit code {code}")

    def submit_dynamic_pipeline(
        self,
        snapshot: PipelineSnapshot,  # noqa: ARG002
        stack: Stack,  # noqa: ARG002
        environment: dict[str, str],  # noqa: ARG002
        placeholder_run: PipelineRun | None = None,  # noqa: ARG002
    ) -> SubmissionResult | None:
        """Start the orchestration environment in which the pipeline's function runs."""
        self._refuse("dynamic_pipelines")

    def compile_pipeline(
        self,
        snapshot: PipelineSnapshot,  # noqa: ARG002
        stack: Stack,  # noqa: ARG002
        base_environment: dict[str, str],  # noqa: ARG002
        step_environments: dict[str, dict[str, str]],  # noqa: ARG002
    ) -> CompiledPipeline:
        """Return the native documents: offline, pure, the same bytes each time."""
        self._refuse("a compiled document")

    def submit_isolated_step(self, step_run_info: StepRunInfo, environment: dict[str, str]) -> IsolatedStep:  # noqa: ARG002
        """Start one step of a dynamic run as a job of its own, with this complete environment.

        Called in the orchestration environment, in several threads at once. What is returned is
        handed to the other methods of isolated steps, by the same object.
        """
        self._refuse("isolated_steps")

    def get_isolated_step_status(self, step: IsolatedStep) -> StepStatus:  # noqa: ARG002
        self._refuse("isolated_steps")

    def stop_isolated_step(self, step: IsolatedStep) -> None:  # noqa: ARG002
        self._refuse("isolated_steps")

    def wait_for_isolated_step(self, step: IsolatedStep, seconds: float) -> None:  # noqa: ARG002
        """Return when the step has ended, or after so many seconds at the latest.

        Called between two looks at its status. The default sleeps; override it where the end
        can be waited for.
        """
        import time

        time.sleep(seconds)

    def fetch_status(self, run: PipelineRun, include_steps: bool = False) -> RunStatus:  # noqa: ARG002, FBT001, FBT002
        """Ask the backend how a run stands; `include_steps` adds each step it knows of."""
        self._refuse("run_status")

    def stop_run(self, run: PipelineRun, graceful: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        """Ask the backend to stop a run; `graceful` lets running steps finish."""
        self._refuse("stop")

    def fetch_logs(self, run: PipelineRun, step_name: str, follow: bool = False) -> Iterator[str]:  # noqa: ARG002, FBT001, FBT002
        """Yield a step's log lines from the backend; `follow` goes on until the step ends."""
        self._refuse("logs")

    def find_run(self, submission_id: str) -> str | None:  # noqa: ARG002
        """The orchestrator run ID a submission came to, or None: was a lost submit taken?"""
        self._refuse("find_run")

    def list_executions(self, name: str, since: datetime) -> Iterable[Execution]:  # noqa: ARG002
        """Executions of a schedule or pipeline, those that never reached a step included."""
        self._refuse("list_executions")

    def describe_schedule(self, schedule: DeployedSchedule) -> Mapping[str, Any]:  # noqa: ARG002
        self._refuse("schedule_management")

    def update_schedule(self, schedule: DeployedSchedule, update: Schedule) -> None:  # noqa: ARG002
        self._refuse("schedule_management")

    def pause_schedule(self, schedule: DeployedSchedule) -> None:  # noqa: ARG002
        self._refuse("schedule_management")

    def resume_schedule(self, schedule: DeployedSchedule) -> None:  # noqa: ARG002
        self._refuse("schedule_management")

    def delete_schedule(self, schedule: DeployedSchedule) -> None:  # noqa: ARG002
        self._refuse("schedule_management")

    def validate(self, stack: Stack, snapshot: PipelineSnapshot | None = None) -> None:
        """Raise a `ConfigurationError` for what this stack lacks to run at all, or to run this.

        Called before anything is made; without a snapshot, by `stack validate`.
        """

    def _refuse(self, what: str) -> Never:
        kind = type(self).__name__
        raise UnsupportedCapability(self.flavor or kind, [f"{kind} does not implement {what}"])


class ContainerizedOrchestrator(BaseOrchestrator):
    """An orchestrator whose steps run in containers."""

    def resolve_images(
        self,
        snapshot: PipelineSnapshot,  # noqa: ARG002
        stack: Stack,  # noqa: ARG002
        source: Path | None = None,  # noqa: ARG002
    ) -> ResolvedImages:
        """Find out, or make, what a submission runs in; nothing is recorded yet. `source`: the root of it."""
        return ResolvedImages()

    def get_image(self, snapshot: PipelineSnapshot, step_name: str | Step | None = None) -> str:
        """The image of a step of the snapshot, or (None) of the orchestration environment.

        A step is given itself, or by its invocation id or its name; one that names none has the option
        `image`, where there is one. Raises `ConfigurationError` for a name of several whose images differ.
        """
        return image_of(snapshot, step_name, getattr(self.config, "image", None))

    def get_entrypoint_command(
        self, snapshot: PipelineSnapshot, step_name: str | Step | None = None
    ) -> list[str]:
        """The argv that runs a step of the snapshot, or (None) the orchestration environment.

        As `get_image`; several invocations never have one command. It reads the store's URI
        from the environment that came with the submission.
        """
        return command_of(snapshot, step_name)


def overrides(implementation: type[BaseOrchestrator], method: str) -> bool:
    """Whether a class has its own version of one of the interface's methods."""
    return getattr(implementation, method) is not getattr(BaseOrchestrator, method)
