"""A step's output on its way to the store, while the step runs.

Chunks are stored when 256 KB have come together or 2 seconds have passed; the pause grows
to a minute, so that a step that talks all day does not make a hundred thousand objects.
"""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from skylift_contract.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHUNK_BYTES: Final = 256 * 1024
FIRST_PAUSE_S: Final = 2.0
LONGEST_PAUSE_S: Final = 60.0
GROWTH: Final = 1.5
MOST_HELD_BYTES: Final = 16 * 1024**2
"""What is kept in memory while the store cannot be reached; older output is then dropped, and said so."""

DROPPED: Final = b"[skylift: %d bytes of output were dropped here, for the store could not be reached]\n"


def pauses() -> Iterator[float]:
    """Seconds between two looks at whether there is anything to store."""
    pause = FIRST_PAUSE_S
    while True:
        yield pause
        pause = min(pause * GROWTH, LONGEST_PAUSE_S)


class LogSink:
    """Collects one attempt's output, whole characters of UTF-8 at a time.

    Args:
        store: Is handed numbered chunks. After it raised `StoreError` it is handed the very
            same chunk again, for the first may have been stored after all.
        wait: Waits for an event at most so many seconds.
    """

    def __init__(
        self,
        store: Callable[[int, bytes], None],
        wait: Callable[[threading.Event, float], Any] = threading.Event.wait,
    ) -> None:
        self._store, self._wait = store, wait
        self._held = bytearray()
        self._dropped = 0
        self._chunk = b""
        self._number = 0
        self._lock = threading.Lock()
        self._storing = threading.Lock()
        self._wake = threading.Event()
        self._closed = False
        self._pump: threading.Thread | None = None
        self.gather: Callable[[], Any] = lambda: None
        """Fetches what was written and has not come here yet; see `descriptors`."""

    def write(self, data: bytes) -> None:
        """Take output; what comes after `close` is nobody's, and left to the terminal."""
        with self._lock:
            if self._closed:
                return
            if len(self._held) + len(data) > MOST_HELD_BYTES:
                self._dropped += len(self._held)
                self._held.clear()
            self._held += data
            if self._pump is None:
                self._pump = threading.Thread(target=self._run, name="skylift-logs", daemon=True)
                self._pump.start()
            full = len(self._held) >= CHUNK_BYTES
        if full:
            self._wake.set()

    def flush(self) -> None:
        """Store what is held; raises `StoreError` and keeps it when that fails."""
        with self._storing:
            while chunk := self._chunk or self._take():
                self._chunk = chunk
                self._store(self._number, chunk)
                self._number += 1
                self._chunk = b""

    def settle(self) -> None:
        """Gather and store all there is; what cannot be stored is kept: a log is not worth a step."""
        self.gather()
        with suppress(StoreError):
            self.flush()

    def close(self) -> None:
        """Store the rest and end the pump; a store that is gone is said on stderr, never raised."""
        self.gather()
        with self._lock:
            self._closed = True
        self._wake.set()
        if self._pump is not None:
            self._pump.join()
        try:
            self.flush()
        except StoreError as error:
            if sys.__stderr__:
                sys.__stderr__.write(f"skylift: the end of the log was not stored: {error}\n")

    def _take(self) -> bytes:
        """At most a chunk of what is held, cut between two characters."""
        with self._lock:
            note = DROPPED % self._dropped if self._dropped else b""
            self._dropped = 0
            end = min(len(self._held), CHUNK_BYTES - len(note))
            while 0 < end < len(self._held) and self._held[end] & 0xC0 == 0x80:
                end -= 1
            chunk = note + self._held[:end]
            del self._held[:end]
        return chunk

    def _run(self) -> None:
        for pause in pauses():
            self._wait(self._wake, pause)
            self._wake.clear()
            if self._closed:
                return
            with suppress(StoreError):  # what is kept is tried again
                self.flush()
