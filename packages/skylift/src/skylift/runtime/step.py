"""One step, in a process that was started for it: a worker's, a container's, a job's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from skylift.ledger.records import EndRecord, FailureRecord, RunEndRecord, StartRecord, now
from skylift.ledger.view import read_status
from skylift.runtime.active import ActiveRun, Outcome
from skylift.runtime.invocation import execute_invocation
from skylift_contract.enums import ExecutionMode, ExecutionStatus
from skylift_contract.errors import RunIdError
from skylift_contract.status import AttemptEnd, RunStatus

if TYPE_CHECKING:
    from skylift_contract.snapshot import Step

EXIT_OK: Final = 0
EXIT_FAILED: Final = 1
EXIT_STOPPED: Final = 143
"""128 + SIGTERM, as a shell reports it."""


def run_step(run: ActiveRun, step: Step, backend_attempt: int | None = None) -> Outcome:
    """Execute a step that nobody else coordinates, and close the run if it was the last."""
    if (before := _already(run, step)) is not None:
        return before
    outcome = _refusal(run, step) or execute_invocation(run, step, backend_attempt=backend_attempt)
    if outcome.status is ExecutionStatus.FAILED:
        record_failure(run, step, outcome)
    if _may_be_last(run, step, outcome):
        seal_if_closed(run)
    return outcome


def exit_code(outcome: Outcome) -> int:
    """A skipped step exits 0: that it did not run is no failure of its own."""
    if outcome.status is ExecutionStatus.STOPPED:
        return EXIT_STOPPED
    return EXIT_FAILED if outcome.status is ExecutionStatus.FAILED else EXIT_OK


def _already(run: ActiveRun, step: Step) -> Outcome | None:
    """What to do where the run has ended, or this step's result is there."""
    ended = run.ledger.newest_end(run.id)
    is_ended = ended is not None and ended[1].status is not ExecutionStatus.RUNNING
    if run.result(step.spec.invocation_id) is not None:
        if is_ended:
            raise RunIdError(
                f"step {step.spec.invocation_id!r} has committed and the run has ended; one orchestrator "
                "run ID was used again",
                who=f"run {run.id}",
                value=run.record.orchestrator_run_id,
                fix="Each execution needs an ID of its own from the backend.",
            )
        return _note(run, step, AttemptEnd.DUPLICATE, "its result was committed before it started")
    if is_ended:
        run.ledger.reopen(run.id)
    return None


def _refusal(run: ActiveRun, step: Step) -> Outcome | None:
    """Why a step that was started must not run, by the run's mode or for want of its inputs."""
    if run.ledger.stop_request(run.id) is not None:
        return _note(run, step, AttemptEnd.SKIPPED, "the run was asked to stop")
    mode = run.snapshot.pipeline_configuration.execution_mode
    if mode is not ExecutionMode.CONTINUE_ON_FAILURE and (failure := run.ledger.failure(run.id)):
        return _note(
            run, step, AttemptEnd.SKIPPED, f"step {failure.invocation_id!r} failed before it started"
        )
    missing = [name for name in step.spec.upstream_steps if run.outputs_of(name) is None]
    if missing:
        return _note(run, step, AttemptEnd.SKIPPED, f"upstream {', '.join(map(repr, missing))} has no result")
    return None


def _note(run: ActiveRun, step: Step, how: AttemptEnd, reason: str) -> Outcome:
    """Record an attempt that ended without running."""
    name, started = step.spec.invocation_id, now()
    claimed = run.ledger.claim(run.id, StartRecord(invocation_id=name, attempt=1))
    run.ledger.end_attempt(
        run.id,
        EndRecord(invocation_id=name, attempt=claimed.attempt, status=how, reason=reason, started=started),
    )
    status = ExecutionStatus.SKIPPED if how is AttemptEnd.SKIPPED else ExecutionStatus.COMPLETED
    return Outcome(status, reason, claimed.attempt)


def record_failure(run: ActiveRun, step: Step, outcome: Outcome) -> None:
    """Tell the steps that start from now on; one that will be tried again is none yet."""
    run.ledger.fail(
        run.id,
        FailureRecord(invocation_id=step.spec.invocation_id, attempt=outcome.attempt, reason=outcome.reason),
    )


def _may_be_last(run: ActiveRun, step: Step, outcome: Outcome) -> bool:
    """Only a step that nothing waits for, or one that did not complete, can close a run."""
    if outcome.status is not ExecutionStatus.COMPLETED:
        return True
    name = step.spec.invocation_id
    return not any(name in other.spec.upstream_steps for other in run.snapshot.steps)


def seal_if_closed(run: ActiveRun) -> None:
    """Write the run's end when every invocation is closed; a race writes it once."""
    seen = read_status(run.ledger, run.id, run.snapshot, RunStatus(ExecutionStatus.RUNNING))
    if seen.status.is_finished:
        run.ledger.seal(run.id, RunEndRecord(status=seen.status, reason=seen.reason))
