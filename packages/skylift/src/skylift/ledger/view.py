"""From a run's keys and its backend's word to how it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skylift.ledger.process import liveness
from skylift_contract.enums import ExecutionStatus
from skylift_contract.names import step_key
from skylift_contract.status import (
    UNASKED,
    AttemptEnd,
    Liveness,
    RunStatus,
    StepEvidence,
    run_status,
    step_status,
    with_skips,
)

if TYPE_CHECKING:
    from skylift.ledger.keys import RunListing, StepListing
    from skylift.ledger.ledger import Ledger
    from skylift_contract.snapshot import PipelineSnapshot

_NOTHING = StepEvidence()
_SAID = (AttemptEnd.FAILED, AttemptEnd.STOPPED, AttemptEnd.SKIPPED)


def read_status(
    ledger: Ledger, run_id: str, snapshot: PipelineSnapshot, backend: RunStatus = UNASKED
) -> RunStatus:
    """How a run and each of its steps stand; `backend` is what the orchestrator said.

    Reads one listing, the run's end, and a record for each step that is open or failed.
    """
    listing = ledger.listing(run_id)
    by_key = {step_key(name): name for name in snapshot.step_configurations}
    found = {
        by_key[key]: _evidence(ledger, run_id, by_key[key], step)
        for key, step in listing.steps.items()
        if key in by_key
    }
    bound = {name: StepEvidence(bound=True) for name in snapshot.bindings}
    everything = {**bound, **{name: found.get(name, _NOTHING) for name in snapshot.step_configurations}}
    sealed = _sealed(ledger, run_id, listing)
    against = sealed if sealed and backend.status is ExecutionStatus.UNKNOWN else backend
    steps = {name: step_status(evidence, name, against) for name, evidence in everything.items()}
    upstream = {name: step.spec.upstream_steps for name, step in snapshot.step_configurations.items()}
    steps = with_skips(steps, upstream)
    return run_status(steps, backend, sealed=sealed, stop_asked=listing.stop_asked)


def _evidence(ledger: Ledger, run_id: str, name: str, step: StepListing) -> StepEvidence:
    if step.committed or not step.attempts:
        return StepEvidence(step.attempts, committed=step.committed)
    newest = max(step.attempts)
    ends = step.attempts[newest]
    if how := next((how for how in _SAID if how in ends), None):
        record = ledger.attempt_end(run_id, name, newest, how)
        return StepEvidence(step.attempts, reason=record.reason if record else "")
    start = ledger.start(run_id, name, newest)
    seen = liveness(start.writer) if start else Liveness.UNSEEN
    return StepEvidence(
        step.attempts, liveness=seen, reason=_retry_reason(ledger, run_id, name, newest, ends)
    )


def _retry_reason(ledger: Ledger, run_id: str, name: str, attempt: int, ends: frozenset[AttemptEnd]) -> str:
    if AttemptEnd.RETRYING not in ends:
        return ""
    record = ledger.attempt_end(run_id, name, attempt, AttemptEnd.RETRYING)
    return f"attempt {attempt} failed and is tried again: {record.reason}" if record else ""


def _sealed(ledger: Ledger, run_id: str, listing: RunListing) -> RunStatus | None:
    if not listing.ends:
        return None
    end = ledger.end(run_id, listing.ends[-1])
    if end is None or end.status is ExecutionStatus.RUNNING:
        return None
    return RunStatus(end.status, end.reason)
