"""Executing one invocation: claim, load, call, materialize, commit.

The one path that every step takes, in the user's process, in a worker and in a container.
Outputs come first and the result last, and the result is created once: whatever is
interrupted in between leaves nothing half published.
"""

from __future__ import annotations

import os
import time
import traceback
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skylift.authoring.signature import read_signature
from skylift.authoring.sources import load
from skylift.ledger import keys
from skylift.ledger.records import EndRecord, ErrorInfo, ResultRecord, StartRecord, now
from skylift.runtime.active import ActiveRun, Outcome
from skylift.runtime.context import StepContext, running
from skylift.runtime.interrupts import StepTimedOut, StopRequested, time_limit
from skylift.runtime.logs import LogSink, captured
from skylift.runtime.values import load_arguments, save_outputs
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import SkyliftError
from skylift_contract.status import AttemptEnd

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from datetime import datetime

    from skylift_contract.snapshot import Step

_STATUS = {
    AttemptEnd.FAILED: ExecutionStatus.FAILED,
    AttemptEnd.RETRYING: ExecutionStatus.FAILED,
    AttemptEnd.STOPPED: ExecutionStatus.STOPPED,
    AttemptEnd.DUPLICATE: ExecutionStatus.COMPLETED,
}


def execute_invocation(
    run: ActiveRun,
    step: Step,
    *,
    backend_attempt: int | None = None,
    pause: Callable[[float], Any] = time.sleep,
) -> Outcome:
    """Run a step until it commits, is stopped, or has no attempts left.

    `pause` waits between attempts; one that raises ends the step. Raises only what the
    store raises: everything that the step's own code does is in the outcome.
    """
    name, retry = step.spec.invocation_id, step.config.retry
    while True:
        claimed = run.ledger.claim(
            run.id, StartRecord(invocation_id=name, attempt=1, backend_attempt=backend_attempt)
        )
        failures = _failures_before(run, name, claimed.attempt)
        is_last = retry is None or failures >= retry.max_retries
        outcome = _Attempt(run, step, claimed.attempt, is_last=is_last).execute()
        if outcome.status is not ExecutionStatus.FAILED or is_last or retry is None:
            return outcome
        if run.snapshot.runtime.retries != "runtime":
            return outcome  # the backend starts the next attempt
        pause(retry.delay_before(failures + 1).total_seconds())


def _failures_before(run: ActiveRun, name: str, attempt: int) -> int:
    """How many attempts ended as failed; those that were killed or stopped do not count."""
    if attempt == 1:
        return 0
    failed = {AttemptEnd.FAILED, AttemptEnd.RETRYING}
    attempts = run.ledger.step_listing(run.id, name).attempts
    return sum(bool(ends & failed) for number, ends in attempts.items() if number < attempt)


