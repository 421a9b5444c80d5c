"""A command in a terminal of its own: what a person sees of it, and types into it.

The bytes go through a terminal emulator, so tests read the screen and not the escapes.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from typing import TYPE_CHECKING, Any

import pyte

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PATIENCE_S = 30.0


class Terminal:
    """Runs a command on a pseudo-terminal; `raw` is every byte it wrote.

    Args:
        argv: The command.
        env: Its whole environment.
        columns: The terminal's width, as the command is told.
        paper: The width at which lines are broken, when not there: to read them whole.
        stdout: Where the command's stdout goes; by default to the terminal, as its stderr does.
    """

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        *,
        columns: int = 80,
        lines: int = 24,
        paper: int | None = None,
        cwd: Path | None = None,
        stdout: Any = None,
    ) -> None:
        self.raw = b""
        self._screen = pyte.HistoryScreen(paper or columns, lines, history=5000, ratio=1)
        self._stream = pyte.ByteStream(self._screen)
        self._controller, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.process = subprocess.Popen(
            list(argv),
            env={"TERM": "xterm-256color", **env},
            cwd=cwd,
            stdin=terminal,
            stdout=terminal if stdout is None else stdout,
            stderr=terminal,
            start_new_session=True,
        )
        os.close(terminal)

    @property
    def seen(self) -> str:
        """All lines: those that have scrolled away, and those on the screen."""
        gone = [self._text(line) for line in self._screen.history.top]
        return "\n".join([*gone, *(line.rstrip() for line in self._screen.display)]).rstrip()

    @property
    def screen(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip()

    def _text(self, line: Any) -> str:
        return "".join(line[column].data for column in range(self._screen.columns)).rstrip()

    def expect(self, pattern: str, where: str = "seen") -> re.Match[str]:
        """Wait until a pattern is there; fails with what was there instead."""
        deadline = time.monotonic() + PATIENCE_S
        while (found := re.search(pattern, getattr(self, where), re.MULTILINE)) is None:
            if not self._read(deadline):
                raise AssertionError(f"{pattern!r} never came; there was:\n{self.seen}")
        return found

    def send(self, text: str) -> None:
        os.write(self._controller, text.encode())

    def wait(self) -> int:
        """Read to the end; the exit code."""
        while self._read(time.monotonic() + PATIENCE_S):
            pass
        return self.process.wait(PATIENCE_S)

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._controller], [], [], max(0.0, deadline - time.monotonic()))
        try:
            data = os.read(self._controller, 65536) if ready else b""
        except OSError:  # Linux: the other side is closed
            data = b""
        self.raw += data
        self._stream.feed(data)
        return bool(data)

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(PATIENCE_S)
        os.close(self._controller)
