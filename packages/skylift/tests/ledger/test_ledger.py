"""The same tests on every store: a folder, memory, S3, Azure and GCS."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from skylift_tests_support.faults import Fault, at, faulty_store, nth
from skylift_tests_support.runs import make_record, make_snapshot, make_step

from skylift.ledger import keys
from skylift.ledger.index import newest_runs
from skylift.ledger.ledger import Ledger
from skylift.ledger.records import (
    EndRecord,
    FailureRecord,
    Request,
    ResultRecord,
    RunEndRecord,
    StartRecord,
    StopRecord,
    now,
)
from skylift.ledger.schedule_record import ScheduleRecord
from skylift.store.objects import ObjectStore
from skylift_contract.canonical import digest
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import DamagedObject, RecordTooNew, RunIdError
from skylift_contract.names import step_key
from skylift_contract.run import DeployedSchedule
from skylift_contract.status import AttemptEnd

if TYPE_CHECKING:
    from skylift.ledger.records import RunRecord

SNAPSHOT = make_snapshot(make_step("a"), make_step("b", after=("a",)))
FAILED = RunEndRecord(status=ExecutionStatus.FAILED, reason="no luck")
COMPLETED = RunEndRecord(status=ExecutionStatus.COMPLETED)


@pytest.fixture
def ledger(any_store: ObjectStore) -> Ledger:
    return Ledger(any_store)


def record(orchestrator_run_id: str = "own/1", *, age_s: int = 0, submission: str | None = None) -> RunRecord:
    made = make_record(SNAPSHOT, orchestrator_run_id, submission_id=submission)
    writer = made.writer.model_copy(update={"time": made.writer.time - timedelta(seconds=age_s)})
    return made.model_copy(update={"writer": writer})


def start(attempt: int = 1) -> StartRecord:
    return StartRecord(invocation_id="a", attempt=attempt)


def result(attempt: int = 1, name: str = "a") -> ResultRecord:
    return ResultRecord(invocation_id=name, attempt=attempt, started=now())


def failure(name: str = "a", reason: str = "no luck") -> FailureRecord:
    return FailureRecord(invocation_id=name, attempt=1, reason=reason)


def request(submission: str) -> Request:
    names = ("project", "pipeline", "snapshot", "flavor", "stack", "orchestrator", "user")
    return Request.model_validate({"submission_id": submission, **dict.fromkeys(names, "x")})


def damage(ledger: Ledger, key: str) -> None:
    ledger.store.delete([key])
    ledger.store.put_content(key, b"{")


def test_a_snapshot_is_read_back_and_checked(ledger: Ledger) -> None:
    ledger.put_snapshot(SNAPSHOT)
    ledger.put_snapshot(SNAPSHOT)

    assert ledger.snapshot(SNAPSHOT.digest) == SNAPSHOT
    again = "Submit the same source and parameters again: that stores it anew."
    place = f"{ledger.store.uri}/skylift/1/snapshots"
    with pytest.raises(DamagedObject) as missing:
        ledger.snapshot("123")
    assert str(missing.value) == f"snapshot 123: it is missing, at {place}/123.json. {again}"

    ledger.store.put_content(keys.snapshot("123"), b"{}")
    with pytest.raises(DamagedObject) as damaged:
        ledger.snapshot("123")
    assert str(damaged.value) == (
        f"snapshot 123: its bytes have changed since it was written, at {place}/123.json "
        f"(got '{digest(b'{}')}'). Delete it. {again}"
    )


def test_a_run_is_recorded_by_whoever_comes_first(ledger: Ledger) -> None:
    first, second = record(), record()

    assert ledger.open_run(first) == first
    assert ledger.open_run(second) == first
    assert ledger.run(first.run_id) == first
    assert list(newest_runs(ledger)) == [first]


def test_one_id_for_two_runs_is_an_error(ledger: Ledger) -> None:
    first = ledger.open_run(record())
    other = record().model_copy(update={"snapshot": "another"})

    with pytest.raises(RunIdError) as refused:
        ledger.open_run(other)

    assert str(refused.value) == (
        f"run {first.run_id}: one orchestrator run ID for two runs: its run was started from another snapshot "
        "(got 'own/1'). Each execution needs an ID of its own from the backend."
    )
    assert ledger.run(first.run_id) == first


def test_the_index_is_written_by_whoever_finds_a_run_without_it(ledger: Ledger) -> None:
    first = record(submission="token")
    ledger.store.create(keys.run(first.run_id), first.to_bytes())
    unlisted = list(newest_runs(ledger))

    ledger.open_run(record(submission="token"))

    assert unlisted == []
    assert list(newest_runs(ledger)) == [first]
    assert ledger.run_of_submission("token") == first.run_id


def test_the_index_holds_the_bytes_that_stand(ledger: Ledger) -> None:
    """A newer writer's fields, which this reader does not know, are not lost on the way."""
    first = record()
    newer = first.to_bytes().replace(b"{", b'{"a_newer_field":1,', 1)
    ledger.store.create(keys.run(first.run_id), newer)

    ledger.open_run(record())

    assert ledger.store.get(keys.index(first.run_id, first.created)) == newer


