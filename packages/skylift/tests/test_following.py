"""What is told of a run as its ledger changes: everything once, and nothing that is no news."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from skylift import pipeline, step
from skylift.following import LONGEST_PAUSE_S, changes, follow
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
    monkeypatch.setattr(PipelineRun, "fetch", lambda _: looks.pop(0))
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
