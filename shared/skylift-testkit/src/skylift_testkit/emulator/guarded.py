"""A program that runs a command for as long as its emulator lives, and ends all that it started then.

The emulator holds the other end of a pipe, and writes nothing to it: the pipe ends when the emulator does,
however that is. This process leads a group, which the command is in, and ends as the command does.

python -I -S guarded.py PIPE COMMAND [ARGUMENT …]
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping

IGNORED: Final = (signal.SIGPIPE, signal.SIGXFSZ)
"""By this interpreter, and not by what it starts."""


def main(pipe: int, *command: str) -> NoReturn:
    """Exit with the command's code, or by its signal; with 127 where there is no such command."""
    # Blocked before there is a second thread: until the command runs there is nobody to pass it on to.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    os.set_inheritable(pipe, False)  # noqa: FBT003 -- its one argument
    threading.Thread(target=_end_with, args=[pipe], daemon=True).start()
    try:
        pid = os.posix_spawnp(
            command[0], command, _given(), setsigmask=(), setsigdef=(signal.SIGTERM, *IGNORED)
        )
    except OSError as error:
        sys.stderr.write(f"exec: {command[0]!r}: {error.strerror}\n")
        sys.exit(127)
    signal.signal(signal.SIGTERM, lambda number, _: _pass_on(pid, number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    _end_as(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def _end_with(pipe: int) -> None:
    os.read(pipe, 1)
    os.killpg(0, signal.SIGKILL)


def _pass_on(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _end_as(code: int) -> NoReturn:
    if code < 0:
        _, most = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, most))  # the command has left its own
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


def _given() -> Mapping[bytes, bytes]:
    """The variables this process was started with: where there is no locale, Python adds LC_CTYPE."""
    try:
        told = Path("/proc/self/environ").read_bytes().split(b"\0")
    except OSError:
        return os.environb
    return dict(one.split(b"=", 1) for one in told if b"=" in one)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
