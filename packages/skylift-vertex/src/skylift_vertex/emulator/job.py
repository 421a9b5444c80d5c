"""A custom job: a command in what the service's containers find around them."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from skylift_testkit.emulator import troubled
from skylift_testkit.emulator.execution import Ending, Phase
from skylift_testkit.emulator.process import Command, Process
from skylift_vertex.emulator.substitution import expanded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from skylift_testkit.emulator.fault_script import Failure
    from skylift_testkit.emulator.troubled import Gate
    from skylift_vertex.emulator.logs import Logs

STATES: Final = {
    Phase.RUNNING: "JOB_STATE_RUNNING",
    Phase.STOPPING: "JOB_STATE_CANCELLING",
    Phase.SUCCEEDED: "JOB_STATE_SUCCEEDED",
    Phase.FAILED: "JOB_STATE_FAILED",
    Phase.STOPPED: "JOB_STATE_CANCELLED",
}
CANCELLED, INTERNAL, LATE = 1, 13, 4
"""Numbers of `google.rpc.Code`: CANCELLED, INTERNAL, DEADLINE_EXCEEDED."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What jobs run on and with.

    `environment`: stands for a container's network and service account. `grace_s`: between asking a job
    to end and ending it.
    """

    now: Callable[[], datetime]
    logs: Logs
    environment: Mapping[str, str]
    gate: Gate
    grace_s: float

    def starts(self, command: Command, say: Callable[[str], None]) -> Process:
        return Process(command, say, grace_s=self.grace_s)


class CustomJob:
    """A job, from its start.

    Args:
        name: Its own, whose last part is a number.
        request: The `CustomJob` that was asked for.
        machine: Runs it.
        failure: What it meets.

    Raises `ValueError` for one that no container can be made of.
    """

    def __init__(
        self, name: str, request: Mapping[str, Any], machine: Machine, failure: Failure | None
    ) -> None:
        self.name, self.request, self.id = name, request, name.rpartition("/")[2]
        self.made = self.ended = machine.now()
        self._machine, self._changed = machine, threading.Condition()
        self._ending: Ending | None = None
        self._is_told = self._is_late = False
        command = _command(self.id, name.split("/")[1], request, machine.environment)
        self._running = troubled.start(
            failure, command, machine.logs.of(self.id), machine.starts, machine.gate
        )
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        limit = threading.Timer(_seconds(self.request), self._run_out)
        limit.daemon = True
        limit.start()
        exit_ = self._running.wait()
        limit.cancel()
        with self._changed:
            self.ended = self._machine.now()
            self._ending = self._judged(exit_.code)
            self._changed.notify_all()

    def _judged(self, code: int) -> Ending:
        if self._is_late:
            return Ending(Phase.FAILED, "The job has exceeded its timeout.")
        if self._is_told:
            return Ending(Phase.STOPPED)
        why = f"The replica workerpool0-0 exited with a non-zero status of {code}."
        return Ending(Phase.FAILED, why) if code else Ending(Phase.SUCCEEDED)

    def _run_out(self) -> None:
        self._is_late = True
        self._running.stop()

    def wait(self) -> Ending:
        with self._changed:
            self._changed.wait_for(lambda: self._ending is not None)
            return self._ending or Ending(Phase.STOPPED)

    def stop(self) -> None:
        with self._changed:
            if self._ending is None:
                self._is_told = True
        self._running.stop()

    @property
    def phase(self) -> Phase:
        with self._changed:
            if self._ending is not None:
                return self._ending.phase
            return Phase.STOPPING if self._is_told else Phase.RUNNING

    def description(self) -> dict[str, Any]:
        """As GetCustomJob has it."""
        found = {
            **self.request,
            "name": self.name,
            "state": STATES[self.phase],
            "createTime": moment(self.made),
            "startTime": moment(self.made),
            "updateTime": moment(self.ended),
        }
        if self._ending is None:
            return found
        found["endTime"] = moment(self.ended)
        if self._ending.phase is Phase.SUCCEEDED:
            return found
        is_stopped = self._ending.phase is Phase.STOPPED
        code = CANCELLED if is_stopped else LATE if self._is_late else INTERNAL
        return found | {"error": {"code": code, "message": self._ending.reason or "The job was cancelled."}}


def moment(told: datetime) -> str:
    return told.isoformat().replace("+00:00", "Z")


def _command(id: str, project: str, request: Mapping[str, Any], inside: Mapping[str, str]) -> Command:
    """With `env`, the container's variables are what the request says and what every job has."""
    container: Mapping[str, Any] = request["jobSpec"]["workerPoolSpecs"][0]["containerSpec"]
    argv = [*container.get("command", ()), *container.get("args", ())]
    if not argv:
        raise ValueError("the emulator has no image, so a container must have a command")
    own = {"CLOUD_ML_JOB_ID": id, "CLOUD_ML_PROJECT_ID": project}
    told: dict[str, str] = {}
    for one in container.get("env", ()):
        told[one["name"]] = expanded(one.get("value", ""), {**own, **told})
    words = tuple(expanded(word, {**own, **told}) for word in argv)
    return Command(words, {**inside, **told, **own})


def _seconds(request: Mapping[str, Any]) -> float:
    return float(str(request["jobSpec"].get("scheduling", {}).get("timeout", "604800s")).removesuffix("s"))
