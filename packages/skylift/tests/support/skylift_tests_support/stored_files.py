"""The files of a file store: to damage them, or to have them seem old."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from skylift.store.location import LAYOUT, folder_of

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path

    from skylift.store.objects import ObjectStore


def age(store: ObjectStore, folder: str, by: timedelta) -> None:
    """Make every object of a file store's folder older by as much."""
    root = folder_of(store.uri)
    assert root is not None
    then = time.time() - by.total_seconds()
    for path in (root / LAYOUT / folder).rglob("*"):
        os.utime(path, (then, then))


def objects_of(uri: str, folder: str) -> list[Path]:
    """The files of a file store's folder."""
    root = folder_of(uri)
    assert root is not None
    return [path for path in (root / LAYOUT / folder).rglob("*") if path.is_file()]
