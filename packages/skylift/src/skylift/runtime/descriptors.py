"""Capturing what a step's process writes to descriptors 1 and 2: C code's output and its children's too.

    this process and its children ──▶ pipe ──▶ pump (a forked process) ──▶ where 1 and 2 went before
                                                     └──▶ pipe ──▶ a thread here ──▶ the step's sink

The pump is a process and not a thread: a thread could not empty the pipe while C code holds
the interpreter and writes, so that code would wait for ever; and when this process crashes,
its last words still reach the terminal.

The pump also hides secrets. It is told of them through a pipe before anything can be written
that holds one, and looks into that pipe after each read of output, so it always knows in time.
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

from skylift.runtime.known_secrets import told
from skylift.runtime.masking import Masker
from skylift.runtime.streams import current_sink, gathered

if TYPE_CHECKING:
    from collections.abc import Generator

READ_BYTES: Final = 64 * 1024
MOST_HELD_BYTES: Final = 16 * 1024**2
"""What the pump keeps for a process that takes nothing; beyond it the copy for the log is dropped."""

GATHER_S: Final = 10.0
"""How long a step waits for its own output before it commits without the rest."""

SETTLE_S: Final = 0.5
"""How long output that ends like the beginning of a secret waits for more before it is shown."""

_HEADER: Final = struct.Struct("!BI")
"""Of a frame to the sink: which descriptor it is of, 0 for the answer to a question; and its bytes.

Of one to the pump: `_QUESTION`, or `_SECRETS` and the bytes of them, with zeros in between.
"""
_QUESTION, _SECRETS = 0, 1


@contextmanager
def captured_descriptors() -> Generator[None]:
    """Send all output of this process to the running step's sink as well; before there are threads."""
    sys.stdout.flush()
    sys.stderr.flush()
    capture = _Capture()
    with gathered(capture.gather), told(capture.tell):
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
            os.write(self._ask, _HEADER.pack(_QUESTION, 0))
            self._answered.wait(GATHER_S)

    def tell(self, forms: frozenset[str]) -> None:
        """Have the pump hide these from now on."""
        words = b"\0".join(form.encode("utf-8", "surrogateescape") for form in forms)
        _write_all(self._ask, _HEADER.pack(_SECRETS, len(words)) + words)

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
        self._maskers = {number: Masker() for number in targets}
        self._told = bytearray()
        self._questions_open = 0
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
        is_waiting = any(masker.is_waiting for masker in self._maskers.values())
        ready = {key.fd for key, _ in self._selector.select(SETTLE_S if is_waiting else None)}
        if not ready:
            self._settle()
        for source in [source for source in self._sources if source in ready]:
            self._copy(source)
        self._listen()
        if self._questions_open:
            self._answer()
        self._hand_over()

    def _settle(self) -> None:
        for number, masker in self._maskers.items():
            self._pass_on(number, masker.settle())

    def _copy(self, source: int) -> bool:
        """Whether something was there."""
        try:
            data = os.read(source, READ_BYTES)
        except BlockingIOError:
            return False
        number = self._sources[source]
        if not data:
            self._selector.unregister(source)
            del self._sources[source]
            self._pass_on(number, self._maskers[number].end())
            return False
        self._listen()
        self._pass_on(number, self._maskers[number].feed(data.decode("latin-1")))
        return True

    def _pass_on(self, number: int, text: str) -> None:
        data = text.encode("latin-1")
        _write_all(self._targets[number], data)
        if data and self._is_heard:
            self._keep(number, data)

    def _listen(self) -> None:
        """Take what this process is asked and told, as far as it is there."""
        while self._questions >= 0:
            try:
                data = os.read(self._questions, READ_BYTES)
            except BlockingIOError:
                return
            if not data:
                self._selector.unregister(self._questions)
                self._questions = -1
            self._told += data
            self._understand()

    def _understand(self) -> None:
        while len(self._told) >= _HEADER.size:
            kind, size = _HEADER.unpack_from(self._told)
            end = _HEADER.size + size
            if len(self._told) < end:
                return
            if kind == _QUESTION:
                self._questions_open += 1
            for masker in self._maskers.values() if kind == _SECRETS else ():
                masker.learn(self._told[_HEADER.size : end].decode("latin-1").split("\0"))
            del self._told[:end]

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
        for source in list(self._sources):
            while self._copy(source):
                pass
        self._settle()
        self._held += _HEADER.pack(0, 0) * self._questions_open
        self._questions_open = 0

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
