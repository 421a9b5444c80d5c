"""A store in a folder: written through obstore as any other, and read as the files that it is.

obstore hands each read to a thread of its own and asks the system for every file's size and
times; a listing of ten thousand keys then takes ten times as long, and a record five times.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from skylift.store import forks
from skylift.store.folder import local_refusal
from skylift.store.obstore_transport import ObstoreTransport

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from skylift.store.location import Location

STAGED = "#"
"""In the name of a file that obstore is still writing; no key has it."""


class FolderTransport(ObstoreTransport):
    """`Transport` for `file://`."""

    def __init__(self, location: Location, options: Mapping[str, str]) -> None:
        super().__init__(location, options)
        self._place = location
        self._root = Path(location.root)
        self._who = f"store {location.uri}"

    @property
    def readers(self) -> int:
        return 1

    def get(self, key: str) -> bytes | None:
        forks.check(self._who)
        try:
            with open(f"{self._root}/{key}", "rb") as file:  # noqa: PTH123 -- a third of the time of Path's
                return file.read()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise local_refusal(self._place, error.errno or 0, f"reading {key}") from error

    def pages(self, folder: str, after: str | None, size: int) -> Iterator[Sequence[str]]:  # noqa: ARG002 -- one page holds all
        forks.check(self._who)
        try:
            yield list(_files(str(self._root / folder), folder))
        except OSError as error:
            raise local_refusal(self._place, error.errno or 0, f"listing {folder or 'it'}") from error


def _files(folder: str, prefix: str) -> Iterator[str]:
    """Keys of all files below a folder; what is not there, or no folder, has none."""
    waiting = [(folder, f"{prefix}/" if prefix else "")]
    while waiting:
        path, before = waiting.pop()
        try:
            entries = os.scandir(path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        with entries:
            for entry in entries:
                if entry.is_dir():
                    waiting.append((entry.path, f"{before}{entry.name}/"))
                elif STAGED not in entry.name:
                    yield before + entry.name
