from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support.faults import Fault, always, faulty_store
from skylift_tests_support.runs import make_record, make_snapshot, make_step

from skylift.ledger import keys
from skylift.ledger.ledger import Ledger
from skylift.ledger.records import EndRecord, ResultRecord, RunEndRecord, StartRecord, StopRecord, Writer, now
from skylift.ledger.view import is_closed, read_status, settled
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import StoreUnavailable
from skylift_contract.snapshot import Binding
from skylift_contract.status import UNASKED, AttemptEnd, RunStatus, StepStatus

if TYPE_CHECKING:
    from skylift.store.objects import ObjectStore

SNAPSHOT = make_snapshot(make_step("a"), make_step("b", after=("a",)), make_step("c"))
RUNNING, FAILED, STOPPED = (
    RunStatus(Status.RUNNING),
    RunStatus(Status.FAILED, "broke"),
    RunStatus(Status.STOPPED),
)
GONE = {"pid": 2**22 + 1}


@pytest.fixture
def ledger(memory_store: ObjectStore) -> Ledger:
    """Of a store that holds run `r`, which began yesterday."""
    long_ago = Writer.this_process().model_copy(update={"time": now() - timedelta(days=1)})
    record = make_record(SNAPSHOT, writer=long_ago).model_copy(update={"run_id": "r"})
    memory_store.create(keys.run("r"), record.to_bytes())
    return Ledger(memory_store)


def start(ledger: Ledger, name: str, **writer: Any) -> int:
    made = Writer.this_process().model_copy(update=writer)
    return ledger.claim("r", StartRecord(invocation_id=name, attempt=1, writer=made)).attempt


def end(ledger: Ledger, name: str, how: AttemptEnd, **writer: Any) -> None:
    attempt = start(ledger, name, **writer)
    record = EndRecord(invocation_id=name, attempt=attempt, status=how, reason=f"{how} it", started=now())
    ledger.end_attempt("r", record)


def commit(ledger: Ledger, *names: str) -> None:
    for name in names:
        attempt = start(ledger, name)
        ledger.commit("r", ResultRecord(invocation_id=name, attempt=attempt, started=now()))


def steps(status: RunStatus) -> dict[str, Status]:
    return {name: step.status for name, step in status.steps.items()}


def test_nothing_yet(ledger: Ledger) -> None:
    assert steps(read_status(ledger, "r", SNAPSHOT, RUNNING)) == dict.fromkeys("abc", Status.PENDING)


def test_a_live_step_runs_and_a_dead_one_has_failed(ledger: Ledger) -> None:
    start(ledger, "a", **GONE)
    start(ledger, "c")

    found = read_status(ledger, "r", SNAPSHOT, RUNNING)

    assert steps(found) == {"a": Status.FAILED, "b": Status.SKIPPED, "c": Status.RUNNING}
    assert found.steps["a"].reason == "the process died"
    assert found.steps["b"].reason == "step 'a' failed"


def test_a_step_that_cannot_be_seen_says_when_it_was(ledger: Ledger) -> None:
    start(ledger, "a", host="elsewhere")
    written = ledger.start("r", "a", 1)
    assert written is not None

    found = read_status(ledger, "r", SNAPSHOT, UNASKED).steps["a"]

    seen = written.writer.time.isoformat(timespec="seconds")
    assert found == StepStatus(Status.UNKNOWN, f"the backend could not be asked; last seen at {seen}", 1)


def test_a_step_between_two_attempts_says_so(ledger: Ledger) -> None:
    end(ledger, "a", AttemptEnd.RETRYING)

    found = read_status(ledger, "r", SNAPSHOT, RUNNING).steps["a"]

    assert found == StepStatus(Status.RUNNING, "attempt 1 failed and is tried again: retrying it", 1)


