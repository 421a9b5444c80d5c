"""An artifact on this machine's disk: whole, under the name it is asked for, or not at all."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from skylift import artifacts
from skylift.materializers.paths import PATH
from skylift_contract.errors import ConfigurationError
from skylift_contract.names import slug

if TYPE_CHECKING:
    from skylift.models import ArtifactView


@dataclass(frozen=True, slots=True)
class Download:
    """`name`: what it is called where it has no name of its own, without a suffix."""

    view: ArtifactView
    name: str

    def to(self, path: Path | None, *, over: bool) -> Path:
        """Copy it to a path, or into a folder that is there; returns where it is.

        `over`: files in its way are replaced, others in the same folder stay.

        Raises `ConfigurationError` for what is in its way, and `DamagedObject`: then nothing
        was written.
        """
        target = self._target(path)
        if not over and target.exists():
            raise ConfigurationError(
                "it is there already", who=str(target), fix="Give another with -o PATH, or --force."
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".skylift-", dir=target.parent) as scratch:
            _put(self._copied(Path(scratch)), target)
        return target

    def _target(self, path: Path | None) -> Path:
        if path is None:
            return Path(self._own_name())
        return path / self._own_name() if path.is_dir() else path

    def _own_name(self) -> str:
        store, digest = self.view.ledger.store, self.view.ref.digest
        manifest = artifacts.read_manifest(store, digest, self.view.who)
        if manifest.materializer == PATH:
            return Path(str(manifest.details["name"])).name
        name = self.name if _is_plain(self.name) else slug(self.name)
        return name + (Path(manifest.files[0].name).suffix if len(manifest.files) == 1 else "")

    def _copied(self, scratch: Path) -> Path:
        """The one file or folder that it is, below a folder of its own."""
        files = self.view.download(scratch)
        if self.view.ref.materializer == PATH:
            return next(scratch.iterdir())
        return files[0] if len(files) == 1 else scratch


def _is_plain(name: str) -> bool:
    return name.replace("_", "").replace(".", "").replace("-", "").isalnum() and not name.startswith(".")


def _put(source: Path, target: Path) -> None:
    """Move what was copied into its place."""
    if source.is_dir() == target.is_dir() or not target.exists():
        if source.is_file():
            source.replace(target)
        else:
            shutil.copytree(source, target, dirs_exist_ok=True)
        return
    kinds = ("folder", "file") if source.is_dir() else ("file", "folder")
    raise ConfigurationError(
        f"it is a {kinds[0]}, and a {kinds[1]} is in its way", who=str(target), fix="Give another: -o PATH"
    )
