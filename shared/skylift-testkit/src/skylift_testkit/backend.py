"""What the suites ask of a backend, or of its emulator, besides what an orchestrator does with it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Never

from skylift_testkit.refusals import unproven

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class Fault(StrEnum):
    """What goes wrong with the next call that makes an execution or a schedule.

    `LOST_ANSWER`: it takes effect, and the connection ends before it is answered. `HALF_WAY`: of
    several calls, one after the first is refused. `STEP_TWICE`: it starts each step in two
    processes at once. The others are answers of the backend's.
    """

    QUOTA = "quota"
    CREDENTIALS = "credentials"
    PERMISSION = "permission"
    UNAVAILABLE = "unavailable"
    LOST_ANSWER = "lost_answer"
    HALF_WAY = "half_way"
    STEP_TWICE = "step_twice"


class Backend:
    """Override what yours can; a test that needs anything else is told as unproven."""

    def executions(self) -> Sequence[str]:
        """The orchestrator run ID of every execution there ever was."""
        _lacks("executions")

    def kept(self) -> Sequence[str]:
        """Names of all that it keeps besides executions: pipelines, definitions of jobs, schedules."""
        _lacks("kept")

    def schedules(self) -> Sequence[str]:
        """Names of the schedules that it has, paused ones too."""
        _lacks("schedules")

    def turn_clock(self, to: datetime) -> None:  # noqa: ARG002
        """Let time pass until then, and return when whatever fired meanwhile has ended."""
        _lacks("turn_clock")

    def next_fires(self, schedule_id: str, n: int, after: datetime) -> Sequence[datetime]:  # noqa: ARG002
        """When the schedule as the backend has it will fire next, strictly after a moment."""
        _lacks("next_fires")

    def inject(self, fault: Fault) -> None:
        """Have the next call go wrong."""
        _lacks(f"inject({fault.value})")


class OwnBackend(Backend):
    """Of a flavor that runs the steps itself, and gives runs their ids: its executions are in the ledger."""

    def executions(self) -> Sequence[str]:
        from skylift.client import Client

        return [str(run.orchestrator_run_id) for run in Client().runs()]


def _lacks(what: str) -> Never:
    unproven(f"the fixture `backend` has no {what}")
