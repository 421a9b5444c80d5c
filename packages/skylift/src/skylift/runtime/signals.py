"""Signals that end a step or a run: they arrive in the main thread, as stops that `interrupts` may hold."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from skylift.runtime.interrupts import MAIN, StopRequested, held_back, is_interrupt

if TYPE_CHECKING:
    from collections.abc import Generator

STOPPING: Final = (signal.SIGTERM, signal.SIGHUP)
"""What asks a process to end: who stops it, and the terminal that is closed."""


def _arrive(error: BaseException) -> None:
    MAIN.asked = MAIN.asked or type(error)(*error.args)  # a copy: the other collects a traceback
    if not MAIN.is_on:
        error, MAIN.pending = MAIN.pending or error, None
        raise error
    MAIN.pending = MAIN.pending or error


def _on_stop(number: int, _: object) -> None:
    # Once: a second one must not cut short the writing of the record.
    if not is_interrupt(MAIN.pending):
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
    MAIN.handler = _on_stop
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
    MAIN.is_on, MAIN.pending, MAIN.asked, MAIN.depth = False, None, None, 0
    _unmask()


@contextmanager
def stopping_on_signals() -> Generator[None]:
    """The same for a while, in the main thread; elsewhere no handler can be set.

    A stop that came too late to end anything is handed on to the program afterwards.
    """
    before = {number: signal.getsignal(number) for number in (*STOPPING, signal.SIGINT)}
    is_elsewhere = threading.current_thread() is not threading.main_thread()
    if is_elsewhere or None in before.values():  # None: a handler that Python did not set
        yield
        return
    stop_on_signals()
    MAIN.depth += 1
    try:
        with held_back():
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        late, MAIN.pending = MAIN.pending, None
        MAIN.depth -= 1
        if not MAIN.depth:
            MAIN.asked = None
        if late is not None:
            _hand_on(late)


def _hand_on(late: BaseException) -> None:
    """As the signal that it was; one of our own, from `interrupt`, concerns nobody else."""
    number = (*late.args, signal.SIGTERM)[0] if isinstance(late, StopRequested) else signal.SIGINT
    if not isinstance(number, str):
        signal.raise_signal(number)
