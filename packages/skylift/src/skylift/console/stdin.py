"""Telling a display that somebody is about to read from the terminal.

`breakpoint()` and `input()` raise audit events before they do anything
(docs.python.org/3/library/audit_events.html). Listening to those leaves the debugger's
frames, its hook and the line editing of `input()` as they are, which wrapping them would
not. pdb asks through `input()`, so one that is started by `pdb.set_trace()` is seen too.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

EVENTS: Final = frozenset({"builtins.breakpoint", "builtins.input"})
_watchers: Final[list[Callable[[], None]]] = []


def watch(about_to_read: Callable[[], None]) -> None:
    """Call this before the terminal is read, until `unwatch`."""
    _listen()
    _watchers[:] = [about_to_read]


def unwatch() -> None:
    _watchers.clear()


@cache
def _listen() -> None:
    """An audit hook stays as long as the process does, so there is one."""
    sys.addaudithook(_heard)


def _heard(event: str, _: tuple[Any, ...]) -> None:
    if event in EVENTS and _watchers:
        _watchers[0]()
