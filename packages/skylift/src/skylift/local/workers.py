"""Worker processes: each runs one step through the entry point that a container uses."""

from __future__ import annotations

import queue
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from skylift.ledger.records import FailureRecord
from skylift.runtime.outcomes import close_attempt, written_outcome
from skylift.runtime.processes import STOP_GRACE_S, StepProcess, Supervision
from skylift.runtime.step import EXIT_STOPPED
from skylift_contract.containers import step_arguments
from skylift_contract.enums import ExecutionStatus
from skylift_contract.run_id import RUN_ID_ENV
from skylift_contract.status import AttemptEnd

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skylift.runtime.active import ActiveRun, Outcome
    from skylift_contract.snapshot import Step


class Workers:
    """The worker processes of one run. Each one's end arrives in a queue, in order."""

    def __init__(self, run: ActiveRun, environments: Mapping[str, Mapping[str, str]]) -> None:
        self.run, self.environments = run, environments
        self.running: dict[str, StepProcess] = {}
        self._ended: queue.Queue[str] = queue.Queue()
        self._supervision = Supervision()

    def start(self, step: Step) -> Outcome | None:
        name, store = step.spec.invocation_id, self.run.ledger.store.uri
        self.running[name] = StepProcess(
            name,
            [*step_arguments(self.run.snapshot, name), "--store", store],
            {**self.environments.get(name, {}), RUN_ID_ENV: self.run.orchestrator_run_id},
            self._supervision,
            lambda: self._ended.put(name),
        )

    def wait(self, patience_s: float | None = None) -> str | None:
        """Block until a worker ends; its invocation, or None when none has in so many seconds."""
        with suppress(queue.Empty):
            return self._ended.get(timeout=patience_s)
        return None

    def outcome(self, name: str) -> Outcome:
        """What became of a worker that has ended, and runs no more."""
        return outcome_of(self.run, self.running.pop(name))

    def ask_to_stop(self) -> None:
        for worker in self.running.values():
            worker.stop()

    def stop_all(self) -> Iterator[tuple[str, Outcome]]:
        """Wait for those that were asked to stop, by force where the grace has passed."""
        deadline = time.monotonic() + STOP_GRACE_S
        for worker in self.running.values():
            worker.wait(max(deadline - time.monotonic(), 0))
            if worker.exit_code is None:
                worker.kill()
        while self.running:
            if name := self.wait():
                yield name, self.outcome(name)

    def close(self) -> None:
        """Give the pipe back: a worker that should still run stops now."""
        self._supervision.close()


def outcome_of(run: ActiveRun, process: StepProcess) -> Outcome:
    """What the ledger says; where the process left an attempt open, that is closed here."""
    if (found := written_outcome(run, process.name)) is not None:
        return found
    code, how = process.exit_code or 0, process.how_it_ended()
    has_started = bool(run.ledger.step_listing(run.id, process.name).attempts)
    said = f": {process.last_line[0]}" if process.last_line and not has_started else ""
    reason = f"its process ended with {how} and left no result{said}"
    stopped = code in {-signal.SIGTERM, EXIT_STOPPED} or (process.asked_to_stop is not None and code < 0)
    end = AttemptEnd.STOPPED if stopped else AttemptEnd.FAILED
    outcome = close_attempt(run, process.name, end, reason, process.began)
    if outcome.status is ExecutionStatus.FAILED:
        failure = FailureRecord(invocation_id=process.name, attempt=outcome.attempt, reason=reason)
        run.ledger.fail(run.id, failure)
    return outcome
