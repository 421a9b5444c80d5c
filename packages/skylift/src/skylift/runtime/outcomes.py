"""What became of a step that another process ran; where that wrote no end, it is done here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from skylift.ledger.records import EndRecord, StartRecord, now
from skylift.runtime.active import Outcome
from skylift_contract.enums import ExecutionStatus
from skylift_contract.status import AttemptEnd, StepEvidence

if TYPE_CHECKING:
    from datetime import datetime

    from skylift.runtime.active import ActiveRun

_ENDED: Final = (
    (AttemptEnd.FAILED, ExecutionStatus.FAILED),
    (AttemptEnd.STOPPED, ExecutionStatus.STOPPED),
    (AttemptEnd.SKIPPED, ExecutionStatus.SKIPPED),
)


_CLOSED_AS: Final = {**dict(_ENDED), AttemptEnd.RETRYING: ExecutionStatus.FAILED}


def written_outcome(run: ActiveRun, name: str, after: int = 0) -> Outcome | None:
    """What the ledger says of a step whose process has ended; None where an attempt was left open.

    `after`: attempts up to this one were there before the process was started.
    """
    listing = run.ledger.step_listing(run.id, name)
    newest = max(listing.attempts, default=0)
    if listing.committed:
        result = run.result(name)
        if result is not None and result.cached_from is not None:
            return Outcome(ExecutionStatus.CACHED, f"from run {result.cached_from.run_id}")
        return Outcome(ExecutionStatus.COMPLETED, attempt=newest)
    ends = listing.attempts[newest] if newest > after else frozenset[AttemptEnd]()
    for how, status in (*_ENDED, *_TO_COME[run.snapshot.runtime.retries]):
        if how in ends and (end := run.ledger.attempt_end(run.id, name, newest, how)):
            attempt = StepEvidence(listing.attempts).newest_begun if how is AttemptEnd.SKIPPED else newest
            return Outcome(status, end.reason, attempt, end.error, will_retry=how is AttemptEnd.RETRYING)
    return None


_TO_COME: Final = {"backend": ((AttemptEnd.RETRYING, ExecutionStatus.FAILED),), "runtime": ()}
"""An attempt that failed has ended with its process only where another process is to make the next."""


def close_attempt(
    run: ActiveRun, name: str, how: AttemptEnd, reason: str, began: datetime, *, number: int | None = None
) -> Outcome:
    """Record the end of an attempt whose process could not; one that never came so far is claimed first.

    `number`: the attempt, by default the newest.
    """
    attempts = run.ledger.step_listing(run.id, name).attempts
    wanted = number or max(attempts, default=0)
    attempt = wanted if wanted in attempts else claimed(run, name).attempt
    end = EndRecord(invocation_id=name, attempt=attempt, status=how, reason=reason, started=began)
    run.ledger.end_attempt(run.id, end)
    return Outcome(_CLOSED_AS[how], reason, attempt, will_retry=how is AttemptEnd.RETRYING)


def failures_of(run: ActiveRun, name: str) -> int:
    """How many attempts ended as failed; those that were stopped do not count."""
    attempts = run.ledger.step_listing(run.id, name).attempts
    return sum(not _FAILED.isdisjoint(ends) for ends in attempts.values())


_FAILED: Final = frozenset({AttemptEnd.FAILED, AttemptEnd.RETRYING})


def claimed(run: ActiveRun, name: str) -> StartRecord:
    """The attempt that this process begins."""
    return run.ledger.claim(run.id, StartRecord(invocation_id=name, attempt=1))


def refused(run: ActiveRun, name: str, reason: str) -> Outcome:
    """A step that could not even be started."""
    return close_attempt(run, name, AttemptEnd.FAILED, reason, now())
