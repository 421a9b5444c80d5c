"""Stops of what does not let itself be stopped, of what is stopped twice, and of a part."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support import dynamic_steps
from skylift_tests_support.dynamic_runs import orchestrated, status_of, statuses
from skylift_tests_support.stops import interrupt, stopped, terminate

from skylift.dynamic import engine
from skylift.dynamic.engine import UNINTERRUPTED, Engine
from skylift.observer import Silent, StepEvent, observed
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import StepFailed

if TYPE_CHECKING:
    from skylift.runtime.active import ActiveRun

steps: Any = dynamic_steps

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("nothing_is_left")]


def test_a_thread_that_waits_for_the_system_is_left_behind(
    stoppable: ActiveRun, fifo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "STOP_GRACE_S", 0.1)

    end, _ = stopped(stoppable, terminate, fifo, lambda fifo: steps.hangs.submit(fifo).load())

    assert end.reason == "it was stopped by SIGTERM"
    found = status_of(stoppable).steps["hangs"]
    assert (found.status, found.reason) == (Status.STOPPED, UNINTERRUPTED)


def test_what_was_left_behind_does_not_overturn_the_run(
    stoppable: ActiveRun, fifo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "STOP_GRACE_S", 0.1)
    stopped(stoppable, terminate, fifo, lambda fifo: steps.hangs.submit(fifo).load())

    steps.HELD.release()
    for thread in threading.enumerate():
        if thread.name == "skylift-step":
            thread.join()

    assert statuses(stoppable) == {"hangs": "stopped"}
    assert status_of(stoppable).status is Status.STOPPED


@pytest.fixture
def again(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """What is done once the run waits for what was told to stop."""
    abandon, found = Engine.abandon, list[Callable[[], object]]()

    def waits(self: Engine, calls: Any, why: str) -> None:
        timer = threading.Timer(0.01, found[0])
        timer.start()
        try:
            abandon(self, calls, why)
        finally:
            timer.join()

    monkeypatch.setattr(Engine, "abandon", waits)
    return found


def hanging(fifo: str) -> None:
    steps.hangs.submit(fifo).load()


def test_who_presses_ctrl_c_again_does_not_wait_for_what_hangs(
    stoppable: ActiveRun, fifo: str, again: list[Callable[[], object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "STOP_GRACE_S", 3600.0)
    again.append(lambda: interrupt(stoppable))

    end, _ = stopped(stoppable, interrupt, fifo, hanging)

    assert (end.status, end.reason) == (Status.STOPPED, "it was stopped by Ctrl-C")
    assert statuses(stoppable) == {"hangs": "stopped"}


def test_a_program_that_is_to_end_too_ends_when_the_run_has(
    stoppable: ActiveRun, fifo: str, again: list[Callable[[], object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "STOP_GRACE_S", 0.1)
    again.append(lambda: terminate(stoppable))
    handed_on: list[str] = []

    def ends(*_: object) -> None:
        handed_on.append(statuses(stoppable)["hangs"])

    before = signal.signal(signal.SIGTERM, ends)
    try:
        end, _ = stopped(stoppable, interrupt, fifo, hanging)
    finally:
        signal.signal(signal.SIGTERM, before)

    assert end.reason == "it was stopped by Ctrl-C"
    assert handed_on == ["stopped"]


def test_between_two_attempts(stoppable: ActiveRun) -> None:
    class Seen(Silent):
        def step(self, event: StepEvent) -> None:
            if "the next starts after" in event.reason:
                terminate(stoppable)

    with observed(Seen()):
        end = orchestrated(stoppable, lambda: steps.fails_and_waits.submit().load())

    assert end.reason == "it was stopped by SIGTERM"
    found = status_of(stoppable).steps["fails_and_waits"]
    assert found.status is Status.STOPPED
    assert found.reason == "it was stopped by SIGTERM before its next attempt"


@pytest.mark.parametrize(
    "calls",
    [lambda: steps.double(1), lambda: steps.double.submit(1), lambda: steps.doubled_twice(1)],
    ids=["call", "submit", "nested"],
)
def test_a_function_that_catches_the_stop_can_call_nothing_more(
    stoppable: ActiveRun, fifo: str, calls: Callable[[], Any]
) -> None:
    def goes_on(fifo: str) -> None:
        for _ in range(2):
            with suppress(BaseException):
                steps.computes(fifo)
        calls()

    end, _ = stopped(stoppable, terminate, fifo, goes_on)

    assert (end.status, end.reason) == (Status.STOPPED, "it was stopped by SIGTERM")
    assert statuses(stoppable) == {"computes": "stopped"}


def test_a_pipeline_that_fails_fast_within_another_ends_itself_only(stoppable: ActiveRun, fifo: str) -> None:
    seen: list[str] = []

    def catches() -> None:
        try:
            steps.failing_fast(fifo)
        except StepFailed as error:
            seen.append(error.reason)
        steps.double(1)

    thread = threading.Thread(target=lambda: Path(fifo).read_text())
    thread.start()
    end = orchestrated(stoppable, catches)
    thread.join()

    assert (end.status, end.reason) == (Status.COMPLETED, "")
    assert seen == ["step 'fail_after': ValueError: broken"]
    assert statuses(stoppable) == {"failing_fast": "failed", "double": "completed"}
