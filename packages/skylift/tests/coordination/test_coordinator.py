"""A stop that comes at the worst of times: as a worker's end is taken."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from skylift_tests_support.runs import make_snapshot, make_step, start_run

from skylift.coordination.coordinator import coordinate
from skylift.runtime.active import Outcome
from skylift_contract.enums import ExecutionStatus as Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skylift.store.objects import ObjectStore
    from skylift_contract.snapshot import Step


class Interrupted:
    """Workers of which the first ends in the moment in which a stop arrives."""

    def __init__(self, number: int) -> None:
        self.running = dict[str, "Step"]()
        self.taken = list[str]()
        self._number = number

    def start(self, step: Step) -> None:
        self.running[step.spec.invocation_id] = step

    def wait(self, patience_s: float) -> str | None:
        name = next(iter(self.running))
        signal.raise_signal(self._number)
        return name

    def outcome(self, name: str) -> Outcome:
        del self.running[name]
        self.taken.append(name)
        return Outcome(Status.COMPLETED)

    def ask_to_stop(self) -> None:
        pass

    def stop_all(self) -> Iterator[tuple[str, Outcome]]:
        """One whose end was lost would never come."""
        assert not self.running
        return iter(())

    def close(self) -> None:
        pass


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_end_of_a_worker_is_not_lost_to_a_stop(memory_store: ObjectStore, number: int) -> None:
    run = start_run(memory_store, make_snapshot(make_step("a"), make_step("b", after=("a",))))
    workers = Interrupted(number)

    coordinate(run, 2, workers)

    assert workers.taken == ["a"]
    newest = run.ledger.newest_end(run.id)
    assert newest is not None
    assert newest[1].status is Status.STOPPED
