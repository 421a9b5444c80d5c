"""An emulator as the suites look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from skylift_testkit.backend import Backend, Fault
from skylift_testkit.emulator import fault_script
from skylift_testkit.emulator.fault_script import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

PATIENCE: Final = 50
"""Calls: more than any client makes before it gives up."""


class Schedules(Protocol):
    def names(self) -> Sequence[str]:
        """Of all that there are, paused ones too."""
        ...

    def next_fires(self, name: str, n: int, after: datetime, /) -> Sequence[datetime]: ...


class Emulator(Protocol):
    """What an emulator's server has in common with any other's."""

    @property
    def schedules(self) -> Schedules: ...

    def executions(self) -> Sequence[str]:
        """The orchestrator run ID of each there was, of static pipelines at least."""
        ...

    def kept(self) -> Sequence[str]: ...

    def turn_clock(self, to: datetime) -> None: ...

    def tell(self, fault: fault_script.Fault) -> None: ...


class EmulatedBackend(Backend):
    """Of an emulator.

    Args:
        emulator: Its server.
        starts: Operations that make an execution or a schedule.
        makes: All that a deployment calls to make something, in any order; the second of them is
            refused half way. Where one call makes everything, half way is the refusal of that.
    """

    def __init__(
        self, emulator: Emulator, starts: frozenset[str], makes: frozenset[str] | None = None
    ) -> None:
        self.emulator = emulator
        half_way = fault_script.Fault(Failure.PERMISSION, makes or starts, after=1 if makes else 0)
        self.script: Mapping[Fault, fault_script.Fault] = {
            Fault.QUOTA: fault_script.Fault(Failure.QUOTA, starts),
            Fault.CREDENTIALS: fault_script.Fault(Failure.CREDENTIALS, starts),
            Fault.PERMISSION: fault_script.Fault(Failure.PERMISSION, starts),
            Fault.UNAVAILABLE: fault_script.Fault(Failure.UNAVAILABLE, starts, times=PATIENCE),
            Fault.LOST_ANSWER: fault_script.Fault(Failure.LOST_ANSWER, starts),
            Fault.HALF_WAY: half_way,
            Fault.STEP_TWICE: fault_script.Fault(Failure.TWICE, times=PATIENCE),
        }

    def executions(self) -> Sequence[str]:
        return self.emulator.executions()

    def kept(self) -> Sequence[str]:
        return self.emulator.kept()

    def schedules(self) -> Sequence[str]:
        return self.emulator.schedules.names()

    def turn_clock(self, to: datetime) -> None:
        self.emulator.turn_clock(to)

    def next_fires(self, schedule_id: str, n: int, after: datetime) -> Sequence[datetime]:
        return self.emulator.schedules.next_fires(schedule_id, n, after)

    def inject(self, fault: Fault) -> None:
        self.emulator.tell(self.script[fault])
