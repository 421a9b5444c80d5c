"""Ending a step from outside its own code.

A stop must not cut a record in two: it is held back while the runtime writes (`held_back`),
and reaches the step's own code, and the waits between (`interruptible`).
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

WAKE_S: Final = 0.1
"""How often a wait looks for a stop: what a person does not notice, and a processor neither."""

STOPPED_EXIT: Final = 143
"""128 + SIGTERM, as a shell reports it."""


class StopRequested(BaseException):
    """The process or the step was asked to end; no `except Exception` of a step swallows it.

    Its argument, where it has one, is the signal's number, or who asked, in words.
    """


@dataclass(slots=True)
class _Hold:
    """Of the main thread, where signals arrive, or of one that `interrupt` reaches."""

    is_on: bool = False
    pending: BaseException | None = None
    asked: BaseException | None = None
    """The first stop of all; it stays, for a step's own code may have caught it and gone on."""
    depth: int = 0
    """How many `stopping_on_signals` the main thread is in; outside, nobody is there to be stopped."""
    handler: object = None
    """What `signals` has set for SIGTERM; where another is there, that signal is not for us to send."""


MAIN: Final = _Hold()
"""Of the main thread, where `signals` leaves what arrives."""
_THREADS: Final[dict[int, _Hold]] = {}
_SWITCHING: Final = threading.RLock()
"""Held while a thread's hold is switched, so that `interrupt` never finds it in between."""


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _own() -> _Hold | None:
    """This thread's; None for one that no stop reaches."""
    return MAIN if _in_main_thread() else _THREADS.get(threading.get_ident())


@contextmanager
def held_back() -> Generator[None]:
    """Keep a stop that arrives meanwhile for the next `interruptible`, or `raise_if_asked`."""
    own = _own()
    if own is None:
        yield
        return
    before = own.is_on
    try:
        _switch(own, is_on=True)
        yield
    finally:
        own.is_on = before


@contextmanager
def uninterrupted() -> Generator[None]:
    """`held_back`, amid code that a stop may reach: one that came meanwhile comes at the end."""
    with held_back():
        yield
    if (own := _own()) and not own.is_on:
        raise_if_asked()


@contextmanager
def interruptible() -> Generator[None]:
    """Let a stop through, one that was held back at once."""
    own = _own()
    if own is None:
        yield
        return
    before = own.is_on
    try:
        own.is_on = False
        raise_if_asked()
        yield
    finally:
        _switch(own, is_on=before)


def _switch(own: _Hold, *, is_on: bool) -> None:
    """Hold stops back or not, from here on: one that `interrupt` has sent already arrives here."""
    if own is MAIN:
        own.is_on = is_on
        return
    try:
        with _SWITCHING:
            own.is_on = is_on
        _arrival()
    except BaseException:
        own.is_on = is_on
        raise


def _arrival() -> None:
    """The interpreter raises what was sent to a thread when a function of Python begins."""


def raise_if_asked() -> None:
    """Raise the stop that was held back, once."""
    if (own := _own()) and (pending := own.pending):
        own.pending = None
        raise pending


def wait_until(is_so: Callable[[float], object]) -> None:
    """Wait for something, which is given the seconds that it may wait and says whether it is so.

    A stop ends the wait, from between two looks: one that were raised within a lock's own code
    would leave that broken, and a signal that comes just before a lock is waited for wakes nobody.
    """
    with uninterrupted():
        raise_if_asked()
        while not is_so(WAKE_S):
            raise_if_asked()


def asked_to_stop() -> BaseException | None:
    """The stop that reached this thread, also where a step's own code has handled it."""
    own = _own()
    return own.asked if own else None


def raise_again() -> None:
    """Raise the stop that reached this thread, though what it was raised to has gone on."""
    if (stop := asked_to_stop()) is not None:
        raise type(stop)(*stop.args)


def keep_for_later(error: BaseException) -> None:
    """Hold back again a stop that reached what must not be ended by it."""
    if own := _own():
        own.pending = type(error)(*error.args)


@contextmanager
def reached_by_interrupts() -> Generator[None]:
    """Let `interrupt` reach this thread, which is not the main one; at first it is held back."""
    me = threading.get_ident()
    own = _THREADS[me] = _Hold(is_on=True)
    try:
        yield
    finally:
        with _SWITCHING:
            own.is_on = True
            _THREADS.pop(me, None)


def interrupt(thread: threading.Thread, why: str) -> None:
    """Raise `StopRequested` in another thread, at its next line of Python; `why` is its reason.

    In the main thread what waits for the system is woken; in another it ends by itself first:
    Python cannot interrupt it.
    """
    if thread is threading.main_thread():
        if not MAIN.depth or MAIN.asked is not None:
            return
        MAIN.pending, MAIN.asked = StopRequested(why), StopRequested(why)
        if signal.getsignal(signal.SIGTERM) is MAIN.handler:
            signal.pthread_kill(thread.ident or 0, signal.SIGTERM)
        return
    with _SWITCHING:
        own = _THREADS.get(thread.ident or 0)
        if own is None or own.asked is not None:
            return
        own.asked = StopRequested(why)
        if own.is_on:
            own.pending = StopRequested(why)
        else:
            _send(thread.ident or 0)


def is_interrupt(error: BaseException | None) -> bool:
    """Whether `interrupt` sent it, and no signal."""
    return isinstance(error, StopRequested) and any(isinstance(one, str) for one in error.args)


def take_back() -> None:
    """Forget what `interrupt` sent to this thread: what it was to end has ended, and the rest goes on."""
    own = _own()
    if own is not None and is_interrupt(own.asked):
        own.asked = None
        own.pending = None if is_interrupt(own.pending) else own.pending


def _send(ident: int) -> None:
    import ctypes

    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(StopRequested))


def stopped_by(error: KeyboardInterrupt | StopRequested) -> str:
    """What ended a step or a run, as its reason."""
    if isinstance(error, KeyboardInterrupt):
        return "it was stopped by Ctrl-C"
    asked = error if error.args else asked_to_stop()
    if asked is None or not asked.args:
        return "it was stopped"
    if isinstance(asked.args[0], str):
        why = asked.args[0]
        return why if why.startswith("it was stopped") else f"it was stopped: {why}"
    name = signal.Signals(asked.args[0]).name
    return f"it was stopped by {name}{': its terminal is gone' if name == 'SIGHUP' else ''}"
