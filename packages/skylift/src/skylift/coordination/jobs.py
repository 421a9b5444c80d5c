"""Steps as jobs of a backend: each attempt a fresh one, started and waited for in a thread.

The backend's side is a `Job`. This is its `Workers`: who tries again, and what becomes of an
attempt whose job was killed before it could write its end.
"""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from skylift import observer
from skylift.ledger.records import FailureRecord, now
from skylift.observer import StepEvent
from skylift.runtime.outcomes import close_attempt, failures_of, written_outcome
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import SkyliftError, StoreError
from skylift_contract.status import AttemptEnd, StepStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from skylift.runtime.active import ActiveRun, Outcome
    from skylift_contract.snapshot import Step


class Job(Protocol):
    """One attempt of a step on its backend."""

    def wait(self) -> StepStatus:
        """Block until it has ended; how, in the backend's words. What it left there is gone then."""
        ...

    def stop(self) -> None:
        """Ask it to end, by force after a while; returns at once, and may come twice."""
        ...


@dataclass(slots=True)
class _Running:
    """A step from its first attempt to its outcome, or to what went wrong in waiting for it."""

    step: Step
    job: Job | None = None
    outcome: Outcome | None = None
    error: BaseException | None = None
    thread: threading.Thread | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class Jobs:
    """The steps of one run as jobs.

    Args:
        run: The run, which is open.
        start: Starts an attempt, given the step and which of its jobs this is, from 1. What its
            backend refuses is the attempt's failure.
    """

    def __init__(self, run: ActiveRun, start: Callable[[Step, int], Job]) -> None:
        self.run, self._start = run, start
        self.running: dict[str, _Running] = {}
        self._news: queue.Queue[str | StepEvent] = queue.Queue()
        self._stopping = threading.Event()

    def start(self, step: Step) -> None:
        name = step.spec.invocation_id
        self.running[name] = entry = _Running(step)
        entry.thread = threading.Thread(target=self._take, args=(entry,), name=f"job-{name}", daemon=True)
        entry.thread.start()

    def wait(self, patience_s: float) -> str | None:
        """Block until a step ends; its invocation, or None when none has in so many seconds."""
        try:
            news = self._news.get(timeout=patience_s)
        except queue.Empty:
            return None
        if isinstance(news, StepEvent):
            observer.current().step(news)
            return None
        return news if news in self.running else None

    def outcome(self, name: str) -> Outcome:
        """What became of a step that has ended; raises what kept this process from waiting for it."""
        entry = self.running.pop(name)
        if entry.outcome is None:
            raise entry.error or RuntimeError(f"step {name!r} has not ended")
        return entry.outcome

    def ask_to_stop(self) -> None:
        self._stopping.set()
        for entry in list(self.running.values()):
            with entry.lock:
                if entry.job is not None:
                    entry.job.stop()

    def stop_all(self) -> Iterator[tuple[str, Outcome]]:
        """Wait for those that were asked to stop; a job ends by force itself where its grace has passed."""
        for name, entry in list(self.running.items()):
            if entry.thread is not None:
                entry.thread.join()
            yield name, self.outcome(name)

    def close(self) -> None:
        """What should still run was left by a second Ctrl-C: it is asked once more, and not waited for."""
        self.ask_to_stop()

    def _take(self, entry: _Running) -> None:
        try:
            entry.outcome = self._attempts(entry)
        except BaseException as error:  # noqa: BLE001 -- raised where the outcome is asked for
            entry.error = error
        self._news.put(entry.step.spec.invocation_id)

    def _attempts(self, entry: _Running) -> Outcome:
        step, number = entry.step, 1
        while True:
            before, began = _newest(self.run, step), now()
            outcome = ended(self.run, step, self._job(entry, number), before, began)
            if not outcome.will_retry:
                return outcome
            if self._is_stopped_before(step, outcome):
                why = "it was stopped before its next attempt"
                name = step.spec.invocation_id
                return close_attempt(self.run, name, AttemptEnd.STOPPED, why, began, number=outcome.attempt)
            number += 1

    def _job(self, entry: _Running, number: int) -> StepStatus:
        if self._stopping.is_set():
            return StepStatus(ExecutionStatus.STOPPED, "it was stopped before it started")
        try:
            job = self._start(entry.step, number)
        except StoreError:
            raise
        except SkyliftError as error:
            return StepStatus(ExecutionStatus.FAILED, f"it could not be started: {error}")
        with entry.lock:
            entry.job = job
            if self._stopping.is_set():
                job.stop()
        try:
            return job.wait()
        finally:
            with entry.lock:
                entry.job = None

    def _is_stopped_before(self, step: Step, outcome: Outcome) -> bool:
        """Pause before the next attempt; whether a stop came meanwhile."""
        name, retry = step.spec.invocation_id, step.config.retry
        delay = retry.delay_before(failures_of(self.run, name)).total_seconds() if retry else 0.0
        why = f"attempt {outcome.attempt} failed, the next starts after {delay:g} s: {outcome.reason}"
        self._news.put(StepEvent(name, ExecutionStatus.RUNNING, why, outcome.attempt + 1))
        return self._stopping.wait(delay)


def ended(run: ActiveRun, step: Step, said: StepStatus, before: int, began: datetime) -> Outcome:
    """What became of an attempt: by the ledger, else by what its backend said, which is recorded then.

    `before`: the newest attempt when its job was started. `began`: when that was.
    """
    name = step.spec.invocation_id
    newest = _newest(run, step)
    if found := written_outcome(run, name, after=before):
        return found
    how, is_open = _how(run, step, said), newest > before
    reason = said.reason or f"its job ended as {said.status.value}, and left no result"
    attempt = newest if is_open else before + 1
    outcome = close_attempt(run, name, how, reason, began, number=attempt)
    if outcome.status is ExecutionStatus.FAILED and not outcome.will_retry:
        run.ledger.fail(run.id, FailureRecord(invocation_id=name, attempt=outcome.attempt, reason=reason))
    return outcome


def _how(run: ActiveRun, step: Step, said: StepStatus) -> AttemptEnd:
    if said.status is ExecutionStatus.STOPPED:
        return AttemptEnd.STOPPED
    retry = step.config.retry
    has_more = retry is not None and failures_of(run, step.spec.invocation_id) < retry.max_retries
    return AttemptEnd.RETRYING if has_more else AttemptEnd.FAILED


def _newest(run: ActiveRun, step: Step) -> int:
    return max(run.ledger.step_listing(run.id, step.spec.invocation_id).attempts, default=0)
