"""What a run that resumes another need not do again: what that one has committed, and that is still there.

An invocation is bound only where all that it waited for is bound, too: what is made anew may
come out differently, so all that follows from it is made anew with it.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from skylift.dynamic import resuming
from skylift.launch.bindings import bind, unbound
from skylift.launch.committed import Made, committed
from skylift_contract.errors import DamagedObject
from skylift_contract.names import step_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skylift.ledger.keys import StepListing
    from skylift.ledger.ledger import Ledger
    from skylift.models import PipelineRun
    from skylift_contract.snapshot import PipelineSnapshot, Step

NAMED: Final = 8
"""Steps that are named before the rest is only counted."""

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


def resumed_snapshot(ledger: Ledger, run: PipelineRun) -> PipelineSnapshot:
    """The snapshot of a run that does what is left of this one: the seam for every kind of pipeline.

    The run has ended, and the ledger is that of its store. In the snapshot returned, each
    invocation that the run has committed or had bound is a `Binding` to the run that made its
    outputs, as far as these are there; every other is a step. It has no schedule. Code,
    parameters and settings are the run's own; `runtime` is still that of its flavor.

    Raises `RecordTooNew` for a run of a newer Skylift, and `DamagedObject` for a snapshot that
    cannot be read, or one of before whose bound outputs are gone and hold no step to run anew.
    """
    if run.snapshot_of.is_dynamic:
        return resuming.resumed(ledger, str(run.id), run.snapshot_of)
    whole = unbound(run.snapshot_of)
    made = committed(ledger, str(run.id), run.snapshot_of, run.snapshot_of.step_configurations)
    if lost := whole.bindings.keys() - made.keys():
        raise DamagedObject(
            f"what step {min(lost)!r} took from run {whole.bindings[min(lost)].run_id} is gone",
            who=f"run {run.id}",
            fix="Run the pipeline again: skylift run FILE.py",
        )
    return _bound(whole, made).model_copy(update={"schedule": None})


def onto(
    ledger: Ledger, run: PipelineRun, today: PipelineSnapshot
) -> tuple[PipelineSnapshot, Mapping[str, str]]:
    """A snapshot made today, bound to what the run has committed and that is the same in both.

    Returned besides: invocation of the run → why it is not the same. A step's source is no
    part of that: it is mended for those that failed, and often stands in one file with the others.
    """
    if today.is_dynamic:
        return resuming.onto(ledger, str(run.id), run.snapshot_of, today), {}
    before, now = unbound(run.snapshot_of).step_configurations, today.step_configurations
    changed = {
        name: why
        for name in run.snapshot_of.invocations
        if (why := _difference(before.get(name), now.get(name), run))
    }
    made = committed(ledger, str(run.id), run.snapshot_of, run.snapshot_of.step_configurations)
    same = {name: one for name, one in made.items() if name in now and name not in changed}
    return _bound(today, same), changed


def _difference(before: Step | None, after: Step | None, run: PipelineRun) -> str:
    """Why an invocation is another than that of the same id in a run; empty where it is the same."""
    if after is None:
        return "it is not in the pipeline any more"
    if before is None:
        return f"run {run.id} does not say what it was called with"
    if before.config.name != after.config.name:
        return f"it is a call of step {after.config.name!r} now"
    if before.config.outputs != after.config.outputs:
        return "its outputs have other names or types now"
    if before.spec.inputs != after.spec.inputs:
        return "its inputs come from other steps now"
    old, new = before.config.parameters, after.config.parameters
    other = sorted(name for name in old.keys() | new.keys() if old.get(name, ...) != new.get(name, ...))
    return f"its parameter {other[0]!r} has another value than in run {run.id}" if other else ""


def _bound(whole: PipelineSnapshot, made: Mapping[str, Made]) -> PipelineSnapshot:
    """Bind what was made, but for what comes after something that was not."""
    kept: dict[str, Made] = {}
    for name, step in whole.step_configurations.items():
        if name in made and all(one in kept or one in whole.bindings for one in step.spec.upstream_steps):
            kept[name] = made[name]
    return bind(whole, kept)


def anew(
    ledger: Ledger, run: PipelineRun, snapshot: PipelineSnapshot, changed: Mapping[str, str] = _NOTHING
) -> Iterator[str]:
    """Notes of what the run has committed and a snapshot that resumes it does not bind, with why.

    `changed`: invocation → why it is another than in the run. What of the rest waits for
    nothing has lost its outputs.
    """
    listing = ledger.listing(str(run.id))
    nested = {call.invocation_id: call.sub_run for call in snapshot.replay if call.sub_run}
    again = {call.invocation_id for call in snapshot.replay} if snapshot.is_dynamic else None
    done = [
        name
        for name in run.snapshot_of.invocations
        if name not in snapshot.bindings
        and name not in nested
        and (again is None or name in again)  # else it was called on the way out, after the failure
        and (name in run.snapshot_of.bindings or _has_committed(listing.steps.get(step_key(name))))
    ]
    steps, following = snapshot.step_configurations, list[str]()
    reasons = {
        name: f"run {sub_run}, which did it before, was deleted"
        for name, sub_run in nested.items()
        if ledger.run(sub_run) is None
    }
    for name in done:
        if name in changed:
            reasons[name] = changed[name]
        elif name in steps and steps[name].spec.upstream_steps:
            following.append(name)
        else:
            reasons[name] = f"what it made for run {run.id} is damaged or gone"
    for name in list(reasons)[:NAMED]:
        is_called = name in steps or snapshot.is_dynamic
        yield f"step {name!r} {'runs anew' if is_called else 'is left out'}: {reasons[name]}"
    if len(reasons) > NAMED:
        yield f"so do {len(reasons) - NAMED} more, for such reasons"
    if following:
        rest = f" and {len(following) - NAMED} more" if len(following) > NAMED else ""
        yield f"what comes after a step that runs anew does so, too: {', '.join(following[:NAMED])}{rest}"


def _has_committed(step: StepListing | None) -> bool:
    return step is not None and step.committed
