"""Sees what a pure function must not do: ask the clock, chance, the environment or the network."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import FrameType

_CLOCKS: Final = frozenset(
    {"time", "time_ns", "monotonic", "monotonic_ns", "localtime", "gmtime", "now", "utcnow", "today"}
)
_CHANCE: Final = frozenset({"urandom", "random", "getrandbits", "getrandom"})
_PLACES: Final = frozenset({"getcwd", "gethostname", "getpid", "connect", "getaddrinfo"})
_STANDARD: Final = sys.stdlib_module_names
_ENVIRONMENT: Final = type(os.environ).__getitem__.__code__


@contextmanager
def watched() -> Generator[list[str]]:
    """Yield a list that grows with each thing of that kind that this thread does in the block."""
    seen: list[str] = []

    def look(frame: FrameType, event: str, argument: Any) -> None:
        if event == "c_call" and (what := _impure(argument)):
            seen.append(f"{what} in {_place(frame)}")
        elif event == "call" and frame.f_code is _ENVIRONMENT:
            seen.append(f"os.environ in {_place(frame)}")

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield seen
    finally:
        sys.setprofile(before)


def _impure(function: Any) -> str:
    """Its name, for the standard library's own functions of that kind; a mock's `time` is none."""
    name = function.__name__
    owner = getattr(function, "__self__", None)
    of = getattr(owner, "__name__", type(owner).__name__)
    if name in _CLOCKS and of in {"time", "datetime", "date"}:
        return f"{of}.{name}"
    if name in _CHANCE and of in {"posix", "nt", "Random", "SystemRandom"}:
        return f"{of}.{name}"
    return f"{of}.{name}" if name in _PLACES and of in {"posix", "nt", "_socket", "socket"} else ""


def _place(frame: FrameType | None) -> str:
    """The innermost function that is not the standard library's."""
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _STANDARD:
        frame = frame.f_back
    return "" if frame is None else f"{frame.f_globals.get('__name__')}.{frame.f_code.co_name}"
