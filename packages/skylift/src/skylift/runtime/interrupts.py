"""Ending a step from outside its own code: a stop, or its time being up."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from skylift_contract.environment import SUPERVISED_ENV

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

GRACE_S: Final = 10.0
"""How long code that does not return to the interpreter may delay its own time-out."""

TIMED_OUT_EXIT: Final = 124
"""What timeout(1) of coreutils exits with."""


class StopRequested(BaseException):
    """The process was asked to end; no `except Exception` of a step swallows it."""


class StepTimedOut(BaseException):
    """The step's time was up."""


def stop_on_sigterm() -> None:
    """Let SIGTERM end the running step as one that was stopped."""

    def stop(*_: object) -> None:
        # Once: a second one must not cut short the writing of the record.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise StopRequested

    signal.signal(signal.SIGTERM, stop)


def stop_when_orphaned() -> None:
    """Where whoever started this process holds the other end of a pipe: stop when that one is gone."""
    text = os.environ.pop(SUPERVISED_ENV, None)
    if text is None:
        return
    pipe = int(text)
    os.set_inheritable(pipe, False)  # noqa: FBT003 -- the standard library's

    def watch() -> None:
        os.read(pipe, 1)  # nothing is ever written: this returns at the pipe's end
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="skylift-orphaned", daemon=True).start()


@contextmanager
def time_limit(seconds: float | None, last_words: Callable[[], Any]) -> Generator[None]:
    """Raise `StepTimedOut` in the main thread once the time is up.

    Code that holds the main thread outside the interpreter gets `GRACE_S` more; then
    `last_words` is called, to write the record, and the process ends.
    """
    if seconds is None:
        yield
        return
    done = threading.Event()

    def watch() -> None:
        if done.wait(seconds):
            return
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)
        if not done.wait(GRACE_S):
            last_words()
            os._exit(TIMED_OUT_EXIT)

    def expire(*_: object) -> None:
        if not done.is_set():
            raise StepTimedOut

    before = signal.signal(signal.SIGALRM, expire)
    watcher = threading.Thread(target=watch, name="skylift-timeout", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        signal.signal(signal.SIGALRM, before)
