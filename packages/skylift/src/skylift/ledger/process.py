"""Who writes: enough to tell later, on the same machine, whether that process still runs.

A pid alone is no identity: it is given out again. With the time the process started, in
the kernel's own unit, and the machine's boot id, it is one. What cannot be seen is never
taken for gone.
"""

from __future__ import annotations

import hashlib
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
_MACHINE_ID: Final = Path("/etc/machine-id")
_PID_NAMESPACE: Final = Path("/proc/self/ns/pid")
_START_TIME_FIELD: Final = 22
"""`starttime` in proc_pid_stat(5), counted from 1; in clock ticks since boot."""

HIDDEN: Final = ""
"""The start of a process that is there and whose start this user may not see."""


@lru_cache(maxsize=1)
def host() -> str:
    """The host's name, then what tells two of that name apart, where the system says it.

    Machines are often called alike (`localhost`, `runner`), and a container may share its
    host's name: hence the machine's id, and on Linux the pid namespace.
    """
    return "/".join(part for part in (socket.gethostname(), _machine(), _namespace()) if part)


def _machine() -> str:
    """A hash of machine-id(5), which asks not to be told to others as it is."""
    try:
        machine = _MACHINE_ID.read_bytes().strip()
    except OSError:
        return ""
    return hashlib.sha256(b"skylift\n" + machine).hexdigest()[:12] if machine else ""


def _namespace() -> str:
    try:
        return str(_PID_NAMESPACE.stat().st_ino)
    except OSError:
        return ""


@lru_cache(maxsize=1)
def boot_id() -> str:
    """Linux's id of this boot; elsewhere empty, and then the start time has to do."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


def start_of(pid: int) -> str | None:
    """When a process started, as an opaque text; `HIDDEN`, or None when there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, PermissionError):
        return _hidden_or_gone(pid) if _BOOT_ID.exists() else _start_by_ps(pid)
    except ProcessLookupError:
        return None
    # The second field is the program's name in parentheses, and may hold anything.
    fields = stat.rpartition(b")")[2].split()
    is_dead = fields[0] in {b"Z", b"X"}
    return None if is_dead else fields[_START_TIME_FIELD - 3].decode("ascii")


def _hidden_or_gone(pid: int) -> str | None:
    """A /proc mounted with hidepid shows nobody else's processes: proc(5)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        return HIDDEN
    return HIDDEN


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
    if started is None:
        return Liveness.GONE
    if HIDDEN in {started, writer.process_start}:
        return Liveness.UNSEEN
    return Liveness.ALIVE if started == writer.process_start else Liveness.GONE


@lru_cache(maxsize=8)
def started(pid: int) -> str:
    """The start of a process that is known to run: this one."""
    return start_of(pid) or HIDDEN


def is_me(writer: Writer) -> bool:
    """Whether this very process wrote a record."""
    return (writer.host, writer.boot_id, writer.pid, writer.process_start) == me()


def me() -> tuple[str, str, int, str]:
    """Host, boot id, pid and start of this process; right after a fork, too."""
    pid = os.getpid()
    return host(), boot_id(), pid, started(pid)