def test_the_newest_run_comes_first(ledger: Ledger) -> None:
    made = [ledger.open_run(record(f"own/{age}", age_s=age)) for age in (3, 1, 2)]
    newest = sorted(made, key=lambda run: run.created, reverse=True)

    assert list(newest_runs(ledger)) == newest
    assert list(newest_runs(ledger, 2)) == newest[:2]


def test_a_damaged_entry_of_the_index_does_not_hide_its_run(ledger: Ledger) -> None:
    made = ledger.open_run(record())
    damage(ledger, keys.index(made.run_id, made.created))

    assert list(newest_runs(ledger)) == [made]


def test_a_submission_is_found_and_so_is_its_run(ledger: Ledger) -> None:
    made = request("token")
    ledger.submit(made)

    assert ledger.request("token") == made
    assert ledger.request("another") is None
    assert ledger.run_of_submission("token") is None
    run = ledger.open_run(record(submission="token"))
    assert ledger.run_of_submission("token") == run.run_id


def test_attempts_are_claimed_one_by_one(ledger: Ledger) -> None:
    claimed = [ledger.claim("r", start()).attempt for _ in range(3)]

    assert claimed == [1, 2, 3]
    assert ledger.step_listing("r", "a").attempts == {n: frozenset() for n in claimed}
    assert ledger.claim("r", start(attempt=7)).attempt == 7
    found = ledger.start("r", "a", 2)
    assert found is not None
    assert found.attempt == 2


def test_an_attempts_end_stands_in_its_key(ledger: Ledger) -> None:
    ledger.claim("r", start())
    end = EndRecord(invocation_id="a", attempt=1, status=AttemptEnd.RETRYING, reason="no luck", started=now())
    ledger.end_attempt("r", end)

    assert ledger.listing("r").steps == {step_key("a"): ledger.step_listing("r", "a")}
    assert ledger.step_listing("r", "a").attempts == {1: frozenset({AttemptEnd.RETRYING})}
    assert ledger.attempt_end("r", "a", 1, AttemptEnd.RETRYING) == end
    assert ledger.attempt_end("r", "a", 1, AttemptEnd.FAILED) is None


def test_a_result_is_committed_once(ledger: Ledger) -> None:
    first = result(1)

    assert ledger.commit("r", first)
    assert ledger.commit("r", first), "the same try again is no other"
    assert not ledger.commit("r", result(2))
    assert ledger.result("r", "a") == first


def test_a_failure_counts_until_its_step_commits(ledger: Ledger) -> None:
    ledger.fail("r", failure("a"))
    ledger.fail("r", failure("b"))

    newest = ledger.failure("r")
    ledger.commit("r", result(name="b"))
    older = ledger.failure("r")
    ledger.commit("r", result(name="a"))

    assert newest is not None
    assert newest.invocation_id == "b"
    assert older is not None
    assert older.invocation_id == "a"
    assert ledger.failure("r") is None


def test_two_failures_at_once_are_both_kept(ledger: Ledger) -> None:
    other = failure("b")
    ledger.store.create(keys.failed("r", 0), other.to_bytes())
    unaware = Ledger(_Unlisted(ledger.store.uri, ledger.store.transport))
    unaware.fail("r", failure("a"))

    ledger.commit("r", result(name="a"))

    assert ledger.failure("r") == other


class _Unlisted(ObjectStore):
    """A store whose listing came just before another's write."""

    def list(self, prefix: str, *, after: str | None = None, limit: int | None = None) -> list[str]:
        return []


def test_a_run_is_sealed_once(ledger: Ledger) -> None:
    assert ledger.newest_end("r") is None
    assert ledger.seal("r", FAILED) == FAILED
    assert ledger.seal("r", COMPLETED) == FAILED
    assert ledger.newest_end("r") == (0, FAILED)


