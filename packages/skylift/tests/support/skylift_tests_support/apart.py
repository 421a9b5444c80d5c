"""A backend whose dynamic runs are processes of their own, and their isolated steps others: as on a cluster, here.

What it knows of a run are files of a folder: its process, and how that ended. A process that is
killed is started again, with the same orchestrator run ID, so often.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from skylift.orchestrators import (
    BaseOrchestratorConfig,
    BaseOrchestratorFlavor,
    ContainerizedOrchestrator,
    SubmissionResult,
)
from skylift.runtime.isolation import StepProcesses
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import UnsupportedCapability
from skylift_contract.run_id import Env
from skylift_contract.status import RunStatus, StepStatus

if TYPE_CHECKING:
    from skylift_contract.orchestrator import BaseOrchestrator, StepRunInfo
    from skylift_contract.run import IsolatedStep, PipelineRun
    from skylift_contract.snapshot import PipelineSnapshot
    from skylift_tests_support.commands import Project

APART_RUN_ID = "APART_RUN_ID"
STOPPED = 143


class ApartConfig(BaseOrchestratorConfig):
    folder: Path = Field(description="Where it notes its runs.")
    restarts: int = Field(default=0, description="How often a process that was killed is started again.")

    @property
    def is_remote(self) -> bool:
        return False


class ApartOrchestrator(ContainerizedOrchestrator):
    run_id_sources = (Env(name=APART_RUN_ID),)

    @cached_property
    def _steps(self) -> StepProcesses:
        return StepProcesses()

    def get_orchestrator_run_id(self) -> str:
        return os.environ[APART_RUN_ID]

    def submit_pipeline(self, *arguments: Any, **named: Any) -> SubmissionResult:
        raise UnsupportedCapability("apart", ["it runs dynamic pipelines only"])

    def submit_dynamic_pipeline(
        self,
        snapshot: PipelineSnapshot,
        stack: Any,
        environment: dict[str, str],
        placeholder_run: Any = None,
    ) -> SubmissionResult:
        own = f"apart-{uuid.uuid4().hex}"
        process = self.start(snapshot, environment, own)

        def wait() -> None:
            left, running = self.config.restarts, process
            while running.wait() < 0 and left:
                left, running = left - 1, self.start(snapshot, environment, own)
            self._note(own, code=running.returncode)

        return SubmissionResult(wait, orchestrator_run_id=own)

    def start(
        self, snapshot: PipelineSnapshot, environment: dict[str, str], own: str
    ) -> subprocess.Popen[bytes]:
        """The process of a run, another one where there was one."""
        self.config.folder.mkdir(exist_ok=True)
        with (self.config.folder / f"{own}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *self.get_entrypoint_command(snapshot)[1:]],
                env={**os.environ, **environment, APART_RUN_ID: own},
                stdout=log,
                stderr=log,
            )
        self._note(own, pid=process.pid)
        return process

    def submit_isolated_step(self, step_run_info: StepRunInfo, environment: dict[str, str]) -> IsolatedStep:
        return self._steps.submit_isolated_step(step_run_info, environment)

    def get_isolated_step_status(self, step: IsolatedStep) -> StepStatus:
        return self._steps.get_isolated_step_status(step)

    def stop_isolated_step(self, step: IsolatedStep) -> None:
        self._steps.stop_isolated_step(step)

    def wait_for_isolated_step(self, step: IsolatedStep, seconds: float) -> None:
        self._steps.wait_for_isolated_step(step, seconds)

    def fetch_status(self, run: PipelineRun, include_steps: bool = False) -> RunStatus:
        code = self._noted(str(run.orchestrator_run_id)).get("code")
        if code is None:
            return RunStatus(ExecutionStatus.RUNNING)
        ends = {0: ExecutionStatus.COMPLETED, STOPPED: ExecutionStatus.STOPPED}
        return RunStatus(ends.get(code, ExecutionStatus.FAILED), f"its process ended with {code}")

    def stop_run(self, run: PipelineRun, graceful: bool = False) -> None:
        if not graceful:
            os.kill(self._noted(str(run.orchestrator_run_id))["pid"], signal.SIGTERM)

    def _noted(self, own: str) -> dict[str, Any]:
        path = self.config.folder / f"{own}.json"
        return json.loads(path.read_bytes()) if path.exists() else {}

    def _note(self, own: str, **fields: int) -> None:
        path = self.config.folder / f"{own}.json"
        partial = path.with_suffix(".part")
        partial.write_text(json.dumps({**self._noted(own), **fields}))
        partial.replace(path)


class ApartFlavor(BaseOrchestratorFlavor):
    @property
    def name(self) -> str:
        return "apart"

    @property
    def config_class(self) -> type[BaseOrchestratorConfig]:
        return ApartConfig

    @property
    def implementation_class(self) -> type[BaseOrchestrator]:
        return ApartOrchestrator


def make_apart(project: Project, flow: str, restarts: int = 0) -> None:
    """Give a project pipelines in `flow.py`, and a stack that runs them apart."""
    project.write("flow.py", flow)
    for line in (
        "init --name ours",
        f"orchestrator flavor register {__name__}.ApartFlavor",
        f"orchestrator register elsewhere --flavor=apart --folder={project.folder.parent}/backend --restarts={restarts}",
        "stack register apart -o elsewhere",
        "stack set apart",
    ):
        answer = project.skylift(*line.split())
        assert answer.code == 0, answer.err


def kill_all(project: Project) -> None:
    """End what a test that failed has left; the isolated steps notice it."""
    for path in (project.folder.parent / "backend").glob("*.json"):
        if "code" not in (found := json.loads(path.read_bytes())):
            with suppress(ProcessLookupError):
                os.kill(found["pid"], signal.SIGKILL)
