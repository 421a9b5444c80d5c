"""The words for how a run or a step stands, and for how a run treats a failure."""

from __future__ import annotations

from enum import StrEnum


class ExecutionStatus(StrEnum):
    """How a run or a step stands.

    `PENDING`: the backend has it and nothing of it runs yet. `STOPPING`: it was asked to
    stop and something still runs. `CACHED`: it did not run, for its outputs were there before.
    `SKIPPED`: it will not run, for a failure or a stop before it. `NOT_STARTED`: its run
    ended before it began. `UNKNOWN`: the backend could not be asked.
    """

    PENDING = "pending"
    RUNNING = "running"
    STOPPING = "stopping"
    COMPLETED = "completed"
    CACHED = "cached"
    FAILED = "failed"
    STOPPED = "stopped"
    SKIPPED = "skipped"
    NOT_STARTED = "not_started"
    UNKNOWN = "unknown"

    @property
    def is_finished(self) -> bool:
        """Whether it can no longer change, save by a repair of the same run."""
        return self not in _OPEN

    @property
    def is_successful(self) -> bool:
        return self in {ExecutionStatus.COMPLETED, ExecutionStatus.CACHED}


_OPEN = frozenset(
    {ExecutionStatus.PENDING, ExecutionStatus.RUNNING, ExecutionStatus.STOPPING, ExecutionStatus.UNKNOWN}
)


class ExecutionMode(StrEnum):
    """What a failure does to the rest of its run.

    `FAIL_FAST`: nothing new starts and running steps are stopped. `STOP_ON_FAILURE`:
    nothing new starts, running steps finish. `CONTINUE_ON_FAILURE`: whatever is not
    downstream of the failure still runs. In each, the run ends as failed.
    """

    FAIL_FAST = "fail_fast"
    STOP_ON_FAILURE = "stop_on_failure"
    CONTINUE_ON_FAILURE = "continue_on_failure"
