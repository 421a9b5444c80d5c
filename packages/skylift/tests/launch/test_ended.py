"""Whether a run is over, where the process that made it is gone, and its workers are only going."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from skylift_tests_support.runs import make_record, make_snapshot, make_step

from skylift.launch import ended as module
from skylift.launch.ended import ended
from skylift.ledger import process
from skylift.ledger.ledger import Ledger
from skylift.ledger.records import StartRecord, Writer
from skylift.models import PipelineRun
from skylift.observer import Silent
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Generator

    from skylift.store.objects import ObjectStore


class Told(Silent):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)


def writer(child: subprocess.Popen[bytes]) -> Writer:
    own = {"pid": child.pid, "process_start": process.start_of(child.pid)}
    return Writer.this_process().model_copy(update=own)


@pytest.fixture
def worker() -> Generator[subprocess.Popen[bytes]]:
    with started() as child:
        yield child
        child.kill()


def orphaned(store: ObjectStore, worker: subprocess.Popen[bytes]) -> PipelineRun:
    """A run whose coordinator is gone, and whose step runs in a process of its own."""
    snapshot, ledger = make_snapshot(make_step("a"), flavor="local"), Ledger(store)
    ledger.put_snapshot(snapshot)
    with started() as child:
        record = ledger.open_run(make_record(snapshot, writer=writer(child)))
        child.kill()
    ledger.claim(record.run_id, StartRecord(invocation_id="a", attempt=1, writer=writer(worker)))
    return PipelineRun.of_record(ledger, record)


def test_a_worker_that_outlived_its_run_is_waited_for(
    memory_store: ObjectStore, worker: subprocess.Popen[bytes]
) -> None:
    run, told, pauses = orphaned(memory_store, worker), Told(), list[float]()

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        worker.kill()
        worker.wait()

    status = ended(run, told, pause=pause)
    assert pauses == [module.PAUSE_S]
    assert status.status is ExecutionStatus.FAILED
    assert status.steps["a"].status is ExecutionStatus.FAILED
    assert run.end is not None
    assert told.notes == [f"waiting for the last processes of run {run.id}, which died a moment ago"]
    assert ended(run, told, pause=pause).status is ExecutionStatus.FAILED
    assert len(told.notes) == 1


def test_one_that_does_not_end_is_not_waited_for_without_end(
    memory_store: ObjectStore, worker: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = orphaned(memory_store, worker)
    monkeypatch.setattr(module, "PATIENCE_S", 0.0)
    sentence = (
        rf"run {run.id}: the process that made it is gone, and step 'a' still runs\. "
        rf"End that process, then see: skylift runs why {run.id}"
    )
    with pytest.raises(ConfigurationError, match=f"^{sentence}$"):
        ended(run, Told(), pause=lambda _: None)


def test_a_run_of_another_machine(memory_store: ObjectStore) -> None:
    snapshot, ledger = make_snapshot(make_step("a"), flavor="local"), Ledger(memory_store)
    ledger.put_snapshot(snapshot)
    elsewhere = Writer.this_process().model_copy(update={"host": "elsewhere/1"})
    run = PipelineRun.of_record(ledger, ledger.open_run(make_record(snapshot, writer=elsewhere)))
    sentence = (
        rf"run {run.id}: nobody here can tell whether it has ended: it runs on elsewhere, and can be "
        rf"asked there only\. See: skylift runs why {run.id} --store memory://\w+"
    )
    with pytest.raises(ConfigurationError, match=f"^{sentence}$"):
        ended(run, Told())
