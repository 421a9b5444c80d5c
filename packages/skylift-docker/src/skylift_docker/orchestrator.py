"""Wires compile, client and coordination together; no logic of its own."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, ClassVar

from skylift.coordination.opening import opened_run, own_run_id
from skylift_contract.orchestrator import ContainerizedOrchestrator, SubmissionResult
from skylift_contract.run_id import find_orchestrator_run_id
from skylift_contract.status import RunStatus
from skylift_docker.admission import Admission
from skylift_docker.building import Builder
from skylift_docker.client import DockerClient, engine_host
from skylift_docker.compile import DOCUMENT, Making, compile_containers
from skylift_docker.isolated import IsolatedContainers, said_how_it_is_lent
from skylift_docker.preflight import check_settings
from skylift_docker.run_id import RUN_ID_SOURCES
from skylift_docker.runs import Starting, run_dynamic, run_static
from skylift_docker.watching import logs_of, run_of_submission, status_of, stop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from skylift_contract.compiled import CompiledPipeline
    from skylift_contract.containers import ResolvedImages
    from skylift_contract.orchestrator import StepRunInfo
    from skylift_contract.run import IsolatedStep, PipelineRun
    from skylift_contract.run_id import RunIdSource
    from skylift_contract.snapshot import PipelineSnapshot
    from skylift_contract.stack import Stack
    from skylift_contract.status import StepStatus
    from skylift_docker.config import DockerOrchestratorConfig


class DockerOrchestrator(ContainerizedOrchestrator):
    """Each step in a container of one engine, which the process that submits starts, shows and removes."""

    run_id_sources: ClassVar[tuple[RunIdSource, ...]] = RUN_ID_SOURCES

    _isolated: IsolatedContainers | None = None
    _making_isolated = threading.Lock()

    @property
    def config(self) -> DockerOrchestratorConfig:
        return self._config  # pyright: ignore[reportReturnType] -- the flavor's config class

    def get_orchestrator_run_id(self) -> str:
        return find_orchestrator_run_id(self.run_id_sources, backend="local_docker", dynamic=False)

    def resolve_images(
        self, snapshot: PipelineSnapshot, stack: Stack, source: Path | None = None
    ) -> ResolvedImages:
        registry = stack.container_registry.uri if stack.container_registry else ""
        with self.client() as client:
            builder = Builder(client.images, self.config, snapshot.project, registry.rstrip("/"), source)
            return Admission(client, self.making(snapshot), stack.artifact_store, builder).images()

    def client(self) -> DockerClient:
        return DockerClient(engine_host(self.config.docker_host), self.config.request_timeout_s)

    def making(self, snapshot: PipelineSnapshot) -> Making:
        return Making(
            self.config,
            snapshot,
            lambda step: self.get_image(snapshot, step),
            lambda step: self.get_entrypoint_command(snapshot, step),
        )

    def validate(self, stack: Stack, snapshot: PipelineSnapshot | None = None) -> None:
        """Of a snapshot what needs no engine, for it may only be compiled; else that an engine answers."""
        if snapshot is not None:
            check_settings(snapshot, self.config, stack.artifact_store.uri)
            return
        with self.client() as client:
            client.engine()

    def compile_pipeline(
        self,
        snapshot: PipelineSnapshot,
        stack: Stack,  # noqa: ARG002 -- how its store is reached is not in the document
        base_environment: dict[str, str],
        step_environments: dict[str, dict[str, str]],
    ) -> CompiledPipeline:
        return compile_containers(snapshot, self.making(snapshot), base_environment, step_environments)

    def submit_pipeline(
        self,
        snapshot: PipelineSnapshot,
        stack: Stack,
        base_environment: dict[str, str],
        step_environments: dict[str, dict[str, str]],
        placeholder_run: PipelineRun | None = None,
    ) -> SubmissionResult:
        compiled = self.compile_pipeline(snapshot, stack, base_environment, step_environments)
        with self.client() as client:
            starting = Starting.checked(
                client, self.config, snapshot, compiled.documents[DOCUMENT], stack.artifact_store
            )
            run = opened_run(self, snapshot, stack, placeholder_run)
            run_static(starting, run)
        return SubmissionResult(orchestrator_run_id=run.orchestrator_run_id)

    def submit_dynamic_pipeline(
        self,
        snapshot: PipelineSnapshot,
        stack: Stack,
        environment: dict[str, str],
        placeholder_run: PipelineRun | None = None,
    ) -> SubmissionResult:
        compiled = self.compile_pipeline(snapshot, stack, environment, {})
        with self.client() as client:
            starting = Starting.checked(
                client, self.config, snapshot, compiled.documents[DOCUMENT], stack.artifact_store
            )
            run = opened_run(self, snapshot, stack, placeholder_run)
            run_dynamic(starting, run)
        return SubmissionResult(orchestrator_run_id=run.orchestrator_run_id)

    @property
    def isolated(self) -> IsolatedContainers:
        """In the orchestration environment: one connection for all of its steps, in whatever threads."""
        with self._making_isolated:
            if self._isolated is None:
                with said_how_it_is_lent():
                    self._isolated = IsolatedContainers(self.client(), self.config)
            return self._isolated

    def submit_isolated_step(self, step_run_info: StepRunInfo, environment: dict[str, str]) -> IsolatedStep:
        making = self.making(self.isolated.resolved(step_run_info))
        return self.isolated.start(step_run_info, making, environment)

    def get_isolated_step_status(self, step: IsolatedStep) -> StepStatus:
        return self.isolated.status(step)

    def stop_isolated_step(self, step: IsolatedStep) -> None:
        self.isolated.stop(step)

    def wait_for_isolated_step(self, step: IsolatedStep, seconds: float) -> None:
        self.isolated.wait(step, seconds)

    def fetch_status(self, run: PipelineRun, include_steps: bool = False) -> RunStatus:  # noqa: FBT001, FBT002
        with self.client() as client:
            found = status_of(client, run)
        return found if include_steps else RunStatus(found.status, found.reason)

    def stop_run(self, run: PipelineRun, graceful: bool = False) -> None:  # noqa: FBT001, FBT002
        with self.client() as client:
            stop(client, run, self.config.stop_timeout_s, graceful=graceful)

    def fetch_logs(self, run: PipelineRun, step_name: str, follow: bool = False) -> Iterator[str]:  # noqa: FBT001, FBT002
        with self.client() as client:
            yield from logs_of(client, run, step_name, follow=follow)

    def find_run(self, submission_id: str) -> str | None:
        with self.client() as client:
            return run_of_submission(client, submission_id, own_run_id(self, submission_id))
