"""A step that nobody coordinates: duplicates, repairs, refusals, and who closes the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from skylift_tests_support import steps
from skylift_tests_support.runs import chain, lines, make_snapshot, make_step, read_all, start_run

from skylift.ledger.records import (
    EndRecord,
    FailureRecord,
    ResultRecord,
    RunEndRecord,
    StartRecord,
    StopRecord,
    now,
)
from skylift.ledger.view import end_of, look, read_status
from skylift.runtime.active import ActiveRun, Outcome
from skylift.runtime.invocation import execute_invocation
from skylift.runtime.outcomes import written_outcome
from skylift.runtime.step import EXIT_FAILED, EXIT_OK, EXIT_STOPPED, exit_code, run_step, seal_if_closed
from skylift_contract.enums import ExecutionMode
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import RunIdError
from skylift_contract.settings import StepRetryConfig
from skylift_contract.status import AttemptEnd

if TYPE_CHECKING:
    from pathlib import Path

    from skylift.store.objects import ObjectStore
    from skylift_contract.snapshot import PipelineSnapshot


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def again(run: ActiveRun) -> ActiveRun:
    """The same run in another process: nothing is remembered."""
    return ActiveRun(run.ledger, run.snapshot, run.record)


def play(run: ActiveRun, *names: str) -> list[Outcome]:
    return [run_step(again(run), run.snapshot.step(name)) for name in names]


def ends(run: ActiveRun) -> list[Status]:
    found = [run.ledger.end(run.id, revision) for revision in run.ledger.listing(run.id).ends]
    return [end.status for end in found if end]


def status(run: ActiveRun) -> dict[str, Status]:
    found = read_all(run.ledger.store, run.id, run.snapshot)
    return {name: step.status for name, step in found.steps.items()}


def test_the_last_step_closes_the_run(memory_store: ObjectStore, journal: Path) -> None:
    run = start_run(memory_store, chain(journal))
    play(run, "a", "b")
    before = ends(run)
    play(run, "c")

    assert before == []
    assert ends(run) == [Status.COMPLETED]
    assert lines(journal) == ["a", "b", "c"]


def test_a_step_started_again_while_the_run_is_open_says_so_and_does_nothing(
    memory_store: ObjectStore, journal: Path
) -> None:
    run = start_run(memory_store, chain(journal))
    first, second = play(run, "a", "a")

    assert (first.attempt, second.attempt) == (1, 2)
    assert exit_code(second) == EXIT_OK
    end = run.ledger.attempt_end(run.id, "a", 2, AttemptEnd.DUPLICATE)
    assert end is not None
    assert end.reason == "its result was committed before it started"
    assert lines(journal) == ["a"]


def test_a_step_started_again_in_a_run_that_ended_is_an_error(
    memory_store: ObjectStore, journal: Path
) -> None:
    run = start_run(memory_store, chain(journal))
    play(run, "a", "b", "c")

    with pytest.raises(RunIdError) as refused:
        play(run, "b")

    assert str(refused.value) == (
        f"run {run.id}: step 'b' has committed and the run has ended; one orchestrator run ID was used again "
        "(got 'own/1'). Each execution needs an ID of its own from the backend."
    )
    assert ends(run) == [Status.COMPLETED]
    assert run.ledger.step_listing(run.id, "b").attempts.keys() == {1}


def test_who_died_before_closing_the_run_is_made_up_for_by_a_duplicate(
    memory_store: ObjectStore, journal: Path
) -> None:
    run = start_run(memory_store, chain(journal))
    play(run, "a", "b")
    run.ledger.commit(run.id, ResultRecord(invocation_id="c", attempt=1, started=now()))
    play(run, "c")

    assert ends(run) == [Status.COMPLETED]


def test_a_repair_opens_the_run_and_closes_it_again(memory_store: ObjectStore, journal: Path) -> None:
    retry = StepRetryConfig(max_retries=0)
    run = start_run(
        memory_store,
        make_snapshot(
            make_step(
                "a", steps.fails_until, parameters={"journal": str(journal), "attempt": 2}, retry=retry
            ),
            make_step("b", after=("a",)),
        ),
    )
    play(run, "a")
    before = ends(run)
    failed = status(run)
    play(run, "a")
    between = ends(run)
    play(run, "b")

    assert before == [Status.FAILED]
    assert failed == {"a": Status.FAILED, "b": Status.SKIPPED}
    assert between == [Status.FAILED, Status.RUNNING]
    assert ends(run) == [Status.FAILED, Status.RUNNING, Status.COMPLETED]
    assert status(run) == {"a": Status.COMPLETED, "b": Status.COMPLETED}


def pair(mode: ExecutionMode) -> PipelineSnapshot:
    return make_snapshot(make_step("a", steps.fails), make_step("b"), make_step("c"), mode=mode)


@pytest.mark.parametrize("mode", ExecutionMode)
def test_what_starts_after_a_failure(memory_store: ObjectStore, mode: ExecutionMode) -> None:
    run = start_run(memory_store, pair(mode))
    play(run, "a", "b", "c")

    goes_on = mode is ExecutionMode.CONTINUE_ON_FAILURE
    assert set(status(run).values()) == {Status.FAILED, Status.COMPLETED if goes_on else Status.SKIPPED}
    assert ends(run) == [Status.FAILED]
    if not goes_on:
        end = run.ledger.attempt_end(run.id, "b", 1, AttemptEnd.SKIPPED)
        assert end is not None
        assert end.reason == "step 'a' failed before it started"


@pytest.mark.parametrize("mode", [ExecutionMode.FAIL_FAST, ExecutionMode.STOP_ON_FAILURE])
def test_what_failed_itself_may_be_started_again_while_the_run_is_open(
    memory_store: ObjectStore, journal: Path, mode: ExecutionMode
) -> None:
    parameters = {"journal": str(journal), "attempt": 2}
    members = make_step("a", steps.fails_until, parameters=parameters), make_step("b")
    run = start_run(memory_store, make_snapshot(*members, mode=mode))

    assert [found.status for found in play(run, "a", "a")] == [Status.FAILED, Status.COMPLETED]


@pytest.mark.parametrize("mode", [ExecutionMode.FAIL_FAST, ExecutionMode.STOP_ON_FAILURE])
def test_a_failure_that_the_backend_tries_again_is_none_yet(
    memory_store: ObjectStore, journal: Path, mode: ExecutionMode
) -> None:
    retry = StepRetryConfig(max_retries=1)
    parameters = {"journal": str(journal), "attempt": 2}
    run = start_run(
        memory_store,
        make_snapshot(
            make_step("a", steps.fails_until, parameters=parameters, retry=retry),
            make_step("b"),
            mode=mode,
            retries="backend",
        ),
    )
    first, other, second = play(run, "a", "b", "a")

    assert (first.status, first.will_retry, exit_code(first)) == (Status.FAILED, True, EXIT_FAILED)
    assert other.status is Status.COMPLETED
    assert second.status is Status.COMPLETED
    assert ends(run) == [Status.COMPLETED]
    assert lines(journal) == ["attempt 1", "attempt 2"]


@pytest.mark.parametrize("mode", ExecutionMode)
def test_two_that_failed_are_both_repaired(
    memory_store: ObjectStore, journal: Path, mode: ExecutionMode
) -> None:
    """Neither keeps the other from starting: what failed before the repair is over."""
    parameters = {"journal": str(journal), "attempt": 2}
    run = start_run(
        memory_store,
        make_snapshot(*(make_step(n, steps.fails_until, parameters=parameters) for n in "ab"), mode=mode),
    )
    run.ledger.claim(run.id, StartRecord(invocation_id="b", attempt=1))
    play(run, "a")
    end = EndRecord(invocation_id="b", attempt=1, status=AttemptEnd.FAILED, reason="no luck", started=now())
    run.ledger.end_attempt(run.id, end)
    run.ledger.fail(run.id, FailureRecord(invocation_id="b", attempt=1, reason="no luck"))
    run.ledger.seal(run.id, RunEndRecord(status=Status.FAILED))

    assert [outcome.status for outcome in play(run, "a", "b")] == [Status.COMPLETED] * 2
    assert ends(run)[-1] is Status.COMPLETED


def test_a_run_that_was_stopped_is_repaired_too(memory_store: ObjectStore, journal: Path) -> None:
    run = start_run(memory_store, chain(journal))
    run.ledger.request_stop(run.id, StopRecord())
    stopped = play(run, "a")
    before = ends(run)
    run.ledger.request_stop(run.id, StopRecord())
    play(run, "a", "b", "c")

    assert [(outcome.status, outcome.reason) for outcome in stopped] == [
        (Status.SKIPPED, "the run was asked to stop")
    ]
    assert exit_code(stopped[0]) == EXIT_OK
    assert before == [Status.STOPPED]
    assert ends(run) == [Status.STOPPED, Status.RUNNING, Status.COMPLETED]


def test_a_stop_of_the_repair_counts(memory_store: ObjectStore, journal: Path) -> None:
    run = start_run(memory_store, chain(journal))
    run.ledger.request_stop(run.id, StopRecord())
    play(run, "a")
    play(run, "a")
    run.ledger.request_stop(run.id, StopRecord())

    assert [outcome.status for outcome in play(run, "b")] == [Status.SKIPPED]
    assert ends(run) == [Status.STOPPED, Status.RUNNING, Status.STOPPED]
    assert lines(journal) == ["a"]


def test_a_step_without_its_inputs_is_skipped_and_opens_nothing(memory_store: ObjectStore) -> None:
    """Some backends start what is downstream of a failure."""
    run = start_run(memory_store, make_snapshot(make_step("a", steps.fails), make_step("b", after=("a",))))
    _, skipped = play(run, "a", "b")

    assert (skipped.status, skipped.reason) == (Status.SKIPPED, "upstream 'a' has no result")
    assert (skipped.attempt, written_outcome(run, "b")) == (0, skipped)
    assert read_status(run.ledger, run.id, run.snapshot).steps["b"].attempt == 0
    assert ends(run) == [Status.FAILED]
    assert status(run) == {"a": Status.FAILED, "b": Status.SKIPPED}


@pytest.mark.parametrize("order", ["ac", "ca"])
def test_a_run_is_closed_by_whoever_comes_last(memory_store: ObjectStore, order: str) -> None:
    """`b` waits for both: once one has failed, the other is the last, though something waits for it."""
    members = make_step("a"), make_step("c", steps.fails), make_step("b", after=("a", "c"))
    run = start_run(memory_store, make_snapshot(*members))
    play(run, *order)

    assert ends(run) == [Status.FAILED]
    assert status(run) == {"a": Status.COMPLETED, "c": Status.FAILED, "b": Status.SKIPPED}


@pytest.mark.parametrize("mode", ExecutionMode)
def test_who_was_stopped_after_a_failure_leaves_the_end_to_whoever_stopped_it(
    memory_store: ObjectStore, mode: ExecutionMode
) -> None:
    """But in FAIL_FAST, where the failure did."""
    members = make_step("a", steps.fails), make_step("b", steps.is_stopped)
    run = start_run(memory_store, make_snapshot(*members, mode=mode))
    _, stopped = execute_invocation(run, members[0]), run_step(again(run), members[1])

    assert stopped.status is Status.STOPPED
    is_of_the_failure = mode is ExecutionMode.FAIL_FAST
    assert ends(run) == ([Status.FAILED] if is_of_the_failure else [])
    run.ledger.seal(run.id, RunEndRecord(status=Status.STOPPED))
    assert ends(run) == [Status.FAILED if is_of_the_failure else Status.STOPPED]


def test_a_second_copy_that_commits_late_puts_the_end_right(memory_store: ObjectStore) -> None:
    """Started twice; one copy fails and closes the run while the other still runs, and commits."""
    run = start_run(memory_store, make_snapshot(make_step("a")))
    run.ledger.claim(run.id, StartRecord(invocation_id="a", attempt=1))
    end = EndRecord(invocation_id="a", attempt=1, status=AttemptEnd.FAILED, started=now())
    run.ledger.end_attempt(run.id, end)
    run.ledger.seal(run.id, RunEndRecord(status=Status.FAILED, reason="the other copy"))

    execute_invocation(run, run.snapshot.step("a"))
    seal_if_closed(run)

    assert ends(run) == [Status.FAILED, Status.COMPLETED]
    assert read_status(run.ledger, run.id, run.snapshot).status is Status.COMPLETED


def test_a_reader_that_looked_before_a_repair_does_not_close_it(memory_store: ObjectStore) -> None:
    run = start_run(memory_store, make_snapshot(make_step("a", steps.fails)))
    play(run, "a")
    seen = look(run.ledger, run.id, run.snapshot)
    run.ledger.reopen(run.id)
    run.ledger.add_end(run.id, seen.revision + 1, end_of(seen))

    assert ends(run) == [Status.FAILED, Status.RUNNING]


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (Status.COMPLETED, EXIT_OK),
        (Status.SKIPPED, EXIT_OK),
        (Status.FAILED, EXIT_FAILED),
        (Status.STOPPED, EXIT_STOPPED),
    ],
)
def test_exit_codes(found: Status, code: int) -> None:
    assert exit_code(Outcome(found)) == code
