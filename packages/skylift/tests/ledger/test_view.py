"""How a run stands once its backend has ended, and who writes that down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from skylift import pipeline, step
from skylift.compiler.compile import Target, compile_snapshot
from skylift.ledger.ledger import Ledger
from skylift.ledger.records import (
    EndRecord,
    ResultRecord,
    RunEndRecord,
    RunRecord,
    StartRecord,
    StopRecord,
    Writer,
    now,
)
from skylift.ledger.view import look, settled
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import StoreUnavailable
from skylift_contract.status import UNASKED, AttemptEnd, RunStatus

if TYPE_CHECKING:
    from skylift.store.objects import ObjectStore
    from skylift_contract.snapshot import PipelineSnapshot

DIED = RunStatus(Status.FAILED, "the process died")
ALIVE = RunStatus(Status.RUNNING)
RUN = "11111111-1111-5111-8111-111111111111"


@step
def first() -> int:
    return 1


@step
def second(value: int) -> int:
    return value


@step
def apart() -> int:
    return 1


@pipeline
def chain() -> None:
    second(first())


@pipeline
def two_ends() -> None:
    second(first())
    apart()


@pytest.fixture
def ledger(memory_store: ObjectStore) -> Ledger:
    return Ledger(memory_store)


def opened(ledger: Ledger, made: PipelineSnapshot) -> PipelineSnapshot:
    ledger.put_snapshot(made)
    record = RunRecord(
        run_id=RUN,
        orchestrator_run_id="1",
        project="default",
        pipeline=made.name,
        snapshot=made.digest,
        flavor="local",
    )
    ledger.open_run(record)
    return made


@pytest.fixture
def snapshot(ledger: Ledger) -> PipelineSnapshot:
    return opened(ledger, compile_snapshot(chain, {}, Target("default", "local")))


def gone() -> Writer:
    """A process of this machine and boot that has ended: no process starts at 0."""
    return Writer.this_process().model_copy(update={"process_start": "0"})


def start(ledger: Ledger, name: str, writer: Writer | None = None) -> None:
    ledger.claim(RUN, StartRecord(invocation_id=name, attempt=1, writer=writer or Writer.this_process()))


def commit(ledger: Ledger, name: str) -> None:
    ledger.commit(RUN, ResultRecord(invocation_id=name, attempt=1, started=now()))


def end_of(ledger: Ledger) -> tuple[Status, str] | None:
    newest = ledger.newest_end(RUN)
    return (newest[1].status, newest[1].reason) if newest else None


def test_a_run_whose_process_died_in_a_step_is_sealed_as_failed(
    ledger: Ledger, snapshot: PipelineSnapshot
) -> None:
    start(ledger, "first", gone())
    found = settled(ledger, RUN, snapshot, DIED)

    assert (found.status, found.reason) == (Status.FAILED, "step 'first': the process died")
    assert [step.status for step in found.steps.values()] == [Status.FAILED, Status.SKIPPED]
    assert end_of(ledger) == (found.status, found.reason)


def test_sealing_is_done_once(ledger: Ledger, snapshot: PipelineSnapshot) -> None:
    start(ledger, "first", gone())
    before = settled(ledger, RUN, snapshot, DIED)
    after = settled(ledger, RUN, snapshot, DIED)
    newest = ledger.newest_end(RUN)

    assert (after.status, after.reason) == (before.status, before.reason)
    assert newest is not None
    assert newest[0] == 0


def test_a_process_that_died_after_its_last_step_has_completed(
    ledger: Ledger, snapshot: PipelineSnapshot
) -> None:
    for name in ("first", "second"):
        start(ledger, name, gone())
        commit(ledger, name)
    assert settled(ledger, RUN, snapshot, DIED).status is Status.COMPLETED
    assert end_of(ledger) == (Status.COMPLETED, "")


def test_one_that_was_asked_to_stop_was_stopped(ledger: Ledger, snapshot: PipelineSnapshot) -> None:
    start(ledger, "first", gone())
    commit(ledger, "first")
    ledger.request_stop(RUN, StopRecord())
    assert settled(ledger, RUN, snapshot, DIED).status is Status.STOPPED
    assert end_of(ledger) == (Status.STOPPED, "")


@pytest.mark.parametrize("backend", [ALIVE, UNASKED])
def test_nothing_is_sealed_while_the_backend_has_not_ended(
    ledger: Ledger, snapshot: PipelineSnapshot, backend: RunStatus
) -> None:
    for name in ("first", "second"):
        start(ledger, name)
        commit(ledger, name)
    assert settled(ledger, RUN, snapshot, backend).status is Status.COMPLETED
    assert end_of(ledger) is None


def test_a_worker_that_outlived_its_coordinator_may_still_commit(
    ledger: Ledger, snapshot: PipelineSnapshot
) -> None:
    start(ledger, "first")
    assert settled(ledger, RUN, snapshot, DIED).steps["first"].status is Status.RUNNING
    assert end_of(ledger) is None


def test_a_commit_between_listing_and_looking_at_the_process_counts(
    ledger: Ledger, snapshot: PipelineSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("first", "second"):
        start(ledger, name, gone())
    commit(ledger, "first")
    listing = ledger.listing

    def listed_too_early(run_id: str) -> Any:
        found = listing(run_id)
        commit(ledger, "second")
        return found

    monkeypatch.setattr(ledger, "listing", listed_too_early)
    assert settled(ledger, RUN, snapshot, DIED).status is Status.COMPLETED
    assert end_of(ledger) == (Status.COMPLETED, "")


def test_a_store_that_cannot_be_written_can_be_read(
    ledger: Ledger, snapshot: PipelineSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(ledger, "first", gone())

    def refuse(*_: Any) -> None:
        raise StoreUnavailable("read-only")

    monkeypatch.setattr(ledger.store, "create", refuse)
    assert settled(ledger, RUN, snapshot, DIED).status is Status.FAILED


@pytest.mark.parametrize("backend", [ALIVE, DIED, UNASKED])
def test_a_sealed_run_stands_whatever_its_process_does(ledger: Ledger, backend: RunStatus) -> None:
    """A notebook lives on after its run, and a script does not: neither changes what was not started."""
    snapshot = opened(ledger, compile_snapshot(two_ends, {}, Target("default", "local")))
    start(ledger, "first")
    stopped = EndRecord(invocation_id="first", attempt=1, status=AttemptEnd.STOPPED, started=now())
    ledger.end_attempt(RUN, stopped)
    ledger.seal(RUN, RunEndRecord(status=Status.STOPPED))
    seen = look(ledger, RUN, snapshot, backend)

    assert seen.is_sealed
    assert seen.status.status is Status.STOPPED
    assert {name: step.status for name, step in seen.status.steps.items()} == {
        "first": Status.STOPPED,
        "second": Status.SKIPPED,
        "apart": Status.NOT_STARTED,
    }
    assert seen.status.steps["second"].reason == "step 'first' was stopped"
    assert seen.status.steps["apart"].reason == "its run ended as stopped"


def test_a_run_that_was_repaired_is_open_again(ledger: Ledger, snapshot: PipelineSnapshot) -> None:
    ledger.seal(RUN, RunEndRecord(status=Status.FAILED))
    ledger.reopen(RUN)
    assert not look(ledger, RUN, snapshot, ALIVE).is_sealed
