"""Which step a line of output belongs to: Python's own streams, teed into the step's sink."""

from __future__ import annotations

import codecs
import os
import sys
import threading
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from contextvars import ContextVar
from typing import IO, TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from skylift.runtime.known_secrets import known_forms
from skylift.runtime.masking import Masker

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Generator, Iterable, Iterator

    from skylift.runtime.logs import LogSink

_CURRENT: ContextVar[LogSink | None] = ContextVar("skylift_log", default=None)
_OPEN: Final[list[LogSink]] = []
_GATHER: Final[list[Callable[[], Any]]] = []


_TURNS: Final = [threading.RLock()]
"""One writer at a time, for a masker is in the middle of a text. A forked child gets its own."""


def turn() -> threading.RLock:
    return _TURNS[0]


def _renew() -> None:
    _TURNS[0] = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)


_STARTED: Final = WeakKeyDictionary[threading.Thread, "LogSink"]()
"""Threads that a step's code started, with the step's sink: they know no context of their own."""


def _own_sink() -> LogSink | None:
    found = _CURRENT.get() or _STARTED.get(threading.current_thread())
    return found if found in _OPEN else None


def current_sink() -> LogSink | None:
    """The running step's, also in a thread that it started; in any other, that of the only one there is."""
    return _own_sink() or (_OPEN[0] if len(_OPEN) == 1 else None)


@contextmanager
def _threads_told_apart() -> Generator[None]:
    """Note of each thread that begins meanwhile who started it; after its step it is nobody's."""
    start = threading.Thread.start

    def noted(self: threading.Thread) -> None:
        if (sink := _own_sink()) is not None:
            _STARTED[self] = sink
        start(self)

    threading.Thread.start = noted
    try:
        yield
    finally:
        threading.Thread.start = start


class Tee:
    """A text stream that also feeds the running step's sink; in all else the stream it wraps.

    Neither is given a secret. Those that were known once are hidden until the tee's end.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._masker = Masker()
        self._forms: frozenset[str] = frozenset()
        self._bytes: ByteTee | None = None

    @property
    def buffer(self) -> ByteTee:
        """What takes bytes, where the stream has one; they go the same way as its text."""
        if self._bytes is None:
            self._bytes = ByteTee(self, _buffer_of(self._stream))
        return self._bytes

    def write(self, text: str) -> int:
        self._feed(text, self._write)
        return len(text)

    def write_bytes(self, text: str) -> None:
        """Bytes as UTF-8 has them; what is none of it stands there as a surrogate."""
        self._feed(text, self._write_bytes)

    def _feed(self, text: str, put: Callable[[str], None]) -> None:
        if (forms := known_forms()) is not self._forms:
            self._masker.learn(forms)
            self._forms = forms
        if not forms:
            put(self._masker.feed(text))
            return
        with turn():
            put(self._masker.feed(text))

    def settle(self) -> None:
        """Write what could be the beginning of a secret, as far as that betrays none."""
        if self._bytes is not None:
            self._bytes.finish()
        if self._masker.is_waiting:
            with turn():
                self._write(self._masker.settle())

    def end(self) -> None:
        if self._bytes is not None:
            self._bytes.finish()
        with turn():
            self._write(self._masker.end())

    def _write(self, text: str) -> None:
        sink = current_sink()
        if not text:
            return
        if sink is None:
            self._stream.write(text)
            return
        sink.write(text.encode("utf-8", "backslashreplace"))
        with suppress(OSError):  # nobody looks any more: the log has it, and the step need not notice
            self._stream.write(text)

    def _write_bytes(self, text: str) -> None:
        if not text:
            return
        data = text.encode("utf-8", "surrogateescape")
        sink = current_sink()
        if sink is not None:
            sink.write(data.decode("utf-8", "backslashreplace").encode())
        with suppress(OSError) if sink is not None else nullcontext():
            self._stream.flush()  # text that was written before comes first
            _buffer_of(self._stream).write(data)

    def flush(self) -> None:
        self.settle()
        with ExitStack() as stack:
            if current_sink() is not None:
                stack.enter_context(suppress(OSError))
            self._stream.flush()

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _buffer_of(stream: Any) -> IO[bytes]:
    """Raises `AttributeError`, as the stream itself, where it has none: text may be all it takes."""
    return stream.buffer


class ByteTee:
    """A tee's `buffer`: bytes become text for the secrets in it to be found, and bytes again."""

    def __init__(self, tee: Tee, buffer: IO[bytes]) -> None:
        self._tee, self._buffer = tee, buffer
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")

    def write(self, data: Any) -> int:
        content = bytes(memoryview(data))
        self._tee.write_bytes(self._decoder.decode(content))
        return len(content)

    def finish(self) -> None:
        """Pass on the beginning of a character that has no end yet: it may have been none."""
        if rest := self._decoder.decode(b"", final=True):
            self._tee.write_bytes(rest)

    def flush(self) -> None:
        self._tee.flush()

    def writelines(self, lines: Iterable[Any]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._buffer, name)


@contextmanager
def captured(sink: LogSink) -> Generator[LogSink]:
    """Send what this context prints to the sink as well; closes the sink at the end."""
    token = _CURRENT.set(sink)
    sink.gather = _gather
    _OPEN.append(sink)
    try:
        yield sink
    finally:
        try:
            sink.close()
        finally:
            _OPEN.remove(sink)
            _CURRENT.reset(token)


def _gather() -> None:
    for gather in _GATHER:
        gather()


@contextmanager
def gathered(gather: Callable[[], Any]) -> Generator[None]:
    """Have sinks that are captured meanwhile call this for what is still on its way to them."""
    _GATHER.append(gather)
    try:
        yield
    finally:
        _GATHER.remove(gather)


@contextmanager
def teed() -> Generator[None]:
    """Tee stdout, stderr and what loggers write to the two, for the time of a run in this process."""
    tees: list[Tee] = []

    def tee(stream: IO[str]) -> IO[str] | Tee:
        if isinstance(stream, Tee):
            return stream
        tees.append(Tee(stream))
        return tees[-1]

    with ExitStack() as stack:
        stack.enter_context(wrapped(tee))
        stack.enter_context(_threads_told_apart())
        for made in tees:
            stack.enter_context(gathered(made.settle))
            stack.callback(made.end)
        yield


@contextmanager
def wrapped(wrap: Callable[[IO[str]], Any]) -> Generator[None]:
    """Put a wrapper around stdout, stderr, and whatever of the two a logger writes to."""
    before: tuple[Any, Any] = sys.stdout, sys.stderr
    wrappers = {id(stream): wrap(stream) for stream in before if stream is not None}
    sys.stdout, sys.stderr = (wrappers.get(id(stream)) for stream in before)  # pyright: ignore[reportAttributeAccessIssue]
    handlers = [(handler, handler.stream) for handler in _stream_handlers() if id(handler.stream) in wrappers]
    for handler, stream in handlers:
        handler.setStream(wrappers[id(stream)])
    try:
        yield
    finally:
        for handler, stream in handlers:
            handler.setStream(stream)
        sys.stdout, sys.stderr = before


def _stream_handlers() -> Iterator[logging.StreamHandler[Any]]:
    import logging

    known = [logging.getLogger(), *logging.Logger.manager.loggerDict.values()]
    for logger in known:
        if isinstance(logger, logging.Logger):  # else a placeholder for a name that is only a parent
            yield from (one for one in logger.handlers if isinstance(one, logging.StreamHandler))  # pyright: ignore[reportUnknownVariableType]
