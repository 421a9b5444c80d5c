"""Capturing what a step's process writes to descriptors 1 and 2: C code's output and its children's too.

    this process and its children ──▶ pipe ──▶ pump (a forked process) ──▶ where 1 and 2 went before
                                                     └──▶ pipe ──▶ a thread here ──▶ the step's sink

The pump is a process and not a thread: a thread could not empty the pipe while C code holds
the interpreter and writes, so that code would wait for ever; and when this process crashes,
its last words still reach the terminal.
"""

from __future__ import annotations

import codecs
import os
import selectors
import signal
import struct
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, NoReturn

from skylift.runtime.streams import current_sink, gathered

if TYPE_CHECKING:
    from collections.abc import Generator

READ_BYTES: Final = 64 * 1024
MOST_HELD_BYTES: Final = 16 * 1024**2
"""What the pump keeps for a process that takes nothing; beyond it the copy for the log is dropped."""

GATHER_S: Final = 10.0
"""How long a step waits for its own output before it commits without the rest."""

_HEADER: Final = struct.Struct("!BI")
"""Of a frame: which descriptor it is of, 0 for the answer to a question; and its bytes."""


@contextmanager
def captured_descriptors() -> Generator[None]:
    """Send all output of this process to the running step's sink as well; before there are threads."""
    sys.stdout.flush()
    sys.stderr.flush()
    capture = _Capture()
    with gathered(capture.gather):
        try:
            yield
        finally:
            capture.end()


class _Capture:
    def __init__(self) -> None:
        self._before = {number: os.dup(number) for number in (1, 2)}
        pipes = {number: os.pipe() for number in (1, 2)}
        asking, copies = os.pipe(), os.pipe()
        if os.fork() == 0:
            for end in (asking[1], copies[0], *(write for _, write in pipes.values())):
                os.close(end)
            sources = {read: number for number, (read, _) in pipes.items()}
            _Pump(sources, self._before, asking[0], copies[1]).run()
        for number, (read, write) in pipes.items():
            os.dup2(write, number)
            os.close(read)
            os.close(write)
        os.close(asking[0])
        os.close(copies[1])
        self._ask, self._copies = asking[1], copies[0]
        self._answered = threading.Event()
        # Into a pipe both would wait for a full buffer, and a log be late.
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(line_buffering=True)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
        threading.Thread(target=self._feed, name="skylift-output", daemon=True).start()

    def gather(self) -> None:
        """Return once all that was written before has reached the sink."""
        _flush_buffers()
        self._answered.clear()
        with suppress(OSError):
            os.write(self._ask, b"?")
            self._answered.wait(GATHER_S)

    def end(self) -> None:
        """Put the descriptors back; the pump ends with the last process that writes to it."""
        self.gather()
        for number, before in self._before.items():
            os.dup2(before, number)
            os.close(before)
        os.close(self._ask)

    def _feed(self) -> None:
        decoders = {number: codecs.getincrementaldecoder("utf-8")("backslashreplace") for number in (1, 2)}
        with open(self._copies, "rb") as frames:  # noqa: PTH123 -- a descriptor
            while header := frames.read(_HEADER.size):
                number, size = _HEADER.unpack(header)
                if number == 0:
                    self._answered.set()
                elif sink := current_sink():
                    sink.write(decoders[number].decode(frames.read(size)).encode())
                else:
                    frames.read(size)
        self._answered.set()


def _flush_buffers() -> None:
    """Python's buffers and the C library's, which no line end empties when it writes to a pipe."""
    import ctypes

    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # a step may have closed it
            stream.flush()
    ctypes.CDLL(None).fflush(None)


class _Pump:
    """The forked process: copies until nobody writes any more. It never blocks on the copy for the log."""

    def __init__(self, sources: dict[int, int], targets: dict[int, int], questions: int, copies: int) -> None:
        self._sources, self._targets, self._questions, self._copies = sources, targets, questions, copies
        self._held = bytearray()
        self._dropped = 0
        self._selector = selectors.DefaultSelector()
        self._is_heard = True

    def run(self) -> NoReturn:
        """Never returns: the process ends here, without the parent's clean-up."""
        try:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            for end in (*self._sources, self._questions, self._copies):
                os.set_blocking(end, False)
            for end in (*self._sources, self._questions):
                self._selector.register(end, selectors.EVENT_READ)
            null = os.open(os.devnull, os.O_RDWR)
            for number in (0, 1, 2):
                os.dup2(null, number)
            while self._sources:
                self._turn()
        finally:
            os._exit(0)

    def _turn(self) -> None:
        ready = {key.fd for key, _ in self._selector.select()}
        for source in [source for source in self._sources if source in ready]:
            self._copy(source)
        if self._questions in ready:
            self._answer()
        self._hand_over()

    def _copy(self, source: int) -> bool:
        """Whether something was there."""
        try:
            data = os.read(source, READ_BYTES)
        except BlockingIOError:
            return False
        if not data:
            self._selector.unregister(source)
            del self._sources[source]
            return False
        number = self._sources[source]
        _write_all(self._targets[number], data)
        if self._is_heard:
            self._keep(number, data)
        return True

    def _keep(self, number: int, data: bytes) -> None:
        if len(self._held) >= MOST_HELD_BYTES:
            self._dropped += len(data)
            return
        if self._dropped:
            data, self._dropped = (
                b"[skylift: %d bytes of output are missing here]\n" % self._dropped + data,
                0,
            )
        self._held += _HEADER.pack(number, len(data)) + data

    def _answer(self) -> None:
        """Everything that was written before the question is copied before its answer."""
        asked = os.read(self._questions, 1)
        if not asked:
            self._selector.unregister(self._questions)
            return
        for source in list(self._sources):
            while self._copy(source):
                pass
        self._held += _HEADER.pack(0, 0)

    def _hand_over(self) -> None:
        """Write to the sink's side what it takes now; wait for it only through the selector."""
        if not self._is_heard:
            return
        is_waiting = self._copies in self._selector.get_map()
        try:
            while self._held:
                del self._held[: os.write(self._copies, self._held)]
        except BlockingIOError:
            if not is_waiting:
                self._selector.register(self._copies, selectors.EVENT_WRITE)
            return
        except OSError:  # the process of the step is gone; its children may write on
            self._is_heard = False
            self._held.clear()
        if is_waiting:
            self._selector.unregister(self._copies)


def _write_all(target: int, data: bytes) -> None:
    with suppress(OSError):  # nobody listens there any more
        while data:
            data = data[os.write(target, data) :]
