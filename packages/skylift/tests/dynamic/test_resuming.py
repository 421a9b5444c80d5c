"""A run that is resumed, or that another process goes on with: nothing that committed is done twice."""

from __future__ import annotations

import re
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support import dynamic_steps
from skylift_tests_support.dynamic_runs import (
    Broken,
    ended,
    opened,
    orchestrated,
    resuming,
    status_of,
    statuses,
)
from skylift_tests_support.faults import Call, Died, Fault, faulty_store

from skylift.dynamic import orchestrate
from skylift.ledger import keys
from skylift.ledger.calls import calls_of
from skylift.ledger.ledger import Ledger
from skylift.ledger.records import StopRecord
from skylift.runtime.active import ActiveRun
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import StepFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from skylift.store.objects import ObjectStore

steps: Any = dynamic_steps


def test_a_run_that_was_resumed_is_resumed_again(run: ActiveRun) -> None:
    words = ["a", "b", "c", "d", "e", "f"]

    def says(until: int) -> Callable[[], None]:
        def calls() -> None:
            with suppress(StepFailed):
                steps.refused("no")
            before = steps.said(words[0])
            for word in words[1:until]:
                before = steps.said_after(word, before)
            if until < len(words):
                raise Broken

        return calls

    orchestrated(run, says(2))
    assert steps.ran() == ["no", "a", "b"]
    for number, until in enumerate((3, 1, 5, 6), 2):
        run = resuming(run, f"own/{number}")
        orchestrated(run, says(until))
        assert steps.ran() == {3: ["c"], 1: [], 5: ["d", "e"], 6: ["f"]}[until]

    assert status_of(run).status is Status.COMPLETED
    bound = ["said", "said_after", *(f"said_after_{number}" for number in range(2, 5))]
    assert statuses(run) == {
        "refused": "failed",
        **dict.fromkeys(bound, "cached"),
        "said_after_5": "completed",
    }


def test_an_earlier_end_of_a_run_that_failed_by_itself_loses_nothing(run: ActiveRun) -> None:
    """The function raises before it comes to what it called before: that stays known for the next."""
    orchestrated(run, ended(steps.one_after_another))
    orchestrated(second := resuming(run), ended(lambda: None))
    steps.ran()

    end = orchestrated(resuming(second, "own/3"), steps.one_after_another)

    assert end.status is Status.COMPLETED
    assert steps.ran() == []


def dying(store: ObjectStore, at: str) -> ObjectStore:
    """A store of a process that ends at the first write of a key with this pattern, and then for good."""
    dead: list[str] = []

    def plan(_: int, call: Call) -> Fault | None:
        if call.operation == "put_new" and re.search(at, call.key):
            dead.append(call.key)
        return Fault.DIES_BEFORE if dead else None

    return faulty_store(plan, over=store)[0]


def die(run: ActiveRun, at: str, function: Callable[[], Any]) -> None:
    dead = ActiveRun(Ledger(dying(run.ledger.store, at)), run.snapshot, run.record)
    with pytest.raises(Died):
        orchestrated(dead, function)


def test_another_process_of_the_same_run_goes_on_where_the_first_was_killed(run: ActiveRun) -> None:
    def calls() -> None:
        steps.said("a")
        steps.saying("in")
        steps.said("b")

    die(run, "calls/said-2", calls)
    assert steps.ran() == ["a", "in one", "in two"]

    end = orchestrated(opened(run.ledger.store, run.snapshot), calls)

    assert steps.ran() == ["b"]
    assert end.status is Status.COMPLETED
    assert statuses(run) == dict.fromkeys(["said", "saying", "said_2"], "completed")


def test_a_stop_that_was_asked_for_before_it_was_opened_again_is_void(
    run: ActiveRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orchestrate, "LOOK_S", 0.01)
    run.ledger.request_stop(run.id, StopRecord(graceful=False))

    def computes() -> None:
        steps.said("a")
        while True:
            pass

    assert orchestrated(run, computes).reason == "somebody asked for it"
    run.ledger.reopen(run.id)
    looked, stop_request = threading.Event(), Ledger.stop_request

    def looks(*arguments: Any) -> Any:
        found = stop_request(*arguments)
        if looking.is_set():
            looked.set()
        return found

    monkeypatch.setattr(Ledger, "stop_request", looks)
    looking = threading.Event()

    def goes_on() -> None:
        steps.said("a")
        looking.set()
        looked.wait()
        steps.said("b")

    assert orchestrated(run, goes_on).status is Status.COMPLETED
    assert sorted(steps.ran()) == ["a", "b"]


