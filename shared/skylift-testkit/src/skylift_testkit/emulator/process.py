"""A step as a process: only what its backend gives it, and nothing of the emulator's own."""

from __future__ import annotations

import functools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from skylift_testkit.emulator import folders, guarded, rooted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

GRACE_S: Final = 30.0
"""Between asking a process to end and ending it."""

SIGNALLED: Final = 128
"""What a signal's number is added to, where that ended a process."""


@dataclass(frozen=True, slots=True)
class Command:
    """What a backend starts.

    Args:
        argv: The program and its arguments; no shell reads them.
        environment: All variables there are, but `PATH`, which finds this interpreter first, and those of
            folders of its own, `HOME` and `TMPDIR`.
        root: A path that the backend fills, such as `/opt/ml`; none where it is empty.
        files: What lies under it: relative path → content.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    root: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])


@dataclass(frozen=True, slots=True)
class Exit:
    """How it ended: its code, 128 and the signal's number of what a signal ended, as a container has it.

    `left`: what the backend reads under the command's root, of the files it asked for.
    """

    code: int
    left: Mapping[str, bytes] = field(default_factory=dict[str, bytes])


class Running(Protocol):
    """A command that runs, as a process or in a container."""

    def wait(self) -> Exit: ...

    def stop(self) -> None:
        """Ask it to end, and end it if it does not. May be called at any time, also twice."""
        ...

    def kill(self) -> None:
        """End it now, as a machine that is taken away does."""
        ...


class Starter(Protocol):
    """Starts commands; `say` gets each line that one writes, without its end."""

    def __call__(self, command: Command, say: Callable[[str], None]) -> Running: ...


@functools.cache
def shows_roots() -> bool:
    """Whether this machine lets a process have a folder of its own at a path of the root."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        shown, staging = Path(folder, "shown"), Path(folder, "staging")
        shown.mkdir()
        staging.mkdir()
        argv = [*_rooted("/opt/skylift-probe", shown, staging), sys.executable, "-I", "-c", ""]
        return subprocess.run(argv, capture_output=True, check=False, env={}).returncode == 0  # noqa: S603


class Process:
    """A command as a process of its own session, in an empty folder that goes with it.

    All that it started ends with it, and no later than this process, however that ends; the folder is then
    left, for `folders.remove_left`.

    Args:
        command: What to run. Its root is shown where `shows_roots()`, and is otherwise not there.
        say: Gets each line of its output, in a thread of its own.
        read: Of its root, the files to read when it has ended.
        grace_s: Between asking it to end and ending it.
    """

    def __init__(
        self,
        command: Command,
        say: Callable[[str], None],
        *,
        read: tuple[str, ...] = (),
        grace_s: float = GRACE_S,
    ) -> None:
        self._place = folders.made()
        self._read, self._grace_s, self._ending = read, grace_s, threading.Event()
        self._lock, self._is_told = threading.Lock(), False
        for part in ("cwd", "root", "staging", "home", "tmp"):
            (self._place / part).mkdir()
        for name, content in command.files.items():
            path = self._place / "root" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self._process = self._start(command)
        self._output = threading.Thread(target=self._pump, args=[say], daemon=True)
        self._output.start()

    def _own_folders(self) -> dict[str, str]:
        """What a container has to itself, and what goes with it."""
        return {"HOME": str(self._place / "home"), "TMPDIR": str(self._place / "tmp")}

    def _start(self, command: Command) -> subprocess.Popen[str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}"
        shown = _rooted(command.root, self._place / "root", self._place / "staging") if command.root else []
        pipe = _own_end()
        return subprocess.Popen(  # noqa: S603 -- an argv list, no shell
            [*_guarded(pipe), *(shown if shows_roots() else []), *command.argv],
            pass_fds=[pipe],
            cwd=self._place / "cwd",
            env={"PATH": path, **self._own_folders(), **command.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
            errors="replace",
        )

    def _pump(self, say: Callable[[str], None]) -> None:
        if self._process.stdout is not None:
            with self._process.stdout as lines:
                for line in lines:
                    say(line.rstrip("\r\n"))

    def wait(self) -> Exit:
        code = self._process.wait()
        self._ending.set()
        self.kill()  # what it started ends with it, as in a container
        self._output.join()
        root = self._place / "root"
        left = {name: (root / name).read_bytes() for name in self._read if (root / name).is_file()}
        shutil.rmtree(self._place, ignore_errors=True)
        return Exit(code if code >= 0 else SIGNALLED - code, left)

    def stop(self) -> None:
        if self._process.poll() is not None:
            return
        with self._lock:
            # A second signal would meet a process that is on its way out, and has no handler any more.
            is_first, self._is_told = not self._is_told, True
        if is_first:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)
            threading.Thread(target=self._end, daemon=True).start()

    def _end(self) -> None:
        if not self._ending.wait(self._grace_s):
            self.kill()

    def kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


@functools.cache
def _own_end() -> int:
    """A pipe that ends when this process does: its other end is open until then."""
    read, _ = os.pipe()
    return read


def _guarded(pipe: int) -> list[str]:
    return [sys.executable, "-I", "-S", guarded.__file__, str(pipe)]


def _rooted(path: str, folder: Path, staging: Path) -> list[str]:
    return [sys.executable, "-I", "-S", rooted.__file__, path, str(folder), str(staging)]
