"""A custom job: a command in what the service's containers find around them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

from skylift_testkit.emulator import troubled
from skylift_testkit.emulator.execution import Ending, Phase
from skylift_testkit.emulator.process import Command
from skylift_vertex.emulator.answers import invalid
from skylift_vertex.emulator.logs import REPLICA, SERVICE
from skylift_vertex.emulator.messages import CODES, JobState, copied
from skylift_vertex.emulator.texts import environment, expanded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift_testkit.emulator.fault_script import Failure
    from skylift_vertex.emulator.machine import Machine
    from skylift_vertex.emulator.place import Place

KIND: Final = "customJobs"
DEFAULT_TIMEOUT_S: Final = 7 * 24 * 3600
"""Source: aiplatform_v1.Scheduling.timeout"""

STATES: Final = {
    Phase.RUNNING: JobState.JOB_STATE_RUNNING,
    Phase.STOPPING: JobState.JOB_STATE_CANCELLING,
    Phase.SUCCEEDED: JobState.JOB_STATE_SUCCEEDED,
    Phase.FAILED: JobState.JOB_STATE_FAILED,
    Phase.STOPPED: JobState.JOB_STATE_CANCELLED,
}


class Job:
    """A custom job, from its start.

    Args:
        told: The `CustomJob` message, as it was asked for.
        place: Where.
        id: Its number.
        machine: Runs it.
        failure: What it meets.
    """

    def __init__(self, told: Any, place: Place, id: str, machine: Machine, failure: Failure | None) -> None:
        self.place, self.id, self.name = place, id, place.name(KIND, id)
        self._machine, self._changed = machine, threading.Condition()
        self._ending: Ending | None = None
        self._is_told = self._is_late = False
        self._told = told
        self._told.name = self.name
        self._told.create_time.FromDatetime(machine.now())
        self._told.start_time.FromDatetime(machine.now())
        self._told.update_time.FromDatetime(machine.now())
        self._service = machine.logs.writer(place.project, id, SERVICE)
        self._service("Job is running.")
        say = machine.logs.writer(place.project, id, REPLICA)
        command = _command(told.job_spec, place, id, machine.environment)
        self._running = troubled.start(failure, command, say, machine.starts, machine.gate)
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        limit = threading.Timer(_seconds(self._told.job_spec), self._run_out)
        limit.daemon = True
        limit.start()
        code = self._running.wait().code
        limit.cancel()
        with self._changed:
            self._ending = self._judged(code)
            self._told.end_time.FromDatetime(self._machine.now())
            self._told.update_time.FromDatetime(self._machine.now())
            if self._ending.phase is not Phase.SUCCEEDED:
                self._told.error.code, self._told.error.message = self._error(self._ending)
            self._changed.notify_all()

    def _error(self, ending: Ending) -> tuple[int, str]:
        if ending.phase is Phase.STOPPED:
            return CODES.CANCELLED, "The job was cancelled."
        return CODES.DEADLINE_EXCEEDED if self._is_late else CODES.INTERNAL, ending.reason

    def _run_out(self) -> None:
        with self._changed:
            self._is_late = not self._is_told
        self._running.stop()

    def _judged(self, code: int) -> Ending:
        if self._is_told:
            return Ending(Phase.STOPPED)
        if self._is_late:
            return Ending(Phase.FAILED, "The job's running time exceeded its timeout.")
        if code == 0:
            return Ending(Phase.SUCCEEDED)
        return Ending(
            Phase.FAILED,
            f"The replica {REPLICA} exited with a non-zero status of {code}. "
            "To find out more about why your job exited please check the logs.",
        )

    def wait(self) -> Ending:
        with self._changed:
            self._changed.wait_for(lambda: self._ending is not None)
            return self._ending or Ending(Phase.STOPPED)

    def stop(self) -> None:
        with self._changed:
            if self._ending is None and not self._is_late:
                self._is_told = True
        self._running.stop()

    @property
    def phase(self) -> Phase:
        with self._changed:
            if self._ending is not None:
                return self._ending.phase
            return Phase.STOPPING if self._is_told else Phase.RUNNING

    @property
    def message(self) -> Any:
        """As the service shows it now."""
        phase = self.phase
        with self._changed:
            found = copied(self._told)
        found.state = STATES[phase]
        return found


def check(told: Any) -> None:
    """Raise the service's refusal for a custom job that cannot run."""
    if not told.display_name or len(told.display_name.encode()) > 128:
        raise invalid("custom_job.display_name must have 1 to 128 UTF-8 bytes.")
    pools = told.job_spec.worker_pool_specs
    if len(pools) != 1 or pools[0].replica_count != 1:
        raise invalid("The emulator runs jobs of one worker pool with one replica.")
    if not pools[0].machine_spec.machine_type:
        raise invalid("worker_pool_specs[0].machine_spec.machine_type is not set.")
    container = pools[0].container_spec
    if not container.image_uri:
        raise invalid("worker_pool_specs[0].container_spec.image_uri is not set.")
    if not container.command and not container.args:
        raise invalid("The emulator has no images, so a container must have a command.")


def _command(spec: Any, place: Place, id: str, outside: Mapping[str, str]) -> Command:
    """Source of the service's own variables: cloud.google.com/vertex-ai/docs/training/code-requirements."""
    container = spec.worker_pool_specs[0].container_spec
    own = {"CLOUD_ML_JOB_ID": id, "CLOUD_ML_PROJECT_ID": place.project, "CLOUD_ML_REGION": place.location}
    told = [(one.name, one.value) for one in container.env]
    variables = environment(told, own)
    words = (*container.command, *container.args)
    return Command(tuple(expanded(word, variables) for word in words), {**outside, **variables})


def _seconds(spec: Any) -> float:
    return float(spec.scheduling.timeout.ToTimedelta().total_seconds() or DEFAULT_TIMEOUT_S)
