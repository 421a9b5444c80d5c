"""The interface of a materializer, and the files it writes and reads."""

from __future__ import annotations

import hashlib
import tempfile
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from skylift_contract.errors import DamagedObject

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(slots=True)
class NewFiles:
    """Where a materializer puts what it makes; `contents`: name → bytes, or the file that holds them."""

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
        """A file that is there already."""
        self.contents[name] = path

    def _scratch(self) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="skylift-")
        return Path(self._folder.name)

    def close(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of an artifact; `sha256` in hex, `size` in bytes."""

    name: str
    size: int
    sha256: str


@dataclass(slots=True)
class StoredFiles:
    """An artifact's files, read and verified when they are asked for.

    `read_bytes(name)` and `read_file(name, path)` fetch from the store; `who` names run,
    step, output and object in errors.
    """

    files: Mapping[str, StoredFile]
    read_bytes: Callable[[str], bytes | None]
    read_file: Callable[[str, Path], bool]
    who: str
    folder: Path | None = None

    def read(self, name: str) -> bytes:
        """Raises `DamagedObject` when the bytes are missing or are not those that were written."""
        data = self.read_bytes(name)
        if data is None:
            raise DamagedObject(f"its file {name!r} is missing", who=self.who)
        self._verify(name, hashlib.sha256(data).hexdigest())
        return data

    def path(self, name: str) -> Path:
        """A local copy of one file, for libraries that read files; it stays while the process runs."""
        if self.folder is None:
            self.folder = Path(tempfile.mkdtemp(prefix="skylift-"))
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not self.read_file(name, path):
            raise DamagedObject(f"its file {name!r} is missing", who=self.who)
        with path.open("rb") as file:
            self._verify(name, hashlib.file_digest(file, "sha256").hexdigest())
        return path

    def _verify(self, name: str, found: str) -> None:
        if found != self.files[name].sha256:
            raise DamagedObject(
                f"the bytes of its file {name!r} have changed since they were written",
                who=self.who,
                value=found,
                limit=self.files[name].sha256,
            )


class BaseMaterializer(ABC):
    """Turns values of some types into files and back.

    The same value should give the same bytes: an artifact is named by its content. Plugins
    name theirs in the entry-point group `skylift.materializers`, under the full name of
    the type: `"xgboost.core.Booster" = "my_package:BoosterMaterializer"`.
    """

    name: ClassVar[str]
    """What is written into the artifact's record, to find the materializer again."""

    @abstractmethod
    def save(self, value: Any, annotation: Any, files: NewFiles) -> Mapping[str, Any] | None:
        """Write the value; return what `load` needs to know besides, as plain JSON data."""

    @abstractmethod
    def load(self, files: StoredFiles, details: Mapping[str, Any], annotation: Any) -> Any:
        """Read the value; `annotation` is the reader's, `Any` where it has none."""
