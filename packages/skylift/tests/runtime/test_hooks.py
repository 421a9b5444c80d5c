from __future__ import annotations

from typing import TYPE_CHECKING

from skylift_tests_support.runs import make_snapshot, make_step, start_run

from skylift.authoring.sources import source_of
from skylift.ledger.records import RunEndRecord
from skylift.runtime.hooks import call_run_hook
from skylift_contract.enums import ExecutionStatus as Status

if TYPE_CHECKING:
    from skylift.store.objects import ObjectStore


_CALLED: list[str] = []


def note() -> None:
    _CALLED.append("success")


def test_the_hook_is_called_by_whose_record_of_the_end_stands(memory_store: ObjectStore) -> None:
    snapshot = make_snapshot(make_step("a"))
    hook = {"on_success": source_of(note, "hook")}
    configuration = snapshot.pipeline_configuration.model_copy(update=hook)
    run = start_run(memory_store, snapshot.model_copy(update={"pipeline_configuration": configuration}))
    mine, others = (RunEndRecord(status=Status.COMPLETED) for _ in range(2))

    call_run_hook(run, mine, others)
    assert _CALLED == []
    call_run_hook(run, mine, mine)
    assert _CALLED == ["success"]
