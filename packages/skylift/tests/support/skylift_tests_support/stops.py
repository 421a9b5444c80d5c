"""Stopping a run of this process, once it has come to a place."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from skylift_tests_support.dynamic_runs import orchestrated

if TYPE_CHECKING:
    from collections.abc import Callable

    from skylift.ledger.records import RunEndRecord
    from skylift.runtime.active import ActiveRun


def interrupt(run: ActiveRun) -> None:
    os.kill(os.getpid(), signal.SIGINT)


def terminate(run: ActiveRun) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def stopped(
    run: ActiveRun, how: Callable[[ActiveRun], None], fifo: str, place: Callable[[str], None]
) -> tuple[RunEndRecord, int]:
    """The end of a run that is stopped when it has come there; and the process that had come there."""
    came: list[int] = []

    def waits() -> None:
        came.append(int(Path(fifo).read_text()))
        how(run)

    thread = threading.Thread(target=waits)
    thread.start()
    try:
        return orchestrated(run, lambda: place(fifo)), came[0]
    finally:
        thread.join()
