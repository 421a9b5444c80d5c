"""The user's source, as one archive that is named by what is in it.

What is taken: in a git checkout, what git tracks or would track; in a project without
git (a folder with `skylift.toml` or `pyproject.toml`), every file but environments, caches
and what is hidden; anywhere else, the Python files that an `import` from there would find, for
such a folder may be somebody's home or downloads. `.skyliftignore` leaves out further files.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from skylift.code_ignore import IgnoreRules
from skylift.code_secrets import refuse_secrets
from skylift.compiled_files import compiled_below
from skylift.utf8 import is_utf8
from skylift_contract.canonical import digest, digest_of
from skylift_contract.errors import ConfigurationError, DamagedObject, LimitExceeded
from skylift_contract.snapshot import CodeArchive

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping

MARKERS: Final = ("skylift.toml", "pyproject.toml", ".git")
SKIPPED: Final = frozenset({"__pycache__", "node_modules", "dist", "build", "site"})
PACKAGES: Final = frozenset({"site-packages", "dist-packages"})
MOST_BYTES: Final = 100 * 1024**2
"""Ours: beyond it data was meant to be an artifact, and every cold container would pay for it."""
MOST_FILES: Final = 20_000
_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip can hold; a fixed one makes equal files equal archives."""


@dataclass(frozen=True)
class SourceTree:
    """Files of the user's source; `paths` are the parts of `sys.path` within the root."""

    root: Path
    files: tuple[str, ...]
    paths: tuple[str, ...]

    @cached_property
    def contents(self) -> Mapping[str, tuple[int, bytes]]:
        """Path → mode and bytes, sorted, and read once: a log beside the source may grow meanwhile."""
        found = ((name, self.root / name) for name in sorted(self.files))
        return {name: (_mode(path), path.read_bytes()) for name, path in found if path.is_file()}

    def manifest(self) -> list[tuple[str, int, str]]:
        """Sorted rows of path, mode (0o755 or 0o644) and sha256: what the digest is of."""
        return [(name, mode, digest(data)) for name, (mode, data) in self.contents.items()]

    def archive(self) -> CodeArchive:
        return CodeArchive(digest=digest_of(self.manifest()), paths=self.paths)

    def to_zip(self) -> bytes:
        """The same files give the same bytes on any machine and day."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, (mode, data) in self.contents.items():
                info = zipfile.ZipInfo(name, _ZIP_TIME)
                info.external_attr = mode << 16
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, data)
        return buffer.getvalue()


@contextmanager
def _readable() -> Generator[None]:
    """Say of a file or folder that this user may not read what it is in the way of."""
    try:
        yield
    except OSError as error:
        raise ConfigurationError(
            f"it is in the project, whose source is kept with each run, and cannot be read: {error.strerror}",
            who=str(error.filename),
            fix="Make it readable, or move it out of the project; a file may be named in .skyliftignore.",
        ) from error


@_readable()
def source_tree(
    script: Path, import_paths: Iterable[str] = sys.path, but: Path | None = None
) -> SourceTree | None:
    """The source that a file belongs to; None for a file of an installed package.

    `but`: a folder that is left out, for a store may lie in the project that it serves; what
    `skylift compile` wrote is, too.

    Raises `LimitExceeded`, naming the largest files, for a tree too large to send along, and
    `ConfigurationError` for one that holds what looks like a secret, what this user may not read,
    or a file whose name is not UTF-8.
    """
    script = script.resolve()
    if is_installed(script):
        return None
    root, has_marker = _root(script)
    found = _tracked(root) or (_walk(root) if has_marker else _importable(root))
    rules = IgnoreRules.read(root)
    found = list(found)
    compiled = compiled_below(root, found)
    ours = (name for name in found if but is None or not (root / name).is_relative_to(but))
    files = tuple(name for name in ours if name not in compiled and not rules.is_ignored(name))
    _check_names(root, files)
    _check_size(root, files)
    roots = dict.fromkeys(Path(entry or ".").resolve() for entry in import_paths)
    inside = [
        path.relative_to(root).as_posix() for path in roots if path.is_relative_to(root) and path.is_dir()
    ]
    paths = [("" if path == "." else path) for path in inside if not _is_environment(root / path)]
    tree = SourceTree(root, files, tuple(dict.fromkeys(paths or [_own_folder(script, root)])))
    expressly = (name for name in files if rules.is_ignored(name) is False)
    refuse_secrets({name: data for name, (_, data) in tree.contents.items()}, expressly, root)
    return tree


def _own_folder(script: Path, root: Path) -> str:
    own = script.parent.relative_to(root).as_posix()
    return "" if own == "." else own


def is_installed(path: Path) -> bool:
    """Whether a resolved path lies where packages are installed, or Python itself is."""
    import sysconfig

    places = [Path(sysconfig.get_path(kind)).resolve() for kind in ("purelib", "platlib", "stdlib")]
    # A user's own packages, and Debian's, lie elsewhere than sysconfig says.
    return any(path.is_relative_to(place) for place in places) or not PACKAGES.isdisjoint(path.parts)


def is_of_a_package(source: str) -> bool:
    """Whether a function, `module:name`, is of an installed package: whoever has that has its source."""
    import importlib.util

    try:
        spec = importlib.util.find_spec(source.partition(":")[0])
    except (ImportError, ValueError):  # ValueError: a module that was made by hand
        return False
    return spec is not None and spec.origin is not None and is_installed(Path(spec.origin).resolve())


def _root(script: Path) -> tuple[Path, bool]:
    for marker in MARKERS:
        for folder in script.parents:
            if (folder / marker).exists():
                return folder, True
    return script.parent, False


def _tracked(root: Path) -> list[str]:
    """What git tracks or would track below the root; nothing where git is not in use."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        found = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 -- argv list, no shell
    except FileNotFoundError:
        return []
    names = os.fsdecode(found.stdout).split("\0") if found.returncode == 0 else []
    return [name for name in dict.fromkeys(names) if name and (root / name).is_file()]


