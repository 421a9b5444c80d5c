"""Wires compile, client and what is done with them together; no logic of its own."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final
from uuid import uuid4

from skylift.bootstrap.recipes import settings_of as docker_settings_of
from skylift.coordination.polling import pausing
from skylift.project import project_name
from skylift_contract.environment import STORE_ENV
from skylift_contract.errors import ConfigurationError
from skylift_contract.orchestrator import ContainerizedOrchestrator, SubmissionResult
from skylift_contract.run import IsolatedStep
from skylift_contract.run_id import canonical, find_orchestrator_run_id
from skylift_contract.stack import ArtifactStore, Stack
from skylift_vertex import deploying, jobs, scheduling, watching
from skylift_vertex.client import VertexClient
from skylift_vertex.compile import JOB, PIPELINE, compile_pipeline
from skylift_vertex.job import Job, Making, custom_job, labels, settings_of
from skylift_vertex.names import job_id, labels_of, schedule_name, token
from skylift_vertex.paths import Path
from skylift_vertex.preflight import check_image, check_snapshot
from skylift_vertex.roots import root_of, rootless
from skylift_vertex.run_id import RUN_ID_SOURCES
from skylift_vertex.schedule import trigger

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterator, Mapping

    from skylift_contract.compiled import CompiledPipeline
    from skylift_contract.containers import ResolvedImages
    from skylift_contract.orchestrator import Execution, StepRunInfo
    from skylift_contract.run import DeployedSchedule, PipelineRun
    from skylift_contract.run_id import RunIdSource
    from skylift_contract.schedule import Schedule
    from skylift_contract.snapshot import PipelineSnapshot
    from skylift_contract.status import RunStatus, StepStatus
    from skylift_vertex.config import VertexOrchestratorConfig

NAME: Final = "vertex"


class VertexOrchestrator(ContainerizedOrchestrator):
    """Each step is a task of one pipeline job; a dynamic pipeline is one custom job."""

    run_id_sources: ClassVar[tuple[RunIdSource, ...]] = RUN_ID_SOURCES

    @property
    def config(self) -> VertexOrchestratorConfig:
        return self._config  # pyright: ignore[reportReturnType] -- the flavor's config class

    @cached_property
    def client(self) -> VertexClient:
        return VertexClient(self.config)

    @property
    def _pause(self) -> Callable[[float], None]:
        return pausing(self.config.poll_s)

    def get_orchestrator_run_id(self) -> str:
        return find_orchestrator_run_id(self.run_id_sources, backend=NAME, dynamic=False)

    def validate(self, stack: Stack, snapshot: PipelineSnapshot | None = None) -> None:
        """Of a snapshot what needs no call, for it may only be compiled; else that Vertex answers."""
        if snapshot is not None:
            check_snapshot(snapshot, self.config)
            return
        if not root_of(self.config, stack.artifact_store):
            raise rootless()
        next(self.client.pipeline_jobs(""), None)

    def resolve_images(
        self,
        snapshot: PipelineSnapshot,
        stack: Stack,  # noqa: ARG002
        source: pathlib.Path | None = None,  # noqa: ARG002
    ) -> ResolvedImages:
        return self.config.at_start.locks(snapshot)

    def making(self, snapshot: PipelineSnapshot, stack: Stack) -> Making:
        at_start = self.config.at_start
        return Making(
            self.config,
            lambda step: self.get_image(snapshot, step),
            lambda step: at_start.command(snapshot, step, self.get_entrypoint_command(snapshot, step)),
            store=stack.artifact_store.uri,
            root=root_of(self.config, stack.artifact_store),
            orchestrator=self.name,
        )

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
        job = json.loads(compiled.documents[PIPELINE])
        if snapshot.schedule is not None:
            return self._deploy(snapshot, stack, job, snapshot.schedule)
        made = deploying.start(self.client, job, _submission(placeholder_run), self.config.parent)
        return self._started(made)

    def submit_dynamic_pipeline(
        self,
        snapshot: PipelineSnapshot,
        stack: Stack,
        environment: dict[str, str],
        placeholder_run: PipelineRun | None = None,
    ) -> SubmissionResult:
        compiled = self.compile_pipeline(snapshot, stack, environment, {})
        if snapshot.schedule is not None:
            return self._deploy(snapshot, stack, json.loads(compiled.documents[PIPELINE]), snapshot.schedule)
        job = json.loads(compiled.documents[JOB])
        return self._started(jobs.start(self.client, job, _dynamic(_submission(placeholder_run))))

    def _started(self, job: str) -> SubmissionResult:
        run = canonical(job, owner=self.config.parent, backend=NAME)
        path = Path.of_run(run)
        return SubmissionResult(
            wait_for_completion=lambda: watching.wait(self.client, path, self._pause),
            orchestrator_run_id=run,
            metadata={"url": path.console},
        )

    def _deploy(
        self, snapshot: PipelineSnapshot, stack: Stack, job: dict[str, Any], schedule: Schedule
    ) -> SubmissionResult:
        when = trigger(schedule, datetime.now(UTC))
        called = schedule.name or snapshot.name
        name = schedule_name(snapshot.project, called, _owner(stack))
        job = {**job, "labels": {**job["labels"], **labels_of({"schedule": called})}}
        return SubmissionResult(
            schedule_id=scheduling.deploy(self.client, name, job, when, self.config.parent)
        )

    def submit_isolated_step(self, step_run_info: StepRunInfo, environment: dict[str, str]) -> IsolatedStep:
        info, snapshot, step = step_run_info, step_run_info.snapshot, step_run_info.step
        invocation = step.spec.invocation_id
        who = f"step {invocation!r}"
        check_image(step.config.docker_settings, self.config, who)
        runs_in = step if info.image else None  # without one of its own it runs in the pipeline's
        job = Job(
            name=info.path or invocation,
            who=who,
            image=self.get_image(snapshot, runs_in),
            command=self.config.at_start.command(snapshot, runs_in, info.command),
            environment={**docker_settings_of(snapshot, runs_in).environment, **environment},
            resources=step.config.resource_settings,
            settings=settings_of(step.config.settings),
            timeout=step.config.timeout,
        )
        making = self.making(snapshot, Stack("", self, ArtifactStore(environment.get(STORE_ENV, ""))))
        request = custom_job(job, making, labels(snapshot, making))
        made = jobs.start(self.client, request, token("step", info.run_id, invocation, str(info.attempt)))
        path = Path.of_run(f"{self.config.parent}/{made}")
        return IsolatedStep(invocation_id=invocation, id=str(path), url=path.console)

    def get_isolated_step_status(self, step: IsolatedStep) -> StepStatus:
        return jobs.status(self.client, Path.parse(step.id))

    def stop_isolated_step(self, step: IsolatedStep) -> None:
        jobs.stop(self.client, Path.parse(step.id))

    def wait_for_isolated_step(self, step: IsolatedStep, seconds: float) -> None:  # noqa: ARG002
        self._pause(seconds)

    def fetch_status(self, run: PipelineRun, include_steps: bool = False) -> RunStatus:  # noqa: FBT001, FBT002
        found = watching.run_status(self.client, _path(run))
        return found if include_steps else replace(found, steps={})

    def stop_run(self, run: PipelineRun, graceful: bool = False) -> None:  # noqa: FBT001, FBT002
        """Gracefully: the request that its ledger holds keeps further steps from running."""
        if graceful:
            return
        path = _path(run)
        if path.is_pipeline:
            self.client.cancel_pipeline_job(str(path))
        else:
            jobs.stop(self.client, path)

    def fetch_logs(self, run: PipelineRun, step_name: str, follow: bool = False) -> Iterator[str]:  # noqa: FBT001, FBT002
        return watching.logs(self.client, _path(run), step_name, self._pause if follow else None)

    def find_run(self, submission_id: str) -> str | None:
        """The pipeline job that a submission's id is made into, else the custom job with its label."""
        own = job_id(submission_id)
        found = own if self.client.pipeline_job(f"{self.config.parent}/pipelineJobs/{own}") else None
        found = found or jobs.named(self.client, _dynamic(submission_id))
        return canonical(found, owner=self.config.parent, backend=NAME) if found else None

    def list_executions(self, name: str, since: datetime) -> list[Execution]:
        """Of the schedule of that name; where there is none, of the pipeline."""
        own = {"project": project_name(), "orchestrator": self.name}
        for key in ("schedule", "pipeline"):
            asked = labels_of({**own, key: name})
            if found := watching.executions(self.client, asked, since, self.config.parent):
                return found
        return []

    def describe_schedule(self, schedule: DeployedSchedule) -> Mapping[str, Any]:
        return scheduling.describe(self.client, schedule.id)

    def update_schedule(self, schedule: DeployedSchedule, update: Schedule) -> None:
        scheduling.retime(self.client, schedule.id, trigger(update, datetime.now(UTC)))

    def pause_schedule(self, schedule: DeployedSchedule) -> None:
        self.client.pause_schedule(schedule.id)

    def resume_schedule(self, schedule: DeployedSchedule) -> None:
        self.client.resume_schedule(schedule.id)

    def delete_schedule(self, schedule: DeployedSchedule) -> None:
        self.client.delete_schedule(schedule.id)


def _owner(stack: Stack) -> str:
    return f"{stack.name}\n{stack.artifact_store.uri}"


def _submission(placeholder: PipelineRun | None) -> str:
    return (placeholder.submission_id if placeholder else None) or uuid4().hex


def _dynamic(submission: str) -> str:
    """The token of a dynamic pipeline's job: of the submission alone, so that it can be found by that."""
    return token("dynamic", submission)


def _path(run: PipelineRun) -> Path:
    if run.orchestrator_run_id is None:
        raise ConfigurationError("it has no job yet", who=f"a run of pipeline {run.pipeline!r}")
    return Path.of_run(run.orchestrator_run_id)
