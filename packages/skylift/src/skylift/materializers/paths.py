"""A file or a folder that a step made: its bytes become the artifact.

The name, the structure, empty folders and the right to execute are kept; owners, times and
other modes are not. A link within a folder is stored as the file it points to, if that lies
in the folder too: one that leads out would bring in what nobody named.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from skylift.materializers.base import BaseMaterializer, NewFiles, StoredFiles, lasting_folder
from skylift_contract.errors import MaterializationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

EXECUTABLE: Final = 0o755
PATH: Final = "path"
"""Its name in the registry, and in the manifests of what it saved."""

_COPY: Final = "Copy what it points to into the folder (shutil.copytree does)."


class PathMaterializer(BaseMaterializer):
    """Files under their own names, below the name of the folder; loads as a path to a local copy."""

    def save(self, value: Any, annotation: Any, files: NewFiles) -> Mapping[str, Any]:  # noqa: ARG002
        try:
            root = _named(value)
            found = list(_walk(root, root.resolve())) if root.is_dir() else [root]
            return _described(root, found, files)
        except OSError as error:
            raise MaterializationError(f"{value} cannot be read: {error.strerror}") from error

    def load(self, files: StoredFiles, details: Mapping[str, Any], annotation: Any) -> Path:  # noqa: ARG002
        files.folder = folder = lasting_folder()
        restore(files, folder, details)
        return _below(folder, details["name"])


def restore(files: StoredFiles, folder: Path, details: Mapping[str, Any]) -> list[Path]:
    """Copy files below their folder, with the folders that are empty and the right to execute."""
    for name in details["folders"]:
        _below(folder, name).mkdir(parents=True, exist_ok=True)
    paths = [files.path(name) for name in files.files]
    for name in details["executable"]:
        _below(folder, name).chmod(EXECUTABLE)
    return paths


def _named(path: Path) -> Path:
    """The path, under a name of its own: `.` and `..` have none."""
    if not path.exists():
        raise MaterializationError(
            f"there is no file or folder {str(path)!r}",
            fix="Write it before the step returns, and return an absolute path.",
        )
    named = path if path.name not in ("", "..") else path.resolve()
    if not named.name:
        raise MaterializationError("the root of the file system is no output", fix="Return a folder in it.")
    return named


def _walk(folder: Path, root: Path) -> Iterator[Path]:
    """Everything below a folder, in the order of names; raises for what cannot be stored."""
    yield folder
    for path in sorted(folder.iterdir()):
        if path.is_symlink():
            _check_link(path, root)
        if path.is_dir():
            yield from _walk(path, root)
        else:
            yield path


def _check_link(path: Path, root: Path) -> None:
    target = path.resolve()
    if not target.is_relative_to(root):
        raise MaterializationError(f"the link {str(path)!r} leads out of the folder", fix=_COPY)
    if not target.is_file():
        raise MaterializationError(f"the link {str(path)!r} does not lead to a file", fix=_COPY)


def _described(root: Path, found: list[Path], files: NewFiles) -> Mapping[str, Any]:
    folders: list[str] = []
    executable: list[str] = []
    for path in found:
        name = _text(path.relative_to(root.parent))
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            folders.append(name)
        elif stat.S_ISREG(mode):
            files.add(name, path)
            if mode & stat.S_IXUSR:
                executable.append(name)
        else:
            raise MaterializationError(f"{str(path)!r} is neither a file nor a folder", fix="Leave it out.")
    return {"name": _text(Path(root.name)), "folders": folders, "executable": executable}


def _text(path: Path) -> str:
    name = path.as_posix()
    try:
        name.encode()
    except UnicodeEncodeError:
        raise MaterializationError(
            "a file's name is not UTF-8", value=os.fsencode(path), fix="Rename the file."
        ) from None
    return name


def _below(folder: Path, name: str) -> Path:
    """Names come from a store: none may lead out of the folder."""
    path = folder / name
    if ".." in path.parts or not path.is_relative_to(folder):
        raise MaterializationError("a name in its record leads out of the folder", value=name)
    return path
