"""An execution of a pipeline's version: its record, and the steps that run."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from skylift_sagemaker.emulator.attempt import Maker, StepJob
from skylift_sagemaker.emulator.expressions import resolved
from skylift_testkit.emulator.execution import Execution, Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from skylift_sagemaker.emulator.definition import Definition
    from skylift_sagemaker.emulator.job import Job
    from skylift_sagemaker.emulator.jobs import Jobs
    from skylift_testkit.emulator.execution import StepState
    from skylift_testkit.emulator.fault_script import FaultScript

STATES: Final = {
    Phase.RUNNING: "Executing",
    Phase.STOPPING: "Stopping",
    Phase.SUCCEEDED: "Succeeded",
    Phase.FAILED: "Failed",
    Phase.STOPPED: "Stopped",
}
"""Of executions and steps; a step that was never begun is not listed (measured)."""

FAILED: Final = "Step failure: One or multiple steps failed."


@dataclass(frozen=True, slots=True)
class Context:
    """What all executions of a region run with. `is_substituting`: off, documents run as they are."""

    jobs: Jobs
    script: FaultScript
    now: Callable[[], datetime]
    is_substituting: bool
    most_steps: int


@dataclass(frozen=True, slots=True)
class Told:
    """What an execution was started with. `text`: the definition; `parallel`: how many steps at once."""

    arn: str
    pipeline_arn: str
    pipeline_name: str
    version: int
    text: str
    definition: Definition
    parameters: Mapping[str, str]
    request: Mapping[str, Any]
    parallel: int | None
    made: datetime


class PipelineExecution:
    def __init__(self, told: Told, context: Context) -> None:
        self.told, self._context = told, context
        self.changed = told.made
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._extra: dict[str, int] = {}
        self._runs = self._run(told.parallel, {})

    def _run(self, parallel: int | None, before: Mapping[str, StepState]) -> Execution:
        limit = min(parallel or self._context.most_steps, self._context.most_steps)
        graph, now = self.told.definition.graph, self._context.now
        running = Execution(graph, self._begin, now=now, limit=limit, before=before)
        running.start()
        return running

    def _begin(self, name: str, attempt: int) -> StepJob:  # noqa: ARG002 -- the job's name tells attempts apart
        resolve = self._resolve if self._context.is_substituting else None
        maker = Maker(self.told.arn.rpartition("/")[2], self._context.jobs, self._context.script, resolve)

        def tried() -> None:
            with self._lock:
                self._extra[name] = self._extra.get(name, 0) + 1

        job = maker.make(self.told.definition.steps[name], tried)
        with self._lock:
            self._jobs[name] = job
        return StepJob(job)

    def _resolve(self, value: Any) -> Any:
        return resolved(value, self._names())

    def _names(self) -> dict[str, Any]:
        told = self.told
        with self._lock:
            steps = {f"Steps.{name}": job.description() for name, job in self._jobs.items()}
        return {
            "Execution.PipelineExecutionArn": told.arn,
            "Execution.PipelineExecutionId": told.arn.rpartition("/")[2],
            "Execution.PipelineArn": told.pipeline_arn,
            "Execution.PipelineName": told.pipeline_name,
            "Execution.StartDateTime": told.made.isoformat(),
            "Execution.CurrentDateTime": self._context.now().isoformat(),
            **{f"Parameters.{name}": value for name, value in told.parameters.items()},
            **steps,
        }

    @property
    def phase(self) -> Phase:
        return self._runs.phase

    def wait(self, timeout_s: float | None = None) -> bool:
        return self._runs.wait(timeout_s)

    def stop(self) -> None:
        self.changed = self._context.now()
        self._runs.stop()

    def retry(self, parallel: int | None) -> None:
        """Run again what did not succeed, under the same ARN."""
        self.changed = self._context.now()
        self._runs = self._run(parallel or self.told.parallel, self._runs.steps)

    def description(self) -> dict[str, Any]:
        """As DescribePipelineExecution has it."""
        told, phase = self.told, self.phase
        ended = [step.ended for step in self._runs.steps.values() if step.ended]
        found = {
            "PipelineArn": told.pipeline_arn,
            "PipelineExecutionArn": told.arn,
            "PipelineExecutionDisplayName": self.name,
            "PipelineExecutionStatus": STATES[phase],
            "PipelineVersionId": told.version,
            "CreationTime": told.made,
            "LastModifiedTime": max([self.changed, *ended]),
            "FailureReason": FAILED if phase is Phase.FAILED else None,
            "PipelineExecutionDescription": told.request.get("PipelineExecutionDescription"),
            "ParallelismConfiguration": told.parallel and {"MaxParallelExecutionSteps": told.parallel},
        }
        return {name: value for name, value in found.items() if value is not None}

    @property
    def name(self) -> str:
        own = f"execution-{int(self.told.made.timestamp() * 1000)}"
        return str(self.told.request.get("PipelineExecutionDisplayName") or own)

    def steps(self) -> list[dict[str, Any]]:
        """As ListPipelineExecutionSteps has them, in the order in which they began."""
        with self._lock:
            jobs, extra = dict(self._jobs), dict(self._extra)
        begun = [(name, step) for name, step in self._runs.steps.items() if step.began is not None]
        begun.sort(key=lambda one: one[1].began or self.told.made)
        return [self._step(name, step, jobs.get(name), extra.get(name, 0)) for name, step in begun]

    def _step(self, name: str, step: StepState, job: Job | None, extra: int) -> dict[str, Any]:
        found = {
            "StepName": name,
            "StepStatus": STATES[step.phase] if job is not None or step.ended else "Starting",
            "AttemptCount": step.attempts + extra,
            "StartTime": step.began,
            "EndTime": step.ended,
            "FailureReason": step.reason or None,
            "Metadata": {f"{job.kind}Job": {"Arn": job.arn}} if job else {},
        }
        return {name: value for name, value in found.items() if value is not None}
