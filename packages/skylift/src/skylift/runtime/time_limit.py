"""Ending a step whose time is up."""

from __future__ import annotations

import faulthandler
import os
import signal
import threading
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

GRACE_S: Final = 10.0
"""How long code that does not return to the interpreter may delay its own time-out."""

TIMED_OUT_EXIT: Final = 124
"""What timeout(1) of coreutils exits with."""


class StepTimedOut(BaseException):
    """The step's time was up."""


def within(
    seconds: float | None, call: Callable[[], T], last_words: Callable[[], Any], grace_s: float | None = None
) -> T:
    """What a call returns; raises `StepTimedOut` into it, in the main thread, once the time is up.

    Code that holds the main thread outside the interpreter gets `grace_s` more, by default
    `GRACE_S`; then `last_words` is called, to write the record, and the process ends. Where it
    holds the interpreter, too, no code of Python's runs: the process ends after the grace has
    passed once more, without a record.
    """
    if seconds is None:
        return call()
    grace_s = GRACE_S if grace_s is None else grace_s
    limit = _TimeLimit(seconds, grace_s, last_words)
    before = signal.signal(signal.SIGALRM, limit.expire)
    # A function and no context manager: between those and their block an alarm would find no `finally`.
    try:
        try:
            faulthandler.dump_traceback_later(seconds + 2 * grace_s, exit=True, file=2)
            threading.Thread(target=limit.watch, name="skylift-timeout", daemon=True).start()
            returned = call()
        finally:
            limit.is_running = False
        if limit.has_expired:  # its code caught what said so, and went on
            raise StepTimedOut
        return returned
    finally:
        limit.leave()
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, before)


class _TimeLimit:
    """`is_running` is the main thread's own: once it is off, a late alarm raises nothing."""

    def __init__(self, seconds: float, grace_s: float, last_words: Callable[[], Any]) -> None:
        self.seconds, self.grace_s, self.last_words = seconds, grace_s, last_words
        self.is_running, self.has_expired = True, False
        self._left = threading.Event()
        self._alarming = threading.Lock()

    def expire(self, *_: object) -> None:
        if self.is_running:
            self.is_running, self.has_expired = False, True
            raise StepTimedOut

    def leave(self) -> None:
        """Afterwards no alarm is sent: whatever handles the signal then would not know it."""
        with self._alarming:
            self._left.set()

    def watch(self) -> None:
        if self._left.wait(self.seconds):
            return
        with self._alarming:
            if self._left.is_set():
                return
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)
        if self._left.wait(self.grace_s):
            return
        try:
            self.last_words()
        finally:
            os._exit(TIMED_OUT_EXIT)