def _walk(root: Path) -> Iterator[str]:
    for path in sorted(root.iterdir()):
        if path.is_dir() and not path.is_symlink() and not _is_skipped(path):
            yield from (f"{path.name}/{name}" for name in _walk(path))
        elif path.is_file() and not path.name.startswith("."):
            yield path.name


def _importable(root: Path) -> Iterator[str]:
    for path in sorted(root.iterdir()):
        if path.is_file() and path.suffix == ".py":
            yield path.name
        elif path.is_dir() and not path.is_symlink() and not _is_skipped(path):
            # A folder with modules in it is a package, with an __init__.py or without.
            inside = _walk(path) if (path / "__init__.py").is_file() else _modules(path)
            yield from (f"{path.name}/{name}" for name in inside)


def _modules(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.py") if path.is_file())


def _is_skipped(folder: Path) -> bool:
    hidden = folder.name.startswith(".") or folder.name.endswith(".egg-info")
    return hidden or folder.name in SKIPPED or _is_environment(folder)


def _is_environment(folder: Path) -> bool:
    # Not Path.exists: a folder that may not be entered is told by its own name, when it is listed.
    return any(os.path.exists(parent / "pyvenv.cfg") for parent in (folder, *folder.parents))  # noqa: PTH110


def _check_names(root: Path, files: tuple[str, ...]) -> None:
    """Names are part of the source's digest, and records are UTF-8."""
    for name in files:
        if not is_utf8(name):
            raise ConfigurationError(
                "a file's name is not UTF-8",
                who=f"source {root}",
                value=os.fsencode(name),
                fix="Rename the file, or leave it out by a pattern in .skyliftignore.",
            )


def _check_size(root: Path, files: tuple[str, ...]) -> None:
    sizes = {name: (root / name).stat().st_size for name in files}
    if sum(sizes.values()) <= MOST_BYTES and len(files) <= MOST_FILES:
        return
    largest = sorted(sizes, key=sizes.__getitem__, reverse=True)[:3]
    shown = ", ".join(f"{name} ({sizes[name] / 1e6:.1f} MB)" for name in largest)
    raise LimitExceeded(
        f"the source is too large to send to every step; the largest: {shown}",
        who=f"source {root}",
        value=f"{sum(sizes.values()) / 1e6:.1f} MB in {len(files)} files",
        limit=f"{MOST_BYTES // 1024**2} MiB in {MOST_FILES} files",
        fix="Leave data out of the project, or name it in .skyliftignore.",
    )


def _mode(path: Path) -> int:
    return 0o755 if path.stat().st_mode & 0o100 else 0o644


def unpack(data: bytes, archive: CodeArchive, folder: Path) -> list[str]:
    """Write an archive's files below a folder, and return the paths for `sys.path`.

    Raises `DamagedObject` unless its files are exactly those that its digest names.
    """
    who = f"code {archive.digest}"
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            for info in packed.infolist():
                _extract(packed, info, folder, who)
            names = tuple(packed.namelist())
    except zipfile.BadZipFile as error:
        raise DamagedObject("it is no zip file", who=who) from error
    if (found := SourceTree(folder, names, archive.paths).archive().digest) != archive.digest:
        raise DamagedObject("its files have changed since they were sent", who=who, value=found)
    return [str(folder / path) for path in archive.paths]


def _extract(packed: zipfile.ZipFile, info: zipfile.ZipInfo, folder: Path, who: str) -> None:
    target = (folder / info.filename).resolve()
    if not target.is_relative_to(folder.resolve()):
        raise DamagedObject("a file in it would land outside its folder", who=who, value=info.filename)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(packed.read(info))
    target.chmod(0o755 if info.external_attr >> 16 & 0o100 else 0o644)