@pytest.mark.parametrize(
    ("retries", "backend", "expected"),
    [
        ("backend", RUNNING, Status.RUNNING),
        ("backend", FAILED, Status.FAILED),
        ("runtime", RUNNING, Status.FAILED),
    ],
)
def test_between_two_attempts_of_a_backend_no_process_is_missed(
    ledger: Ledger, retries: str, backend: RunStatus, expected: Status
) -> None:
    """The next one is another's; where the step's own process tries again, its death is the step's."""
    runtime = SNAPSHOT.runtime.model_copy(update={"retries": retries})
    snapshot = SNAPSHOT.model_copy(update={"runtime": runtime})
    end(ledger, "a", AttemptEnd.RETRYING, **GONE)

    found = read_status(ledger, "r", snapshot, backend).steps

    assert (found["a"].status, found["a"].attempt) == (expected, 1)
    assert (found["b"].status is Status.SKIPPED) is (expected is Status.FAILED)


def test_an_end_has_its_reason(ledger: Ledger) -> None:
    end(ledger, "a", AttemptEnd.FAILED)

    assert read_status(ledger, "r", SNAPSHOT, RUNNING).steps["a"] == StepStatus(Status.FAILED, "failed it", 1)


def test_an_end_that_is_damaged_is_an_end(ledger: Ledger) -> None:
    end(ledger, "a", AttemptEnd.FAILED)
    key = keys.attempt_end("r", "a", 1, AttemptEnd.FAILED)
    ledger.store.delete([key])
    ledger.store.put_content(key, b"{")

    found = read_status(ledger, "r", SNAPSHOT, RUNNING).steps["a"]

    assert found.status is Status.FAILED
    assert key in found.reason


def test_a_start_that_is_damaged_is_a_start(ledger: Ledger) -> None:
    ledger.store.put_content(keys.attempt_start("r", "a", 1), b"{")

    assert read_status(ledger, "r", SNAPSHOT, RUNNING).steps["a"].status is Status.RUNNING
    assert read_status(ledger, "r", SNAPSHOT, FAILED).steps["a"].status is Status.FAILED


def test_what_is_bound_is_cached(ledger: Ledger) -> None:
    bound = make_snapshot(
        make_step("b"), bindings={"a": Binding(run_id="earlier", step_name="a", outputs={})}
    )
    commit(ledger, "b")

    found = read_status(ledger, "r", bound, RUNNING)

    assert steps(found) == {"a": Status.CACHED, "b": Status.COMPLETED}
    assert found.status is Status.COMPLETED


def test_in_a_run_that_ended_nothing_runs_or_waits_whatever_its_process_does(ledger: Ledger) -> None:
    """The program that made the run, and the process of a step whose end was lost, may live on."""
    start(ledger, "a")
    ledger.seal("r", RunEndRecord(status=Status.FAILED, reason="the store broke"))

    found = read_status(ledger, "r", SNAPSHOT, RUNNING)

    assert steps(found) == {"a": Status.FAILED, "b": Status.SKIPPED, "c": Status.NOT_STARTED}
    assert (found.status, found.reason) == (Status.FAILED, "the store broke")


def test_a_reopened_run_is_open(ledger: Ledger) -> None:
    end(ledger, "a", AttemptEnd.FAILED)
    ledger.seal("r", RunEndRecord(status=Status.FAILED))
    ledger.reopen("r")
    start(ledger, "a")

    assert read_status(ledger, "r", SNAPSHOT, RUNNING).status is Status.RUNNING


def test_a_stop_of_before_the_repair_is_over(ledger: Ledger) -> None:
    ledger.request_stop("r", StopRecord())
    before = read_status(ledger, "r", SNAPSHOT, RUNNING).status
    ledger.seal("r", RunEndRecord(status=Status.STOPPED))
    ledger.reopen("r")

    assert before is Status.STOPPING
    assert read_status(ledger, "r", SNAPSHOT, RUNNING).status is Status.RUNNING


