"""Backends of processes on this machine: a sound one, and some with one fault in how they tell a run."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING, Any

from skylift import pipeline, step
from skylift.orchestrators import BaseOrchestrator, BaseOrchestratorConfig, SubmissionResult
from skylift_contract.containers import step_arguments
from skylift_contract.enums import ExecutionStatus
from skylift_contract.status import RunStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skylift_contract.snapshot import PipelineSnapshot


@step
def one() -> int:
    return 1


@step
def more(value: int) -> int:
    return value + 1


@pipeline
def counting() -> None:
    more(one())


class Here(BaseOrchestratorConfig):
    @property
    def is_remote(self) -> bool:
        return False


class Synchronous(Here):
    @property
    def is_synchronous(self) -> bool:
        return True


class Scheduling(Here):
    @property
    def is_schedulable(self) -> bool:
        return True


class Processes(BaseOrchestrator):
    """Runs the steps when it is waited for; `errors` is what each of their processes wrote."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.errors: list[str] = []

    def get_orchestrator_run_id(self) -> str:
        return os.environ["PROCESSES_RUN_ID"]

    def submit_pipeline(
        self,
        snapshot: PipelineSnapshot,
        stack: Any,
        base_environment: dict[str, str],
        step_environments: dict[str, dict[str, str]],
        placeholder_run: Any = None,
    ) -> SubmissionResult | None:
        return SubmissionResult(lambda: self.run_all(snapshot, step_environments))

    def run_all(
        self, snapshot: PipelineSnapshot, environments: Mapping[str, Mapping[str, str]], run: str = ""
    ) -> None:
        """Run each step in a process of its own; `run`: the orchestrator run ID that they are given."""
        own = run or f"processes-{uuid.uuid4().hex}"
        for name in snapshot.step_configurations:
            environment = {**os.environ, **environments[name], "PROCESSES_RUN_ID": own}
            argv = [sys.executable, *step_arguments(snapshot, name)]
            ended = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
            self.errors.append(ended.stderr)


class Talking(Processes):
    """Says of a run and of its steps' logs what a test has it say; `asked`: whose log was read."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.standing = RunStatus(ExecutionStatus.RUNNING)
        self.said: dict[str, list[str] | Exception] = {}
        self.asked: list[str] = []

    def fetch_status(self, run: Any, include_steps: bool = False) -> RunStatus:
        return self.standing

    def fetch_logs(self, run: Any, step_name: str, follow: bool = False) -> Iterator[str]:
        self.asked.append(step_name)
        said = self.said.get(step_name, [])
        if isinstance(said, Exception):
            raise said
        yield from said


class IdPerStep(Processes):
    def get_orchestrator_run_id(self) -> str:
        return f"made-up-{uuid.uuid4().hex}"


class OtherIdAfterwards(Processes):
    """Its steps have run, under their own id, when it returns another."""

    def submit_pipeline(
        self,
        snapshot: PipelineSnapshot,
        stack: Any,
        base_environment: dict[str, str],
        step_environments: dict[str, dict[str, str]],
        placeholder_run: Any = None,
    ) -> SubmissionResult | None:
        self.run_all(snapshot, step_environments, "what-steps-read")
        return SubmissionResult(orchestrator_run_id="what-it-returned")


class OtherIdBeforehand(Processes):
    """It returns one id, and its steps, run later, read another."""

    def submit_pipeline(
        self,
        snapshot: PipelineSnapshot,
        stack: Any,
        base_environment: dict[str, str],
        step_environments: dict[str, dict[str, str]],
        placeholder_run: Any = None,
    ) -> SubmissionResult | None:
        def wait() -> None:
            self.run_all(snapshot, step_environments, "what-steps-read")

        return SubmissionResult(wait, orchestrator_run_id="what-it-returned")
