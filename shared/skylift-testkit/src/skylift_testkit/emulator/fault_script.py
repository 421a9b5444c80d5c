"""What will go wrong, told beforehand: pure but for the script's lock."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from enum import StrEnum


class Failure(StrEnum):
    """What a call meets, or a step.

    `LOST_ANSWER`: the call takes effect, and its connection ends before the answer. Of steps:
    `PREEMPTED` is killed at its first line of output and started again, `TWICE` is started in two
    processes at once, `SLOW_START` starts when it is let go. The others are a vendor's answers.
    """

    THROTTLED = "throttled"
    QUOTA = "quota"
    CREDENTIALS = "credentials"
    PERMISSION = "permission"
    UNAVAILABLE = "unavailable"
    LOST_ANSWER = "lost_answer"
    PREEMPTED = "preempted"
    TWICE = "twice"
    SLOW_START = "slow_start"


OF_STEPS = frozenset({Failure.PREEMPTED, Failure.TWICE, Failure.SLOW_START})


@dataclass(frozen=True, slots=True)
class Fault:
    """One line of a script.

    Args:
        failure: What goes wrong.
        at: Names of operations, or of steps; any, where there is none.
        after: How many of them go well first; 1 makes what takes several calls fail half way.
        times: How many go wrong then.
    """

    failure: Failure
    at: frozenset[str] = frozenset()
    after: int = 0
    times: int = 1

    def meets(self, name: str) -> bool:
        return self.times > 0 and (not self.at or name in self.at)


def taken(script: tuple[Fault, ...], name: str) -> tuple[Failure | None, tuple[Fault, ...]]:
    """What happens to one call or step, and what is left of the script: its first line that is due.

    Every line that the call meets counts it, up to the one that has it go wrong.
    """
    left: list[Fault] = []
    for index, fault in enumerate(script):
        if not fault.meets(name):
            left.append(fault)
        elif fault.after:
            left.append(replace(fault, after=fault.after - 1))
        else:
            rest = [replace(fault, times=fault.times - 1)] if fault.times > 1 else []
            return fault.failure, (*left, *rest, *script[index + 1 :])
    return None, tuple(left)


class FaultScript:
    """Told by a test, taken by the threads of a server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: tuple[Fault, ...] = ()
        self._steps: tuple[Fault, ...] = ()

    def tell(self, fault: Fault) -> None:
        with self._lock:
            if fault.failure in OF_STEPS:
                self._steps += (fault,)
            else:
                self._calls += (fault,)

    def of_call(self, operation: str) -> Failure | None:
        with self._lock:
            found, self._calls = taken(self._calls, operation)
        return found

    def of_step(self, name: str) -> Failure | None:
        with self._lock:
            found, self._steps = taken(self._steps, name)
        return found
