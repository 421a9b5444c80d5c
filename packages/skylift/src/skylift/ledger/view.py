"""From a run's keys and its backend's word to how it stands."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from skylift.ledger import keys
from skylift.ledger.history import History
from skylift.ledger.process import liveness
from skylift.ledger.records import UNREADABLE, RunEndRecord
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import DamagedObject, RecordTooNew, StoreError
from skylift_contract.names import step_key
from skylift_contract.status import (
    UNASKED,
    AttemptEnd,
    Liveness,
    RunStatus,
    StepEvidence,
    open_ended_status,
    run_status,
    step_status,
    with_skips,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from skylift.ledger.keys import RunListing, StepListing
    from skylift.ledger.ledger import Ledger
    from skylift.ledger.records import StartRecord
    from skylift_contract.snapshot import PipelineSnapshot
    from skylift_contract.status import StepStatus

_NOTHING = StepEvidence()
_BOUND = StepEvidence(bound=True)
_SAID = (AttemptEnd.FAILED, AttemptEnd.STOPPED, AttemptEnd.SKIPPED)


@dataclass(frozen=True, slots=True)
class Seen:
    """A run as it stands, and whether a record closes it; `revision`: of its newest end, or -1."""

    status: RunStatus
    is_sealed: bool
    revision: int


def read_status(
    ledger: Ledger, run_id: str, snapshot: PipelineSnapshot, backend: RunStatus = UNASKED
) -> RunStatus:
    """How a run and each of its steps stand; `backend` is what the orchestrator said."""
    return look(ledger, run_id, snapshot, backend).status


def look(ledger: Ledger, run_id: str, snapshot: PipelineSnapshot, backend: RunStatus = UNASKED) -> Seen:
    """The same, with whether the run is sealed.

    Reads one listing, the run's end, and a record for each step that is open or failed; of a
    dynamic run the snapshot is `calls.grown`.
    `backend` is to be asked before, for what commits in between is then seen.
    """
    listing = ledger.listing(run_id)
    end, damage = _end(ledger, run_id, listing)
    sealed = _sealed(end, damage)
    # A process that goes on, or was killed, after its run had ended says nothing of the run.
    against = replace(sealed, steps=backend.steps, url=backend.url) if sealed else backend
    evidence = _everything(ledger, run_id, snapshot, listing, is_sealed=sealed is not None)
    steps = {name: _own_words(name, step_status(found, name, against)) for name, found in evidence.items()}
    upstream = {name: step.spec.upstream_steps for name, step in snapshot.step_configurations.items()}
    stop_asked = any(number >= (end.void_stops if end else 0) for number in listing.stops)
    found = with_skips(steps, upstream)
    come_to = open_ended_status if snapshot.is_dynamic else run_status
    status = come_to(found, backend, sealed=sealed, stop_asked=stop_asked)
    if damage and damage.what not in status.reason:
        status = replace(status, reason="; ".join(filter(None, (status.reason, str(damage)))))
    return Seen(status, sealed is not None, max(listing.ends, default=-1))


def _sealed(end: RunEndRecord | None, damage: StoreError | None) -> RunStatus | None:
    """What closes a run. An end that only a newer Skylift can read does, and nobody here overrules it."""
    if isinstance(damage, RecordTooNew):
        return RunStatus(ExecutionStatus.UNKNOWN, str(damage))
    return RunStatus(end.status, end.reason) if end and not end.is_open else None


def _own_words(name: str, step: StepStatus) -> StepStatus:
    """A run's end says which step it is of; to that step itself this is no news."""
    said = f"step {name!r}: "
    return replace(step, reason=step.reason.removeprefix(said)) if step.reason.startswith(said) else step


def settled(ledger: Ledger, run_id: str, snapshot: PipelineSnapshot, backend: RunStatus) -> RunStatus:
    """The same status, once it is recorded: a run that has ended, and that nobody closed, is sealed.

    Repeating it changes nothing. A reader need not be allowed to write: then the seal is
    left to the next one who is.
    """
    seen = look(ledger, run_id, snapshot, backend)
    if not _can_be_sealed(seen, backend):
        return seen.status
    # A worker may have committed between the listing and the look at its process.
    seen = look(ledger, run_id, snapshot, backend)
    if _can_be_sealed(seen, backend):
        with suppress(StoreError):
            if not ledger.store.exists(
                keys.run(run_id)
            ):  # deleted meanwhile: an end would be all there is of it
                return seen.status
            ended = _last_known(ledger, run_id, seen.status.steps)
            ledger.add_end(run_id, seen.revision + 1, end_of(seen).model_copy(update={"ended": ended}))
    return seen.status


