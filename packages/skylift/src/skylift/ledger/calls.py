"""The calls of a dynamic run: its graph, as far as it is known yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skylift.ledger import keys
from skylift.ledger.records import Record
from skylift_contract.enums import ExecutionStatus
from skylift_contract.names import step_key
from skylift_contract.snapshot import RecordedCall, Step
from skylift_contract.status import AttemptEnd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift.ledger.ledger import Ledger
    from skylift_contract.snapshot import PipelineSnapshot


class CallRecord(Record):
    """A call that the function of a dynamic pipeline made, before anything of it starts.

    `place`: its number among the run's calls. `caught`: calls whose failures were raised to the
    function since the call before. `sub_run`: the run of a nested pipeline.
    """

    step: Step
    place: int
    caught: tuple[str, ...] = ()
    sub_run: str | None = None

    @property
    def invocation_id(self) -> str:
        return self.step.spec.invocation_id


def put_call(ledger: Ledger, run_id: str, call: CallRecord) -> None:
    """Note a call; another process of the same run, that ended, may have noted it already."""
    ledger.store.create(keys.call(run_id, call.invocation_id), call.to_bytes())


def call_of(ledger: Ledger, run_id: str, invocation_id: str) -> CallRecord | None:
    return ledger.read(CallRecord, keys.call(run_id, invocation_id))


def calls_of(ledger: Ledger, run_id: str) -> list[CallRecord]:
    """In their order; one that is damaged is passed over."""
    found = ledger.read_each(CallRecord, {key: key for key in ledger.store.list(keys.calls(run_id))})
    return sorted(found.records.values(), key=lambda call: call.place)


def grown(ledger: Ledger, run_id: str, snapshot: PipelineSnapshot) -> PipelineSnapshot:
    """A dynamic run's snapshot with the steps that were called so far; a static one's as it is.

    It keeps its digest, by which everybody knows it.
    """
    if not snapshot.is_dynamic:
        return snapshot
    calls = calls_of(ledger, run_id)
    made = snapshot.model_copy(update={"steps": tuple(call.step for call in calls)})
    vars(made).update(content=snapshot.content, digest=snapshot.digest)
    return made


def recorded(ledger: Ledger, run_id: str, snapshot: PipelineSnapshot) -> tuple[RecordedCall, ...]:
    """What a run called, for its function to call again: its own calls, and after those what it resumed."""
    calls = calls_of(ledger, run_id)
    before = {call.invocation_id: call for call in snapshot.replay}
    failures = _failures(ledger, run_id, _caught(ledger, run_id, calls, snapshot))
    own = {call.place: _recorded(ledger, call, before, failures) for call in calls}
    return tuple(
        {**dict(enumerate(snapshot.replay)), **own}[place] for place in _places(own, snapshot.replay)
    )


def _places(own: Mapping[int, RecordedCall], before: tuple[RecordedCall, ...]) -> list[int]:
    """All of them without a gap: a call that was noted after a lost one never began."""
    found, place = own.keys() | set(range(len(before))), 0
    while place in found:
        place += 1
    return list(range(place))


def caught_in(ledger: Ledger, run_id: str, snapshot: PipelineSnapshot) -> set[str]:
    """The calls whose failures a run's function took note of, that which ended it perhaps among them."""
    return _caught(ledger, run_id, calls_of(ledger, run_id), snapshot) if snapshot.is_dynamic else set()


def _caught(ledger: Ledger, run_id: str, calls: list[CallRecord], snapshot: PipelineSnapshot) -> set[str]:
    """In a run that completed, it did of each."""
    own = {call.invocation_id for call in calls}
    end = ledger.newest_end(run_id) if calls else None
    if end and end[1].status is ExecutionStatus.COMPLETED:
        return own
    return own & {name for call in (*calls, *snapshot.replay) for name in call.caught}


def _recorded(
    ledger: Ledger, call: CallRecord, before: Mapping[str, RecordedCall], failures: Mapping[str, str]
) -> RecordedCall:
    spec = call.step.spec
    name = spec.invocation_id
    sub_run, former = call.sub_run, before.get(name)
    if sub_run and former and ledger.run(sub_run) is None:  # it was called, and never came to be
        sub_run = former.sub_run
    return RecordedCall(
        invocation_id=name,
        source=spec.source,
        inputs=spec.inputs,
        parameters=call.step.config.parameters,
        caught=call.caught,
        failure=failures.get(name) or (former.failure if former else None),
        sub_run=sub_run,
    )


def _failures(ledger: Ledger, run_id: str, names: set[str]) -> dict[str, str]:
    """Why those failed of which the run holds that they did."""
    if not names:
        return {}
    failed: dict[str, tuple[int, AttemptEnd]] = {}
    steps = ledger.listing(run_id).steps
    for name in names:
        step = steps.get(step_key(name))
        if step and step.attempts and AttemptEnd.FAILED in step.attempts[max(step.attempts)]:
            failed[name] = max(step.attempts), AttemptEnd.FAILED
    ends = ledger.ends(run_id, failed).records
    return {name: ends[name].reason if name in ends else "it failed" for name in failed}
