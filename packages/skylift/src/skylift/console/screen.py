"""A display at the bottom of a terminal, with what the process prints above it.

rich's own redirection draws the display anew for every line that is printed, sends stdout
to stderr, and breaks lines at the terminal's width. Here lines are collected and shown
with the next refresh, a stream is redirected only where it is a terminal, and lines stay
as they were printed.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, ClassVar, Final

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from skylift.console import stdin
from skylift.runtime.streams import wrapped

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from rich.console import RenderableType

REFRESHES_PER_SECOND: Final = 8


class Above:
    """A text stream whose whole lines appear above the display; in all else the stream it wraps."""

    def __init__(self, stream: IO[str], screen: Screen) -> None:
        self._stream, self._screen = stream, screen

    def write(self, text: str) -> int:
        if not self._screen.take(self._stream, text):
            self._stream.write(text)
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Screen:
    """The display of one run; there is one at a time in a process.

    Args:
        console: The terminal.
        draw: Makes what is shown, called a few times a second in a thread of the screen.
    """

    current: ClassVar[Screen | None] = None

    def __init__(self, console: Console, draw: Callable[[], RenderableType]) -> None:
        self.console = console
        self._draw = draw
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._lines: list[str] = []
        self._partial: dict[int, tuple[IO[str], str]] = {}
        self._live: Live | None = None
        self._wrapped: AbstractContextManager[None] | None = None
        self._ended = threading.Event()

    def start(self) -> None:
        """Take the bottom of the terminal, and the streams that write to it."""
        stdin.watch(self.pause)
        Screen.current = self
        self._wrapped = wrapped(self._above)
        self._wrapped.__enter__()
        self.resume()
        threading.Thread(target=self._refresh_regularly, name="skylift-screen", daemon=True).start()

    def _above(self, stream: IO[str] | None) -> Any:
        """A stream that goes elsewhere, or nowhere, stays as it is."""
        return Above(stream, self) if stream is not None and stream.isatty() else stream

    def stop(self) -> None:
        """Give everything back; what was drawn is gone, what was printed stands."""
        self._ended.set()
        self.pause()
        stdin.unwatch()
        if self._wrapped is not None:
            self._wrapped.__exit__(None, None, None)
            self._wrapped = None
        Screen.current = None

    def pause(self) -> None:
        """Leave the terminal to somebody who reads from it, until `resume`."""
        if os.getpid() != self._pid:
            return
        with self._lock:
            if self._live is None:
                return
            self._show_lines()
            live, self._live = self._live, None
            live.stop()
            with suppress(OSError):  # the terminal is gone
                for stream, text in self._partial.values():
                    stream.write(text)
                    stream.flush()
            self._partial.clear()

    def resume(self) -> None:
        with self._lock:
            if self._live is None:
                # A display that is taller than the screen cannot be erased: rich cuts it.
                self._live = Live(
                    console=self.console,
                    auto_refresh=False,
                    transient=True,
                    redirect_stdout=False,
                    redirect_stderr=False,
                    vertical_overflow="crop",
                    get_renderable=self._whole,
                )
                self._live.start(refresh=True)

    def take(self, stream: IO[str], text: str) -> bool:
        """Keep what is printed for the next refresh; False where it is to be written as it is.

        A process that was forked from this one writes by itself: it has no display, and
        the lock may be held by a thread that it does not have.
        """
        if os.getpid() != self._pid:
            return False
        with self._lock:
            if self._live is None:
                return False
            held = self._partial.pop(id(stream), (stream, ""))[1] + text
            lines, newline, rest = held.rpartition("\n")
            if newline:
                self._lines.append(lines)
            if rest:
                # A progress bar draws itself again and again after a carriage return.
                self._partial[id(stream)] = stream, rest.rpartition("\r")[2] or rest
            return True

    def refresh(self) -> None:
        with self._lock:
            if self._live is not None:
                self._show_lines()
                self._live.refresh()

    def _refresh_regularly(self) -> None:
        while not self._ended.wait(1 / REFRESHES_PER_SECOND):
            self.refresh()

    def _show_lines(self) -> None:
        if self._lines:
            text = "\n".join(line.rpartition("\r")[2] for line in "\n".join(self._lines).split("\n"))
            self._lines.clear()
            self.console.print(Text.from_ansi(text), soft_wrap=True, highlight=False)

    def _whole(self) -> RenderableType:
        """The display; above it, lines that are not whole yet: a progress bar, a question."""
        partial = [
            Text.from_ansi(text, no_wrap=True, overflow="ellipsis") for _, text in self._partial.values()
        ]
        return Group(*partial, self._draw())


def terminal(stream: IO[str]) -> Console:
    """The terminal as rich sees it; `NO_COLOR` is respected by rich itself."""
    return Console(file=stream, highlight=False, soft_wrap=False, emoji=False, markup=False)
