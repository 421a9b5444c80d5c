from __future__ import annotations

from collections.abc import Mapping

import pytest
from skylift_vertex_protos import names_of

from skylift_contract.enums import ExecutionStatus as Status
from skylift_vertex.status import JOBS, PIPELINES, TASKS, status_of

TABLES = {"PipelineState": PIPELINES, "PipelineTaskDetail.State": TASKS, "JobState": JOBS}


@pytest.mark.parametrize("enum", TABLES)
def test_a_table_has_every_state(enum: str) -> None:
    assert set(TABLES[enum]) == names_of(enum)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_ends_are_ends(table: Mapping[str, Status]) -> None:
    ends = ("SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED", "SKIPPED", "NOT_TRIGGERED")
    for state, status in table.items():
        assert status.is_finished == state.endswith(ends), state
        assert status.is_successful == state.removeprefix("JOB_STATE_PARTIALLY_").endswith(
            ("_SUCCEEDED", "SKIPPED")
        ) or state in {"SUCCEEDED", "JOB_STATE_PARTIALLY_SUCCEEDED"}


def test_a_state_of_tomorrow_is_unknown_by_its_name() -> None:
    assert status_of(JOBS, "JOB_STATE_DREAMING") == (
        Status.UNKNOWN,
        "Vertex says 'JOB_STATE_DREAMING', which is not known here",
    )


def test_the_services_words_are_kept() -> None:
    assert status_of(JOBS, "JOB_STATE_FAILED", " it fell \n") == (Status.FAILED, "it fell")
