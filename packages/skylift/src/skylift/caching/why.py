"""Why the steps of a run were not taken from the cache."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from skylift.caching.key import differences
from skylift.ledger.index import newest_runs
from skylift.ledger.records import UNREADABLE, Miss
from skylift.ledger.unread import UnreadRun
from skylift_contract.enums import ExecutionStatus
from skylift_contract.snapshot import NESTED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skylift.caching.key import KeyParts
    from skylift.ledger.ledger import Ledger
    from skylift.ledger.records import ResultRecord, RunRecord
    from skylift.models import PipelineRun
    from skylift_contract.status import RunStatus

EARLIER: Final = 10
"""Runs that are looked at for one in which a step has committed."""

_SAID: Final = {
    Miss.OFF: "caching is off for it",
    Miss.NO_KEY: "its source stands in no file, and it uses what cannot be compared",
    Miss.CHANGED: "its source was changed after this process began to load it",
    Miss.EXPIRED: "what was stored had expired",
    Miss.DAMAGED: "what was stored is damaged or gone",
}


def why_not_cached(run: PipelineRun, status: RunStatus) -> dict[str, str]:
    """Step → why it ran, of those that did and committed, in the order of the graph."""
    steps = run.snapshot_of.step_configurations
    nested = {name for name, step in steps.items() if step.config.runtime == NESTED}
    completed = [name for name, step in status.steps.items() if step.status is ExecutionStatus.COMPLETED]
    ran = [name for name in completed if name not in nested]
    results = run.ledger.results(str(run.id), ran).records
    said = {name: _SAID[found.miss] for name, found in results.items() if found.miss in _SAID}
    new = {name: found for name, found in results.items() if name not in said}
    said |= _compared(run, new)
    return {name: said[name] for name in ran if name in said}


def _compared(run: PipelineRun, results: dict[str, ResultRecord]) -> dict[str, str]:
    """Against the newest earlier run that has a result of the step."""
    said: dict[str, str] = {}
    if not results:
        return said
    for earlier in islice(_earlier(run), EARLIER):
        for name, before in _parts(run.ledger, earlier, [name for name in results if name not in said]):
            after = results[name].key_parts
            changed = ", ".join(differences(before, after)) if after else ""
            same = f"run {earlier.run_id} made the same, and its entry was not there"
            said[name] = f"{changed} changed since run {earlier.run_id}" if changed else same
        if len(said) == len(results):
            break
    return {**dict.fromkeys(results, "nothing was stored for it yet"), **said}


def _earlier(run: PipelineRun) -> Iterator[RunRecord]:
    own = run.record
    for record in newest_runs(run.ledger):
        if isinstance(record, UnreadRun) or own is None or record.created >= own.created:
            continue
        if record.pipeline == run.pipeline:
            yield record


def _parts(ledger: Ledger, run: RunRecord, names: list[str]) -> Iterator[tuple[str, KeyParts]]:
    """What steps of an earlier run depended on; of one that was cached, there where it ran."""
    try:
        bindings = ledger.snapshot(run.snapshot).bindings
    except UNREADABLE:
        return
    bound = ledger.origins({name: bindings[name] for name in names if name in bindings})
    own = ledger.results(run.run_id, [name for name in names if name not in bindings])
    for name, result in {**bound.records, **own.records}.items():
        if result.key_parts is not None:
            yield name, result.key_parts
