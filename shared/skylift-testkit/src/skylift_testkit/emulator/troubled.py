"""Commands that meet what a cloud's machines meet: started twice, late, or taken away."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from skylift_testkit.emulator.fault_script import Failure
from skylift_testkit.emulator.process import Exit, Running

if TYPE_CHECKING:
    from collections.abc import Callable

    from skylift_testkit.emulator.process import Command, Starter

STOPPED = 143
"""The exit code of what was stopped before it began: that of a process that SIGTERM ended."""


def start(
    failure: Failure | None, command: Command, say: Callable[[str], None], starter: Starter, gate: Gate
) -> Running:
    """Start a command as its fault has it; `gate` holds a slow start back."""
    if failure is Failure.TWICE:
        return Twice([starter(command, say), starter(command, say)])
    if failure is Failure.PREEMPTED:
        return Preempted(lambda hear: starter(command, hear), say)
    if failure is Failure.SLOW_START:
        return Held(lambda: starter(command, say), gate)
    return starter(command, say)


class Gate:
    """Holds slow starts back until it is opened, or they are stopped."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open = False

    def open(self) -> None:
        with self._changed:
            self._open = True
            self._changed.notify_all()

    def wake(self) -> None:
        """Have those that wait look at what they wait for."""
        with self._changed:
            self._changed.notify_all()

    def wait(self, given_up: Callable[[], bool]) -> bool:
        """True when it is open, False for who has given up."""
        with self._changed:
            self._changed.wait_for(lambda: self._open or given_up())
            return not given_up()


class Twice:
    """Two processes for one step; it has failed where either has."""

    def __init__(self, both: list[Running]) -> None:
        self._both = both

    def wait(self) -> Exit:
        exits = [one.wait() for one in self._both]
        return next((exit_ for exit_ in exits if exit_.code), exits[0])

    def stop(self) -> None:
        for one in self._both:
            one.stop()

    def kill(self) -> None:
        for one in self._both:
            one.kill()


class Preempted:
    """Killed once it has written a line, and started again, unless it was told to end."""

    def __init__(self, start: Callable[[Callable[[str], None]], Running], say: Callable[[str], None]) -> None:
        self._start, self._say = start, say
        self._began, self._is_taken, self._is_told = threading.Event(), False, False
        self._lock = threading.Lock()
        self._running = start(self._hear)
        self._began.set()

    def _hear(self, line: str) -> None:
        self._say(line)
        self._began.wait()
        if not self._is_taken:
            self._is_taken = True
            self._running.kill()

    def wait(self) -> Exit:
        first = self._running.wait()
        with self._lock:
            if not self._is_taken or self._is_told:
                return first
            self._running = self._start(self._say)
        return self._running.wait()

    def stop(self) -> None:
        with self._lock:
            self._is_told = True
            self._running.stop()

    def kill(self) -> None:
        with self._lock:
            self._is_told = True
            self._running.kill()


class Held:
    """Starts when its gate opens; not at all, where it is stopped before."""

    def __init__(self, start: Callable[[], Running], gate: Gate) -> None:
        self._start, self._gate = start, gate
        self._lock, self._running, self._is_told = threading.Lock(), None, False

    def wait(self) -> Exit:
        if not self._gate.wait(lambda: self._is_told):
            return Exit(STOPPED)
        with self._lock:
            running: Running | None = None if self._is_told else self._start()
            self._running = running
        return Exit(STOPPED) if running is None else running.wait()

    def stop(self) -> None:
        self._tell(lambda running: running.stop())

    def kill(self) -> None:
        self._tell(lambda running: running.kill())

    def _tell(self, end: Callable[[Running], None]) -> None:
        with self._lock:
            self._is_told = True
            if self._running is not None:
                end(self._running)
        self._gate.wake()
