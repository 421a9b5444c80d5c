"""What a dynamic run came to, for another that resumes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from skylift.launch.committed import committed
from skylift.ledger.calls import calls_of, recorded
from skylift_contract.snapshot import Binding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift.launch.committed import Made
    from skylift.ledger.ledger import Ledger
    from skylift_contract.snapshot import PipelineSnapshot, RecordedCall


@dataclass(frozen=True, slots=True)
class Done:
    """`calls`: in the order in which the function made them. `bindings`: those of them that committed."""

    calls: tuple[RecordedCall, ...]
    bindings: Mapping[str, Binding]


def done_in(ledger: Ledger, run_id: str, snapshot: PipelineSnapshot) -> Done:
    """What a run called, and what of it is there; a nested pipeline is called again, and finds its own.

    An output whose data is gone or damaged is made again.
    """
    calls = _before_its_end(ledger, run_id, recorded(ledger, run_id, snapshot))
    upstream = {call.invocation_id: call.step.spec.upstream_steps for call in calls_of(ledger, run_id)}
    made = committed(ledger, run_id, snapshot, [call.invocation_id for call in calls if call.sub_run is None])
    calls = _without_the_last(calls, made)
    bindings = {
        call.invocation_id: snapshot.bindings.get(name)
        or Binding(
            run_id=made[name].origin.run_id,
            step_name=made[name].origin.invocation_id,
            outputs=dict(made[name].outputs),
            source=call.source,
            place=place,
            upstream_steps=upstream[name],
        )
        for place, call in enumerate(calls)
        if (name := call.invocation_id) in made
    }
    return Done(calls, bindings)


def _without_the_last(calls: tuple[RecordedCall, ...], made: Mapping[str, Made]) -> tuple[RecordedCall, ...]:
    """The calls up to the last that came to something: those after it may be others, or have other inputs."""
    has_come = [call.invocation_id in made or call.failure is not None or call.sub_run for call in calls]
    return calls[: max((place + 1 for place, one in enumerate(has_come) if one), default=0)]


def _before_its_end(ledger: Ledger, run_id: str, calls: tuple[RecordedCall, ...]) -> tuple[RecordedCall, ...]:
    """The calls before the failure was raised that ended the function: that step is tried again.

    What was called on the way out, to clean up or to tell somebody, is no part of going on.
    """
    end = ledger.newest_end(run_id)
    ended_by = end[1].failed_call if end else ""
    after = next((place for place, call in enumerate(calls) if ended_by and ended_by in call.caught), None)
    if after is None:
        return calls
    kept = calls[:after]
    caught = {name for call in kept for name in call.caught}
    return tuple(
        call if call.invocation_id in caught else call.model_copy(update={"failure": None}) for call in kept
    )


def resumed(ledger: Ledger, run_id: str, snapshot: PipelineSnapshot) -> PipelineSnapshot:
    """The snapshot of a run that resumes a dynamic one: the same, with what that one did."""
    return onto(ledger, run_id, snapshot, snapshot)


def onto(
    ledger: Ledger, run_id: str, snapshot: PipelineSnapshot, today: PipelineSnapshot
) -> PipelineSnapshot:
    """A snapshot that was made today, with what a run of the same pipeline did."""
    done = done_in(ledger, run_id, snapshot)
    update = {"replay": done.calls, "bindings": done.bindings, "schedule": None, "steps": ()}
    return today.model_copy(update=update)
