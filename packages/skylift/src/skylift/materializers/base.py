"""The interface of a materializer, and the files it writes and reads.

Temporary files: those of saving and of loading are gone when the call returns. A value that
*is* a file on this machine (a `Path`) is copied into `lasting_folder`, which stays until the
process that loaded it ends; a process that is killed leaves its folder to the system's cleaner.
"""

from __future__ import annotations

import atexit
import hashlib
import io
import os
import shutil
import tempfile
from abc import ABC, abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, Final, Protocol

from skylift_contract.errors import DamagedObject

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

IN_MEMORY: Final = 4 * 1024 * 1024
"""Bytes. Contents up to here need no temporary file."""


@dataclass(slots=True)
class NewFiles:
    """Where a materializer puts what it makes; `contents`: name → bytes, or the file that holds them.

    A name is a relative path with slashes; `value.<suffix>` where there is only one file.
    """

    contents: dict[str, bytes | Path] = field(default_factory=dict[str, "bytes | Path"])
    _folder: tempfile.TemporaryDirectory[str] | None = None

    def write(self, name: str, data: bytes) -> None:
        self.contents[name] = data

    def path(self, name: str) -> Path:
        """A path to write one file at, for libraries that write files."""
        path = self._scratch() / str(len(self.contents))
        self.contents[name] = path
        return path

    def add(self, name: str, path: Path) -> None:
        """A file that is there already, and stays as it is until it is stored."""
        self.contents[name] = path

    @contextmanager
    def open(self, name: str, size: int) -> Generator[IO[bytes]]:
        """A new file to write into; `size` in bytes, as far as it is known, decides where it lies."""
        if size > IN_MEMORY:
            with self.path(name).open("wb") as file:
                yield file
        else:
            buffer = io.BytesIO()
            yield buffer
            self.write(name, buffer.getvalue())

    def _scratch(self) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="skylift-")
        return Path(self._folder.name)

    def close(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of an artifact, and the object that holds it; `sha256` in hex, `size` in bytes.

    `content` is there where the artifact's record holds the bytes itself.
    """

    name: str
    key: str
    size: int
    sha256: str
    content: bytes | None = None


class Source(Protocol):
    """What is needed of a store to read files: `ObjectStore` has it."""

    def get(self, key: str) -> bytes | None: ...

    def get_file(self, key: str, path: Path) -> bool: ...


@dataclass(slots=True)
class StoredFiles:
    """An artifact's files, read and verified when they are asked for.

    Args:
        files: Name → file.
        source: The store.
        who: Names run, step and output in errors.
        folder: Where local copies go; by default a temporary folder that `close` removes.
    """

    files: Mapping[str, StoredFile]
    source: Source
    who: str
    folder: Path | None = None
    _scratch: tempfile.TemporaryDirectory[str] | None = None

    def read(self, name: str) -> bytes:
        """Raises `DamagedObject` when the bytes are missing or are not those that were written."""
        file = self._file(name)
        if file.content is not None:
            return file.content
        data = self.source.get(file.key)
        if data is None:
            raise self._damaged(file, "it is missing")
        self._verify(file, hashlib.sha256(data).hexdigest())
        return data

    def path(self, name: str) -> Path:
        """A local copy of one file below `folder`, verified; raises as `read` does."""
        file = self._file(name)
        path = self._local(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        if file.content is not None:
            path.write_bytes(file.content)
            return path
        if not self.source.get_file(file.key, path):
            raise self._damaged(file, "it is missing")
        with path.open("rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
        try:
            self._verify(file, found)
        except DamagedObject:
            path.unlink()
            raise
        return path

    def open(self, name: str) -> IO[bytes]:
        """One file to read from, verified as a whole; raises as `read` does."""
        if self._file(name).size > IN_MEMORY:
            return self.path(name).open("rb")
        return io.BytesIO(self.read(name))

    def close(self) -> None:
        """Remove what was copied, unless a folder was given for it."""
        if self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None

    def _file(self, name: str) -> StoredFile:
        if name not in self.files:
            raise DamagedObject(f"its record names no file {name!r}", who=self.who)
        return self.files[name]

    def _local(self, file: StoredFile) -> Path:
        if self.folder is None and self._scratch is None:
            self._scratch = tempfile.TemporaryDirectory(prefix="skylift-")
        folder = self.folder or Path(self._scratch.name if self._scratch else "")
        parts = PurePosixPath(file.name).parts
        if not parts or ".." in parts or "\0" in file.name or file.name.startswith("/"):
            raise self._damaged(file, f"its name {file.name!r} would land outside its folder")
        return folder.joinpath(*parts)

    def _verify(self, file: StoredFile, found: str) -> None:
        if found != file.sha256:
            raise self._damaged(file, "its bytes have changed since they were written")

    def _damaged(self, file: StoredFile, what: str) -> DamagedObject:
        return DamagedObject(what, who=f"{self.who}, object {file.key}", fix=restore(file.key))


def restore(key: str) -> str:
    """The way out of a damaged artifact: a step that runs again does not write over what is there."""
    folder = "/".join(key.split("/")[:2])
    return f"Restore the object, or delete {folder}/ and run the step again."


def lasting_folder() -> Path:
    """A new folder that stays until this process ends."""
    return Path(tempfile.mkdtemp(dir=_process_folder(os.getpid())))


@lru_cache(maxsize=1)
def _process_folder(pid: int) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="skylift-"))
    atexit.register(_remove, folder, pid)
    return folder


def _remove(folder: Path, pid: int) -> None:
    if os.getpid() == pid:  # a fork inherits the call, and the folder is not its own
        shutil.rmtree(folder, ignore_errors=True)


class BaseMaterializer(ABC):
    """Turns values of some types into files and back.

    The same value should give the same bytes: an artifact is named by its content. Plugins
    name theirs in the entry-point group `skylift.materializers`, under the full name of
    the type, which is also what an artifact's record calls it:
    `"xgboost.core.Booster" = "my_package:BoosterMaterializer"`.
    """

    @abstractmethod
    def save(self, value: Any, annotation: Any, files: NewFiles) -> Mapping[str, Any] | None:
        """Write the value; return what `load` needs to know besides, as plain JSON data.

        Raises `MaterializationError` for a value that would not come back as it is; then the
        next candidate is tried, cloudpickle as the last. One that says a fix is the last word.
        """

    @abstractmethod
    def load(self, files: StoredFiles, details: Mapping[str, Any], annotation: Any) -> Any:
        """Read the value; `annotation` is the reader's, `Any` where it has none.

        Local copies are removed when this returns; set `files.folder` for those that must stay.
        """
