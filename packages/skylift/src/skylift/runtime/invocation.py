"""Executing one invocation: claim, load, call, materialize, commit.

The one path that every step takes, in the user's process, in a worker and in a container.
Outputs come first and the result last, and the result is created once: whatever is
interrupted in between leaves nothing half published.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from pydantic import SecretStr

from skylift import observer
from skylift.authoring.signature import read_signature
from skylift.authoring.sources import load
from skylift.ledger import keys
from skylift.ledger.records import EndRecord, ResultRecord, StartRecord, now
from skylift.observer import StepEvent
from skylift.runtime.active import ActiveRun, Outcome
from skylift.runtime.cached import keep, look, take
from skylift.runtime.context import StepContext, running
from skylift.runtime.failures import error_info, print_traceback, summary
from skylift.runtime.hooks import call_hook
from skylift.runtime.interrupts import (
    StopRequested,
    asked_to_stop,
    held_back,
    interruptible,
    stopped_by,
)
from skylift.runtime.known_secrets import hidden_in
from skylift.runtime.logs import LogSink
from skylift.runtime.step_secrets import environment, looked_up, revealed
from skylift.runtime.streams import captured
from skylift.runtime.time_limit import StepTimedOut, within
from skylift.runtime.values import load_arguments, save_outputs
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import ConfigurationError, StoreError
from skylift_contract.status import AttemptEnd

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from skylift.caching.entries import Lookup
    from skylift_contract.snapshot import ArtifactRef, Step

STATUS_OF: Final = {
    AttemptEnd.FAILED: ExecutionStatus.FAILED,
    AttemptEnd.RETRYING: ExecutionStatus.FAILED,
    AttemptEnd.STOPPED: ExecutionStatus.STOPPED,
    AttemptEnd.SKIPPED: ExecutionStatus.SKIPPED,
    AttemptEnd.DUPLICATE: ExecutionStatus.COMPLETED,
}


def nothing(_: Outcome) -> None:
    pass


def execute_invocation(
    run: ActiveRun,
    step: Step,
    *,
    backend_attempt: int | None = None,
    pause: Callable[[float], Any] = time.sleep,
    before_exit: Callable[[Outcome], Any] = nothing,
) -> Outcome:
    """Take a step from the cache, or run it until it commits, is stopped, or has no attempts left.

    `pause` waits between attempts; a stop that it raises ends the step. `before_exit` is told
    of the outcome where this process must be ended by force, which it is afterwards. Raises
    only what the store raises: everything that the step's own code does is in the outcome.
    """
    name, number = step.spec.invocation_id, 1
    with held_back():
        looked = look(run, step)
        if taken := take(run, step, looked):
            return taken
        while True:
            start = StartRecord(invocation_id=name, attempt=number, backend_attempt=backend_attempt)
            number = run.ledger.claim(run.id, start).attempt
            attempt = _Attempt(run, step, number, looked, before_exit)
            outcome = attempt.execute()
            if not outcome.will_retry or run.snapshot.runtime.retries != "runtime":
                return outcome  # where the backend retries, it starts the next attempt
            try:
                with interruptible():
                    if (stop := asked_to_stop()) is not None:
                        raise stop
                    attempt.wait(outcome, pause)
            except (KeyboardInterrupt, StopRequested) as error:
                return attempt.ended(
                    AttemptEnd.STOPPED, error, f"{stopped_by(error)} before its next attempt"
                )
            number += 1


class _Attempt:
    """One attempt, which has been claimed."""

    def __init__(
        self, run: ActiveRun, step: Step, number: int, looked: Lookup, before_exit: Callable[[Outcome], Any]
    ) -> None:
        self.run, self.step, self.number, self.before_exit = run, step, number, before_exit
        self.looked = looked
        self.name = step.spec.invocation_id
        self.started = now()
        self.sink = LogSink(self._store_log)
        self.failures = 0

    def execute(self) -> Outcome:
        try:
            self.failures = self._failures_before()
            with ExitStack() as stack:
                stack.enter_context(captured(self.sink))
                stack.enter_context(environment(self.step.config.environment))
                return self._execute()
        except StoreError as error:
            # No end would mean that it still runs. Should the result stand after all, that counts.
            with suppress(StoreError):
                self.ended(AttemptEnd.FAILED, error, summary(error))
            raise

    def _execute(self) -> Outcome:
        try:
            with interruptible():
                secrets = looked_up(self.step.config.secrets)  # wherever the reason is shown, so is the step
            context = self._context(secrets)
        except (KeyboardInterrupt, StopRequested) as error:
            return self.ended(AttemptEnd.STOPPED, error, stopped_by(error))
        except ConfigurationError as error:
            return self._failed(error, self._reason(error))
        with revealed(secrets), running(context):
            return self._execute_in(context)

    def _execute_in(self, context: StepContext) -> Outcome:
        try:
            with interruptible():
                outputs = self._call()
        except (KeyboardInterrupt, StopRequested) as error:
            return self.ended(AttemptEnd.STOPPED, error, stopped_by(error))
        except StepTimedOut as error:
            return self._failed(error, self._timeout_reason())
        except _Raised as raised:
            return self._failed(raised.error, self._reason(raised.error))
        except (Exception, SystemExit) as error:  # noqa: BLE001 -- whatever a step raises is its outcome
            return self._failed(error, self._reason(error))
        return self._commit(outputs, context)

    def wait(self, outcome: Outcome, pause: Callable[[float], Any]) -> None:
        """Pause before the next attempt, and say so."""
        retry = self.step.config.retry
        delay = retry.delay_before(self.failures + 1).total_seconds() if retry else 0.0
        why = f"attempt {self.number} failed, the next starts after {delay:g} s: {outcome.reason}"
        observer.current().step(StepEvent(self.name, ExecutionStatus.RUNNING, why, self.number + 1))
        pause(delay)

    @property
    def _is_last(self) -> bool:
        retry = self.step.config.retry
        return retry is None or self.failures >= retry.max_retries

    def _failures_before(self) -> int:
        """How many attempts ended as failed; those that were killed or stopped do not count."""
        if self.number == 1 or self.step.config.retry is None:
            return 0
        failed = {AttemptEnd.FAILED, AttemptEnd.RETRYING}
        attempts = self.run.ledger.step_listing(self.run.id, self.name).attempts
        return sum(bool(ends & failed) for number, ends in attempts.items() if number < self.number)

    def _context(self, secrets: Mapping[str, str]) -> StepContext:
        return StepContext(
            run_id=self.run.id,
            orchestrator_run_id=self.run.orchestrator_run_id,
            pipeline=self.run.snapshot.name,
            step=self.step.config.name,
            invocation=self.name,
            attempt=self.number,
            scheduled_time=scheduled_time(),
            secrets=MappingProxyType({name: SecretStr(value) for name, value in secrets.items()}),
        )

    def _call(self) -> Mapping[str, ArtifactRef]:
        function = load(self.step.spec.source)
        signature = read_signature(function, f"step {self.name!r}")
        arguments = load_arguments(self.run, self.step, signature)
        timeout = self.step.config.timeout
        seconds = timeout.total_seconds() if timeout else None
        returned = within(seconds, lambda: _called(function, arguments), self._last_words)
        return save_outputs(self.run, self.step, signature, returned)

    def _commit(self, outputs: Mapping[str, ArtifactRef], context: StepContext) -> Outcome:
        result = ResultRecord(
            invocation_id=self.name,
            attempt=self.number,
            key_parts=self.looked.wanted.parts if self.looked.wanted else None,
            miss=self.looked.miss,
            outputs=dict(outputs),
            metadata=hidden_in(dict(context.metadata)),
            started=self.started,
        )
        self.sink.settle()
        if not self.run.ledger.commit(self.run.id, result):
            return self.ended(AttemptEnd.DUPLICATE, None, "another attempt committed first")
        self.run.results[self.name] = result
        keep(self.run, result, self.looked)
        call_hook(self.step.config.on_success)
        return Outcome(ExecutionStatus.COMPLETED, attempt=self.number)

    def _failed(self, error: BaseException, reason: str) -> Outcome:
        print_traceback(error)
        self.sink.settle()
        how = AttemptEnd.FAILED if self._is_last else AttemptEnd.RETRYING
        outcome = self.ended(how, error, reason)
        if self._is_last:
            call_hook(self.step.config.on_failure, error)
        return outcome

    def ended(self, how: AttemptEnd, error: BaseException | None, reason: str) -> Outcome:
        """Record how the attempt ended."""
        info = error_info(error) if error is not None and how is not AttemptEnd.STOPPED else None
        end = EndRecord(
            invocation_id=self.name,
            attempt=self.number,
            status=how,
            reason=reason,
            error=info,
            started=self.started,
        )
        self.run.ledger.end_attempt(self.run.id, end)
        will_retry = how is AttemptEnd.RETRYING
        return Outcome(STATUS_OF[how], reason, self.number, info, error, will_retry=will_retry)

    def _reason(self, error: BaseException) -> str:
        """Without what stands beside every reason: whose it is."""
        return summary(error).removeprefix(f"run {self.run.id}, step {self.name!r}, ")

    def _timeout_reason(self) -> str:
        timeout = self.step.config.timeout
        return f"it timed out after {timeout.total_seconds():g} s" if timeout else "it timed out"

    def _last_words(self) -> None:
        """In a thread, while the step's code holds the main one: its process ends after this."""
        self.sink.settle()
        how = AttemptEnd.FAILED if self._is_last else AttemptEnd.RETRYING
        reason = f"{self._timeout_reason()}, and its code did not let itself be interrupted"
        self.before_exit(self.ended(how, None, reason))

    def _store_log(self, number: int, data: bytes) -> None:
        self.run.ledger.store.create(keys.log_chunk(self.run.id, self.name, self.number, number), data)


class _Raised(Exception):
    """What the step's function raised and no `except Exception` catches: asyncio's CancelledError."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(error)
        self.error = error


def _called(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    try:
        return function(**arguments)
    except (Exception, SystemExit, KeyboardInterrupt, StopRequested, StepTimedOut):
        raise
    except BaseException as error:
        raise _Raised(error) from error


def scheduled_time() -> datetime | None:
    """When the schedule asked for this run, where the backend says so, in ISO 8601."""
    from datetime import datetime

    from skylift_contract.environment import SCHEDULED_TIME_ENV

    text = os.environ.get(SCHEDULED_TIME_ENV)
    if not text:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            "it is no time in ISO 8601",
            who=f"environment variable {SCHEDULED_TIME_ENV}",
            value=text,
            fix="Check what the backend substitutes for it.",
        ) from None