def test_a_repair_opens_a_run_again(ledger: Ledger) -> None:
    assert ledger.reopen("r") is None, "it was never closed"
    ledger.fail("r", failure())
    ledger.request_stop("r", StopRecord())
    ledger.seal("r", FAILED)

    reopened = ledger.reopen("r")
    again = ledger.reopen("r")

    assert reopened is not None
    assert reopened.is_open
    assert again == reopened
    assert ledger.failure("r", reopened.void_failures) is None
    assert ledger.stop_request("r", reopened.void_stops) is None
    assert ledger.seal("r", COMPLETED) == COMPLETED
    assert ledger.newest_end("r") == (2, COMPLETED)


def test_what_fails_after_a_repair_counts(ledger: Ledger) -> None:
    ledger.fail("r", failure("a"))
    ledger.seal("r", FAILED)
    reopened = ledger.reopen("r")
    assert reopened is not None
    ledger.fail("r", failure("b"))
    ledger.request_stop("r", StopRecord(user="me"))

    found, stop = (
        ledger.failure("r", reopened.void_failures),
        ledger.stop_request("r", reopened.void_stops),
    )

    assert found is not None
    assert found.invocation_id == "b"
    assert stop is not None
    assert stop.user == "me"


def test_the_highest_revision_that_can_be_read_wins(ledger: Ledger) -> None:
    ledger.seal("r", FAILED)
    ledger.store.put_content(keys.end("r", 1), b"{")

    assert ledger.newest_end("r") == (0, FAILED)
    assert ledger.reopen("r") is not None
    assert ledger.seal("r", COMPLETED) == COMPLETED
    assert ledger.newest_end("r") == (3, COMPLETED)


def test_a_stop_may_be_asked_for_more_than_once(ledger: Ledger) -> None:
    ledger.request_stop("r", StopRecord(graceful=True))
    ledger.request_stop("r", StopRecord(graceful=False))

    newest = ledger.stop_request("r")
    assert newest is not None
    assert not newest.graceful
    assert ledger.listing("r").stops == (0, 1)


def test_a_schedule_has_revisions(ledger: Ledger) -> None:
    deployed = DeployedSchedule(name="Every day", pipeline="p", snapshot="s", flavor="f", id="1")
    deleted = deployed.model_copy(update={"state": "deleted"})

    assert list(ledger.schedule_revisions("Every day")) == []
    ledger.put_schedule(ScheduleRecord(schedule=deployed))
    ledger.put_schedule(ScheduleRecord(schedule=deleted))

    assert [record.schedule for record in ledger.schedule_revisions("Every day")] == [deleted, deployed]
    assert list(ledger.schedule_revisions("every day")) == []
    assert len(ledger.store.list(keys.schedule_folder("Every day"))) == 2


def test_what_is_not_there_is_none(ledger: Ledger) -> None:
    assert ledger.run("r") is None
    assert ledger.result("r", "a") is None
    assert ledger.start("r", "a", 1) is None
    assert ledger.failure("r") is None
    assert ledger.stop_request("r") is None
    assert list(newest_runs(ledger)) == []
    assert ledger.listing("r") == keys.RunListing({})


def test_a_record_of_a_newer_skylift_is_refused_by_its_key(memory_store: ObjectStore) -> None:
    memory_store.put_content(keys.run("r"), b'{"major": 2}')

    with pytest.raises(RecordTooNew, match=r"^runs/r/run.json: it was written by a newer Skylift"):
        Ledger(memory_store).run("r")


@pytest.mark.parametrize("fault", [Fault.LOST_BEFORE, Fault.LOST_AFTER, Fault.CONFLICT, Fault.REPEATED])
def test_a_lost_answer_never_makes_two_of_one(fault: Fault) -> None:
    """Each write with one fault: a claim stays one attempt, a result one's own, a run one's own."""
    made, end = record(), result()

    def everything(ledger: Ledger) -> None:
        assert ledger.open_run(made) == made
        assert ledger.claim("r", start()).attempt == 1
        assert ledger.commit("r", end)
        ledger.fail("r", failure())
        ledger.seal("r", FAILED)
        assert ledger.listing("r").failures == (0,)
        assert ledger.listing("r").ends == (0,)

    clean, calls = faulty_store()
    everything(Ledger(clean))
    writes = sum(call.operation == "put_new" for call in calls.calls)
    for number in range(writes):
        store, _ = faulty_store(nth("put_new", number, fault))
        everything(Ledger(store))
    assert writes == 6


def test_a_store_that_is_down_is_said_to_be() -> None:
    from skylift_contract.errors import StoreUnavailable

    store, _ = faulty_store(at(0, Fault.LOST_BEFORE))

    with pytest.raises(StoreUnavailable, match="the connection broke"):
        Ledger(store).newest_end("r")
