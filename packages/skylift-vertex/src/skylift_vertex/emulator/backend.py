"""The emulator as the conformance kit looks at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from skylift_testkit.backend import Backend, Fault
from skylift_testkit.emulator import fault_script
from skylift_testkit.emulator.fault_script import Failure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from skylift_vertex.emulator.server import VertexEmulator

STARTS: Final = frozenset({"CreatePipelineJob", "CreateCustomJob", "CreateSchedule", "UpdateSchedule"})
PATIENCE: Final = 50
"""Calls: more than any client makes before it gives up."""

SCRIPT: Final = {
    Fault.QUOTA: fault_script.Fault(Failure.QUOTA, STARTS),
    Fault.CREDENTIALS: fault_script.Fault(Failure.CREDENTIALS, STARTS),
    Fault.PERMISSION: fault_script.Fault(Failure.PERMISSION, STARTS),
    Fault.UNAVAILABLE: fault_script.Fault(Failure.UNAVAILABLE, STARTS, times=PATIENCE),
    Fault.LOST_ANSWER: fault_script.Fault(Failure.LOST_ANSWER, STARTS),
    Fault.HALF_WAY: fault_script.Fault(Failure.PERMISSION, STARTS),
    Fault.STEP_TWICE: fault_script.Fault(Failure.TWICE, times=PATIENCE),
}
"""What a client makes takes one call: half way is the refusal of that."""


class EmulatorBackend(Backend):
    def __init__(self, emulator: VertexEmulator) -> None:
        self.emulator = emulator

    def executions(self) -> Sequence[str]:
        """Custom jobs outside of pipelines are none here: dynamic runs are told apart by the plugin."""
        return self.emulator.executions()

    def kept(self) -> Sequence[str]:
        return self.emulator.schedules.names()

    def schedules(self) -> Sequence[str]:
        return self.emulator.schedules.names()

    def turn_clock(self, to: datetime) -> None:
        self.emulator.turn_clock(to)

    def next_fires(self, schedule_id: str, n: int, after: datetime) -> Sequence[datetime]:
        return self.emulator.schedules.next_fires(schedule_id, n, after)

    def inject(self, fault: Fault) -> None:
        self.emulator.tell(SCRIPT[fault])