class TestNested:
    def test_it_is_resumed_with_what_it_had_done(self, run: ActiveRun) -> None:
        die(run, "calls/said-after", lambda: steps.saying("in"))
        assert steps.ran() == ["in one"]

        end = orchestrated(resuming(run), lambda: steps.saying("in"))

        assert end.status is Status.COMPLETED
        assert steps.ran() == ["in two"]

    def test_a_resume_that_did_not_come_to_it_loses_nothing_of_it(self, run: ActiveRun) -> None:
        die(run, "calls/said-after", lambda: steps.saying("in"))
        second = resuming(run)
        die(second, "run.json", lambda: steps.saying("in"))
        assert [call.invocation_id for call in calls_of(second.ledger, second.id)] == ["saying"]
        steps.ran()

        end = orchestrated(resuming(second, "own/3"), lambda: steps.saying("in"))

        assert end.status is Status.COMPLETED
        assert steps.ran() == ["in two"]

    def test_a_failure_that_it_caught_last_is_not_tried_again(self, run: ActiveRun) -> None:
        def calls() -> None:
            steps.catching("in")
            steps.said("b")

        die(run, "calls/said", calls)
        assert steps.ran() == ["in"]

        end = orchestrated(resuming(run), calls)

        assert end.status is Status.COMPLETED
        assert steps.ran() == ["b"]

    def test_a_run_that_goes_on_opens_those_within_again(self, run: ActiveRun) -> None:
        """The process was killed when the inner run had failed, and nobody had been told."""

        def calls() -> None:
            steps.fails_at_first("in")

        steps.CHOICE[:] = ["fail"]
        die(run, "fails-at-first.*end-failed", calls)
        inner = calls_of(run.ledger, run.id)[0].sub_run or ""
        assert (sealed := run.ledger.newest_end(inner))
        assert sealed[1].status is Status.FAILED
        steps.CHOICE[:] = []

        end = orchestrated(opened(run.ledger.store, run.snapshot), calls)

        assert end.status is Status.COMPLETED
        assert (found := run.ledger.newest_end(inner))
        assert found[1].status is Status.COMPLETED


def forgets(run: ActiveRun, name: str) -> None:
    """Lose the data of a step's output."""
    result = run.ledger.result(run.id, name)
    assert result is not None
    folder = keys.artifact(result.outputs["output"].digest)
    run.ledger.store.delete(run.ledger.store.list(folder))


def test_a_step_whose_data_is_gone_runs_again_and_nothing_else(run: ActiveRun) -> None:
    def calls() -> None:
        before = steps.said("a")
        steps.said_after("c", steps.said_after("b", before))

    orchestrated(run, ended(calls))
    assert steps.ran() == ["a", "b", "c"]
    forgets(run, "said_after")

    again = resuming(run)
    end = orchestrated(again, calls)

    assert end.status is Status.COMPLETED
    assert steps.ran() == ["b"]
    assert statuses(again) == {"said": "cached", "said_after": "completed", "said_after_2": "cached"}


def test_what_lost_a_file_of_its_data_is_made_again(run: ActiveRun) -> None:
    def calls() -> None:
        steps.said("a")
        assert steps.said("b" * 5000).load() == "b" * 5000

    orchestrated(run, ended(calls))
    result = run.ledger.result(run.id, "said_2")
    assert result is not None
    store, folder = run.ledger.store, keys.artifact(result.outputs["output"].digest)
    store.delete([key for key in store.list(folder) if "/data/" in key])
    steps.ran()

    end = orchestrated(resuming(run), calls)

    assert end.reason == ""
    assert steps.ran() == ["b" * 5000]


def test_values_whose_order_is_chance_are_the_same_values(run: ActiveRun) -> None:
    words = ["a", "b", "c", "d", "e"]
    orchestrated(run, ended(lambda: steps.said_of(set(words))))
    call = calls_of(run.ledger, run.id)[0]

    assert call.step.config.parameters == {"values": words}
