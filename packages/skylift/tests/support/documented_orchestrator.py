"""A custom orchestrator, written as the documented interface says, its blanks filled with processes."""

import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import cast

from pydantic import Field

from skylift.config.resource_settings import ResourceSettings
from skylift.models import PipelineRunResponse, PipelineSnapshotResponse
from skylift.orchestrators import (
    BaseOrchestrator,
    BaseOrchestratorConfig,
    BaseOrchestratorFlavor,
    ContainerizedOrchestrator,
    SubmissionResult,
)
from skylift.stack import Stack


class MyOrchestratorConfig(BaseOrchestratorConfig):
    region: str = Field(description="Where it runs")
    execution_role: str = Field(description="As whom it runs")

    @property
    def is_synchronous(self) -> bool:
        return False

    @property
    def is_schedulable(self) -> bool:
        return True


class MyOrchestrator(ContainerizedOrchestrator):
    """Its backend is a list of processes; each was given an image, an environment and resources."""

    submitted: list[dict[str, object]]

    @property
    def config(self) -> MyOrchestratorConfig:
        return cast("MyOrchestratorConfig", self._config)

    def get_orchestrator_run_id(self) -> str:
        if "MY_ORCHESTRATOR_RUN_ID" in os.environ:
            return os.environ["MY_ORCHESTRATOR_RUN_ID"]
        raise RuntimeError("no MY_ORCHESTRATOR_RUN_ID")

    def submit_pipeline(
        self,
        snapshot: PipelineSnapshotResponse,
        stack: Stack,
        base_environment: dict[str, str],
        step_environments: dict[str, dict[str, str]],
        placeholder_run: PipelineRunResponse | None = None,
    ) -> SubmissionResult | None:
        self.submitted = []
        orchestrator_run_id = f"run-{uuid.uuid4().hex[:12]}"
        for invocation_id, step in snapshot.step_configurations.items():
            environment = step_environments[invocation_id].copy()
            environment["MY_ORCHESTRATOR_RUN_ID"] = orchestrator_run_id
            resources: ResourceSettings = step.config.resource_settings
            self.submitted.append(
                {
                    "image": self.get_image(snapshot, step.config.name),
                    "command": self.get_entrypoint_command(snapshot, step.config.name),
                    "environment": environment,
                    "cpu_count": resources.cpu_count,
                    "memory_mb": int(resources.get_memory(unit="MB") or 0),
                }
            )
        return SubmissionResult(wait_for_completion=self._run_all)

    def _run_all(self) -> None:
        for job in self.submitted:
            command = cast("list[str]", job["command"])
            environment = {"PATH": os.environ["PATH"], **_aws(), **cast("dict[str, str]", job["environment"])}
            subprocess.run([sys.executable, *command[1:]], env=environment, cwd="/", check=False)


def _aws() -> dict[str, str]:
    """What a machine of the backend would get from its role; and where this module stands."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    return {**kept, "PYTHONPATH": str(Path(__file__).parent)}


class MyOrchestratorFlavor(BaseOrchestratorFlavor):
    @property
    def name(self) -> str:
        return "my_orchestrator"

    @property
    def config_class(self) -> type[MyOrchestratorConfig]:
        return MyOrchestratorConfig

    @property
    def implementation_class(self) -> type[BaseOrchestrator]:
        return MyOrchestrator


class OldHookConfig(BaseOrchestratorConfig):
    @property
    def is_remote(self) -> bool:
        return False


class OldHook(BaseOrchestrator):
    """Only the old hook, and the one method that every orchestrator needs."""

    def get_orchestrator_run_id(self) -> str:
        return os.environ["OLD_HOOK_RUN_ID"]

    def prepare_or_run_pipeline(self, deployment: PipelineSnapshotResponse, stack: Stack) -> None:
        os.environ["OLD_HOOK_RUN_ID"] = uuid.uuid4().hex
        for step in deployment.step_configurations.values():
            self.run_step(step)
