"""A pipeline job: its record, and the tasks that run."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import NAMESPACE_URL, uuid5

from skylift_testkit.emulator.execution import OVER, Execution, Phase
from skylift_vertex.emulator.attempts import TaskJob
from skylift_vertex.emulator.messages import CODES, FAIL_FAST, PipelineState, TaskState, copied

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from skylift_testkit.emulator.execution import StepState
    from skylift_testkit.emulator.fault_script import FaultScript
    from skylift_vertex.emulator.document import Document
    from skylift_vertex.emulator.jobs import Jobs
    from skylift_vertex.emulator.place import Place

KIND: Final = "pipelineJobs"

STATES: Final = {
    Phase.RUNNING: PipelineState.PIPELINE_STATE_RUNNING,
    Phase.STOPPING: PipelineState.PIPELINE_STATE_CANCELLING,
    Phase.SUCCEEDED: PipelineState.PIPELINE_STATE_SUCCEEDED,
    Phase.FAILED: PipelineState.PIPELINE_STATE_FAILED,
    Phase.STOPPED: PipelineState.PIPELINE_STATE_CANCELLED,
}

TASK_STATES: Final = {
    Phase.WAITING: TaskState.NOT_TRIGGERED,
    Phase.RUNNING: TaskState.RUNNING,
    Phase.STOPPING: TaskState.CANCELLING,
    Phase.SUCCEEDED: TaskState.SUCCEEDED,
    Phase.FAILED: TaskState.FAILED,
    Phase.STOPPED: TaskState.CANCELLED,
}
ROOT_TASK: Final = 1
"""The number of the task that stands for the pipeline as a whole; the others are its children."""


@dataclass(frozen=True, slots=True)
class Context:
    """What all pipeline jobs run with. `is_substituting`: off, placeholders of the job stay as they are."""

    jobs: Jobs
    script: FaultScript
    now: Callable[[], datetime]
    is_substituting: bool
    most_tasks: int


class PipelineJob:
    """From its start.

    Args:
        told: The `PipelineJob` message, as it was asked for.
        document: What its spec says.
        where: Its place, and its id, chosen by the client or by the service.
        made: When.
        context: What it runs with.
    """

    def __init__(
        self, told: Any, document: Document, where: tuple[Place, str], made: datetime, context: Context
    ) -> None:
        self.place, self.id = where
        self.name = self.place.name(KIND, self.id)
        self._told, self._document, self._context = told, document, context
        self._told.name = self.name
        self._told.create_time.FromDatetime(made)
        self._told.start_time.FromDatetime(made)
        self._lock = threading.Lock()
        self._running: dict[str, TaskJob] = {}
        self._cancelled = made
        self._runs = Execution(
            document.graph,
            self._begin,
            now=context.now,
            limit=context.most_tasks,
            halts=told.runtime_config.failure_policy == FAIL_FAST,
        )
        self._runs.start()

    @property
    def asked(self) -> str:
        """Its name without its kind, in the client's own words."""
        return self.place.asked(self.id)

    @property
    def schedule(self) -> str:
        """The name of the schedule that made it; empty for any other."""
        return str(self._told.schedule_name)

    @property
    def phase(self) -> Phase:
        return self._runs.phase

    def wait(self, timeout_s: float | None = None) -> bool:
        return self._runs.wait(timeout_s)

    def stop(self) -> None:
        self._cancelled = self._context.now()
        self._runs.stop()

    def _begin(self, name: str, attempt: int) -> TaskJob:  # noqa: ARG002 -- a task's attempts are its jobs
        task = self._document.tasks[name]
        parameters = task.parameters(self._placeholders() if self._context.is_substituting else {})
        job = TaskJob(task, parameters, self._context.jobs, self.place, self._context.script)
        with self._lock:
            self._running[name] = job
        return job

    def _placeholders(self) -> dict[str, str]:
        """Source: kfp.dsl's constants PIPELINE_JOB_…_PLACEHOLDER."""
        return {
            "{{$.pipeline_job_name}}": self.id,
            "{{$.pipeline_job_resource_name}}": self.name,
            "{{$.pipeline_job_uuid}}": str(uuid5(NAMESPACE_URL, self.name).int % 10**19),
            "{{$.pipeline_root}}": str(self._told.runtime_config.gcs_output_directory),
        }

    @property
    def message(self) -> Any:
        """As GetPipelineJob shows it now."""
        phase, steps = self.phase, self._runs.steps
        found = copied(self._told)
        found.state = STATES[phase]
        ended = max((step.ended for step in steps.values() if step.ended), default=self._cancelled)
        found.update_time.FromDatetime(ended)
        if phase in OVER:
            found.end_time.FromDatetime(max(ended, self._cancelled))
        if phase is Phase.FAILED:
            found.error.code = CODES.FAILED_PRECONDITION
            found.error.message = _why(self.id, steps)
        self._add_tasks(found, phase, steps)
        return found

    def _add_tasks(self, found: Any, phase: Phase, steps: Any) -> None:
        root = found.job_detail.task_details.add(task_id=ROOT_TASK, task_name=self.id)
        root.create_time.CopyFrom(found.create_time)
        root.state = TASK_STATES[phase]
        for number, (name, step) in enumerate(steps.items(), ROOT_TASK + 1):
            if step.phase is Phase.WAITING and phase not in OVER:
                continue  # the service tells of a task once it has something to tell
            detail = found.job_detail.task_details.add(task_id=number, parent_task_id=ROOT_TASK)
            detail.task_name = name
            detail.create_time.CopyFrom(found.create_time)
            detail.state = TASK_STATES[step.phase]
            self._add_times(detail, name, step)

    def _add_times(self, detail: Any, name: str, step: StepState) -> None:
        if step.began:
            detail.start_time.FromDatetime(step.began)
        if step.ended:
            detail.end_time.FromDatetime(step.ended)
        if step.phase is Phase.FAILED:
            detail.error.code, detail.error.message = CODES.FAILED_PRECONDITION, step.reason
        with self._lock:
            made = list(self._running[name].made) if name in self._running else []
        if made:
            container = detail.executor_detail.container_detail
            container.main_job = made[-1].name
            container.failed_main_jobs.extend(job.name for job in made[:-1])


def _why(id: str, steps: Any) -> str:
    failed = ", ".join(name for name, step in steps.items() if step.phase is Phase.FAILED)
    return f"The DAG failed because some tasks failed. The failed tasks are: [{failed}].; Job {id} is failed."
