"""Processes that start with everything imported: forks of one that has done so, to be killed by the hundred."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from skylift_tests_support.runs import process_environment

if TYPE_CHECKING:
    from collections.abc import Callable

FORKS = """
for line in sys.stdin:
    sys.argv[1:] = line.split()
    if pid := os.fork():
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
        continue
    for number in range(3):
        os.dup2(os.open(os.devnull, os.O_RDWR), number)
    break
else:
    sys.exit()
"""
"""A process that has imported everything, and forks one for each line: what is killed is the fork."""


def launch(code: str, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env=process_environment("own/1"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):  # it has ended just now
        os.kill(pid, signal.SIGKILL)


def kill_and_wait_for_children(pid: int) -> None:
    """Kill a process, and return when those that it had started have noticed and ended."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
    children = [os.pidfd_open(child) for child in _children(pid)]
    kill(pid)
    for child in children:
        assert select.select([child], [], [], 30)[0], "an orphan goes on"
        os.close(child)


def _children(pid: int) -> list[int]:
    with suppress(FileNotFoundError, ProcessLookupError):
        tasks = Path(f"/proc/{pid}/task").glob("*/children")
        return [int(child) for task in tasks for child in task.read_text().split()]
    return []


class Warm:
    """Forks of a process that has run `imports`; each runs `code`, with `sys.argv` as `live` is given it."""

    def __init__(self, imports: str, code: str) -> None:
        self._parent = launch(imports + FORKS + code)

    def live(self, store: str, digest: str, at_most_s: float, end: Callable[[int], None] = kill) -> int:
        """The exit code of a fork, which is ended after so many seconds."""
        assert self._parent.stdin
        self._parent.stdin.write(f"{store} {digest}\n".encode())
        self._parent.stdin.flush()
        pid = self._told()
        assert self._parent.stdout
        if not select.select([self._parent.stdout], [], [], at_most_s)[0]:
            end(pid)
        return self._told()

    def _told(self) -> int:
        assert self._parent.stdout
        return int(self._parent.stdout.readline())

    def close(self) -> None:
        self._parent.communicate()
