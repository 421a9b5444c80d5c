"""A program that shows a command a folder of its own at a path of the root: `/opt/ml`, say.

Done in a mount namespace of that command alone: what the rest of the machine sees stays as it is.
A path that is not there is added to a copy of its parent, made of mounts of what lies in it.

python -I -S rooted.py PATH FOLDER STAGING COMMAND [ARGUMENT …]
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import Final

NEW_MOUNTS: Final = 0x00020000  # linux/sched.h
NEW_USERS: Final = 0x10000000
BIND: Final = 4096  # linux/mount.h
RECURSIVE: Final = 16384
PRIVATE: Final = 1 << 18


def main(path: str, folder: str, staging: str, *command: str) -> None:
    """Become the command; 126 is its code where the machine does not allow it, 127 for no such command."""
    try:
        show(Path(path), Path(folder), Path(staging))
    except OSError as error:
        sys.stderr.write(f"{path} cannot be shown: {error}\n")
        sys.exit(126)
    try:
        os.execvpe(command[0], command, os.environ)  # noqa: S606 -- an argv list, no shell
    except OSError as error:
        sys.stderr.write(f"exec: {command[0]!r}: {error.strerror}\n")
        sys.exit(127)


def show(path: Path, folder: Path, staging: Path) -> None:
    """Have this process, and what it starts, see the folder at the path; `staging` is an empty folder."""
    user, group = os.getuid(), os.getgid()
    _call("unshare", NEW_MOUNTS | (NEW_USERS if user else 0))
    if user:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    _mount("none", Path("/"), RECURSIVE | PRIVATE)
    if not path.is_dir():
        _add(path, staging)
    _mount(str(folder), path, BIND)


def _add(path: Path, staging: Path) -> None:
    _mount("tmpfs", staging, 0, kind="tmpfs")
    for entry in path.parent.iterdir():
        copy = staging / entry.name
        if entry.is_symlink():
            copy.symlink_to(entry.readlink())
            continue
        if entry.is_dir():
            copy.mkdir()
        else:
            copy.touch()
        _mount(str(entry), copy, BIND | RECURSIVE)
    (staging / path.name).mkdir()
    _mount(str(staging), path.parent, BIND | RECURSIVE)


def _mount(source: str, target: Path, flags: int, kind: str = "") -> None:
    _call("mount", source.encode(), os.fsencode(target), kind.encode() or None, flags, None)


def _call(name: str, *arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    function = getattr(libc, name, None)
    if function is None:
        raise OSError(f"this system has no {name}")
    if function(*[ctypes.c_ulong(one) if isinstance(one, int) else one for one in arguments]):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    main(*sys.argv[1:])
