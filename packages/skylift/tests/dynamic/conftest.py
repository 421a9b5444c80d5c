from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support import dynamic_steps
from skylift_tests_support.dynamic_runs import opened, snapshot_of
from skylift_tests_support.runs import SUPPORT

from skylift.dynamic import engine

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from skylift.runtime.active import ActiveRun
    from skylift.store.objects import ObjectStore

steps: Any = dynamic_steps


HANDLED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Runs are kept here; processes import the steps from where this one does."""
    uri = f"file://{tmp_path}/store"
    monkeypatch.setenv("SKYLIFT_STORE_URI", uri)
    monkeypatch.setenv("PYTHONPATH", SUPPORT)
    return uri


@pytest.fixture
def run(memory_store: ObjectStore) -> ActiveRun:
    steps.RAN.clear()
    return opened(memory_store, snapshot_of())


@pytest.fixture
def stoppable(file_store: ObjectStore) -> ActiveRun:
    """A run that this process makes, and that is ended by a signal to it."""
    return opened(file_store, snapshot_of(), is_signalled=True)


@pytest.fixture
def fifo(tmp_path: Path) -> str:
    """By which a step says that it has come so far."""
    os.mkfifo(tmp_path / "arrived")
    return str(tmp_path / "arrived")


@pytest.fixture
def nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Signals are handled as before, and no thread of a step goes on."""
    monkeypatch.setattr(engine, "STOP_GRACE_S", 20.0)
    steps.LET_GO.clear()
    steps.HERE.clear()
    monkeypatch.setattr(steps, "HELD", threading.Lock())
    steps.HELD.acquire()
    before = [signal.getsignal(number) for number in HANDLED]
    yield
    steps.LET_GO.set()
    if steps.HELD.locked():
        steps.HELD.release()
    assert [signal.getsignal(number) for number in HANDLED] == before
    for thread in threading.enumerate():
        if thread.name.startswith("skylift"):
            thread.join(20)
            assert not thread.is_alive(), thread.name
