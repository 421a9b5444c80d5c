"""A stream that nobody may read any more: showing a run must never end it."""

from __future__ import annotations

from contextlib import suppress
from typing import IO, Any


class Unbroken:
    """A text stream that takes what it cannot write; in all else the stream it wraps.

    A pipe's reader goes away, a terminal is closed, a disk fills up: the run goes on.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
