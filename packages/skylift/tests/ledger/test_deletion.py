"""Deleting a run, and being killed at any moment of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from skylift_tests_support.faults import Died, Fault, at, faults_of, faulty_store
from skylift_tests_support.runs import make_record, make_snapshot, make_step

from skylift import artifacts
from skylift.ledger import keys
from skylift.ledger.deletion import delete_run
from skylift.ledger.index import newest_runs
from skylift.ledger.ledger import Ledger
from skylift.ledger.records import Request, ResultRecord, RunEndRecord, StartRecord, now
from skylift.models import PipelineRun
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import StoreError

if TYPE_CHECKING:
    from skylift.ledger.records import RunRecord
    from skylift.store.objects import ObjectStore


def a_run(store: ObjectStore, number: int) -> RunRecord:
    """One that completed, with an output and logs."""
    ledger, snapshot = Ledger(store), make_snapshot(make_step("a"))
    ledger.put_snapshot(snapshot)
    request = Request(
        submission_id=f"s{number}",
        project="p",
        pipeline="tested",
        snapshot=snapshot.digest,
        flavor="test",
        stack="s",
        orchestrator="o",
        user="u",
    )
    ledger.submit(request)
    record = ledger.open_run(make_record(snapshot, f"own/{number}", submission_id=f"s{number}"))
    output = artifacts.save(store, number, int, "test")
    result = ResultRecord(invocation_id="a", attempt=1, outputs={"output": output}, started=now())
    ledger.claim(record.run_id, StartRecord(invocation_id="a", attempt=1))
    ledger.commit(record.run_id, result)
    store.create(keys.log_chunk(record.run_id, "a", 1, 0), b"printed")
    ledger.seal(record.run_id, RunEndRecord(status=ExecutionStatus.COMPLETED))
    return record


def seen(store: ObjectStore, record: RunRecord) -> str:
    """How readers see a run: `whole`, or `gone`; anything else fails."""
    ledger = Ledger(store)
    listed = [PipelineRun.of_record(ledger, found) for found in newest_runs(ledger)]
    for run in listed:
        assert run.status is ExecutionStatus.COMPLETED
    found = ledger.run(record.run_id)
    if found is None:
        assert str(record.run_id) not in {str(run.id) for run in listed}
        linked = ledger.run_of_submission(str(record.submission_id))
        # Neither may seem to be a submission that has yet to become a run.
        assert linked or ledger.request(str(record.submission_id)) is None
        return "gone"
    run = PipelineRun.of_record(ledger, found)
    assert run.status is ExecutionStatus.COMPLETED
    assert isinstance(run.steps["a"].status, ExecutionStatus)
    assert run.steps["a"].status is ExecutionStatus.COMPLETED
    assert list(run.steps["a"].outputs) == ["output"]
    assert list(run.steps["a"].logs()) == ["printed"]
    return "whole"


def test_nothing_of_the_run_is_left_and_all_of_the_others(any_store: ObjectStore) -> None:
    others = [a_run(any_store, 1), a_run(any_store, 2)]
    before = any_store.list("")
    artifact = set(any_store.list("artifacts"))
    doomed = a_run(any_store, 3)
    delete_run(Ledger(any_store), doomed.run_id, doomed.submission_id)
    left = set(any_store.list("")) - set(any_store.list("artifacts"))
    assert left == set(before) - artifact
    assert [seen(any_store, record) for record in others] == ["whole", "whole"]


def test_wherever_it_is_cut_off_the_run_is_whole_or_gone_and_can_be_deleted() -> None:
    store, transport = faulty_store()
    record = a_run(store, 1)
    start = len(transport.calls)
    delete_run(Ledger(store), record.run_id, record.submission_id)
    calls = transport.calls[start:]
    assert len(calls) > 5
    states = [_cut_off(index, fault) for index, call in enumerate(calls) for fault in faults_of(call)]
    assert set(states) == {"whole", "gone"}


def _cut_off(index: int, fault: Fault) -> str:
    store, transport = faulty_store()
    record = a_run(store, 1)
    transport.plan = at(len(transport.calls) + index, fault)
    with pytest.raises((Died, StoreError)):
        delete_run(Ledger(store), record.run_id, record.submission_id)
    state = seen(store, record)
    delete_run(Ledger(store), record.run_id, record.submission_id)
    assert store.list("runs") == store.list("index") == store.list("submissions") == []
    return state


def test_a_reader_that_has_found_it_before_does_not_write_it_an_end() -> None:
    store, _ = faulty_store()
    record = a_run(store, 1)
    run = PipelineRun.of_record(Ledger(store), record.model_copy(update={"flavor": "local"}))
    delete_run(Ledger(store), record.run_id, record.submission_id)
    run.fetch()
    assert store.list("runs") == []


def test_the_submission_of_another_run_stays(memory_store: ObjectStore) -> None:
    record = a_run(memory_store, 1)
    second = Ledger(memory_store).open_run(
        make_record(make_snapshot(make_step("a")), "own/2", submission_id="s1")
    )
    delete_run(Ledger(memory_store), second.run_id, second.submission_id)
    assert seen(memory_store, record) == "whole"
    assert Ledger(memory_store).request("s1") is not None
