"""One step, in a process that was started for it: a worker's, a container's, a job's."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from skylift.ledger.records import EndRecord, FailureRecord, RunEndRecord, now
from skylift.ledger.view import end_of, is_closed, look
from skylift.runtime.active import ActiveRun, Outcome
from skylift.runtime.hooks import call_run_hook
from skylift.runtime.interrupts import STOPPED_EXIT, held_back
from skylift.runtime.invocation import STATUS_OF, execute_invocation
from skylift.runtime.outcomes import claimed
from skylift_contract.enums import ExecutionMode, ExecutionStatus
from skylift_contract.errors import RunIdError
from skylift_contract.status import AttemptEnd, RunStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from skylift_contract.snapshot import Step

EXIT_OK: Final = 0
EXIT_FAILED: Final = 1
EXIT_STOPPED: Final = STOPPED_EXIT


def run_step(
    run: ActiveRun,
    step: Step,
    backend_attempt: int | None = None,
    *,
    pause: Callable[[float], Any] = time.sleep,
) -> Outcome:
    """Execute a step that nobody else coordinates, and close the run if it was the last.

    `pause` waits between attempts. Raises `RunIdError` for a step that has committed in a
    run that has ended.
    """

    def closing(outcome: Outcome) -> Outcome:
        if outcome.status is ExecutionStatus.FAILED and not outcome.will_retry:
            record_failure(run, step, outcome)
        if not run.snapshot.is_dynamic and _may_be_last(run, step, outcome):
            seal_if_closed(run)
        return outcome

    with held_back():
        refused = _duplicate(run, step) or _without_inputs(run, step) or _halted(run, step)
        if refused is not None:
            return closing(refused)
        return closing(
            execute_invocation(run, step, backend_attempt=backend_attempt, pause=pause, before_exit=closing)
        )


def exit_code(outcome: Outcome) -> int:
    """A skipped step exits 0: that it did not run is no failure of its own."""
    if outcome.status is ExecutionStatus.STOPPED:
        return EXIT_STOPPED
    return EXIT_FAILED if outcome.status is ExecutionStatus.FAILED else EXIT_OK


def _duplicate(run: ActiveRun, step: Step) -> Outcome | None:
    """What to do where this step's result is there already."""
    if run.result(step.spec.invocation_id) is None:
        return None
    ended = run.ledger.newest_end(run.id)
    if ended is None or ended[1].is_open:
        return _note(run, step, AttemptEnd.DUPLICATE, "its result was committed before it started")
    raise RunIdError(
        f"step {step.spec.invocation_id!r} has committed and the run has ended; one orchestrator "
        "run ID was used again",
        who=f"run {run.id}",
        value=run.record.orchestrator_run_id,
        fix="Each execution needs an ID of its own from the backend.",
    )


def _without_inputs(run: ActiveRun, step: Step) -> Outcome | None:
    missing = [name for name in step.spec.upstream_steps if run.outputs_of(name) is None]
    if not missing:
        return None
    return _note(run, step, AttemptEnd.SKIPPED, f"upstream {', '.join(map(repr, missing))} has no result")


def _halted(run: ActiveRun, step: Step) -> Outcome | None:
    """Why a step that was started must not run, by the run's mode or since it was asked to stop.

    A step that is to run in a run that has ended is a repair: the run is opened again, and
    what kept steps from starting in it before does so no more.
    """
    if run.snapshot.is_dynamic:
        return None  # whoever started it saw to that
    reopened = run.ledger.reopen(run.id)
    if run.ledger.stop_request(run.id, reopened.void_stops if reopened else 0) is not None:
        return _note(run, step, AttemptEnd.SKIPPED, "the run was asked to stop")
    if run.snapshot.pipeline_configuration.execution_mode is ExecutionMode.CONTINUE_ON_FAILURE:
        return None
    failure = run.ledger.failure(run.id, reopened.void_failures if reopened else 0)
    if failure is None or failure.invocation_id == step.spec.invocation_id:
        return None
    return _note(run, step, AttemptEnd.SKIPPED, f"step {failure.invocation_id!r} failed before it started")


def _note(run: ActiveRun, step: Step, how: AttemptEnd, reason: str) -> Outcome:
    """Record an attempt that ended without running; of what is skipped it is none."""
    name, started = step.spec.invocation_id, now()
    start = claimed(run, name)
    run.ledger.end_attempt(
        run.id,
        EndRecord(invocation_id=name, attempt=start.attempt, status=how, reason=reason, started=started),
    )
    return Outcome(STATUS_OF[how], reason, 0 if how is AttemptEnd.SKIPPED else start.attempt)


def record_failure(run: ActiveRun, step: Step, outcome: Outcome) -> None:
    """Tell the steps that start from now on; one that will be tried again is none yet."""
    run.ledger.fail(
        run.id,
        FailureRecord(invocation_id=step.spec.invocation_id, attempt=outcome.attempt, reason=outcome.reason),
    )


def _may_be_last(run: ActiveRun, step: Step, outcome: Outcome) -> bool:
    """Not where another is sure to come: its own next attempt, or a step that waits for it alone."""
    if not outcome.status.is_successful:
        return not outcome.will_retry
    alone = (step.spec.invocation_id,)
    return not any(other.spec.upstream_steps == alone for other in run.snapshot.steps)


def seal_if_closed(run: ActiveRun) -> None:
    """Write the run's end when every invocation is closed; a race writes it once.

    An end that was written while a second copy of a step still ran is put right: a run whose
    steps have all committed has completed.
    """
    if not is_closed(run.ledger.listing(run.id), run.snapshot):
        return
    seen = look(run.ledger, run.id, run.snapshot, RunStatus(ExecutionStatus.RUNNING))
    if _is_somebodys(run, seen.status):
        return
    if not seen.is_sealed and seen.status.status.is_finished:
        end = end_of(seen)
    elif seen.is_sealed and not seen.status.status.is_successful and _has_completed(seen.status):
        end = RunEndRecord(status=ExecutionStatus.COMPLETED)
    else:
        return
    call_run_hook(run, end, run.ledger.add_end(run.id, seen.revision + 1, end))


def _is_somebodys(run: ActiveRun, status: RunStatus) -> bool:
    """Whether a person ended a run in which a step had failed before: whoever carried that out says so.

    A failure itself stops what runs in `FAIL_FAST` alone.
    """
    if run.snapshot.pipeline_configuration.execution_mode is ExecutionMode.FAIL_FAST:
        return False
    found = {step.status for step in status.steps.values()}
    return status.status is ExecutionStatus.FAILED and ExecutionStatus.STOPPED in found


def _has_completed(status: RunStatus) -> bool:
    return all(step.status.is_successful for step in status.steps.values())
