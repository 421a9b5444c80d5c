"""What a step's source is, by its content: its module, and the project's modules that it imports.

Imports are read and not run, wherever in a module they stand. What a module imports under a
name that it makes up while it runs is not seen, nor are files that it reads.
"""

from __future__ import annotations

import ast
import os
import sys
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from skylift.code import is_installed
from skylift.source_files import CHANGED, is_loaded_as_it_is, note, stamp_of
from skylift.source_globals import values_used
from skylift.source_text import NotReadable, source_text
from skylift_contract.canonical import digest, digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import FunctionType

    from skylift.code import SourceTree
    from skylift.source_files import Stamp

OURS: Final = frozenset({"skylift", "skylift_contract"})
"""What is written to be imported by every step is no part of any."""


@dataclass(frozen=True)
class _Module:
    """A module's file; `package` is what its relative imports begin from."""

    name: str
    package: str
    path: Path
    stamp: Stamp | None
    data: bytes

    @cached_property
    def digest(self) -> str:
        return digest(self.data)

    @cached_property
    def imports(self) -> frozenset[str]:
        """Full names of what it may import; some are attributes rather than modules."""
        return _imports(self.digest, self.data, self.package)


class SourceDigests:
    """The sources of one project, as they are now: each file is read and parsed once.

    Args:
        tree: The source that is sent along, where there is one.
    """

    def __init__(self, tree: SourceTree | None) -> None:
        self._tree = tree
        self._roots = tuple(dict.fromkeys(_roots(tree)))
        self._packages: dict[str, Path] = {}
        self._find = cache(self._look_for)
        self._of_module = cache(self._with_imports)
        self._is_followed = cache(self._has_own)

    def of(self, function: Callable[..., object]) -> str | None:
        """The digest of a step's function; None where its text, or what it uses, cannot be read.

        `CHANGED` where a file of it was saved after this process began to load it.
        """
        path = _file_of(function.__module__)
        if path is not None:
            modules = self._of_module(function.__module__, path)
            return _noted(digest_of([function.__qualname__, digest_of(_rows(modules))]), modules)
        try:
            parts = source_text(function)
        except NotReadable:
            return None
        used = {name: self._reached([found]) for name in parts.modules if (found := self._find(name))}
        rows = {name: _rows(modules) for name, modules in used.items()}
        return _noted(digest_of([parts.texts, rows]), [one for modules in used.values() for one in modules])

    def values_of(self, function: FunctionType) -> dict[str, str]:
        """The plain globals that a step's function uses: name → digest of the value now."""
        return values_used(function, self._is_followed, self._roots)

    def _has_own(self, name: str) -> bool:
        """Whether a module is the project's, or of a package that brings a step; a prompt's is."""
        top, path = name.partition(".")[0], _file_of(name)
        if top == "__main__" or top in self._packages:
            return True
        return top not in OURS and path is not None and not is_installed(path)

    def _with_imports(self, name: str, path: Path) -> list[_Module]:
        if is_installed(path):
            self._note_package(name, path)
        module = sys.modules.get(name)
        package = getattr(module, "__package__", None) or name.rpartition(".")[0]
        # A script's name depends on how it is called.
        own = _Module("", package, path, stamp_of(path), self._read(path) or b"")
        parents = [found for parent in _with_parents(package) if (found := self._find(parent))]
        return self._reached([own, *parents])

    def _note_package(self, name: str, path: Path) -> None:
        """Of an installed package that brings a step, the package's own modules count."""
        parts = name.split(".")
        depth = len(parts) - (path.name != "__init__.py")
        self._packages[parts[0]] = path.parents[depth]
        self._find.cache_clear()
        self._is_followed.cache_clear()

    def _reached(self, start: list[_Module]) -> list[_Module]:
        """Modules and all that they import."""
        found, waiting = {module.name: module for module in start}, list(start)
        while waiting:
            for name in waiting.pop().imports - found.keys():
                if (module := self._find(name)) is not None:
                    found[name] = module
                    waiting.append(module)
        return list(found.values())

    def _look_for(self, name: str) -> _Module | None:
        """The project's module of that name; None for one that is installed, or none at all."""
        top = name.partition(".")[0]
        if top in OURS:
            return None
        path = name.replace(".", "/")
        for root in (*self._roots, *filter(None, [self._packages.get(top)])):
            for file, package in (
                (root / path / "__init__.py", name),
                (root / f"{path}.py", name.rpartition(".")[0]),
            ):
                stamp = stamp_of(file)  # before it is read: what is saved meanwhile is another then
                if (data := self._read(file)) is not None:
                    return _Module(name, package, file, stamp, data)
        return None

    def _read(self, path: Path) -> bytes | None:
        """As it is sent along; from the disk, where it is not."""
        if (sent := self._sent.get(str(path))) is not None:
            return sent
        try:
            return path.read_bytes()
        except OSError:
            return None

    @cached_property
    def _sent(self) -> Mapping[str, bytes]:
        if self._tree is None:
            return {}
        root = self._tree.root
        return {str(root / name): data for name, (_, data) in self._tree.contents.items()}


def _file_of(module: str) -> Path | None:
    path = Path(getattr(sys.modules.get(module), "__file__", None) or "")
    return path.resolve() if path.is_file() else None


def _rows(modules: Iterable[_Module]) -> list[tuple[str, str]]:
    """Name and digest, sorted."""
    return sorted((module.name, module.digest) for module in modules)


def _noted(digest: str, modules: Iterable[_Module]) -> str:
    """The digest, its files remembered; unless one may be another than what was loaded."""
    files = {module.path: module.stamp for module in modules}
    if not is_loaded_as_it_is(files.values()):
        return CHANGED
    note(digest, files)
    return digest


def _roots(tree: SourceTree | None) -> Iterator[Path]:
    """Folders that the project's own modules are imported from."""
    if tree is not None:
        yield from (tree.root / path for path in tree.paths)
    for entry in sys.path:
        path = Path(os.path.realpath(entry or "."))
        if path.is_dir() and not is_installed(path):
            yield path


_PARSED: Final = dict[tuple[str, str], frozenset[str]]()
"""Digest and package → what is imported: a process that compiles often parses a file once."""


def _imports(own_digest: str, data: bytes, package: str) -> frozenset[str]:
    if (own_digest, package) not in _PARSED:
        _PARSED[own_digest, package] = _parsed(data, package)
    return _PARSED[own_digest, package]


def _parsed(data: bytes, package: str) -> frozenset[str]:
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError):  # it cannot be imported either
        return frozenset()
    found = (name for node in ast.walk(tree) for name in _imported(node, package))
    return frozenset(part for name in found for part in _with_parents(name))


def _imported(node: ast.AST, package: str) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from (alias.name for alias in names)
        case ast.ImportFrom(module=module, names=names, level=level):
            base = _absolute(module or "", level, package)
            yield from (f"{base}.{alias.name}" if alias.name != "*" else base for alias in names)
        case ast.Call(
            func=ast.Name(id="__import__" | "import_module") | ast.Attribute(attr="import_module"),
            args=[ast.Constant(value=str(name)), *_],
        ):
            yield name if not name.startswith(".") else f"{package}{name}"
        case _:
            pass


def _absolute(module: str, level: int, package: str) -> str:
    if not level:
        return module
    parts = package.split(".")
    return ".".join(filter(None, [*parts[: len(parts) - level + 1], module]))


def _with_parents(name: str) -> Iterator[str]:
    """`a`, `a.b`, `a.b.c`: importing the last runs them all."""
    parts = name.split(".") if name else []
    yield from (".".join(parts[: number + 1]) for number in range(len(parts)))
