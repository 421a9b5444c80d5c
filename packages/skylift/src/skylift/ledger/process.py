"""Who writes: enough to tell later, on the same machine, whether that process still runs.

A pid alone is no identity: it is given out again. With the time the process started, in
the kernel's own unit, and the machine's boot id, it is one.
"""

from __future__ import annotations

import os
import socket
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from skylift_contract.status import Liveness

if TYPE_CHECKING:
    from skylift.ledger.records import Writer

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_START_TIME_FIELD: Final = 22
"""`starttime` in proc_pid_stat(5), counted from 1; in clock ticks since boot."""


@lru_cache(maxsize=1)
def host() -> str:
    """The host's name; on Linux with its pid namespace, for a container may share the name."""
    try:
        return f"{socket.gethostname()}/{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return socket.gethostname()


@lru_cache(maxsize=1)
def boot_id() -> str:
    """Linux's id of this boot; elsewhere empty, and then the start time has to do."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


def start_of(pid: int) -> str | None:
    """When a process started, as an opaque text; None when there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return None if _BOOT_ID.exists() else _start_by_ps(pid)
    except ProcessLookupError:
        return None
    # The second field is the program's name in parentheses, and may hold anything.
    fields = stat.rpartition(")")[2].split()
    is_dead = fields[0] in {"Z", "X"}
    return None if is_dead else fields[_START_TIME_FIELD - 3]


def _start_by_ps(pid: int) -> str | None:
    found = subprocess.run(  # noqa: S603 -- argv list, no shell
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or None


def liveness(writer: Writer) -> Liveness:
    """Whether the process that wrote a record still runs; unseen from another machine."""
    if writer.host != host():
        return Liveness.UNSEEN
    if writer.boot_id != boot_id():
        return Liveness.GONE
    started = start_of(writer.pid)
    return Liveness.ALIVE if started is not None and started == writer.process_start else Liveness.GONE


@lru_cache(maxsize=8)
def started(pid: int) -> str:
    """The start of a process that is known to run: this one."""
    return start_of(pid) or ""


def me() -> tuple[str, str, int, str]:
    """Host, boot id, pid and start of this process; right after a fork, too."""
    pid = os.getpid()
    return host(), boot_id(), pid, started(pid)
