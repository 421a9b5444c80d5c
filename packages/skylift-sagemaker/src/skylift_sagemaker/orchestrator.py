"""Wires compile and client together; no logic of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar
from uuid import uuid4

from skylift_contract.orchestrator import ContainerizedOrchestrator, SubmissionResult
from skylift_contract.run_id import canonical, find_orchestrator_run_id
from skylift_sagemaker.client import SagemakerClient
from skylift_sagemaker.compile import DOCUMENT, compile_job
from skylift_sagemaker.run_id import RUN_ID_SOURCES

if TYPE_CHECKING:
    from skylift_contract.compiled import CompiledPipeline
    from skylift_contract.run import PipelineRun
    from skylift_contract.run_id import RunIdSource
    from skylift_contract.snapshot import PipelineSnapshot
    from skylift_contract.stack import Stack


class SagemakerOrchestrator(ContainerizedOrchestrator):
    run_id_sources: ClassVar[tuple[RunIdSource, ...]] = RUN_ID_SOURCES

    def get_orchestrator_run_id(self) -> str:
        return find_orchestrator_run_id(self.run_id_sources, backend="sagemaker", dynamic=False)

    def compile_pipeline(
        self,
        snapshot: PipelineSnapshot,
        stack: Stack,  # noqa: ARG002 -- the document does not depend on it yet
        base_environment: dict[str, str],  # noqa: ARG002 -- no orchestration environment of its own
        step_environments: dict[str, dict[str, str]],
    ) -> CompiledPipeline:
        return compile_job(
            snapshot,
            lambda step: self.get_image(snapshot, step),
            lambda step: self.get_entrypoint_command(snapshot, step),
            step_environments,
        )

    def submit_pipeline(
        self,
        snapshot: PipelineSnapshot,
        stack: Stack,
        base_environment: dict[str, str],
        step_environments: dict[str, dict[str, str]],
        placeholder_run: PipelineRun | None = None,
    ) -> SubmissionResult:
        compiled = self.compile_pipeline(snapshot, stack, base_environment, step_environments)
        token = (placeholder_run.submission_id if placeholder_run else None) or uuid4().hex
        run_id = SagemakerClient(self.config).submit(compiled.documents[DOCUMENT], token)
        return SubmissionResult(orchestrator_run_id=canonical(run_id, backend="sagemaker"))

    def validate(self, stack: Stack, snapshot: PipelineSnapshot | None = None) -> None:  # noqa: ARG002 -- neither adds a demand
        """Raise a `ConfigurationError` where the endpoint is not set."""
        _ = self.config.required_endpoint
