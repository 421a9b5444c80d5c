from __future__ import annotations

import signal
import subprocess
import sys
import threading

import pytest

from skylift.runtime.time_limit import TIMED_OUT_EXIT, StepTimedOut, within


def test_time_is_up() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(StepTimedOut):
        within(0.01, threading.Event().wait, pytest.fail)

    assert signal.getsignal(signal.SIGALRM) is before


def test_code_that_catches_its_time_limit_has_timed_out_all_the_same() -> None:
    def keeps_what_it_has() -> int:
        try:
            threading.Event().wait()
        except BaseException:
            return 7
        return 0

    with pytest.raises(StepTimedOut):
        within(0.01, keeps_what_it_has, pytest.fail)


def test_without_a_limit_there_is_no_watch() -> None:
    before = threading.active_count()

    assert within(None, threading.active_count, pytest.fail) == before


def test_who_is_in_time_hears_nothing() -> None:
    assert within(60, lambda: 7, pytest.fail) == 7


def test_a_limit_that_is_reached_as_the_step_ends_does_no_harm() -> None:
    """The alarm may come at any instruction: many limits, each about as long as its step takes."""
    before, timed_out = signal.getsignal(signal.SIGALRM), 0
    for number in range(300):
        try:
            within(number % 30 * 1e-5, lambda: sum(range(number * 10)), pytest.fail)  # noqa: B023
        except StepTimedOut:
            timed_out += 1

    assert timed_out >= 1
    assert signal.getsignal(signal.SIGALRM) is before


def test_an_exception_of_the_step_is_its_own() -> None:
    with pytest.raises(ZeroDivisionError):
        within(60, lambda: 1 / 0, pytest.fail)


STUCK = """
import ctypes, os, sys
from skylift.runtime.time_limit import within
def last_words():
    os.write(1, b"last words")
    if sys.argv[1] == "raises":
        raise RuntimeError
c = (ctypes.PyDLL if sys.argv[1] == "holds" else ctypes.CDLL)(None)
mutex = ctypes.create_string_buffer(128)
c.pthread_mutex_lock(mutex)
# Where a thread is to have the last words, it needs its turn before the same time has passed once more.
within(0.01, lambda: c.pthread_mutex_lock(mutex), last_words, grace_s=0.05 if sys.argv[1] == "holds" else 2)
"""
linux = pytest.mark.skipif(sys.platform != "linux", reason="a mutex of zeros is Linux's")


@linux
@pytest.mark.parametrize("how", ["returns", "raises"])
def test_code_that_cannot_be_interrupted_is_ended_by_force(how: str) -> None:
    ended = subprocess.run([sys.executable, "-c", STUCK, how], capture_output=True, timeout=30, check=False)

    assert ended.returncode == TIMED_OUT_EXIT
    assert ended.stdout == b"last words"


@linux
def test_code_that_holds_the_interpreter_is_ended_too() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", STUCK, "holds"], capture_output=True, timeout=30, check=False
    )

    assert ended.returncode == 1
    assert ended.stdout == b""
    assert b"Timeout" in ended.stderr
    assert b"in within" in ended.stderr
