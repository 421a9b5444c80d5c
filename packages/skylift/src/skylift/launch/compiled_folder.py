"""Writing compiled files into a folder, where only what was compiled before is ever replaced."""

from __future__ import annotations

import os
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from skylift.compiled_files import LIST, read_list, write_list
from skylift_contract.canonical import digest
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Change(StrEnum):
    """What became of a file."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    REMOVED = "removed"


def write_files(folder: Path, files: Mapping[str, bytes]) -> dict[str, Change]:
    """Write files below a folder, with the list of them, and take away those of the last time.

    Raises `ConfigurationError` before anything is written: for a file that is not ours or was
    changed since, and for a folder that cannot be written.
    """
    before = read_list(folder / LIST)
    for name in {**before, **files}:
        _check_ours(folder, name, before.get(name), files.get(name))
    found = {name: _change(folder / name, content) for name, content in files.items()}
    listed = write_list({name: digest(content) for name, content in sorted(files.items())})
    try:
        for name, content in {**files, LIST: listed}.items():
            if found.get(name) is not Change.SAME:
                _replace(folder / name, content)
        for name in before.keys() - files.keys():
            if (folder / name).exists():
                _remove(folder, name)
                found[name] = Change.REMOVED
    except OSError as error:
        raise ConfigurationError(
            f"it cannot be written: {error.strerror}",
            who=str(error.filename or folder),
            fix="Check the path.",
        ) from error
    return dict(sorted(found.items()))


def _check_ours(folder: Path, name: str, listed: str | None, content: bytes | None) -> None:
    path, fix = folder / name, "Move it away, or name another folder with -o."
    parents = [folder / parent for parent in Path(name).parents if str(parent) != "."]
    for one in (folder, *parents):
        if one.exists() and not one.is_dir():
            raise ConfigurationError("it is a file, where a folder is needed", who=str(one), fix=fix)
    if path.is_symlink() or any(parent.is_symlink() for parent in parents):
        raise ConfigurationError("it is a link, and leads out of what is ours", who=str(path), fix=fix)
    if not path.exists():
        return
    if path.is_dir():
        raise ConfigurationError("it is a folder, where a file is to be written", who=str(path), fix=fix)
    standing = digest(path.read_bytes())
    if content is not None and standing == digest(content):
        return
    if listed is None:
        raise ConfigurationError("it is there already, and was not compiled", who=str(path), fix=fix)
    if standing != listed:
        raise ConfigurationError("it was changed since it was compiled", who=str(path), fix=fix)


def _change(path: Path, content: bytes) -> Change:
    if not path.exists():
        return Change.NEW
    return Change.SAME if path.read_bytes() == content else Change.CHANGED


def _replace(path: Path, content: bytes) -> None:
    """The whole file or none of it, with the mode of any new file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def _remove(folder: Path, name: str) -> None:
    """A file, and the folders that it leaves empty."""
    (folder / name).unlink()
    for parent in Path(name).parents:
        if str(parent) == "." or any((folder / parent).iterdir()):
            return
        (folder / parent).rmdir()
