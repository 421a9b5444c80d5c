"""Ending a step from outside its own code: a stop, or its time being up.

A stop must not cut a record in two: it is held back while the runtime writes (`held_back`),
and reaches the step's own code, and the waits between (`interruptible`).
"""

from __future__ import annotations

import faulthandler
import os
import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

from skylift_contract.environment import SUPERVISED_ENV

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

T = TypeVar("T")

GRACE_S: Final = 10.0
"""How long code that does not return to the interpreter may delay its own time-out."""

ORPHAN_GRACE_S: Final = 20.0
"""How long a step may take to end once nobody supervises it; then its process ends by force."""

TIMED_OUT_EXIT: Final = 124
"""What timeout(1) of coreutils exits with."""

STOPPING: Final = (signal.SIGTERM, signal.SIGHUP)
"""What asks a process to end: who stops it, and the terminal that is closed."""

STOPPED_EXIT: Final = 143
"""128 + SIGTERM, as a shell reports it."""


class StopRequested(BaseException):
    """The process was asked to end; no `except Exception` of a step swallows it.

    Its argument, where it has one, is the signal's number.
    """


class StepTimedOut(BaseException):
    """The step's time was up."""


@dataclass(slots=True)
class _Hold:
    """Of the main thread, in which alone signals arrive."""

    is_on: bool = False
    pending: BaseException | None = None
    asked: BaseException | None = None
    """The first stop of all; it stays, for a step's own code may have caught it and gone on."""


_HOLD: Final = _Hold()


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


@contextmanager
def held_back() -> Generator[None]:
    """Keep a stop that arrives meanwhile for the next `interruptible`, or `raise_if_asked`."""
    before = _HOLD.is_on
    _HOLD.is_on = before or _in_main_thread()
    try:
        yield
    finally:
        _HOLD.is_on = before


@contextmanager
def interruptible() -> Generator[None]:
    """Let a stop through, one that was held back at once."""
    if not _in_main_thread():
        yield
        return
    before = _HOLD.is_on
    try:
        _HOLD.is_on = False
        raise_if_asked()
        yield
    finally:
        _HOLD.is_on = before


def raise_if_asked() -> None:
    """Raise the stop that was held back, once."""
    if _in_main_thread() and (pending := _HOLD.pending):
        _HOLD.pending = None
        raise pending


def asked_to_stop() -> BaseException | None:
    """The stop that reached this process, also where a step's own code has handled it."""
    return _HOLD.asked if _in_main_thread() else None


def keep_for_later(error: BaseException) -> None:
    """Hold back again a stop that reached what must not be ended by it."""
    _HOLD.pending = type(error)(*error.args)


def stopped_by(error: KeyboardInterrupt | StopRequested) -> str:
    """What ended a step or a run, as its reason."""
    if isinstance(error, KeyboardInterrupt):
        return "it was stopped by Ctrl-C"
    if not error.args:
        return "it was stopped"
    name = signal.Signals(error.args[0]).name
    return f"it was stopped by {name}{': its terminal is gone' if name == 'SIGHUP' else ''}"


def _arrive(error: BaseException) -> None:
    _HOLD.asked = _HOLD.asked or type(error)(*error.args)  # a copy: the other collects a traceback
    if not _HOLD.is_on:
        raise error
    _HOLD.pending = error


def _on_stop(number: int, _: object) -> None:
    # Once: a second one must not cut short the writing of the record.
    for each in STOPPING:
        signal.signal(each, signal.SIG_IGN)
    _arrive(StopRequested(number))


def _on_sigint(*_: object) -> None:
    # Who presses Ctrl-C a second time will not wait for a store that hangs.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _arrive(KeyboardInterrupt())


def stop_on_signals() -> None:
    """Let SIGTERM, SIGHUP and Ctrl-C end the running step as one that was stopped, from now on."""
    _forget_in_children()
    signal.signal(signal.SIGTERM, _on_stop)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # nohup(1) ignores it, and so do we then
        signal.signal(signal.SIGHUP, _on_stop)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _on_sigint)


@lru_cache(maxsize=1)
def _forget_in_children() -> None:
    """A process that the step forks is ended by a signal as any other: it has no record to write."""
    os.register_at_fork(before=_mask, after_in_parent=_unmask, after_in_child=_forget)


_FORKING: Final = threading.local()


def _mask() -> None:
    """A signal to a child that has just begun would be taken by the handler it is about to lose."""
    _FORKING.mask = signal.pthread_sigmask(signal.SIG_BLOCK, {*STOPPING, signal.SIGINT})


def _unmask() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _FORKING.mask)


def _forget() -> None:
    if signal.getsignal(signal.SIGTERM) in {_on_stop, signal.SIG_IGN}:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if signal.getsignal(signal.SIGHUP) is _on_stop:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is _on_sigint:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    _HOLD.is_on, _HOLD.pending, _HOLD.asked = False, None, None
    _unmask()


@contextmanager
def stopping_on_signals() -> Generator[None]:
    """The same for a while, in the main thread; elsewhere no handler can be set.

    A stop that came too late to end anything is handed on to the program afterwards.
    """
    before = {number: signal.getsignal(number) for number in (*STOPPING, signal.SIGINT)}
    if not _in_main_thread() or None in before.values():  # None: a handler that Python did not set
        yield
        return
    is_outermost = before[signal.SIGTERM] is not _on_stop and _HOLD.asked is None
    stop_on_signals()
    try:
        with held_back():
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        late, _HOLD.pending = _HOLD.pending, None
        if is_outermost:
            _HOLD.asked = None
        if late is not None:
            number = (*late.args, signal.SIGTERM)[0] if isinstance(late, StopRequested) else signal.SIGINT
            signal.raise_signal(number)


def stop_when_orphaned() -> None:
    """Where whoever started this process holds the other end of a pipe: stop when that one is gone."""
    text = os.environ.pop(SUPERVISED_ENV, None)
    if text is None:
        return
    pipe = int(text)
    os.set_inheritable(pipe, False)  # noqa: FBT003 -- it takes no keyword

    def watch() -> None:
        os.read(pipe, 1)  # nothing is ever written: this returns at the pipe's end
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(ORPHAN_GRACE_S)
        os._exit(STOPPED_EXIT)  # its code does not let itself be interrupted

    threading.Thread(target=watch, name="skylift-orphaned", daemon=True).start()


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
