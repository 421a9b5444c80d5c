"""Taking a run's steps through their graph on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skylift.coordination.coordinator import coordinate as take_to_its_end
from skylift.local.workers import Workers
from skylift.runtime.invocation import execute_invocation
from skylift.runtime.step import record_failure
from skylift_contract.enums import ExecutionStatus
from skylift_contract.snapshot import ISOLATED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift.runtime.active import ActiveRun, Outcome
    from skylift_contract.snapshot import Step


def coordinate(run: ActiveRun, parallelism: int, environments: Mapping[str, Mapping[str, str]]) -> None:
    """Run every step that may run, and write the run's end."""
    workers = Workers(run, environments) if parallelism > 1 else _HereOrInWorkers(run, environments)
    take_to_its_end(run, parallelism, workers)


def needs_worker(step: Step) -> bool:
    """Whether it cannot run in this process: an alarm and an isolation are a process's own."""
    return step.config.timeout is not None or step.config.runtime == ISOLATED


class _HereOrInWorkers(Workers):
    """One step after another, in this process wherever that can be."""

    def start(self, step: Step) -> Outcome | None:
        return super().start(step) if needs_worker(step) else self._here(step)

    def _here(self, step: Step) -> Outcome:
        outcome = execute_invocation(self.run, step)
        if outcome.status is ExecutionStatus.FAILED:
            record_failure(self.run, step, outcome)
        return outcome
