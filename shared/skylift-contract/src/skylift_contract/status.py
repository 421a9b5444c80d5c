"""How a run and its steps stand: a total, pure function of ledger and backend.

The ledger knows what steps wrote; the backend knows what it started and what it killed.
Neither alone is the truth. A reader turns one listing of the ledger into `StepEvidence`s
and one call to the backend into a `RunStatus`, and these functions make one answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from skylift_contract.enums import ExecutionStatus as Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime


class AttemptEnd(StrEnum):
    """How an attempt that did not commit ended; it is written in its end record's key.

    `RETRYING`: it failed and its process will try again. `DUPLICATE`: it found its result
    committed by another, or lost the race to commit.
    """

    FAILED = "failed"
    RETRYING = "retrying"
    STOPPED = "stopped"
    SKIPPED = "skipped"
    DUPLICATE = "duplicate"


class Liveness(StrEnum):
    """Whether the process that claimed an attempt still runs, where that can be seen."""

    ALIVE = "alive"
    GONE = "gone"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class StepStatus:
    """How one invocation stands.

    `reason` is in the backend's or the step's own words. `attempt`: its newest; 0 where it had none.
    `id`: what it runs as, in the backend's own words; of a status that a backend tells.
    """

    status: Status
    reason: str = ""
    attempt: int = 0
    url: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class RunStatus:
    """How a run stands; `steps`: invocation id → status, as far as it is known."""

    status: Status
    reason: str = ""
    steps: Mapping[str, StepStatus] = field(default_factory=dict[str, StepStatus])
    url: str = ""


@dataclass(frozen=True, slots=True)
class StepEvidence:
    """What the ledger holds of one invocation.

    `attempts`: number → the ends recorded for it; an empty set is an attempt that started
    and has not ended. `liveness` is that of the newest attempt's process, and `seen_at` the
    last that is known of it.
    """

    attempts: Mapping[int, frozenset[AttemptEnd]] = field(default_factory=dict[int, frozenset[AttemptEnd]])
    committed: bool = False
    bound: bool = False
    liveness: Liveness = Liveness.UNSEEN
    reason: str = ""
    seen_at: datetime | None = None

    @property
    def newest(self) -> int:
        """The number of the newest attempt; 0 when none has started."""
        return max(self.attempts, default=0)

    @property
    def newest_begun(self) -> int:
        """The number of the newest that ran; one that was skipped only says that none did."""
        return max((n for n, ends in self.attempts.items() if AttemptEnd.SKIPPED not in ends), default=0)

    @property
    def was_taken(self) -> bool:
        """Whether its result is an earlier run's: none of its own attempts made it."""
        return self.committed and all(AttemptEnd.DUPLICATE in ends for ends in self.attempts.values())


UNASKED: Final = RunStatus(Status.UNKNOWN, "the backend could not be asked")

_BY_END: Final = {
    AttemptEnd.FAILED: Status.FAILED,
    AttemptEnd.STOPPED: Status.STOPPED,
    AttemptEnd.SKIPPED: Status.SKIPPED,
}
"""In the order in which they win, should two ends of one attempt have been written."""


def step_status(evidence: StepEvidence, invocation_id: str, backend: RunStatus) -> StepStatus:
    """How one invocation stands, whatever the two sides say."""
    if evidence.was_taken or (evidence.bound and not evidence.committed):
        return StepStatus(Status.CACHED)
    if evidence.committed:
        return StepStatus(Status.COMPLETED, attempt=evidence.newest)
    native = backend.steps.get(invocation_id)
    if not evidence.newest:
        return _not_started(native, backend)
    ends = evidence.attempts[evidence.newest]
    for end, status in _BY_END.items():
        if end in ends:
            at = evidence.newest_begun if status is Status.SKIPPED else evidence.newest
            return StepStatus(status, evidence.reason, at, native.url if native else "")
    return _open(evidence, native, backend)


def _open(evidence: StepEvidence, own: StepStatus | None, backend: RunStatus) -> StepStatus:
    """An attempt that started, and of which no end is written."""
    at, native = evidence.newest, own or StepStatus(backend.status, backend.reason)
    if evidence.liveness is Liveness.ALIVE:
        return StepStatus(Status.RUNNING, evidence.reason, at, native.url)
    has_ended = native.status in {Status.FAILED, Status.STOPPED}
    if evidence.liveness is Liveness.GONE:
        # Why a process was killed is known to who started it; the run's own reason is not that.
        said = own if own and has_ended else StepStatus(Status.FAILED)
        return StepStatus(said.status, evidence.reason or said.reason or "the process died", at, native.url)
    if has_ended:
        return StepStatus(native.status, native.reason, at, native.url)
    if native.status.is_finished or backend.status.is_finished:
        return StepStatus(_ended(backend), _silent(native, backend), at, native.url)
    if native.status is Status.UNKNOWN:
        return StepStatus(Status.UNKNOWN, _last_seen(native.reason, evidence), at, native.url)
    return StepStatus(Status.RUNNING, evidence.reason, at, native.url)


def _last_seen(reason: str, evidence: StepEvidence) -> str:
    if evidence.seen_at is None:
        return reason
    seen = f"last seen at {evidence.seen_at.isoformat(timespec='seconds')}"
    return f"{reason}; {seen}" if reason else seen


def _ended(backend: RunStatus) -> Status:
    return Status.STOPPED if backend.status is Status.STOPPED else Status.FAILED


