"""Taking a step's outputs from an earlier run, at the moment when it would start."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from skylift.caching.entries import Lookup, Wanted, look_for, remember
from skylift.caching.key import input_digests, key_parts, needed
from skylift.ledger.records import Miss, ResultRecord, now
from skylift.runtime.active import Outcome
from skylift.source_files import CHANGED, is_as_digested
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import StoreError

if TYPE_CHECKING:
    from skylift.runtime.active import ActiveRun
    from skylift_contract.snapshot import Step


def look(run: ActiveRun, step: Step) -> Lookup:
    """What the cache holds for a step whose inputs are there."""
    if not step.config.enable_cache:
        return Lookup(None, Miss.OFF)
    inputs = input_digests(step, {name: run.outputs_of(name) for name in needed(step)})
    parts = key_parts(run.snapshot, step, inputs)
    if parts is None:
        is_changed = run.snapshot.source_digests.get(step.spec.source) == CHANGED
        return Lookup(None, Miss.CHANGED if is_changed else Miss.NO_KEY)
    return look_for(run.ledger.store, Wanted(parts, step.config.cache_policy, run.id))


def take(run: ActiveRun, step: Step, looked: Lookup) -> Outcome | None:
    """Commit what was found as the step's result; None where it has to run.

    No attempt is claimed: a result without one says by its keys alone that it was taken.
    """
    if looked.found is None or looked.wanted is None:
        return None
    found, name, moment = looked.found, step.spec.invocation_id, now()
    result = ResultRecord(
        invocation_id=name,
        attempt=0,
        cached_from=found.origin,
        key_parts=looked.wanted.parts,
        outputs=found.outputs,
        metadata=found.metadata,
        started=moment,
        ended=moment,
    )
    if run.ledger.commit(run.id, result):
        run.results[name] = result
    return Outcome(ExecutionStatus.CACHED, f"from run {found.origin.run_id}")


def keep(run: ActiveRun, result: ResultRecord, looked: Lookup) -> None:
    """Store a committed result for runs to come; a store that takes it not has the result all the same."""
    if looked.wanted is None or not is_as_digested(looked.wanted.parts.source or ""):
        return  # a module that the step imported late is not what its key was made of
    with suppress(StoreError):
        remember(run.ledger.store, looked, run.id, result)
