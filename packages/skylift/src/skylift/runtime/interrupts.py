"""Ending a step from outside its own code.

A stop must not cut a record in two: it is held back while the runtime writes (`held_back`),
and reaches the step's own code, and the waits between (`interruptible`).
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Generator

STOPPING: Final = (signal.SIGTERM, signal.SIGHUP)
"""What asks a process to end: who stops it, and the terminal that is closed."""

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


_HOLD: Final = _Hold()
_THREADS: Final[dict[int, _Hold]] = {}
_SWITCHING: Final = threading.RLock()
"""Held while a thread's hold is switched, so that `interrupt` never finds it in between."""


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _own() -> _Hold | None:
    """This thread's; None for one that no stop reaches."""
    return _HOLD if _in_main_thread() else _THREADS.get(threading.get_ident())


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
    if own is _HOLD:
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
        if _HOLD.asked is not None:
            return
        _HOLD.pending, _HOLD.asked = StopRequested(why), StopRequested(why)
        if signal.getsignal(signal.SIGTERM) is _on_stop:
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
        return f"it was stopped: {asked.args[0]}"
    name = signal.Signals(asked.args[0]).name
    return f"it was stopped by {name}{': its terminal is gone' if name == 'SIGHUP' else ''}"


def _arrive(error: BaseException) -> None:
    _HOLD.asked = _HOLD.asked or type(error)(*error.args)  # a copy: the other collects a traceback
    if not _HOLD.is_on:
        error, _HOLD.pending = _HOLD.pending or error, None
        raise error
    _HOLD.pending = _HOLD.pending or error


def _on_stop(number: int, _: object) -> None:
    # Once: a second one must not cut short the writing of the record.
    if not is_interrupt(_HOLD.pending):
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
            _hand_on(late)


def _hand_on(late: BaseException) -> None:
    """As the signal that it was; one of our own, from `interrupt`, concerns nobody else."""
    number = (*late.args, signal.SIGTERM)[0] if isinstance(late, StopRequested) else signal.SIGINT
    if not isinstance(number, str):
        signal.raise_signal(number)
