"""Who asks for a run, and from what state of the source."""

from __future__ import annotations

import getpass
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user need have no name
        return ""


def git_state(folder: Path) -> tuple[str | None, bool | None]:
    """The commit that is checked out, and whether anything differs from it; None without git."""
    command = ["git", "-C", str(folder), "status", "--porcelain=v2", "--branch", "--untracked-files=normal"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- argv list, no shell
    except FileNotFoundError:
        return None, None
    if found.returncode:
        return None, None
    lines = found.stdout.splitlines()
    commit = next((line.split()[2] for line in lines if line.startswith("# branch.oid")), None)
    known = commit if commit != "(initial)" else None
    return known, any(not line.startswith("#") for line in lines)
