from __future__ import annotations

import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from skylift.runtime.interrupts import (
    StopRequested,
    asked_to_stop,
    held_back,
    interrupt,
    interruptible,
    keep_for_later,
    raise_if_asked,
    stopped_by,
    uninterrupted,
    wait_until,
)
from skylift.runtime.signals import stopping_on_signals

if TYPE_CHECKING:
    from collections.abc import Generator


@pytest.fixture(autouse=True)
def nothing_pending() -> Generator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)}
    yield
    assert {number: signal.getsignal(number) for number in before} == before
    raise_if_asked()


STOPS = [(signal.SIGTERM, StopRequested), (signal.SIGHUP, StopRequested), (signal.SIGINT, KeyboardInterrupt)]


@pytest.mark.parametrize(("number", "raised"), STOPS)
def test_a_stop_reaches_the_steps_own_code(number: int, raised: type[BaseException]) -> None:
    with stopping_on_signals(), pytest.raises(raised), interruptible():
        signal.raise_signal(number)


@pytest.mark.parametrize(("number", "raised"), STOPS)
def test_a_stop_does_not_cut_a_record_in_two(number: int, raised: type[BaseException]) -> None:
    written: list[str] = []
    with stopping_on_signals():
        signal.raise_signal(number)
        written.append("whole")
        with pytest.raises(raised), interruptible():
            written.append("never")

    assert written == ["whole"]


def test_a_stop_that_was_held_back_is_raised_once() -> None:
    with stopping_on_signals():
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(StopRequested):
            raise_if_asked()
        raise_if_asked()


@pytest.mark.parametrize(("number", "raised"), STOPS)
def test_a_stop_that_was_handled_is_remembered_to_the_end_of_the_run(
    number: int, raised: type[BaseException]
) -> None:
    with stopping_on_signals():
        with stopping_on_signals():  # a run that a step of another makes
            assert asked_to_stop() is None
            with pytest.raises(raised), interruptible():
                signal.raise_signal(number)
        assert isinstance(asked_to_stop(), raised)
        with stopping_on_signals():
            assert isinstance(asked_to_stop(), raised)
    assert asked_to_stop() is None


def test_a_second_sigterm_does_not_cut_short_what_the_first_began() -> None:
    with stopping_on_signals():
        with pytest.raises(StopRequested), interruptible():
            signal.raise_signal(signal.SIGTERM)
        with interruptible():
            signal.raise_signal(signal.SIGTERM)


def test_a_hangup_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopping_on_signals(), interruptible():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (KeyboardInterrupt(), "it was stopped by Ctrl-C"),
        (StopRequested(), "it was stopped"),
        (StopRequested("step 'a' failed"), "it was stopped: step 'a' failed"),
        (StopRequested("it was stopped by Ctrl-C"), "it was stopped by Ctrl-C"),
        (StopRequested(signal.SIGTERM), "it was stopped by SIGTERM"),
        (StopRequested(signal.SIGHUP), "it was stopped by SIGHUP: its terminal is gone"),
    ],
)
def test_what_stopped_it(error: KeyboardInterrupt | StopRequested, reason: str) -> None:
    assert stopped_by(error) == reason


def test_a_stop_kept_for_later_is_still_told_apart() -> None:
    with held_back():
        keep_for_later(StopRequested(signal.SIGHUP))
        with pytest.raises(StopRequested) as raised, interruptible():
            pass
    assert raised.value.args == (signal.SIGHUP,)


def test_a_second_ctrl_c_does_not_wait() -> None:
    with stopping_on_signals():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            raise_if_asked()


def test_a_stop_that_came_too_late_is_handed_on() -> None:
    seen: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: seen.append(number))
    try:
        with stopping_on_signals():
            signal.raise_signal(signal.SIGTERM)
        assert seen == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_ctrl_c_that_came_too_late_reaches_the_program() -> None:
    with pytest.raises(KeyboardInterrupt), stopping_on_signals():
        signal.raise_signal(signal.SIGINT)


def test_a_programs_own_ctrl_c_is_left_alone() -> None:
    seen: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: seen.append(number))
    try:
        with stopping_on_signals(), interruptible():
            signal.raise_signal(signal.SIGINT)
        assert seen == [signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_stop_kept_for_later_comes_next() -> None:
    with held_back():
        keep_for_later(StopRequested())
        with pytest.raises(StopRequested), interruptible():
            pass


def test_a_wait_ends_with_what_it_waits_for() -> None:
    looks = iter([False, False, True])

    wait_until(lambda _: next(looks))

    assert list(looks) == []


def test_a_stop_that_wakes_nobody_ends_a_wait() -> None:
    """As a signal that arrives between the look at what is pending and the wait itself."""

    def misses(_: float) -> bool:
        keep_for_later(StopRequested(signal.SIGTERM))
        return False

    with pytest.raises(StopRequested):
        wait_until(misses)


def test_a_stop_does_not_leave_the_lock_of_a_wait_broken() -> None:
    lock = threading.Condition()

    def waits(seconds: float) -> bool:
        with lock:
            signal.raise_signal(signal.SIGTERM)
            return lock.wait(seconds)

    with stopping_on_signals(), pytest.raises(StopRequested), interruptible():
        wait_until(waits)

    assert lock.acquire(blocking=False)
    lock.release()


def test_what_is_not_interrupted_is_stopped_at_its_end() -> None:
    done: list[str] = []

    def works() -> None:
        with uninterrupted():
            signal.raise_signal(signal.SIGTERM)
            done.append("all")
        done.append("more")

    with stopping_on_signals(), pytest.raises(StopRequested), interruptible():
        works()
    assert done == ["all"]


def test_the_main_thread_is_not_interrupted_when_it_runs_nothing() -> None:
    interrupt(threading.main_thread(), "its run failed")

    assert asked_to_stop() is None
    raise_if_asked()


def test_the_main_thread_is_interrupted_for_a_reason() -> None:
    with stopping_on_signals(), pytest.raises(StopRequested) as raised, interruptible():
        interrupt(threading.main_thread(), "step 'a' failed")
    assert stopped_by(raised.value) == "it was stopped: step 'a' failed"


def test_in_another_thread_nothing_is_held_back() -> None:
    done: list[bool] = []

    def run() -> None:
        with stopping_on_signals(), held_back(), interruptible():
            raise_if_asked()
            done.append(True)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()

    assert done == [True]


FORKS = """
import os, signal, sys
from skylift.runtime import signals
signals.stop_on_signals()
child = os.fork()
if child == 0:
    signal.pause()
os.kill(child, signal.SIGTERM)
_, status = os.waitpid(child, 0)
print(os.WTERMSIG(status), signal.getsignal(signal.SIGTERM) is signals._on_stop)
"""


def test_what_a_step_forks_ends_as_any_other_process() -> None:
    ended = subprocess.run([sys.executable, "-c", FORKS], capture_output=True, text=True, check=True)
    assert ended.stdout == "15 True\n"