class _Attempt:
    """One attempt, which has been claimed."""

    def __init__(self, run: ActiveRun, step: Step, number: int, *, is_last: bool) -> None:
        self.run, self.step, self.number, self.is_last = run, step, number, is_last
        self.name = step.spec.invocation_id
        self.started = now()

    def execute(self) -> Outcome:
        sink = LogSink(self._store_log)
        with ExitStack() as stack:
            stack.enter_context(captured(sink))
            stack.enter_context(environment(self.step.config.environment))
            context = stack.enter_context(running(self._context()))
            try:
                outputs = self._call()
                sink.flush()
            except (KeyboardInterrupt, StopRequested) as error:
                return self._ended(AttemptEnd.STOPPED, error, "it was stopped")
            except StepTimedOut as error:
                return self._failed(error, self._timeout_reason())
            except SkyliftError as error:
                return self._failed(error, str(error))
            except (Exception, SystemExit) as error:  # noqa: BLE001 -- whatever a step raises is its outcome
                return self._failed(error, _summary(error))
            return self._commit(outputs, context)

    def _context(self) -> StepContext:
        return StepContext(
            run_id=self.run.id,
            orchestrator_run_id=self.run.record.orchestrator_run_id,
            pipeline=self.run.snapshot.name,
            step=self.step.config.name,
            invocation=self.name,
            attempt=self.number,
            scheduled_time=scheduled_time(),
        )

    def _call(self) -> Any:
        function = load(self.step.spec.source)
        signature = read_signature(function, f"step {self.name!r}")
        arguments = load_arguments(self.run, self.step, signature)
        timeout = self.step.config.timeout
        with time_limit(timeout.total_seconds() if timeout else None, self._last_words):
            returned = function(**arguments)
        return save_outputs(self.run, self.step, signature, returned)

    def _commit(self, outputs: Any, context: StepContext) -> Outcome:
        result = ResultRecord(
            invocation_id=self.name,
            attempt=self.number,
            outputs=outputs,
            metadata=context.metadata,
            started=self.started,
        )
        if not self.run.ledger.commit(self.run.id, result):
            return self._ended(AttemptEnd.DUPLICATE, None, "another attempt committed first")
        self.run.results[self.name] = result
        call_hook(self.step.config.on_success)
        return Outcome(ExecutionStatus.COMPLETED, attempt=self.number)

    def _failed(self, error: BaseException, reason: str) -> Outcome:
        print_traceback(error)
        how = AttemptEnd.FAILED if self.is_last else AttemptEnd.RETRYING
        outcome = self._ended(how, error, reason)
        if self.is_last:
            call_hook(self.step.config.on_failure, error)
        return outcome

    def _ended(self, how: AttemptEnd, error: BaseException | None, reason: str) -> Outcome:
        info = error_info(error) if error is not None and how is not AttemptEnd.STOPPED else None
        self.run.ledger.end_attempt(
            self.run.id,
            EndRecord(
                invocation_id=self.name,
                attempt=self.number,
                status=how,
                reason=reason,
                error=info,
                started=self.started,
            ),
        )
        return Outcome(_STATUS[how], reason, self.number, info, error)

    def _timeout_reason(self) -> str:
        timeout = self.step.config.timeout
        return f"it timed out after {timeout.total_seconds():g} s" if timeout else "it timed out"

    def _last_words(self) -> None:
        how = AttemptEnd.FAILED if self.is_last else AttemptEnd.RETRYING
        self._ended(how, None, f"{self._timeout_reason()}, and its code did not let itself be interrupted")

    def _store_log(self, number: int, data: bytes) -> None:
        self.run.ledger.store.create(keys.log_chunk(self.run.id, self.name, self.number, number), data)


@contextmanager
def environment(variables: dict[str, str]) -> Generator[None]:
    """Set the step's variables for its time; what another set meanwhile is kept."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def scheduled_time() -> datetime | None:
    """When the schedule asked for this run, where the backend says so, in ISO 8601."""
    from datetime import datetime

    from skylift_contract.environment import SCHEDULED_TIME_ENV

    text = os.environ.get(SCHEDULED_TIME_ENV)
    return datetime.fromisoformat(text) if text else None


def call_hook(source: str | None, *arguments: Any) -> None:
    """Call a hook with as many arguments as it takes; its own failure is only printed."""
    if source is None:
        return
    import inspect

    try:
        hook = load(source)
        wanted = len(inspect.signature(hook).parameters)
        hook(*arguments[:wanted])
    except Exception as error:  # noqa: BLE001 -- a hook must not change what the step came to
        print_traceback(error)


_OWN_CODE = str(Path(__file__).parent.parent)


def own_traceback(error: BaseException) -> str:
    """The traceback as text, from the first frame that is the user's."""
    frame = error.__traceback__
    while frame is not None and frame.tb_frame.f_code.co_filename.startswith(_OWN_CODE):
        frame = frame.tb_next
    shown = frame if frame is not None else error.__traceback__
    return "".join(traceback.format_exception(type(error), error, shown))


def print_traceback(error: BaseException) -> None:
    import sys

    sys.stderr.write(own_traceback(error))


def error_info(error: BaseException) -> ErrorInfo:
    return ErrorInfo(type=type(error).__name__, message=str(error), traceback=own_traceback(error))


def _summary(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"it called sys.exit({error.code!r})"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
