"""While a backend makes a run: what is shown of it, and what is said where the waiting ends first."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from skylift_tests_support.runs import make_snapshot, make_step, start_run

from skylift.launch.waiting import left_running, shown
from skylift.models import PipelineRun
from skylift.observer import Silent
from skylift.runtime.outcomes import refused
from skylift.runtime.step import run_step
from skylift_contract import run as contract
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import AuthenticationError, NotFound, RunGoesOn
from skylift_contract.status import RunStatus, StepStatus

if TYPE_CHECKING:
    from skylift.observer import StepEvent
    from skylift.runtime.active import ActiveRun
    from skylift.store.objects import ObjectStore


class Heard(Silent):
    def __init__(self) -> None:
        self.events: list[tuple[str, Status]] = []
        self.has_ended = threading.Event()

    def step(self, event: StepEvent) -> None:
        self.events.append((event.invocation, event.status))
        if event.status.is_finished:
            self.has_ended.set()


@pytest.fixture
def active(memory_store: ObjectStore) -> ActiveRun:
    return start_run(memory_store, make_snapshot(make_step("a"), make_step("b", after=("a",))))


@pytest.fixture
def run(active: ActiveRun) -> PipelineRun:
    return PipelineRun.of_record(active.ledger, active.record)


def test_steps_are_told_while_they_run_and_at_the_end(active: ActiveRun, run: PipelineRun) -> None:
    heard = Heard()
    with shown(run, heard):
        run_step(active, active.snapshot.step("a"))
        assert heard.has_ended.wait(20), "it is told before the waiting is over"
        run_step(active, active.snapshot.step("b"))

    assert [name for name, status in heard.events if status is Status.COMPLETED] == ["a", "b"]


def test_what_only_its_backend_knows_is_told_at_the_end_and_nothing_twice(
    active: ActiveRun, run: PipelineRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Heard()
    told = RunStatus(
        Status.FAILED,
        "it broke",
        {"a": StepStatus(Status.FAILED, "in other words"), "b": StepStatus(Status.SKIPPED, "a failed")},
    )

    def fetch(_: PipelineRun) -> RunStatus:
        return told

    monkeypatch.setattr(PipelineRun, "fetch", fetch)
    with shown(run, heard):
        refused(active, "a", "in its own words")
    assert heard.events == [("a", Status.FAILED), ("b", Status.SKIPPED)]


def test_ctrl_c_says_that_the_run_goes_on(run: PipelineRun) -> None:
    with pytest.raises(KeyboardInterrupt) as caught, left_running(run):
        raise KeyboardInterrupt

    first, watch, stop = str(caught.value).splitlines()
    assert first == f"no longer waiting: run {run.id} goes on"
    assert watch.startswith(f"next: skylift runs watch {run.id} --store memory://")
    assert stop.startswith(f"      skylift runs stop {run.id} --store memory://")


def test_a_backend_that_answers_no_more_leaves_the_run_as_it_is(run: PipelineRun) -> None:
    with pytest.raises(RunGoesOn) as caught, left_running(run):
        raise AuthenticationError("the token has expired", operation="cloud:Describe")

    assert str(caught.value).startswith(
        f"run {run.id}: it goes on, and could not be waited for to its end: cloud:Describe: the token has expired. "
        f"Then: skylift runs watch {run.id} --store memory://"
    )
    assert caught.value.exit_code == 75


@pytest.mark.parametrize("error", [NotFound("it is gone", operation="cloud:Describe"), ValueError("no")])
def test_what_is_about_the_run_itself_is_told_as_it_is(run: PipelineRun, error: Exception) -> None:
    with pytest.raises(type(error)) as caught, left_running(run):
        raise error
    assert caught.value is error


def test_a_run_without_an_id_yet_is_waited_for_all_the_same(run: PipelineRun) -> None:
    nameless = PipelineRun.open(
        run.ledger, contract.PipelineRun(pipeline="p", snapshot="0" * 64, flavor="x", submission_id="s")
    )
    heard = Heard()
    with left_running(nameless), shown(nameless, heard):
        pass
    assert heard.events == []
