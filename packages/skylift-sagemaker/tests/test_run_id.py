from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from skylift_contract.errors import RunIdError
from skylift_contract.run_id import RUN_ID_LIMIT, JsonFile, find_orchestrator_run_id
from skylift_sagemaker.run_id import EXECUTION_ARN_ENV, RUN_ID_SOURCES

if TYPE_CHECKING:
    from pathlib import Path

EXECUTION = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/churn/execution/abcdefghijkl"
JOB = "arn:aws:sagemaker:eu-west-1:123456789012:training-job/churn"


def found(environment: dict[str, str], *, dynamic: bool) -> str:
    return find_orchestrator_run_id(
        RUN_ID_SOURCES, backend="sagemaker", dynamic=dynamic, environment=environment
    )


@pytest.mark.parametrize("dynamic", [True, False])
def test_a_step_reads_its_executions_arn(dynamic: bool) -> None:
    assert found({EXECUTION_ARN_ENV: EXECUTION, "TRAINING_JOB_ARN": JOB}, dynamic=dynamic) == EXECUTION


def test_a_job_is_the_run_of_a_dynamic_pipeline_only() -> None:
    assert found({"TRAINING_JOB_ARN": JOB}, dynamic=True) == JOB
    with pytest.raises(RunIdError, match=r"TRAINING_JOB_ARN.*one per job, so of no use in a static pipeline"):
        found({"TRAINING_JOB_ARN": JOB}, dynamic=False)


def test_a_processing_job_reads_its_file(tmp_path: Path) -> None:
    (source,) = [one for one in RUN_ID_SOURCES if isinstance(one, JsonFile)]
    here = source.model_copy(update={"path": str(tmp_path / "job.json")})
    (tmp_path / "job.json").write_text(json.dumps({"ProcessingJobArn": JOB}))
    assert here.read({}, {}) == JOB
    assert source.path == "/opt/ml/config/processingjobconfig.json"


def test_the_longest_arn_is_within_the_limit() -> None:
    longest = f"arn:aws-us-gov:sagemaker:us-gov-west-1:123456789012:pipeline/{'p' * 82}/execution/{'e' * 12}"
    assert len(longest) <= RUN_ID_LIMIT
