"""Whether this process runs what a digest was made of: a file that was saved since may say otherwise.

Python keeps what it imported. So the digest of a file that was saved after that is not the
digest of what runs; and a module that is imported late is not what was digested before.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

CHANGED: Final = ""
"""In place of a digest: a file of the source was saved after this process began to load it."""


class Stamp(NamedTuple):
    """Times are in nanoseconds; `moved` is also new where an older file was put in its place."""

    saved: int
    moved: int
    size: int


_BEGINNING: Final = [time.time_ns()]
"""In nanoseconds since the epoch."""
_SEEN: Final[dict[str, Mapping[Path, Stamp | None]]] = {}


def begin() -> None:
    """From now on people's code is loaded; without that, it is since skylift was imported."""
    _BEGINNING[:] = [time.time_ns()]


def stamp_of(path: Path) -> Stamp | None:
    """None for a file that is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return Stamp(found.st_mtime_ns, found.st_ctime_ns, found.st_size)


def is_loaded_as_it_is(stamps: Iterable[Stamp | None]) -> bool:
    """Whether all are older than what this process has loaded.

    A file's clock is up to 10 ms behind: what was saved just before is never taken for later.
    """
    return all(one is not None and max(one.saved, one.moved) <= _BEGINNING[-1] for one in stamps)


def note(digest: str, files: Mapping[Path, Stamp | None]) -> None:
    """Remember what a digest was made of."""
    _SEEN[digest] = files


def is_as_digested(digest: str) -> bool:
    """Whether the files are what they were; of a digest that another process made nothing is known."""
    return all(stamp_of(path) == stamp for path, stamp in _SEEN.get(digest, {}).items())
