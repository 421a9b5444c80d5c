"""`.skyliftignore`, in the root of the source: what is not sent along.

One shell pattern a line, where `*` stands for any text, slashes too. A pattern with a slash in
it is matched from the root, any other against each name on the way; what matches a folder
matches all in it. `!` before a pattern takes a file all the same; the last match decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

IGNORE_FILE: Final = ".skyliftignore"
TAKE: Final = "!"


@dataclass(frozen=True)
class IgnoreRules:
    """Patterns in their order."""

    patterns: tuple[str, ...] = ()

    @classmethod
    def read(cls, root: Path) -> IgnoreRules:
        """Those of a folder; none where it has no such file."""
        path = root / IGNORE_FILE
        lines = path.read_text().splitlines() if path.is_file() else []
        stripped = (line.strip() for line in lines)
        return cls(tuple(line for line in stripped if line and not line.startswith("#")))

    def is_ignored(self, name: str) -> bool | None:
        """Of a path from the root: whether it is left out or taken expressly; None where nothing is said."""
        for pattern in reversed(self.patterns):
            if _matches(PurePosixPath(name), pattern.removeprefix(TAKE)):
                return not pattern.startswith(TAKE)
        return None


def _matches(path: PurePosixPath, pattern: str) -> bool:
    folders = [*path.parents][:-1]
    candidates = folders if pattern.endswith("/") else [path, *folders]
    bare = pattern.strip("/")
    is_from_root = "/" in pattern.rstrip("/")
    return any(fnmatchcase(str(one) if is_from_root else one.name, bare) for one in candidates)