def test_a_reader_seals_what_ended(ledger: Ledger) -> None:
    start(ledger, "a", **GONE)
    found = settled(ledger, "r", SNAPSHOT, RunStatus(Status.FAILED, "the process died"))

    newest = ledger.newest_end("r")
    assert newest is not None
    assert (newest[1].status, newest[1].reason) == (Status.FAILED, found.reason)
    assert "the process died" in found.reason
    assert settled(ledger, "r", SNAPSHOT, UNASKED).status is Status.FAILED
    assert ledger.listing("r").ends == (0,)


@pytest.mark.parametrize("backend", [RUNNING, RunStatus(Status.PENDING), RunStatus(Status.STOPPING)])
def test_a_reader_leaves_a_run_alone_while_its_backend_goes_on(ledger: Ledger, backend: RunStatus) -> None:
    commit(ledger, "a", "b", "c")

    assert settled(ledger, "r", SNAPSHOT, backend).status is Status.COMPLETED
    assert ledger.newest_end("r") is None


def test_a_reader_leaves_a_run_alone_while_a_step_lives(ledger: Ledger) -> None:
    start(ledger, "a")

    assert settled(ledger, "r", SNAPSHOT, FAILED).steps["a"].status is Status.RUNNING
    assert ledger.newest_end("r") is None


def test_a_reader_that_may_not_write_reads(memory_store: ObjectStore) -> None:
    commit(Ledger(memory_store), "a", "b", "c")
    store, _ = faulty_store(always("put_new", Fault.LOST_BEFORE), over=memory_store)

    assert settled(Ledger(store), "r", SNAPSHOT, STOPPED).status is Status.COMPLETED
    with pytest.raises(StoreUnavailable):
        Ledger(store).seal("r", RunEndRecord(status=Status.FAILED))


@pytest.mark.parametrize(
    ("committed", "ended", "open_", "closed"),
    [
        ("abc", "", "", True),
        ("ab", "", "", False),
        ("ac", "", "", False),
        ("c", "a", "", True),
        ("", "ac", "", True),
        ("", "a", "", False),
        ("c", "a", "b", False),
        ("c", "", "a", False),
    ],
)
def test_a_run_is_closed_when_nothing_can_begin(
    ledger: Ledger, committed: str, ended: str, open_: str, closed: bool
) -> None:
    commit(ledger, *committed)
    for name in ended:
        end(ledger, name, AttemptEnd.FAILED)
    for name in open_:
        start(ledger, name, **GONE)

    assert is_closed(ledger.listing("r"), SNAPSHOT) is closed


def test_a_failed_attempt_that_is_tried_again_is_not_closed(ledger: Ledger) -> None:
    commit(ledger, "a", "b")
    end(ledger, "c", AttemptEnd.RETRYING)
    before = is_closed(ledger.listing("r"), SNAPSHOT)
    end(ledger, "c", AttemptEnd.STOPPED)

    assert not before
    assert is_closed(ledger.listing("r"), SNAPSHOT)


def test_a_process_that_died_after_its_last_step_has_completed(ledger: Ledger) -> None:
    commit(ledger, "a", "b", "c")

    for _ in range(2):
        assert settled(ledger, "r", SNAPSHOT, FAILED).status is Status.COMPLETED

    newest = ledger.newest_end("r")
    assert newest is not None
    assert (newest[0], newest[1].status) == (0, Status.COMPLETED)


def test_one_that_was_asked_to_stop_and_died_was_stopped(ledger: Ledger) -> None:
    commit(ledger, "a")
    ledger.request_stop("r", StopRecord())

    assert settled(ledger, "r", SNAPSHOT, FAILED).status is Status.STOPPED


