"""A step's output, captured while it goes to the terminal and stored while it runs.

Chunks are stored when 256 KB have come together or 2 seconds have passed; the pause grows
to a minute, so that a step that talks all day does not make a hundred thousand objects.
"""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import IO, TYPE_CHECKING, Any, Final

from skylift_contract.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

CHUNK_BYTES: Final = 256 * 1024
FIRST_PAUSE_S: Final = 2.0
LONGEST_PAUSE_S: Final = 60.0
GROWTH: Final = 1.5
MOST_HELD_BYTES: Final = 16 * 1024**2
"""What is kept in memory while the store cannot be reached; older output is then dropped, and said so."""


class LogSink:
    """Collects one attempt's output; `store` is handed numbered chunks of UTF-8."""

    def __init__(self, store: Callable[[int, bytes], None]) -> None:
        self._store = store
        self._held = bytearray()
        self._number = 0
        self._lock = threading.Lock()
        self._storing = threading.Lock()
        self._wake = threading.Event()
        self._closed = False
        self._pump: threading.Thread | None = None

    def write(self, data: bytes) -> None:
        with self._lock:
            self._held += data
            if len(self._held) > MOST_HELD_BYTES:
                self._held[:] = b"[skylift: output dropped, the store could not be reached]\n" + data
            full = len(self._held) >= CHUNK_BYTES
            if self._pump is None and not self._closed:
                self._pump = threading.Thread(target=self._run, name="skylift-logs", daemon=True)
                self._pump.start()
        if full:
            self._wake.set()

    def flush(self) -> None:
        """Store what is held; raises `StoreError` and keeps it when that fails."""
        with self._storing:
            with self._lock:
                data = bytes(self._held)
            if not data:
                return
            self._store(self._number, data)
            self._number += 1
            with self._lock:
                del self._held[: len(data)]

    def close(self) -> None:
        """Store the rest and end the pump; a store that is gone is said on stderr, never raised."""
        self._closed = True
        self._wake.set()
        if self._pump is not None:
            self._pump.join()
        try:
            self.flush()
        except StoreError as error:
            if sys.__stderr__:
                sys.__stderr__.write(f"skylift: the end of the log was not stored: {error}\n")

    def _run(self) -> None:
        pause = FIRST_PAUSE_S
        while not self._closed:
            self._wake.wait(pause)
            self._wake.clear()
            with suppress(StoreError):  # what is kept is tried again: a log is not worth a step
                self.flush()
            pause = min(pause * GROWTH, LONGEST_PAUSE_S)


_CURRENT: ContextVar[LogSink | None] = ContextVar("skylift_log", default=None)
_OPEN: list[LogSink] = []


def _sink() -> LogSink | None:
    """The running step's; in a thread that knows no step, that of the only one there is."""
    return _CURRENT.get() or (_OPEN[0] if len(_OPEN) == 1 else None)


class Tee:
    """A text stream that also feeds the running step's sink; in all else the stream it wraps."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        if sink := _sink():
            sink.write(text.encode("utf-8", "backslashreplace"))
        return self._stream.write(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def captured(sink: LogSink) -> Generator[LogSink]:
    """Send what this context prints to the sink as well; closes the sink at the end."""
    token = _CURRENT.set(sink)
    _OPEN.append(sink)
    try:
        yield sink
    finally:
        _OPEN.remove(sink)
        _CURRENT.reset(token)
        sink.close()


@contextmanager
def teed() -> Generator[None]:
    """Wrap stdout, stderr and the root logger's streams for the time of a run in this process."""
    import logging

    before = sys.stdout, sys.stderr
    tees = {id(stream): Tee(stream) for stream in before}
    sys.stdout, sys.stderr = (tees[id(stream)] for stream in before)  # pyright: ignore[reportAttributeAccessIssue]
    handlers: list[tuple[Any, Any]] = [
        (handler, handler.stream)  # pyright: ignore[reportUnknownMemberType]
        for handler in logging.getLogger().handlers
        if isinstance(handler, logging.StreamHandler) and id(handler.stream) in tees  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    ]
    for handler, stream in handlers:
        handler.setStream(tees[id(stream)])
    try:
        yield
    finally:
        for handler, stream in handlers:
            handler.setStream(stream)
        sys.stdout, sys.stderr = before
