"""What jobs run on and with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from skylift_testkit.emulator.process import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from skylift_testkit.emulator.fault_script import FaultScript
    from skylift_testkit.emulator.process import Command, Running
    from skylift_testkit.emulator.troubled import Gate
    from skylift_vertex.emulator.logs import Logs


@dataclass(frozen=True, slots=True)
class Machine:
    """`environment`: stands for the network and the account of a container: where the services are.

    `now`: the clock. `script`: what goes wrong with jobs. `gate`: holds back those whose start is slow.
    `grace_s`: between asking a job to end and ending it.
    """

    now: Callable[[], datetime]
    logs: Logs
    environment: Mapping[str, str]
    script: FaultScript
    gate: Gate
    grace_s: float

    def starts(self, command: Command, say: Callable[[str], None]) -> Running:
        return Process(command, say, grace_s=self.grace_s)
