from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skylift_tests_support import dynamic_steps
from skylift_tests_support.dynamic_runs import opened, orchestrated, resuming, snapshot_of

if TYPE_CHECKING:
    from skylift.store.objects import ObjectStore

steps: Any = dynamic_steps


def test_what_is_committed_and_what_was_bound_is_there(memory_store: ObjectStore) -> None:
    run = opened(memory_store, snapshot_of())

    def calls() -> None:
        steps.double(1)
        raise KeyError

    orchestrated(run, calls)
    again = resuming(run)
    orchestrated(again, lambda: (steps.double(1), steps.double(2, id="more")))
    names = ["double", "more", "never"]

    assert run.committed(iter(names)) == {"double"}
    assert again.snapshot.bindings.keys() == {"double"}
    assert again.committed(names) == {"double", "more"}
