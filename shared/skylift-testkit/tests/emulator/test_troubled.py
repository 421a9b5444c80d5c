from __future__ import annotations

import threading

from skylift_testkit.emulator import troubled
from skylift_testkit.emulator.fault_script import Failure
from skylift_testkit.emulator.process import Command, Exit, Process
from skylift_testkit.emulator.troubled import STOPPED, Gate, Held

ONCE = Command(("python", "-c", "print('up', flush=True)"), {})
FOREVER = Command(("python", "-c", "import signal; print('up', flush=True); signal.pause()"), {})
WAIT_S = 20.0


def run(failure: Failure | None, command: Command = ONCE) -> tuple[Exit, list[str]]:
    lines = list[str]()
    return troubled.start(failure, command, lines.append, Process, Gate()).wait(), lines


def test_once_where_nothing_goes_wrong() -> None:
    assert run(None) == (Exit(0), ["up"])


def test_twice_is_two_processes() -> None:
    assert run(Failure.TWICE) == (Exit(0), ["up", "up"])


def test_one_of_two_that_fails_fails_the_step() -> None:
    codes = iter([Exit(0), Exit(3)])

    class Ended(Process):
        def wait(self) -> Exit:
            super().wait()
            return next(codes)

    assert troubled.start(Failure.TWICE, ONCE, lambda line: None, Ended, Gate()).wait() == Exit(3)


def test_preempted_is_killed_and_started_again() -> None:
    """The first would never end by itself, and the second one only does."""
    begun = iter([FOREVER, ONCE])
    lines = list[str]()
    running = troubled.start(
        Failure.PREEMPTED, ONCE, lines.append, lambda command, say: Process(next(begun), say), Gate()
    )
    assert running.wait() == Exit(0)
    assert lines == ["up", "up"]


def test_a_slow_start_waits_for_its_gate() -> None:
    gate, lines, began = Gate(), list[str](), threading.Event()
    held = Held(lambda: began.set() or Process(ONCE, lines.append), gate)
    waiting = threading.Thread(target=held.wait)
    waiting.start()
    assert not began.is_set()
    gate.open()
    waiting.join(WAIT_S)
    assert began.is_set()
    assert lines == ["up"]


def test_a_slow_start_that_is_stopped_never_begins() -> None:
    lines = list[str]()
    running = troubled.start(Failure.SLOW_START, ONCE, lines.append, Process, Gate())
    running.stop()
    assert running.wait() == Exit(STOPPED)
    assert lines == []
