from __future__ import annotations

import pytest

from skylift_contract.errors import RunIdError
from skylift_contract.run_id import RUN_OWNER_ENV, find_orchestrator_run_id
from skylift_vertex.run_id import JOB_ENV, RUN_ID_SOURCES

PARENT = "projects/my-project/locations/us-central1"


def found(environment: dict[str, str], *, dynamic: bool = False) -> str:
    given = {RUN_OWNER_ENV: PARENT, **environment}
    return find_orchestrator_run_id(RUN_ID_SOURCES, backend="vertex", dynamic=dynamic, environment=given)


def test_a_run_is_its_pipelines_job_in_its_project_and_location() -> None:
    assert found({JOB_ENV: "job-1", "CLOUD_ML_JOB_ID": "77"}) == f"{PARENT}/job-1"


def test_a_steps_own_job_is_never_the_run() -> None:
    """It has another number in each step: one run would be as many."""
    with pytest.raises(RunIdError, match=r"CLOUD_ML_JOB_ID: one per job, so of no use in a static pipeline"):
        found({"CLOUD_ML_JOB_ID": "77"})


def test_a_dynamic_run_is_its_one_job() -> None:
    assert found({"CLOUD_ML_JOB_ID": "77"}, dynamic=True) == f"{PARENT}/77"


@pytest.mark.parametrize("value", ["{{$.pipeline_job_name}}", "{{$.inputs.parameters['run']}}"])
def test_what_was_not_substituted_stops_the_step(value: str) -> None:
    with pytest.raises(RunIdError, match=r"still holds a placeholder, so the backend did not substitute it"):
        found({JOB_ENV: value})


def test_what_is_empty_stops_the_step() -> None:
    with pytest.raises(RunIdError, match=JOB_ENV):
        found({JOB_ENV: ""})