def _silent(native: StepStatus, backend: RunStatus) -> str:
    said = native.reason or backend.reason
    return said or f"the backend says {backend.status.value}, and the step left no result"


def _not_started(native: StepStatus | None, backend: RunStatus) -> StepStatus:
    """An invocation of which the ledger holds nothing."""
    if native is None:
        native = StepStatus(Status.UNKNOWN if backend.status is Status.UNKNOWN else Status.PENDING)
    if native.status.is_successful:
        what = f"the backend says {native.status.value}, and the step wrote nothing"
        return StepStatus(Status.FAILED, what, url=native.url)
    if native.status.is_finished:
        return native
    if backend.status.is_finished:
        reason = backend.reason or f"its run ended as {backend.status.value}"
        return StepStatus(Status.NOT_STARTED, reason, url=native.url)
    if native.status is Status.RUNNING:
        return StepStatus(Status.PENDING, "the backend is starting it", url=native.url)
    return native if native.reason else replace(native, reason=backend.reason)


def with_skips(
    steps: Mapping[str, StepStatus], upstream: Mapping[str, tuple[str, ...]]
) -> dict[str, StepStatus]:
    """The same, where a step that never began because one before it failed says so.

    `steps` are in topological order; `upstream`: invocation id → those it waits for.
    """
    found: dict[str, StepStatus] = {}
    for name, step in steps.items():
        blocked = [other for other in upstream.get(name, ()) if other in found and _blocks(found[other])]
        if blocked and not step.attempt and step.status in _CANNOT_BEGIN:
            why = f"step {blocked[0]!r} {_HAD[found[blocked[0]].status]}"
            found[name] = StepStatus(Status.SKIPPED, why, step.attempt, step.url)
        else:
            found[name] = step
    return found


_CANNOT_BEGIN: Final = frozenset({Status.PENDING, Status.NOT_STARTED, Status.UNKNOWN})


def _blocks(step: StepStatus) -> bool:
    return step.status in _HAD


_HAD: Final = {Status.FAILED: "failed", Status.SKIPPED: "was skipped", Status.STOPPED: "was stopped"}
"""What keeps a step from running, in words."""


def run_status(
    steps: Mapping[str, StepStatus], backend: RunStatus, *, sealed: RunStatus | None, stop_asked: bool
) -> RunStatus:
    """How the run stands.

    `steps`: every invocation of the snapshot, by `step_status`. `sealed`: the newest valid
    revision of the run's end, None when there is none or when a repair reopened the run.
    """
    if sealed is not None:
        return RunStatus(sealed.status, sealed.reason, steps, backend.url)
    if steps and all(step.status.is_finished for step in steps.values()):
        status, reason = outcome(steps.values(), stop_asked=stop_asked, backend=backend)
    elif backend.status.is_finished and not (steps and backend.status.is_successful):
        asked_to = stop_asked and backend.status is Status.FAILED
        status, reason = (Status.STOPPED, "") if asked_to else (backend.status, backend.reason)
    elif backend.status is Status.UNKNOWN:
        status, reason = Status.UNKNOWN, backend.reason
    else:
        status, reason = _running(steps.values(), backend, stop_asked=stop_asked), backend.reason
    return RunStatus(status, reason or first_reason(steps), steps, backend.url)


def open_ended_status(
    steps: Mapping[str, StepStatus], backend: RunStatus, *, sealed: RunStatus | None, stop_asked: bool
) -> RunStatus:
    """How a dynamic run stands: whatever its steps are, more of them may come until its end is written."""
    status = run_status({}, backend, sealed=sealed, stop_asked=stop_asked)
    return replace(status, steps=steps)


def _running(steps: Iterable[StepStatus], backend: RunStatus, *, stop_asked: bool) -> Status:
    if stop_asked or backend.status is Status.STOPPING:
        return Status.STOPPING
    begun = any(step.status not in {Status.PENDING, Status.CACHED} for step in steps)
    return Status.RUNNING if begun or backend.status.is_finished else backend.status


def outcome(
    steps: Iterable[StepStatus], *, stop_asked: bool = False, backend: RunStatus = UNASKED
) -> tuple[Status, str]:
    """The end of a run all of whose invocations are closed, and why where no step says it.

    A failure outweighs a stop, unless the stop was asked for: then what failed may have
    been stopped by force.
    """
    found = {step.status for step in steps}
    if found <= {Status.COMPLETED, Status.CACHED}:
        return Status.COMPLETED, ""
    if stop_asked or (Status.FAILED not in found and Status.STOPPED in found | {backend.status}):
        said = backend.status in {Status.STOPPED, Status.FAILED} and not stop_asked
        return Status.STOPPED, backend.reason if said or backend.status is Status.STOPPED else ""
    if Status.FAILED in found:
        return Status.FAILED, ""
    if backend.status in {Status.FAILED, Status.SKIPPED, Status.NOT_STARTED}:
        return backend.status, backend.reason
    return Status.FAILED, "not every step ran"


def first_reason(steps: Mapping[str, StepStatus]) -> str:
    """The first failure's own words, with the step it happened in; where none failed, the first stop's."""
    for status in (Status.FAILED, Status.STOPPED):
        for name, step in steps.items():
            if step.status is status and step.reason:
                return f"step {name!r}: {step.reason}"
    return ""
