"""A run that is stopped: it ends, and what runs of it ends, wherever that is."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support import dynamic_steps
from skylift_tests_support.dynamic_runs import status_of, statuses
from skylift_tests_support.stops import interrupt, stopped, terminate

from skylift.dynamic import orchestrate
from skylift.dynamic.engine import Engine
from skylift.ledger.process import start_of
from skylift.ledger.records import StopRecord
from skylift.models import PipelineRun
from skylift.stopping import stop
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import StepFailed

if TYPE_CHECKING:
    from skylift.runtime.active import ActiveRun

steps: Any = dynamic_steps

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("nothing_is_left")]


def runs_stop(run: ActiveRun) -> None:
    stop(PipelineRun.of_record(run.ledger, run.record), graceful=False, user="ada")


def ask(run: ActiveRun) -> None:
    """From where the process cannot be signalled; it finds the request in its store."""
    run.ledger.request_stop(run.id, StopRecord(graceful=False, user="ada"))


HOWS: dict[Callable[[ActiveRun], None], str] = {
    interrupt: "it was stopped by Ctrl-C",
    terminate: "it was stopped by SIGTERM",
    runs_stop: "it was stopped by SIGTERM",
    ask: "ada asked for it",
}


def computing(fifo: str) -> None:
    steps.double(1)
    steps.computes.entrypoint(fifo)


def in_a_step(fifo: str) -> None:
    steps.double(1)
    steps.computes(fifo)


def in_an_isolated_step(fifo: str) -> None:
    steps.double(1)
    steps.computes_apart(fifo)


def awaiting(fifo: str) -> None:
    steps.double(1)
    steps.computes.submit(fifo).load()


def awaiting_an_isolated_step(fifo: str) -> None:
    steps.double(1)
    steps.computes_apart.submit(fifo).load()


def at_its_end(fifo: str) -> None:
    """The function has ended, and what it started runs on; what waits for that never begins."""
    steps.double(1)
    steps.nothing.submit(after=steps.computes.submit(fifo))


def within(fifo: str) -> None:
    steps.double(1)
    steps.computing_within(fifo)


def within_itself(fifo: str) -> None:
    steps.double(1)
    steps.computing_itself(fifo)


PLACES: dict[Callable[[str], None], dict[str, str]] = {
    computing: {},
    in_a_step: {"computes": "stopped"},
    in_an_isolated_step: {"computes_apart": "stopped"},
    awaiting: {"computes": "stopped"},
    awaiting_an_isolated_step: {"computes_apart": "stopped"},
    at_its_end: {"computes": "stopped", "nothing": "skipped"},
    within: {"computing_within": "stopped"},
    within_itself: {"computing_itself": "stopped"},
}


@pytest.mark.parametrize("how", HOWS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("place", PLACES, ids=lambda one: one.__name__)
def test_it_ends(
    place: Callable[[str], None],
    how: Callable[[ActiveRun], None],
    stoppable: ActiveRun,
    fifo: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if how is ask:
        monkeypatch.setattr(orchestrate, "LOOK_S", 0.01)

    end, process = stopped(stoppable, how, fifo, place)

    assert (end.status, end.reason) == (Status.STOPPED, HOWS[how])
    assert status_of(stoppable).status is Status.STOPPED
    assert statuses(stoppable) == {"double": "completed", **PLACES[place]}
    assert process == os.getpid() or start_of(process) is None


def test_a_future_of_a_run_that_was_stopped_says_so(stoppable: ActiveRun, fifo: str) -> None:
    futures: list[Any] = []

    def awaits(fifo: str) -> None:
        futures.append(steps.computes.submit(fifo))
        futures[0].load()

    stopped(stoppable, interrupt, fifo, awaits)

    with pytest.raises(StepFailed, match="step 'computes': failed: it was stopped by Ctrl-C"):
        futures[0].load()


def then_another(fifo: str) -> None:
    steps.holds_on(fifo)
    steps.double(1)


def awaited_then_another(fifo: str) -> None:
    steps.holds_on.submit(fifo).wait()
    steps.double(1)


def before_another(fifo: str) -> None:
    steps.double.submit(steps.holds_on.submit(fifo)).load()


class TestGraceful:
    @pytest.fixture(autouse=True)
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What runs may go on once the run has found the request."""
        engine_stop = Engine.stop

        def stops(self: Engine, why: str, *, graceful: bool) -> None:
            engine_stop(self, why, graceful=graceful)
            steps.LET_GO.set()

        monkeypatch.setattr(Engine, "stop", stops)
        monkeypatch.setattr(orchestrate, "LOOK_S", 0.01)

    @staticmethod
    def ask(run: ActiveRun) -> None:
        stop(PipelineRun.of_record(run.ledger, run.record), graceful=True, user="ada")

    @pytest.mark.parametrize(
        ("place", "found"),
        [
            (then_another, {"holds_on": "completed"}),
            (awaited_then_another, {"holds_on": "completed"}),
            (before_another, {"holds_on": "completed", "double": "not_started"}),
            (steps.holding_within, {"holding_within": "stopped"}),
        ],
        ids=["step", "background", "awaiting", "nested"],
    )
    def test_what_runs_finishes_and_nothing_else_begins(
        self, stoppable: ActiveRun, fifo: str, place: Callable[[str], Any], found: dict[str, str]
    ) -> None:
        end, _ = stopped(stoppable, self.ask, fifo, place)

        assert (end.status, end.reason) == (Status.STOPPED, "ada asked for it")
        shown = statuses(stoppable)
        assert {name: shown[name] for name in found} == found
        assert shown.keys() - found.keys() <= {"double"}
        assert shown.get("double") != "completed"
