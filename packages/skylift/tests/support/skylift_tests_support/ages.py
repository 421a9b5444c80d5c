"""Objects that seem to have been written long ago."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from skylift.store.location import LAYOUT, folder_of

if TYPE_CHECKING:
    from datetime import timedelta

    from skylift.store.objects import ObjectStore


def age(store: ObjectStore, folder: str, by: timedelta) -> None:
    """Make every object of a file store's folder older by as much."""
    root = folder_of(store.uri)
    assert root is not None
    then = time.time() - by.total_seconds()
    for path in (Path(root) / LAYOUT / folder).rglob("*"):
        os.utime(path, (then, then))
