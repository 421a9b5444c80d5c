"""How the kit's steps and its tests talk, wherever the steps run: through the store that both reach."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

from skylift.client import Client
from skylift.runtime.opening import open_ledger
from skylift_contract.environment import STORE_ENV

if TYPE_CHECKING:
    import subprocess

    from skylift.ledger.ledger import Ledger
    from skylift.models import PipelineRun
    from skylift.store.objects import ObjectStore
    from skylift_contract.status import RunStatus

FOLDER: Final = "conformance/"
PAUSE_S: Final = 0.05
PATIENCE_ENV: Final = "SKYLIFT_CONFORMANCE_PATIENCE"
PATIENCE_S: Final = float(os.environ.get(PATIENCE_ENV, "120"))
"""Longer than any backend that is emulated takes to start a step; less, while one mends a plugin."""


def ledger_of_step() -> Ledger:
    """That of the step that asks; one that runs in the client's process has the client's."""
    return open_ledger(None) if STORE_ENV in os.environ else Client().ledger


def of_step() -> ObjectStore:
    return ledger_of_step().store


def say(store: ObjectStore, word: str) -> None:
    store.create(f"{FOLDER}said/{word}", b"said")


def was_said(store: ObjectStore, word: str) -> bool:
    return store.exists(f"{FOLDER}said/{word}")


def wait_for(store: ObjectStore, word: str, process: subprocess.Popen[bytes] | None = None) -> None:
    """Return once it was said; raises `TimeoutError` when nobody does.

    `process`: whoever has it said, and `ChildProcessError` where that ended before.
    """
    began = time.monotonic()
    while not was_said(store, word):
        if process is not None and process.poll() is not None and not was_said(store, word):
            raise ChildProcessError(f"it ended with exit code {process.returncode}, and nobody said {word!r}")
        if time.monotonic() - began > PATIENCE_S:
            raise TimeoutError(f"nobody said {word!r} within {PATIENCE_S:g} s")
        time.sleep(PAUSE_S)


def ended(run: PipelineRun) -> RunStatus:
    """How a run ended, as its readers see it; raises `TimeoutError` for one that does not."""
    began = time.monotonic()
    while not (status := run.fetch()).status.is_finished:
        if time.monotonic() - began > PATIENCE_S:
            raise TimeoutError(f"run {run.id} is {status.status.value} for {PATIENCE_S:g} s")
        time.sleep(PAUSE_S)
    return status


def write_down(store: ObjectStore, word: str) -> None:
    """Add a line to the journal of all steps."""
    place = f"{FOLDER}journal/{time.time_ns():020}"
    store.create(place, word.encode())


def journal(store: ObjectStore) -> list[str]:
    """What was written down, in the order of the writers' clocks."""
    return [(store.get(key) or b"").decode() for key in sorted(store.list(f"{FOLDER}journal"))]
