"""Wires compile, client and what is done with them together; no logic of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final
from uuid import uuid4

from skylift.bootstrap.recipes import settings_of
from skylift.coordination.polling import pausing
from skylift.project import project_name
from skylift_contract.environment import STORE_ENV
from skylift_contract.errors import ConfigurationError
from skylift_contract.orchestrator import ContainerizedOrchestrator, SubmissionResult
from skylift_contract.run import IsolatedStep
from skylift_contract.run_id import canonical, find_orchestrator_run_id
from skylift_contract.stack import ArtifactStore, Stack
from skylift_sagemaker import deploying, jobs, scheduling, watching
from skylift_sagemaker.arns import Arn
from skylift_sagemaker.client import SagemakerClient
from skylift_sagemaker.compile import PIPELINE, asked_by, compile_pipeline, orchestration
from skylift_sagemaker.job import Making, job_of, tags_of
from skylift_sagemaker.names import PREFIX, job_name, pipeline_name, prefix_of, request_token, schedule_name
from skylift_sagemaker.packing import packed
from skylift_sagemaker.preflight import bucket_of, check_image, check_schedule, check_snapshot
from skylift_sagemaker.roles import check_scheduler_role
from skylift_sagemaker.run_id import RUN_ID_SOURCES
from skylift_sagemaker.schedule import trigger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from skylift_contract.compiled import CompiledPipeline
    from skylift_contract.containers import ResolvedImages
    from skylift_contract.orchestrator import Execution, StepRunInfo
    from skylift_contract.run import DeployedSchedule, PipelineRun
    from skylift_contract.run_id import RunIdSource
    from skylift_contract.schedule import Schedule
    from skylift_contract.snapshot import PipelineSnapshot, Step
    from skylift_contract.status import RunStatus, StepStatus
    from skylift_sagemaker.config import SagemakerOrchestratorConfig

NAME: Final = "sagemaker"


class SagemakerOrchestrator(ContainerizedOrchestrator):
    """Each step is a job of one execution of a SageMaker pipeline; a dynamic pipeline is one job."""

    run_id_sources: ClassVar[tuple[RunIdSource, ...]] = RUN_ID_SOURCES

    @property
    def config(self) -> SagemakerOrchestratorConfig:
        return self._config  # pyright: ignore[reportReturnType] -- the flavor's config class

    @cached_property
    def client(self) -> SagemakerClient:
        return SagemakerClient(self.config)

    @property
    def _pause(self) -> Callable[[float], None]:
        return pausing(self.config.poll_s)

    def get_orchestrator_run_id(self) -> str:
        return find_orchestrator_run_id(self.run_id_sources, backend=NAME, dynamic=False)

    def validate(self, stack: Stack, snapshot: PipelineSnapshot | None = None) -> None:
        """Of a snapshot what needs no call, for it may only be compiled; else that AWS answers."""
        if snapshot is not None:
            check_snapshot(snapshot, self.config, lambda step: self.get_image(snapshot, step))
            return
        _ = self.client.region
        account = self.client.caller()
        if account != self.config.account:
            raise ConfigurationError(
                f"it is a role of account {self.config.account}, and your credentials are of {account}",
                who="SagemakerOrchestratorConfig.execution_role",
                value=self.config.execution_role,
                fix="Name another profile or role: skylift orchestrator update NAME --aws_profile=…, or "
                "--assume_role=…",
            )
        if not bucket_of(self.config, stack.artifact_store):
            raise ConfigurationError(
                "there is no bucket for long definitions and the output of training jobs",
                who="SagemakerOrchestratorConfig.bucket",
                fix="Name one: skylift orchestrator update NAME --bucket=…; or use an s3:// store.",
            )

    def resolve_images(
        self,
        snapshot: PipelineSnapshot,
        stack: Stack,  # noqa: ARG002
        source: Path | None = None,  # noqa: ARG002
    ) -> ResolvedImages:
        return self.config.at_start.locks(snapshot)

    def making(self, snapshot: PipelineSnapshot, stack: Stack) -> Making:
        return Making(
            self.config,
            lambda step: self.get_image(snapshot, step),
            lambda step: self._started_by(snapshot, step, self.get_entrypoint_command(snapshot, step)),
            store=stack.artifact_store.uri,
            bucket=bucket_of(self.config, stack.artifact_store),
        )

    def _started_by(self, snapshot: PipelineSnapshot, step: Step | None, command: Sequence[str]) -> list[str]:
        """What a container runs; None is a dynamic pipeline's function."""
        return packed(self.config.at_start.command(snapshot, step, ()), command)

    def compile_pipeline(
        self,
        snapshot: PipelineSnapshot,
        stack: Stack,
        base_environment: dict[str, str],
        step_environments: dict[str, dict[str, str]],
    ) -> CompiledPipeline:
        return compile_pipeline(snapshot, self.making(snapshot, stack), base_environment, step_environments)

    def submit_pipeline(
        self,
        snapshot: PipelineSnapshot,
        stack: Stack,
        base_environment: dict[str, str],
        step_environments: dict[str, dict[str, str]],
        placeholder_run: PipelineRun | None = None,
    ) -> SubmissionResult:
        compiled = self.compile_pipeline(snapshot, stack, base_environment, step_environments)
        if snapshot.schedule is not None:
            return self._deploy(snapshot, stack, compiled, snapshot.schedule)
        name = pipeline_name(snapshot.project, snapshot.name, _owner(stack))
        wanted = self._wanted(name, snapshot, stack, compiled)
        return self._started(deploying.start(self.client, wanted, _submission(placeholder_run)))

    def submit_dynamic_pipeline(
        self,
        snapshot: PipelineSnapshot,
        stack: Stack,
        environment: dict[str, str],
        placeholder_run: PipelineRun | None = None,
    ) -> SubmissionResult:
        if snapshot.schedule is not None:
            compiled = self.compile_pipeline(snapshot, stack, environment, {})
            return self._deploy(snapshot, stack, compiled, snapshot.schedule)
        making = self.making(snapshot, stack)
        job = job_of(orchestration(snapshot, making, environment), making, self._tags(snapshot, making))
        name = _job_of_submission(_submission(placeholder_run))
        return self._started(jobs.start(self.client, job, name))

    def _started(self, arn: str) -> SubmissionResult:
        found = canonical(arn, backend=NAME)
        return SubmissionResult(
            wait_for_completion=lambda: watching.wait(self.client, found, self._pause),
            orchestrator_run_id=found,
            metadata={"url": Arn.parse(found).console},
        )

    def _deploy(
        self, snapshot: PipelineSnapshot, stack: Stack, compiled: CompiledPipeline, schedule: Schedule
    ) -> SubmissionResult:
        """The role and the expression are checked before anything is made."""
        role = check_schedule(schedule, self.config)
        called = schedule.name or snapshot.name
        name = schedule_name(snapshot.project, called, _owner(stack))
        wanted = self._wanted(name, snapshot, stack, compiled, {"skylift:schedule": called})
        about = f"Skylift: {snapshot.project}, pipeline {snapshot.name}: {schedule.describe()}"
        place = scheduling.Place(self.config.schedule_group, role, about)
        when = trigger(schedule, datetime.now(UTC))
        arn = Arn(self.config.partition, NAME, self.client.region, self.config.account, "pipeline", name)
        notes = check_scheduler_role(self.client, role, str(arn))
        return SubmissionResult(schedule_id=scheduling.deploy(self.client, wanted, place, when), notes=notes)

    def _wanted(
        self,
        name: str,
        snapshot: PipelineSnapshot,
        stack: Stack,
        compiled: CompiledPipeline,
        tags: Mapping[str, str] | None = None,
    ) -> deploying.Deployment:
        making = self.making(snapshot, stack)
        return deploying.Deployment(
            name=name,
            definition=compiled.documents[PIPELINE],
            role=self.config.execution_role,
            tags={**self._tags(snapshot, making), **(tags or {})},
            bucket=making.bucket,
            parallelism=self.config.max_parallelism,
        )

    def _tags(self, snapshot: PipelineSnapshot, making: Making) -> dict[str, str]:
        return {**tags_of(snapshot, making), "skylift:orchestrator": self.name}

    def submit_isolated_step(self, step_run_info: StepRunInfo, environment: dict[str, str]) -> IsolatedStep:
        info, snapshot = step_run_info, step_run_info.snapshot
        runs_in = info.step if info.image else None  # without one of its own it runs in the pipeline's
        image, command = self.get_image(snapshot, runs_in), self._started_by(snapshot, runs_in, info.command)
        who = f"step {info.step.spec.invocation_id!r}"
        check_image(info.step.config.docker_settings, image, self.config, who)
        store = ArtifactStore(environment.get(STORE_ENV, ""))
        making = self.making(snapshot, Stack("", self, store))
        environment = {**settings_of(snapshot, runs_in).environment, **environment}
        asked = asked_by(info.step, image, command, environment)
        job = job_of(asked, making, self._tags(snapshot, making))
        invocation = info.step.spec.invocation_id
        name = job_name(invocation, info.run_id, invocation, str(info.attempt))
        arn = jobs.start(self.client, job, name)
        return IsolatedStep(invocation_id=invocation, id=arn, url=Arn.parse(arn).console)

    def get_isolated_step_status(self, step: IsolatedStep) -> StepStatus:
        return jobs.status(self.client, step.id)

    def stop_isolated_step(self, step: IsolatedStep) -> None:
        jobs.stop(self.client, step.id)

    def wait_for_isolated_step(self, step: IsolatedStep, seconds: float) -> None:  # noqa: ARG002
        self._pause(seconds)

    def fetch_status(self, run: PipelineRun, include_steps: bool = False) -> RunStatus:  # noqa: FBT001, FBT002
        arn = _arn(run)
        found = watching.run_status(self.client, arn)
        return replace(found, steps=watching.step_statuses(self.client, arn)) if include_steps else found

    def stop_run(self, run: PipelineRun, graceful: bool = False) -> None:  # noqa: FBT001, FBT002
        """Gracefully: the request that its ledger holds keeps further steps from running."""
        if graceful:
            return
        arn = _arn(run)
        if Arn.parse(arn).is_execution:
            self.client.stop_execution(arn, request_token("stop", arn))
        else:
            jobs.stop(self.client, arn)

    def fetch_logs(self, run: PipelineRun, step_name: str, follow: bool = False) -> Iterator[str]:  # noqa: FBT001, FBT002
        return watching.logs(self.client, _arn(run), step_name, self._pause if follow else None)

    def find_run(self, submission_id: str) -> str | None:
        """Looks through the executions of every pipeline of ours, then at the one job that it would be."""
        for pipeline in self.client.pipelines(PREFIX):
            if found := deploying.execution_of(self.client, str(pipeline["PipelineName"]), submission_id):
                return canonical(found, backend=NAME)
        return jobs.named(self.client, _job_of_submission(submission_id))

    def list_executions(self, name: str, since: datetime) -> list[Execution]:
        """Of the schedule of that name; where there is none, of the pipeline."""
        own = {"skylift:project": project_name(), "skylift:orchestrator": self.name}
        for tag in ("skylift:schedule", "skylift:pipeline"):
            if found := watching.executions(self.client, prefix_of(name), {**own, tag: name}, since):
                return found
        return []

    def describe_schedule(self, schedule: DeployedSchedule) -> Mapping[str, Any]:
        return scheduling.describe(self.client, schedule.id)

    def update_schedule(self, schedule: DeployedSchedule, update: Schedule) -> None:
        check_schedule(update, self.config)
        scheduling.retime(self.client, schedule.id, trigger(update, datetime.now(UTC)))

    def pause_schedule(self, schedule: DeployedSchedule) -> None:
        scheduling.switch(self.client, schedule.id, "DISABLED")

    def resume_schedule(self, schedule: DeployedSchedule) -> None:
        scheduling.switch(self.client, schedule.id, "ENABLED")

    def delete_schedule(self, schedule: DeployedSchedule) -> None:
        scheduling.delete(self.client, schedule.id)


def _owner(stack: Stack) -> str:
    return f"{stack.name}\n{stack.artifact_store.uri}"


def _submission(placeholder: PipelineRun | None) -> str:
    return (placeholder.submission_id if placeholder else None) or uuid4().hex


def _job_of_submission(submission: str) -> str:
    """Of the submission alone, so that it can be found by that."""
    return job_name("dynamic", submission)


def _arn(run: PipelineRun) -> str:
    if run.orchestrator_run_id is None:
        raise ConfigurationError("it has no execution yet", who=f"a run of pipeline {run.pipeline!r}")
    return run.orchestrator_run_id
