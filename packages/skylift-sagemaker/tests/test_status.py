from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from skylift_sagemaker_model import is_older, shapes

from skylift_contract.enums import ExecutionStatus as Status
from skylift_sagemaker.status import EXECUTIONS, JOBS, STEPS, status_of

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.mark.parametrize(
    ("table", "names"),
    [
        (EXECUTIONS, ["PipelineExecutionStatus"]),
        (STEPS, ["StepStatus"]),
        (JOBS, ["ProcessingJobStatus", "TrainingJobStatus"]),
    ],
)
def test_a_table_is_of_every_state_of_the_model(table: Mapping[str, Status], names: list[str]) -> None:
    states = {state for name in names for state in shapes()[name]["enum"]}
    later = {"CompletedWithFailures"} if is_older() else set[str]()
    assert set(table) - later == states - later


@given(st.sampled_from([EXECUTIONS, STEPS, JOBS]), st.text(max_size=20), st.text(max_size=20))
def test_another_state_is_unknown_by_its_name(table: Mapping[str, Status], state: str, reason: str) -> None:
    status, said = status_of(table, state, reason)
    if state not in table:
        assert (status, said) == (Status.UNKNOWN, f"SageMaker says {state!r}, which is not known here")


@pytest.mark.parametrize("table", [EXECUTIONS, STEPS, JOBS])
def test_what_has_ended_is_finished_and_nothing_else_is(table: Mapping[str, Status]) -> None:
    over = {"Stopped", "Failed", "Succeeded", "CompletedWithFailures", "Completed"}
    assert {state for state, status in table.items() if status.is_finished} == over & set(table)


def test_a_run_of_which_steps_failed_has_failed_in_the_services_words() -> None:
    assert status_of(EXECUTIONS, "CompletedWithFailures", " quota \n") == (Status.FAILED, "quota")
