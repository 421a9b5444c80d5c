"""A pipeline job: its document, executed as it is written."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from skylift_testkit.emulator.execution import Ending, Execution, Phase
from skylift_testkit.emulator.graph import Graph
from skylift_vertex.emulator.job import moment
from skylift_vertex.emulator.substitution import parameters_of, with_parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from skylift_testkit.emulator.execution import StepState
    from skylift_vertex.emulator.custom_jobs import CustomJobs
    from skylift_vertex.emulator.job import CustomJob

STATES: Final = {
    Phase.RUNNING: "PIPELINE_STATE_RUNNING",
    Phase.STOPPING: "PIPELINE_STATE_CANCELLING",
    Phase.SUCCEEDED: "PIPELINE_STATE_SUCCEEDED",
    Phase.FAILED: "PIPELINE_STATE_FAILED",
    Phase.STOPPED: "PIPELINE_STATE_CANCELLED",
}
TASKS: Final = {
    Phase.WAITING: "PENDING",
    Phase.RUNNING: "RUNNING",
    Phase.STOPPING: "CANCELLING",
    Phase.SUCCEEDED: "SUCCEEDED",
    Phase.FAILED: "FAILED",
    Phase.STOPPED: "CANCELLED",
}
FAST: Final = "PIPELINE_FAILURE_POLICY_FAIL_FAST"
NOT_TRIGGERED: Final = "The task was not triggered: a task has failed, and the failure policy is fail fast."
FAILED: Final = "The DAG failed because some tasks failed. The failed tasks are: "
PRECONDITION: Final = 9
"""`google.rpc.Code`: FAILED_PRECONDITION."""


@dataclass(frozen=True, slots=True)
class Context:
    """What all pipeline jobs run with. `is_substituting`: off, placeholders of the job stay what they are."""

    jobs: CustomJobs
    now: Callable[[], datetime]
    is_substituting: bool
    most_steps: int


@dataclass(slots=True)
class _Ran:
    """The custom jobs of a task, one for each attempt."""

    jobs: list[CustomJob] = field(default_factory=list["CustomJob"])


class PipelineJob:
    """A job, from its start. Raises `ConfigurationError` for tasks that wait for none, or in a circle."""

    def __init__(self, name: str, request: Mapping[str, Any], context: Context, made: datetime) -> None:
        self.name, self.request, self.made = name, request, made
        self._context, self._lock = context, threading.Lock()
        document: Mapping[str, Any] = request["pipelineSpec"]
        self._tasks: Mapping[str, Any] = document["root"]["dag"]["tasks"]
        self._ran: dict[str, _Ran] = {task: _Ran() for task in self._tasks}
        self._failed: list[str] = []
        self._left_out: set[str] = set()
        graph = Graph({task: one.get("dependentTasks", ()) for task, one in self._tasks.items()})
        self._runs = Execution(graph, self._begin, now=context.now, limit=context.most_steps)
        self._runs.start()

    @property
    def phase(self) -> Phase:
        return self._runs.phase

    def wait(self, timeout_s: float | None = None) -> bool:
        return self._runs.wait(timeout_s)

    def stop(self) -> None:
        self._runs.stop()

    def _begin(self, task: str, attempt: int) -> _Trying:  # noqa: ARG002 -- a pipeline job is not begun again
        with self._lock:
            if self._failed and self.request.get("runtimeConfig", {}).get("failurePolicy") == FAST:
                self._left_out.add(task)
                raise ValueError(NOT_TRIGGERED)
        retries = int(self._tasks[task].get("retryPolicy", {}).get("maxRetryCount", 0))
        return _Trying(lambda: self._start(task), retries, lambda: self._fail(task))

    def _fail(self, task: str) -> None:
        with self._lock:
            self._failed.append(task)

    def _start(self, task: str) -> CustomJob:
        """Raises `ValueError` for a document that does not hold together, as the task's own failure."""
        parent = self.name.partition("/pipelineJobs/")[0]
        job = self._context.jobs.start(parent, self._custom_job(task), known_as=task)
        with self._lock:
            self._ran[task].jobs.append(job)
        return job

    def _custom_job(self, name: str) -> dict[str, Any]:
        document, task = self.request["pipelineSpec"], self._tasks[name]
        try:
            component = document["components"][task["componentRef"]["name"]]
            container = document["deploymentSpec"]["executors"][component["executorLabel"]]["container"]
        except KeyError as error:
            raise ValueError(f"{error} is not found in the pipeline spec.") from error
        words = {part: list(container.get(part, ())) for part in ("command", "args")}
        given = parameters_of(task, self._names() if self._context.is_substituting else {})
        words = {part: [with_parameters(one, given) for one in told] for part, told in words.items()}
        spec = {"imageUri": container.get("image", ""), "env": container.get("env", []), **words}
        return {
            "displayName": name,
            "jobSpec": {"workerPoolSpecs": [{"containerSpec": spec, "replicaCount": "1"}]},
            "labels": self.request.get("labels", {}),
        }

    def _names(self) -> dict[str, str]:
        return {
            "{{$.pipeline_job_name}}": self.name.rpartition("/")[2],
            "{{$.pipeline_job_resource_name}}": self.name,
        }

    def summary(self) -> dict[str, Any]:
        """As ListPipelineJobs has it."""
        phase = self.phase
        found = {
            "name": self.name,
            "displayName": self.request.get("displayName", ""),
            "state": STATES[phase],
            "createTime": moment(self.made),
            "labels": self.request.get("labels", {}),
        }
        if "scheduleName" in self.request:
            found["scheduleName"] = self.request["scheduleName"]
        if phase is not Phase.FAILED:
            return found
        failed = ", ".join(sorted(self._failed))
        return found | {"error": {"code": PRECONDITION, "message": f"{FAILED}[{failed}]."}}

    def description(self) -> dict[str, Any]:
        """As GetPipelineJob has it: the whole is told as a task, too, that the others are children of."""
        steps = self._runs.steps
        is_over = self._runs.wait(0)
        root = {"taskId": "1", "taskName": self.name.rpartition("/")[2], "state": "RUNNING"}
        told = [
            self._task(number, name, step, is_over=is_over)
            for number, (name, step) in enumerate(steps.items(), start=2)
            if is_over or step.phase is not Phase.WAITING
        ]
        return {**self.request, **self.summary(), "jobDetail": {"taskDetails": [root, *told]}}

    def _task(self, number: int, name: str, step: StepState, *, is_over: bool) -> dict[str, Any]:
        with self._lock:
            ran, is_left_out = list(self._ran[name].jobs), name in self._left_out
        is_left_out = is_left_out or (is_over and step.phase is Phase.WAITING)
        found: dict[str, Any] = {
            "taskId": str(number),
            "parentTaskId": "1",
            "taskName": name,
            "createTime": moment(step.began or self.made),
            "state": "NOT_TRIGGERED" if is_left_out else TASKS[step.phase],
        }
        if ran:
            names = [job.name for job in ran]
            found["executorDetail"] = {
                "containerDetail": {"mainJob": names[-1], "failedMainJobs": names[:-1]}
            }
        if step.reason and not is_left_out:
            found["error"] = {"code": PRECONDITION, "message": step.reason}
        return found


class _Trying:
    """A task's attempts, one after another: intervals between them are not waited for."""

    def __init__(self, start: Callable[[], CustomJob], retries: int, fail: Callable[[], None]) -> None:
        self._start, self._retries, self._fail = start, retries, fail
        self._lock, self._is_told = threading.Lock(), False
        self._job: CustomJob | None = None

    def wait(self) -> Ending:
        try:
            ending = self._tried()
        except ValueError as error:
            ending = Ending(Phase.FAILED, str(error))
        if ending.phase is Phase.FAILED:
            self._fail()
        return ending

    def _tried(self) -> Ending:
        for _ in range(self._retries + 1):
            with self._lock:
                if self._is_told:
                    return Ending(Phase.STOPPED)
                self._job = self._start()
            ending = self._job.wait()
            if ending.phase is not Phase.FAILED:
                break
        return ending  # pyright: ignore[reportPossiblyUnboundVariable] -- it is tried at least once

    def stop(self) -> None:
        with self._lock:
            self._is_told = True
            if self._job is not None:
                self._job.stop()
