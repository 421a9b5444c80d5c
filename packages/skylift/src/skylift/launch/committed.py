"""What the invocations of a run have made, for other runs to take."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from skylift.artifacts import is_there
from skylift.ledger.records import Origin

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from skylift.ledger.ledger import Ledger
    from skylift.store.objects import ObjectStore
    from skylift_contract.snapshot import ArtifactRef, PipelineSnapshot


@dataclass(frozen=True, slots=True)
class Made:
    """What an invocation has committed, and where."""

    origin: Origin
    outputs: Mapping[str, ArtifactRef]


def committed(
    ledger: Ledger, run_id: str, snapshot: PipelineSnapshot, invocations: Iterable[str]
) -> dict[str, Made]:
    """Invocation → what a run has committed or had bound, as far as it can be read and is there."""
    found = {
        name: Made(Origin(run_id=bound.run_id, invocation_id=bound.step_name), bound.outputs)
        for name, bound in snapshot.bindings.items()
    }
    for name, result in ledger.results(run_id, invocations).records.items():
        origin = result.cached_from or Origin(run_id=run_id, invocation_id=name)
        found[name] = Made(origin, result.outputs)
    digests = {ref.digest for made in found.values() for ref in made.outputs.values()}
    there = _there(ledger.store, digests)
    return {
        name: made
        for name, made in found.items()
        if all(ref.digest in there for ref in made.outputs.values())
    }


def _there(store: ObjectStore, digests: Collection[str]) -> set[str]:
    with ThreadPoolExecutor(store.transport.readers) as readers:
        found = readers.map(partial(is_there, store), digests)
        return {digest for digest, is_whole in zip(digests, found, strict=True) if is_whole}
