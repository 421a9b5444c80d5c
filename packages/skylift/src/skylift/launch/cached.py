"""Before a run is submitted: what of it need not run, since it is in the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skylift.caching.entries import Wanted, look_up
from skylift.caching.key import input_digests, key_parts, needed
from skylift.launch.bindings import bind
from skylift.launch.committed import Made
from skylift.ledger.records import RunEndRecord, RunRecord
from skylift.runtime.active import ActiveRun
from skylift.runtime.hooks import call_run_hook
from skylift_contract.enums import ExecutionStatus
from skylift_contract.run_id import cached_run_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift.ledger.ledger import Ledger
    from skylift.ledger.records import CacheRecord
    from skylift.store.objects import ObjectStore
    from skylift_contract.snapshot import ArtifactRef, PipelineSnapshot


def bound_from_cache(store: ObjectStore, snapshot: PipelineSnapshot) -> PipelineSnapshot:
    """The same snapshot, where what is found in the cache is bound and will not run.

    A step is looked for once the data of all its inputs is known. What runs after it by `after=`
    alone is no part of that.
    """
    found = _found(store, snapshot)
    return bind(snapshot, {name: Made(record.origin, record.outputs) for name, record in found.items()})


def _found(store: ObjectStore, snapshot: PipelineSnapshot) -> dict[str, CacheRecord]:
    """Entries by invocation, looked for in as few rounds as the graph is deep."""
    search = _Search(snapshot)
    found: dict[str, CacheRecord] = {}
    while wanted := search.take():
        looked = look_up(store, wanted)
        for name in wanted:
            if (record := looked[name].found) is not None:
                found[name] = record
                search.note(name, record.outputs)
    return found


class _Search:
    """Which steps' keys are known by now."""

    def __init__(self, snapshot: PipelineSnapshot) -> None:
        self._snapshot = snapshot
        self._outputs: dict[str, Mapping[str, ArtifactRef] | None] = {
            name: bound.outputs for name, bound in snapshot.bindings.items()
        }
        steps = snapshot.step_configurations
        self._missing = {name: needed(step) - self._outputs.keys() for name, step in steps.items()}
        self._dependents: dict[str, list[str]] = {name: [] for name in steps}
        for name, missing in self._missing.items():
            for upstream in missing:
                self._dependents[upstream].append(name)
        self._ready = [name for name, missing in self._missing.items() if not missing]

    def take(self) -> dict[str, Wanted]:
        """Those that can be looked for now, each given out once."""
        while self._ready:
            ready, self._ready = self._ready, []
            if found := {name: wanted for name in ready if (wanted := self._wanted(name))}:
                return found
        return {}

    def note(self, name: str, outputs: Mapping[str, ArtifactRef]) -> None:
        self._outputs[name] = outputs
        for dependent in self._dependents[name]:
            self._missing[dependent].discard(name)
            if not self._missing[dependent]:
                self._ready.append(dependent)

    def _wanted(self, name: str) -> Wanted | None:
        step = self._snapshot.step_configurations[name]
        if not step.config.enable_cache:
            return None
        parts = key_parts(self._snapshot, step, input_digests(step, self._outputs))
        return Wanted(parts, step.config.cache_policy) if parts else None


def complete(ledger: Ledger, snapshot: PipelineSnapshot, submission: str) -> RunRecord:
    """Record a run of which nothing is left to do, and call the pipeline's own hook."""
    record = ledger.open_run(
        RunRecord(
            run_id=str(cached_run_id(submission)),
            orchestrator_run_id=None,
            project=snapshot.project,
            pipeline=snapshot.name,
            snapshot=snapshot.digest,
            flavor=snapshot.runtime.flavor,
            submission_id=submission,
        )
    )
    end = RunEndRecord(status=ExecutionStatus.COMPLETED)
    call_run_hook(ActiveRun(ledger, snapshot, record), end, ledger.seal(record.run_id, end))
    return record


def without_cache(snapshot: PipelineSnapshot) -> PipelineSnapshot:
    """The same snapshot, where every step runs, whatever it says itself."""

    def off(step: Any) -> Any:
        return step.model_copy(update={"config": step.config.model_copy(update={"enable_cache": False})})

    configuration = snapshot.pipeline_configuration
    if snapshot.is_dynamic:
        defaults = configuration.step_defaults.model_copy(update={"look_in_cache": False})
        configuration = configuration.model_copy(update={"step_defaults": defaults})
    update = {"steps": tuple(map(off, snapshot.steps)), "pipeline_configuration": configuration}
    return snapshot.model_copy(update=update)
