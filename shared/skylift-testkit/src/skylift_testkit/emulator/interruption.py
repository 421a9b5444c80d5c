"""A signal that ends a server, as something to wait for."""

from __future__ import annotations

import signal
import socket


def interruption() -> socket.socket:
    """What can be read from once the process is to end; ended either way, its jobs end with it.

    A signal may meet any thread, and then wakes no `signal.pause` of the main one.
    """
    heard, told = socket.socketpair()
    told.settimeout(0)
    signal.set_wakeup_fd(told.detach())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _heard)
    return heard


def _heard(_number: int, _frame: object) -> None:
    """Nothing more: the signal's number is where `interruption` has it written."""
