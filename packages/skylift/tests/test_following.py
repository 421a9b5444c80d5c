"""What is told of a run as its ledger changes: everything once, and nothing that is no news."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from skylift import following, pipeline, step
from skylift.console.progress import Progress
from skylift.following import LONGEST_PAUSE_S, changes, elapsed, follow
from skylift.models import PipelineRun
from skylift.observer import Silent
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.status import RunStatus, StepStatus

if TYPE_CHECKING:
    from skylift.observer import StepEvent


class Heard(Silent):
    def __init__(self) -> None:
        self.events: list[tuple[str, Status]] = []
        self.timed: set[str] = set()

    def step(self, event: StepEvent) -> None:
        self.events.append((event.invocation, event.status))
        if event.seconds is not None:
            self.timed.add(event.invocation)


@step
def first() -> int:
    return 1


@step
def second(value: int) -> int:
    return value


@pipeline
def chain() -> None:
    second(first())


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> PipelineRun:
    monkeypatch.setenv("SKYLIFT_STORE_URI", f"memory://{uuid4().hex}")
    return chain()


def seen(run_status: Status, **steps: StepStatus) -> RunStatus:
    return RunStatus(run_status, steps=steps)


def test_a_run_that_has_ended_is_told_at_once(run: PipelineRun) -> None:
    heard = Heard()

    def never(_: float) -> None:
        raise AssertionError("it waited")

    assert follow(run, heard, pause=never).status is Status.COMPLETED
    assert heard.events == [("first", Status.COMPLETED), ("second", Status.COMPLETED)]
    assert heard.timed == {"first", "second"}


def test_each_change_is_told_once_and_waiting_grows(
    run: PipelineRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = StepStatus(Status.PENDING)
    running, again = StepStatus(Status.RUNNING, attempt=1), StepStatus(Status.RUNNING, "failed", attempt=2)
    looks = [
        seen(Status.RUNNING, first=running, second=waiting),
        *[seen(Status.RUNNING, first=running, second=waiting)] * 20,
        seen(Status.RUNNING, first=again, second=waiting),
        seen(Status.FAILED, first=StepStatus(Status.FAILED, attempt=2), second=StepStatus(Status.SKIPPED)),
    ]

    def next_look(_: PipelineRun) -> RunStatus:
        return looks.pop(0)

    monkeypatch.setattr(PipelineRun, "fetch", next_look)
    heard, pauses = Heard(), list[float]()
    assert follow(run, heard, pause=pauses.append).status is Status.FAILED
    assert heard.events == [
        ("first", Status.RUNNING),
        ("first", Status.RUNNING),
        ("first", Status.FAILED),
        ("second", Status.SKIPPED),
    ]
    assert pauses[:21] == sorted(pauses[:21])
    assert max(pauses) == LONGEST_PAUSE_S
    assert pauses[21] == pauses[0]


def test_a_step_that_waits_is_no_news_until_it_waits_again(run: PipelineRun) -> None:
    waiting = {"first": StepStatus(Status.PENDING)}
    assert list(changes(run, {}, waiting)) == []
    assert [event.status for event in changes(run, {"first": StepStatus(Status.UNKNOWN)}, waiting)] == [
        Status.PENDING
    ]


def test_a_step_that_runs_is_told_with_what_it_has_run(
    run: PipelineRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = run.ledger.start(str(run.id), "first", 1)
    assert began is not None
    monkeypatch.setattr(following, "now", lambda: began.writer.time + timedelta(minutes=5))

    (event,) = changes(run, {}, {"first": StepStatus(Status.RUNNING, attempt=1)})

    assert event.so_far == 300.0
    assert Progress(["first"]).note(event, 1000.0).elapsed(1000.0) == 300.0


def test_a_clock_that_is_ahead_counts_as_now(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = datetime(2026, 8, 1, tzinfo=UTC)
    monkeypatch.setattr(following, "now", lambda: moment)
    assert elapsed(moment + timedelta(seconds=5)) == 0.0
    assert elapsed(moment - timedelta(seconds=5)) == 5.0