def test_a_commit_between_the_listing_and_the_look_at_its_process_counts(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(ledger, "a", "c")
    start(ledger, "b", **GONE)
    listing = ledger.listing

    def listed_too_early(run_id: str) -> keys.RunListing:
        found = listing(run_id)
        ledger.commit("r", ResultRecord(invocation_id="b", attempt=1, started=now()))
        return found

    monkeypatch.setattr(ledger, "listing", listed_too_early)

    assert settled(ledger, "r", SNAPSHOT, FAILED).status is Status.COMPLETED


def test_a_step_that_died_says_the_same_before_and_after_the_run_is_sealed(ledger: Ledger) -> None:
    commit(ledger, "c")
    start(ledger, "a", **GONE)

    before, after = (settled(ledger, "r", SNAPSHOT, FAILED) for _ in range(2))

    assert ledger.newest_end("r") is not None
    assert before == after
    assert (after.reason, after.steps["a"].reason) == ("step 'a': the process died", "the process died")


def test_an_end_of_a_newer_skylift_is_not_overruled(ledger: Ledger) -> None:
    commit(ledger, "a", "b", "c")
    ledger.store.put_content(keys.end("r", 0), b'{"major": 2}')

    found = settled(ledger, "r", SNAPSHOT, FAILED)

    assert found.status is Status.UNKNOWN
    assert found.reason == (
        "runs/r/end/0000.json: it was written by a newer Skylift (got 2, limit: 1). Upgrade skylift here."
    )
    assert ledger.listing("r").ends == (0,)


def test_a_damaged_end_is_said_and_written_anew(ledger: Ledger) -> None:
    commit(ledger, "a", "b", "c")
    ledger.store.put_content(keys.end("r", 0), b'{"status": "comp')

    said, again = (settled(ledger, "r", SNAPSHOT, FAILED) for _ in range(2))

    assert (said.status, said.reason) == (again.status, again.reason)
    assert said.status is Status.COMPLETED
    assert said.reason.startswith("runs/r/end/0000.json: it is damaged, and no RunEndRecord: ")
    assert ledger.listing("r").ends == (0, 1)


def test_a_run_that_died_ended_when_it_was_last_heard_of(ledger: Ledger) -> None:
    """However late the first who looks: the step's start is the last that is known."""
    long_ago = now() - timedelta(hours=3)
    start(ledger, "a", time=long_ago, **GONE)

    assert settled(ledger, "r", SNAPSHOT, FAILED).status is Status.FAILED

    end = ledger.newest_end("r")
    assert end is not None
    assert end[1].time == long_ago
    assert end[1].writer.time - long_ago > timedelta(hours=2)


def test_the_newest_of_all_that_is_known_counts(ledger: Ledger) -> None:
    began = now() - timedelta(hours=3)
    start(ledger, "c", time=began, **GONE)
    attempt = start(ledger, "a", time=began)
    ended = began + timedelta(hours=1)
    ledger.commit("r", ResultRecord(invocation_id="a", attempt=attempt, started=began, ended=ended))

    settled(ledger, "r", SNAPSHOT, FAILED)

    end = ledger.newest_end("r")
    assert end is not None
    assert end[1].time == ended


@pytest.mark.parametrize("data", [b"", b'{"major": 2}'])
def test_a_step_whose_records_cannot_be_read_keeps_no_other_back(ledger: Ledger, data: bytes) -> None:
    ledger.store.put_content(keys.attempt_start("r", "a", 1), data)
    ledger.store.put_content(keys.attempt_end("r", "a", 1, AttemptEnd.FAILED), data)
    ledger.store.put_content(keys.attempt_start("r", "b", 1), data)

    found = read_status(ledger, "r", SNAPSHOT, FAILED)

    assert steps(found)["a"] is Status.FAILED
    assert found.steps["a"].reason.startswith("runs/r/steps/a-")


def test_a_run_whose_process_was_killed_with_its_workers_says_so(ledger: Ledger) -> None:
    end(ledger, "a", AttemptEnd.STOPPED, **GONE)
    commit(ledger, "c")

    found = read_status(ledger, "r", SNAPSHOT, RunStatus(Status.FAILED, "the process died"))

    assert (found.status, found.reason) == (Status.STOPPED, "the process died")
