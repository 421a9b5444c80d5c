"""Taking a run's steps through their graph, from a process that starts each of them."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

from skylift import observer
from skylift.coordination.frontier import Frontier
from skylift.ledger.records import RunEndRecord
from skylift.observer import StepEvent
from skylift.runtime.failures import summary
from skylift.runtime.hooks import call_run_hook
from skylift.runtime.interrupts import (
    StopRequested,
    asked_to_stop,
    held_back,
    raise_if_asked,
    stopped_by,
    wait_until,
)
from skylift.runtime.signals import stopping_on_signals
from skylift.runtime.streams import teed
from skylift_contract.enums import ExecutionMode, ExecutionStatus
from skylift_contract.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sized

    from skylift.runtime.active import ActiveRun, Outcome
    from skylift_contract.snapshot import Step


LOOK_S: Final = 2.0
"""Between looks for a request to stop, while every worker is busy."""


class Workers(Protocol):
    """Where the steps of one run are run; the coordinator calls it in one thread.

    `running`: those that were started, and whose outcome nobody has taken yet.
    """

    @property
    def running(self) -> Sized: ...

    def start(self, step: Step) -> Outcome | None:
        """Begin a step; its outcome, where it ran here and now."""
        ...

    def wait(self, patience_s: float) -> str | None:
        """Block until a step ends; its invocation, or None when none has in so many seconds."""
        ...

    def outcome(self, name: str) -> Outcome:
        """What became of a step that has ended, and runs no more."""
        ...

    def ask_to_stop(self) -> None: ...

    def stop_all(self) -> Iterator[tuple[str, Outcome]]:
        """Wait for those that were asked to stop, by force where their grace has passed."""
        ...

    def close(self) -> None:
        """Leave nothing behind: what should still run ends now."""
        ...


def coordinate(run: ActiveRun, parallelism: int, workers: Workers) -> None:
    """Run every step that may run, so many at once, and write the run's end."""
    observer.current().started(run.id)
    coordinator = _Coordinator(run, parallelism, workers)
    with stopping_on_signals(), held_back(), teed():
        try:
            status, reason = coordinator.run_all()
        except (KeyboardInterrupt, StopRequested) as error:
            status, reason = ExecutionStatus.STOPPED, stopped_by(error)
        except BaseException as error:
            # Whatever ends this process's part also ends the run, where the store still takes it.
            with suppress(StoreError):
                run.ledger.seal(run.id, RunEndRecord(status=ExecutionStatus.FAILED, reason=summary(error)))
            raise
        _seal(run, RunEndRecord(status=status, reason=reason))


def _seal(run: ActiveRun, end: RunEndRecord) -> None:
    """Once more where a call was lost: by now every step is closed, and nobody else would do it."""
    try:
        standing = run.ledger.seal(run.id, end)
    except StoreError:
        standing = run.ledger.seal(run.id, end)
    call_run_hook(run, end, standing)


class _Coordinator:
    def __init__(self, run: ActiveRun, parallelism: int, workers: Workers) -> None:
        self.run, self.parallelism = run, parallelism
        self.steps = run.snapshot.step_configurations
        self.mode = run.snapshot.pipeline_configuration.execution_mode
        self.frontier = Frontier(self.steps, self.mode, run.snapshot.bindings)
        self.workers = workers
        self.observer = observer.current()
        self.began: dict[str, float] = {}
        self.first_failure = self.first_stop = ""
        self.is_halted = False
        """In fail_fast, once something failed: what still runs is stopped."""

    def run_all(self) -> tuple[ExecutionStatus, str]:
        """How the run ended, and why where it did not complete."""
        try:
            while not self.frontier.is_done and not self.is_halted and not self._is_stopped():
                self._start_ready()
                if self.workers.running:
                    self._wait()
            self._finish_running()
        finally:
            self.workers.ask_to_stop()
            try:
                for name, outcome in self.workers.stop_all():
                    self._close(name, outcome)
            finally:
                self.workers.close()
        return self._outcome()

    def _is_stopped(self) -> bool:
        raise_if_asked()
        if (stop := asked_to_stop()) is not None:  # a step's own code caught it, and went on
            raise stop
        return self.run.ledger.stop_request(self.run.id) is not None

    def _wait(self) -> None:
        """Until a worker ends, or somebody asks for a stop that does not wait for it."""
        ended, looked = list[str](), time.monotonic()

        def is_over(seconds: float) -> bool:
            nonlocal looked
            if (name := self.workers.wait(seconds)) is not None:
                ended.append(name)
                return True
            if time.monotonic() - looked < LOOK_S:
                return False
            looked = time.monotonic()
            request = self.run.ledger.stop_request(self.run.id)
            return request is not None and not request.graceful

        wait_until(is_over)  # stops are held back: none comes between a worker's end and its being noted
        for name in ended:
            self._close(name, self.workers.outcome(name))

    def _finish_running(self) -> None:
        """A stop that is graceful lets what runs come to its own end."""
        while self.workers.running and not self.is_halted:
            request = self.run.ledger.stop_request(self.run.id)
            if request is None or not request.graceful:
                return
            self._wait()

    def _start_ready(self) -> None:
        while len(self.workers.running) < self.parallelism and (name := self.frontier.take()):
            self.began[name] = time.monotonic()
            self.observer.step(StepEvent(name, ExecutionStatus.RUNNING))
            if (outcome := self.workers.start(self.steps[name])) is not None:
                self._close(name, outcome)
                return

    def _close(self, name: str, outcome: Outcome) -> None:
        took = time.monotonic() - self.began[name]
        seconds = None if outcome.status is ExecutionStatus.CACHED else took
        self.observer.step(StepEvent(name, outcome.status, outcome.reason, outcome.attempt, seconds))
        if outcome.status is ExecutionStatus.FAILED and not self.first_failure:
            self.first_failure = f"step {name!r}: {outcome.reason}"
        if outcome.status is ExecutionStatus.STOPPED:
            self.first_stop = self.first_stop or f"step {name!r}: {outcome.reason}"
        for other in self.frontier.close(name, outcome.status):
            why = f"step {name!r} {outcome.status.value}"
            self.observer.step(StepEvent(other, self.frontier.closed[other], why))
        if outcome.status is ExecutionStatus.FAILED and self.mode is ExecutionMode.FAIL_FAST:
            self.is_halted = True

    def _outcome(self) -> tuple[ExecutionStatus, str]:
        found = set(self.frontier.closed.values())
        if ExecutionStatus.FAILED in found:
            return ExecutionStatus.FAILED, self.first_failure
        if ExecutionStatus.STOPPED in found or len(self.frontier.closed) < len(self.steps):
            return ExecutionStatus.STOPPED, self._asked() or self.first_stop
        return ExecutionStatus.COMPLETED, ""

    def _asked(self) -> str:
        request = self.run.ledger.stop_request(self.run.id)
        return f"{request.user or 'somebody'} asked for it" if request else ""
