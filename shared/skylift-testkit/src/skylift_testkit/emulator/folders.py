"""Folders of steps, named after the process that made them: what a process left that was killed is found."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

_NAME: Final = re.compile(r"skylift-step-(\d{1,9})-\w+")


def made() -> Path:
    """A new, empty folder of this process."""
    return Path(tempfile.mkdtemp(prefix=f"skylift-step-{os.getpid()}-"))


def remove_left() -> None:
    """Remove this user's folders whose process is gone."""
    with os.scandir(tempfile.gettempdir()) as entries:
        found = [(entry, match) for entry in entries if (match := _NAME.fullmatch(entry.name))]
    for entry, match in found:
        with suppress(FileNotFoundError):  # another emulator starts at the same time
            if _is_own_folder(entry) and not _is_there(int(match[1])):
                shutil.rmtree(entry.path, ignore_errors=True)


def _is_own_folder(entry: os.DirEntry[str]) -> bool:
    is_own = entry.stat(follow_symlinks=False).st_uid == os.getuid()
    return is_own and entry.is_dir(follow_symlinks=False)


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
