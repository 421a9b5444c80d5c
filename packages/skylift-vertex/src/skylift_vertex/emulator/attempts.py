"""A task as custom jobs: begun again as often as its retry policy says."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

from skylift_testkit.emulator.execution import Ending, Phase
from skylift_testkit.emulator.fault_script import Failure
from skylift_vertex.emulator.answers import REFUSALS
from skylift_vertex.emulator.messages import copied, vertex
from skylift_vertex.emulator.texts import with_inputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift_testkit.emulator.fault_script import FaultScript
    from skylift_vertex.emulator.document import Task
    from skylift_vertex.emulator.job import Job
    from skylift_vertex.emulator.jobs import Jobs
    from skylift_vertex.emulator.place import Place

MACHINE: Final = "e2-standard-4"
"""Of a task that asks for no resources. Source: cloud.google.com/vertex-ai/docs/pipelines/machine-types"""


class TaskJob:
    """A task that has begun. Its backoff is not waited for.

    Args:
        task: What runs.
        parameters: Its own, with everything placed.
        jobs: Where its custom jobs are made.
        place: Where.
        script: What goes wrong; `TASK:CreateCustomJob` is the call that makes a task's job.
    """

    def __init__(
        self, task: Task, parameters: Mapping[str, str], jobs: Jobs, place: Place, script: FaultScript
    ) -> None:
        self._task, self._jobs, self._place, self._script = task, jobs, place, script
        self._told = _custom_job(task, parameters)
        self._lock, self._is_told = threading.Lock(), False
        self.made: list[Job] = []

    def wait(self) -> Ending:
        ending = Ending(Phase.FAILED)
        for _ in range(self._task.retries + 1):
            ending = self._attempt()
            if ending.phase is not Phase.FAILED:
                return ending
        return ending

    def _attempt(self) -> Ending:
        failure = self._script.of_call(f"{self._task.name}:CreateCustomJob")
        if failure is not None and failure is not Failure.LOST_ANSWER:
            return Ending(Phase.FAILED, REFUSALS[failure].message)
        with self._lock:
            if self._is_told:
                return Ending(Phase.STOPPED)
            job = self._jobs.start(copied(self._told), self._place, known_as=self._task.name)
            self.made.append(job)
        return job.wait()

    def stop(self) -> None:
        with self._lock:
            self._is_told = True
            running = self.made[-1:]
        for job in running:
            job.stop()


def _custom_job(task: Task, parameters: Mapping[str, str]) -> Any:
    """What the service makes of a task; variables are not looked at for inputs."""
    told = vertex("CustomJob", {"displayName": task.name})
    pool = told.job_spec.worker_pool_specs.add()
    pool.machine_spec.machine_type = MACHINE
    pool.replica_count = 1
    pool.container_spec.command.extend(with_inputs(word, parameters) for word in task.command)
    for name, value in task.variables:
        pool.container_spec.env.add(name=name, value=value)
    return told
