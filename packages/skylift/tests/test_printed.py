"""Lines of a run that grows while it is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support import dynamic_steps
from skylift_tests_support.dynamic_runs import opened, orchestrated, snapshot_of

from skylift.ledger import keys
from skylift.models import PipelineRun
from skylift.named import UnknownKey
from skylift.printed import RunOutput
from skylift.sub_runs import parts_of, place_of

if TYPE_CHECKING:
    from skylift.runtime.active import ActiveRun
    from skylift.store.objects import ObjectStore

steps: Any = dynamic_steps


@pytest.fixture
def active(memory_store: ObjectStore) -> ActiveRun:
    return opened(memory_store, snapshot_of())


def printed(run: ActiveRun, run_id: object, step: str, text: str) -> None:
    run.ledger.store.create(keys.log_chunk(str(run_id), step, 1, 0), text.encode())


def test_steps_that_are_called_later_are_heard_of(active: ActiveRun) -> None:
    run = PipelineRun.of_record(active.ledger, active.record)
    output = RunOutput(run)
    assert list(output.new()) == []

    orchestrated(active, lambda: (steps.said("a"), steps.saying("b")))
    within = run.step("saying").sub_run
    assert within is not None
    printed(active, active.id, "said", "one\n")
    printed(active, within.id, "said_after", "two\nthree")

    assert [one.labelled for one in output.new()] == ["said | one\n", "saying/said_after | two\n"]
    assert list(output.new()) == []
    assert [one.labelled for one in output.rest()] == ["saying/said_after | three\n"]


def test_a_path_leads_to_a_step_of_a_pipeline_within(active: ActiveRun) -> None:
    orchestrated(active, lambda: (steps.said("a", id="saying/said"), steps.saying("b")))
    run = PipelineRun.of_record(active.ledger, active.record)

    assert [path for path, _ in parts_of(run)] == ["", "saying/"]
    assert place_of(run, "saying/said") == (run, "saying/said")
    within, name = place_of(run, "saying/said_after")
    assert (within.id, name) == (run.step("saying").sub_run.id, "said_after")  # pyright: ignore[reportOptionalMemberAccess] -- else the test fails
    assert run.step("saying/said_after").outputs["output"].load() == "b one b two"
    with pytest.raises(UnknownKey, match="no step named 'sayin/said_after'"):
        run.step("sayin/said_after")
