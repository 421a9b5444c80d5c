"""A minimal Linux root around this very Python, from the files of this machine alone."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

VERSION: Final = f"python{sys.version_info[0]}.{sys.version_info[1]}"
PREFIX: Final = Path(sys.base_prefix)
INTERPRETER: Final = Path(sys.base_prefix, "bin", VERSION)
SITE: Final = PREFIX / "lib" / VERSION / "site-packages"
TOOLS: Final = ("sh", "cat", "env", "id", "ls", "sleep")
FOLDERS: Final = (
    "dev",
    "etc",
    "etc/ssl/certs",
    "home",
    "proc",
    "run",
    "sys",
    "usr/bin",
    "usr/lib",
    "usr/lib64",
    "var",
)
LINKS: Final = {"bin": "usr/bin", "lib": "usr/lib", "lib64": "usr/lib64"}
LEFT_OUT: Final = frozenset({"test", "idlelib", "turtledemo", "site-packages", "dist-packages", "ensurepip"})
CERTIFICATES: Final = Path("/etc/ssl/certs/ca-certificates.crt")
FILES: Final = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "etc/group": "root:x:0:\n",
    "etc/nsswitch.conf": "hosts: files dns\n",
}
NAME_SERVICE: Final = ("libnss_files.so.2", "libnss_dns.so.2")
"""Loaded by name when they are needed, so no file says that it needs them."""


def write_root(target: Path, packages: Path) -> None:
    """Write the root as a tar; `packages`: a folder of installed ones, its site-packages."""
    with tarfile.open(target, "w") as tar:
        root = _Root(tar)
        for name in FOLDERS:
            root.folder(name)
        root.folder("tmp", 0o1777)
        for name, to in LINKS.items():
            root.link(name, to)
        for name, text in FILES.items():
            root.text(name, text)
        programs = [Path(found) for name in TOOLS if (found := shutil.which(name, path="/usr/bin:/bin"))]
        for program in programs:
            root.file(program.resolve(), f"usr/bin/{program.name}")
        root.file(INTERPRETER.resolve(), str(INTERPRETER))
        for name in ("python", "python3"):
            root.link(f"usr/bin/{name}", str(INTERPRETER))
        root.tree(PREFIX / "lib" / VERSION, str(PREFIX / "lib" / VERSION), _is_wanted)
        root.tree(packages, str(SITE), lambda _: True)
        if CERTIFICATES.exists():
            root.file(CERTIFICATES.resolve(), str(CERTIFICATES))
        binaries = [
            *programs,
            INTERPRETER.resolve(),
            *_libraries_in(PREFIX / "lib" / VERSION),
            *_libraries_in(packages),
        ]
        for library in _needed(binaries):
            root.file(Path(library).resolve(), library)


class _Root:
    """A tar whose every folder anybody may enter; each name is written once."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar, self._there = tar, set[str]()

    def folder(self, name: str, mode: int = 0o755) -> None:
        if self._begins(name):
            info = tarfile.TarInfo(self._inside(name))
            info.type, info.mode = tarfile.DIRTYPE, mode
            self._tar.addfile(info)

    def link(self, name: str, to: str) -> None:
        if self._begins(name):
            info = tarfile.TarInfo(self._inside(name))
            info.type, info.linkname = tarfile.SYMTYPE, to
            self._tar.addfile(info)

    def text(self, name: str, text: str) -> None:
        if self._begins(name):
            info = tarfile.TarInfo(self._inside(name))
            info.size = len(text.encode())
            self._tar.addfile(info, BytesIO(text.encode()))

    def file(self, source: Path, name: str) -> None:
        if self._begins(name):
            info = self._tar.gettarinfo(source, self._inside(name))
            info.uid = info.gid = 0
            info.uname = info.gname = ""
            info.type, info.mode = tarfile.REGTYPE, info.mode | 0o444
            with source.open("rb") as content:
                self._tar.addfile(info, content)

    def tree(self, source: Path, name: str, is_wanted: Callable[[Path], bool]) -> None:
        for path in sorted(source.iterdir()):
            inside = f"{name}/{path.name}"
            if path.is_dir() and is_wanted(path):
                self.tree(path, inside, is_wanted)
            elif path.is_file() and path.suffix != ".a":
                self.file(path, inside)

    def _begins(self, name: str) -> bool:
        """Whether it is not there yet; the folders above it are then."""
        inside = self._inside(name)
        if inside in self._there or not inside:
            return False
        self.folder(str(Path(inside).parent)) if "/" in inside else None
        self._there.add(inside)
        return True

    @staticmethod
    def _inside(name: str) -> str:
        """Below `usr` what Debian keeps there: an archive must not write through the root's own links."""
        path = name.lstrip("/")
        first, _, rest = path.partition("/")
        return f"{LINKS[first]}/{rest}" if first in LINKS and rest else "" if path == "." else path


def _is_wanted(folder: Path) -> bool:
    return folder.name not in LEFT_OUT and not folder.name.startswith("config-")


def _libraries_in(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*.so*") if path.is_file())


def _needed(binaries: Iterable[Path]) -> list[str]:
    """The shared libraries that these load, as ldd(1) finds them, and those of the name service."""
    done = subprocess.run(  # noqa: S603 -- argv list, no shell
        ["ldd", *map(str, binaries)],  # noqa: S607 -- of the system
        capture_output=True,
        text=True,
        check=False,  # 1 for a file that is linked to nothing
    )
    found = set(re.findall(r"^\s+(?:\S+ => )?(/\S+) \(0x", done.stdout, re.MULTILINE))
    beside = {Path(library).parent / name for library in found for name in NAME_SERVICE}
    inside_of_packages = {library for library in found if ".libs/" in library or "site-packages" in library}
    return sorted((found - inside_of_packages) | {str(path) for path in beside if path.exists()})