def _last_known(ledger: Ledger, run_id: str, steps: Mapping[str, StepStatus]) -> datetime | None:
    """The newest time in the records of a run that nobody closed; None while there is none."""
    record, history = ledger.run(run_id), History.read(ledger, run_id, steps)
    known = [record.created] if record else []
    for name, step in steps.items():
        if times := history.times(name):
            known.append(times[1])
        elif step.attempt and (start := _start(ledger, run_id, name, step.attempt)):
            known.append(start.writer.time)
    return max(known, default=None)


def end_of(seen: Seen) -> RunEndRecord:
    """A record of a run as it was seen; as its next revision, it does not close one reopened since."""
    return RunEndRecord(status=seen.status.status, reason=seen.status.reason)


def _can_be_sealed(seen: Seen, backend: RunStatus) -> bool:
    """A worker that outlived its coordinator may still commit: with one, the run stays open."""
    status = seen.status
    is_over = backend.status.is_finished or backend.status is ExecutionStatus.UNKNOWN
    alive = any(step.status is ExecutionStatus.RUNNING for step in status.steps.values())
    return is_over and status.status.is_finished and not alive and not seen.is_sealed


def is_closed(listing: RunListing, snapshot: PipelineSnapshot) -> bool:
    """Whether by its keys alone no invocation of a run can still begin, or is under way."""
    blocked: set[str] = set()
    for name, step in snapshot.step_configurations.items():
        found = listing.steps.get(step_key(name))
        if found and found.committed:
            continue
        if found and found.attempts:
            has_ended = not found.attempts[max(found.attempts)].isdisjoint(_SAID)
        else:
            has_ended = not blocked.isdisjoint(step.spec.upstream_steps)
        if not has_ended:
            return False
        blocked.add(name)
    return True


def _everything(
    ledger: Ledger, run_id: str, snapshot: PipelineSnapshot, listing: RunListing, *, is_sealed: bool
) -> dict[str, StepEvidence]:
    found: dict[str, StepEvidence] = {}
    retried_by_backend = snapshot.runtime.retries == "backend"
    for name in snapshot.invocations:
        if name in snapshot.bindings:
            found[name] = _BOUND
        elif step := listing.steps.get(step_key(name)):
            evidence = _evidence(ledger, run_id, name, step, is_sealed=is_sealed)
            is_between = retried_by_backend and AttemptEnd.RETRYING in step.attempts.get(evidence.newest, ())
            # Its next attempt is another process's: that this one is gone says nothing.
            found[name] = replace(evidence, liveness=Liveness.UNSEEN) if is_between else evidence
        else:
            found[name] = _NOTHING
    return found


def _evidence(ledger: Ledger, run_id: str, name: str, step: StepListing, *, is_sealed: bool) -> StepEvidence:
    if step.committed or not step.attempts:
        return StepEvidence(step.attempts, committed=step.committed)
    newest = max(step.attempts)
    ends = step.attempts[newest]
    if how := next((how for how in _SAID if how in ends), None):
        return StepEvidence(step.attempts, reason=_reason(ledger, run_id, name, newest, how))
    reason = ""
    if AttemptEnd.RETRYING in ends:
        said = _reason(ledger, run_id, name, newest, AttemptEnd.RETRYING)
        reason = f"attempt {newest} failed and is tried again: {said}"
    start = None if is_sealed else _start(ledger, run_id, name, newest)
    return StepEvidence(
        step.attempts,
        liveness=liveness(start.writer) if start else Liveness.UNSEEN,
        reason=reason,
        seen_at=start.writer.time if start else None,
    )


def _reason(ledger: Ledger, run_id: str, name: str, attempt: int, how: AttemptEnd) -> str:
    try:
        record = ledger.attempt_end(run_id, name, attempt, how)
    except UNREADABLE as error:
        return str(error)  # that it ended stands in its key
    return record.reason if record else ""


def _start(ledger: Ledger, run_id: str, name: str, attempt: int) -> StartRecord | None:
    with suppress(*UNREADABLE):
        return ledger.start(run_id, name, attempt)
    return None


def _end(
    ledger: Ledger, run_id: str, listing: RunListing
) -> tuple[RunEndRecord | None, DamagedObject | RecordTooNew | None]:
    """The highest revision that can be read, and what is wrong with the highest there is."""
    damage: DamagedObject | RecordTooNew | None = None
    for revision in reversed(listing.ends):
        try:
            if end := ledger.end(run_id, revision):
                return end, damage
        except UNREADABLE as error:
            damage = damage or error
    return None, damage
