"""What else than a step's own code can end a call: nobody waits for ever, and the run says what it was."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support import dynamic_steps
from skylift_tests_support.dynamic_runs import opened, orchestrated, resuming, snapshot_of, statuses
from skylift_tests_support.faults import Call, Fault, faulty_store

from skylift.ledger.calls import calls_of
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import AuthoringError, StepFailed, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from skylift.runtime.active import ActiveRun
    from skylift.store.objects import ObjectStore

steps: Any = dynamic_steps

pytestmark = pytest.mark.timeout(60)


def failure_of(call: Callable[[], Any]) -> str:
    with pytest.raises(StepFailed) as raised:
        call()
    return str(raised.value)


def test_a_pipeline_that_is_given_a_failed_output_is_skipped(run: ActiveRun) -> None:
    told: list[str] = []

    def calls() -> None:
        told.append(failure_of(lambda: steps.doubled_twice(steps.fail.submit("broken"))))

    assert orchestrated(run, calls).status is Status.COMPLETED
    assert told == ["step 'doubled_twice': failed: it was skipped: step 'fail' failed."]
    assert statuses(run) == {"fail": "failed", "doubled_twice": "skipped"}


def test_a_pipeline_that_returns_what_was_never_made_has_failed(run: ActiveRun) -> None:
    end = orchestrated(run, lambda: steps.returning_a_failure("broken"))

    assert end.reason == ("step 'returning_a_failure': it returned an output of step 'fail', which failed")
    assert statuses(run) == {"returning_a_failure": "failed"}


def test_a_run_has_not_ended_before_what_it_started(run: ActiveRun) -> None:
    def fails() -> None:
        steps.said.submit("late")
        raise KeyError

    end = orchestrated(run, fails)
    made = run.ledger.result(run.id, "said")
    assert made is not None
    assert end.writer.time >= made.writer.time


def test_many_ways_to_one_cause_are_gone_once(run: ActiveRun) -> None:
    def doubles() -> None:
        sums = steps.fail.submit("broken")
        for _ in range(40):
            sums = steps.add.submit(steps.double.submit(sums), steps.double.submit(sums))
        with pytest.raises(StepFailed):
            sums.load()

    assert orchestrated(run, doubles).status is Status.COMPLETED


def test_a_pipeline_that_fails_is_a_step_that_fails(run: ActiveRun) -> None:
    told: list[str] = []

    def nests() -> None:
        told.append(failure_of(lambda: steps.failing_within("broken")))
        steps.double(2)

    assert orchestrated(run, nests).status is Status.COMPLETED
    assert told == ["step 'failing_within': failed: step 'fail': ValueError: broken."]
    assert statuses(run) == {"failing_within": "failed", "double": "completed"}


def test_the_failure_of_a_pipeline_that_was_caught_is_not_tried_again(run: ActiveRun) -> None:
    told: list[str] = []

    def nests() -> None:
        told.append(failure_of(lambda: steps.failing_within("broken")))
        steps.double(2)
        raise KeyError("mine")

    orchestrated(run, nests)
    again = resuming(run)
    orchestrated(again, nests)

    assert told == 2 * ["step 'failing_within': failed: step 'fail': ValueError: broken."]
    assert statuses(again) == {"failing_within": "failed", "double": "cached"}
    assert [
        call.sub_run for call in calls_of(again.ledger, again.id) if again.ledger.run(call.sub_run or "x")
    ] == []


def test_what_a_pipeline_gives_back_of_another_run_stays_that_runs(run: ActiveRun) -> None:
    found: list[int] = []

    def nests() -> None:
        given = {"output": steps.double(21)}
        found.append(steps.handed_through(given).load())
        found.append(steps.double(steps.handed_through(given)).load())

    assert orchestrated(run, nests).reason == ""
    assert found == [42, 84]


def test_an_output_of_another_run_is_no_parameter_of_a_pipeline(run: ActiveRun) -> None:
    kept: list[Any] = []
    orchestrated(run, lambda: kept.append(steps.double(1)))
    other = opened(run.ledger.store, run.snapshot, "own/2")

    end = orchestrated(other, lambda: steps.doubled_twice(kept[0]))

    assert end.reason == (
        "pipeline 'doubled_twice', input 'x': what step 'double' made belongs to another run. "
        "Call the step in this run, or pass on the value: .load()."
    )


def losing_the(number: int) -> tuple[ObjectStore, list[str]]:
    """A store that does not take the n-th call of a run, from 1; and the calls that it was to take."""
    calls: list[str] = []

    def plan(_: int, call: Call) -> Fault | None:
        if call.operation != "put_new" or "/calls/" not in call.key:
            return None
        if call.key not in calls:
            calls.append(call.key)
        return Fault.CONFLICT if calls.index(call.key) == number - 1 else None

    return faulty_store(plan)[0], calls


def test_a_call_that_cannot_be_noted_ends_the_run_also_where_the_function_goes_on() -> None:
    store, calls = losing_the(2)
    run = opened(store, snapshot_of())
    told: list[str] = []

    def goes_on() -> None:
        steps.double.submit(1)
        for _ in range(2):
            try:
                steps.double.submit(2)
            except StoreError as error:
                told.append(str(error))

    end = orchestrated(run, goes_on)

    assert end.status is Status.FAILED
    assert told == [end.reason] * 2
    assert "whether runs/" in end.reason
    assert len(calls) == 2
    assert statuses(run) == {"double": "completed"}


def test_a_function_that_leaves_the_program_has_failed(run: ActiveRun) -> None:
    def leaves() -> None:
        steps.double.submit(1)
        sys.exit(3)

    end = orchestrated(run, leaves)

    assert (end.status, end.reason) == (Status.FAILED, "it called sys.exit(3)")
    assert statuses(run) == {"double": "completed"}


def test_a_thread_that_ends_takes_its_step_with_it() -> None:
    store, _ = faulty_store(
        lambda _, call: (
            Fault.DIES_BEFORE if "result.json" in call.key and call.operation == "put_new" else None
        )
    )

    end = orchestrated(opened(store, snapshot_of()), lambda: steps.double.submit(1).load())

    assert end.status is Status.FAILED
    assert end.reason.startswith("step 'double': Died: DIES_BEFORE at put_new runs/")


def test_a_parameter_that_does_not_fit_is_the_callers_error(run: ActiveRun) -> None:
    def nests() -> None:
        with pytest.raises(AuthoringError, match="parameter 'why'"):
            steps.failing_within(3)
        steps.double(1)

    assert orchestrated(run, nests).status is Status.COMPLETED
